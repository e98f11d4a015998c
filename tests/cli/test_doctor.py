# SPDX-License-Identifier: Apache-2.0
"""kiln doctor: each reason why a board can't be reached, and what to do."""
import contextlib
import json
import os
import pathlib
import pty
import select
import subprocess
import sys
import threading
import time
import tty

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from conftest import BUILD  # noqa: E402
from sysfs import Tree  # noqa: E402


@pytest.fixture
def tree(tmp_path, env):
    env['KILN_SYSFS'] = str(tmp_path / 'sys')
    return Tree(tmp_path / 'sys')


@pytest.fixture
def doctor(run):
    """The findings as {check: finding}, and the exit code."""
    def examine(*args, **more):
        done = run('kiln', 'doctor', '--json', *args, **more)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert all(set(f) == {'subject', 'check', 'level', 'what', 'hint'} for f in found)
        assert done.stderr == ''
        return {f['check']: f for f in found}, done.returncode
    return examine


@pytest.fixture
def port():
    master, slave = pty.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_no_ports(tree, run):
    done = run('kiln', 'doctor', check=1)
    assert done.stdout.startswith(
        'this computer\n'
        '  problem  there are no serial ports\n'
        '           plug a board in; if it is, try another cable (some carry no data) and '
        'another USB socket\n')
    assert done.stdout.endswith('\n\n1 problem found\n')


def test_only_ports_of_others(tree, doctor):
    tree.tty('ttyAMA0', 'devices/platform/fe201000.serial', 'amba', 'uart-pl011')
    found, code = doctor()
    assert found['ports']['what'] == "no port looks like a board's"
    assert found['ports']['level'] == 'problem' and code == 1


def test_missing_port(tree, doctor):
    found, code = doctor('/dev/ttyNONE')
    assert code == 1
    assert found['node']['what'] == "cannot open '/dev/ttyNONE': no such port"
    assert found['node']['level'] == 'problem'
    assert found['node']['subject'] == '/dev/ttyNONE'


def test_busy_port_names_the_process(tree, doctor, port):
    # this test's own process has the slave open
    found, code = doctor(port[1])
    assert code == 1
    assert found['rights']['level'] == 'ok'
    comm = pathlib.Path('/proc/self/comm').read_text().strip()
    assert found['busy']['what'] == f"'{comm}' (process {os.getpid()}) holds it"
    assert found['busy']['hint'] == f"close '{comm}', then try again"
    assert 'board' not in found


@pytest.fixture
def chatterbox():
    """A port behind which somebody talks without end and answers nothing."""
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    tty.setraw(slave)
    os.close(slave)  # or this process would hold the port
    os.set_blocking(master, False)
    stop = threading.Event()

    def talk():
        while not stop.wait(0.02):
            with contextlib.suppress(BlockingIOError):
                os.write(master, b'temperature 21\r\n')
            while select.select([master], [], [], 0)[0]:
                try:
                    os.read(master, 1000)
                except OSError:  # nobody has it open just now
                    break

    thread = threading.Thread(target=talk)
    thread.start()
    yield name
    stop.set()
    thread.join()
    os.close(master)


def test_board_that_only_talks(tree, doctor, chatterbox):
    found, code = doctor(chatterbox)
    assert found['busy']['level'] == 'ok'
    assert found['board']['level'] == 'problem'
    assert "'temperature 21'" in found['board']['what']
    assert found['board']['hint']
    assert code == 1


def test_blank_virtual_board(tree, doctor):
    found, code = doctor('sim:blank')
    assert code == 1
    assert "its ROM says 'invalid header: 0xffffffff'" in found['board']['what']
    assert 'kiln flash' in found['board']['hint']


@pytest.fixture
def served(env):
    """A virtual board with a blank flash, served over RFC 2217: its URL."""
    server = subprocess.Popen([BUILD / 'kiln', 'sim', 'blank', '--rfc2217', '0', '--json'],
                              env=env, text=True, stdout=subprocess.PIPE)
    yield json.loads(server.stdout.readline())['url']
    server.terminate()
    server.wait()


def test_board_in_download_mode(tree, doctor, served):
    serial = pytest.importorskip('serial')
    with serial.serial_for_url(served, 115200) as port:  # pyserial's client, classic reset
        for dtr, rts, pause in ((0, 1, 0.1), (1, 0, 0.1), (0, 0, 0)):
            port.dtr = dtr
            port.rts = rts
            time.sleep(pause)
    found, code = doctor(served)
    assert code == 1
    assert found['board']['what'].endswith(
        ': the chip (ESP32) is in download mode: it waits for a flash tool') or (
        'the chip waits for a flash tool' in found['board']['what'])
    assert found['board']['hint'].startswith('press the reset (EN) button without BOOT')


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can take rights away from itself')
def test_no_rights_names_the_group(tree, env, tmp_path, port):
    os.chmod(port[1], 0o660)
    for path in (BUILD, *BUILD.parents):
        if not path.stat().st_mode & 0o001:
            pytest.skip('the build folder is not open to other users')
    for name in [n for n in env if n.startswith('XDG_')]:
        del env[name]  # folders of root's
    done = subprocess.run([BUILD / 'kiln', 'doctor', '--json', port[1]], user=65534, group=65534,
                          extra_groups=[], env={**env, 'HOME': '/'}, cwd='/',
                          capture_output=True, text=True)
    found = {f['check']: f for f in map(json.loads, done.stdout.splitlines())}
    assert found['rights']['what'] == f"cannot open '{port[1]}': permission denied"
    assert found['rights']['hint'].startswith('join its group: sudo usermod -aG ')
    assert done.returncode == 1


def test_usb_device_without_driver(tree, doctor):
    tree.usb('none', '1-2', '1a86', '7523', None, product='USB Serial', bind=False)
    tree.file('devices/pci0000:00/usb1/1-2/1-2:1.0/bInterfaceClass', 'ff')
    found, code = doctor()
    assert found['driver']['what'] == (
        'USB 1-2: USB Serial (WCH 1A86:7523) has no serial port: no driver took it')
    assert 'sudo modprobe ch341' in found['driver']['hint']
    assert code == 1


def test_boot_modes_without_a_port(tree, doctor):
    tree.usb('none', '1-3', '2e8a', '0003', None, bind=False)
    found, _ = doctor()
    assert 'BOOTSEL' in found['boot_mode']['what'] and '.uf2' in found['boot_mode']['hint']


def test_bad_config_is_a_finding(tree, doctor, env):
    config = pathlib.Path(env['XDG_CONFIG_HOME']) / 'kiln'
    config.mkdir()
    (config / 'config.yaml').write_text('ports: 7\n')
    found, code = doctor()
    assert found['config']['what'].endswith("line 1: 'ports' is no list")
    assert code == 1


def test_wrong_use(run):
    assert run('kiln', 'doctor', 'a', 'b', check=2).stderr.startswith(
        'error: it takes one port, not 2\n')
