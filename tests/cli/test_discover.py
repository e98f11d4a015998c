# SPDX-License-Identifier: Apache-2.0
"""kiln discover, as a user runs it, on made-up machines."""
import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from conftest import BUILD, SOURCE  # noqa: E402
from sysfs import Tree, raspberry_pi  # noqa: E402

NAMES = {'url', 'device', 'hwid', 'manufacturer', 'product', 'interface', 'serial', 'location',
         'driver', 'vid', 'pid', 'likely_board'}


@pytest.fixture
def pi(tmp_path, env):
    env['KILN_SYSFS'] = str(tmp_path / 'sys')
    return raspberry_pi(tmp_path / 'sys')


@pytest.fixture
def bare(tmp_path, env):
    env['KILN_SYSFS'] = str(tmp_path / 'sys')
    return Tree(tmp_path / 'sys')


def test_all_is_the_pages_output(pi, run):
    page = (SOURCE / 'tests/data/flashing-page.txt').read_text()
    want = re.search(r'^%discover --all\n(.*?)^A controller', page, re.S | re.M)[1]
    assert run('kiln', 'discover', '--all', check=0).stdout == want
    assert run('kiln', 'discover', '-a', check=0).stdout == want


def test_json_is_one_object_a_line_with_stable_names(pi, run):
    lines = run('kiln', 'discover', '-a', '--json', check=0).stdout.splitlines()
    ports = [json.loads(line) for line in lines]
    assert [set(port) for port in ports] == [NAMES] * 4
    assert ports[0]['vid'] == '10C4' and ports[0]['likely_board'] is True
    assert ports[0]['url'] == 'serial:///dev/ttyUSB0'
    assert ports[3]['vid'] is None and ports[3]['manufacturer'] is None


def test_no_board(bare, run):
    done = run('kiln', 'discover', check=0)
    assert (done.stdout, done.stderr) == ('No devices available\n', '')
    assert run('kiln', 'discover', '--json', check=0).stdout == ''
    assert run('kiln', 'discover', '-a', check=0).stdout == ''


def test_ports_that_fail_are_passed_over_and_v_says_why(bare, run):
    ports = dict(KILN_PORTS='/dev/ttyNONE0 socket://127.0.0.1:1')
    done = run('kiln', 'discover', check=0, **ports)
    assert (done.stdout, done.stderr) == ('No devices available\n', '')
    done = run('kiln', 'discover', '-v', check=0, **ports)
    assert done.stdout == 'No devices available\n'
    assert done.stderr == (
        "/dev/ttyNONE0: no board: cannot open '/dev/ttyNONE0': no such port\n"
        "socket://127.0.0.1:1: no board: cannot open 'socket://127.0.0.1:1': connection refused\n")
    objects = [json.loads(x) for x in
               run('kiln', 'discover', '-v', '--json', check=0, **ports).stdout.splitlines()]
    assert [x['error']['code'] for x in objects] == ['KILN_E_PORT_MISSING', 'KILN_E_NETWORK']


@pytest.fixture
def silent_ports():
    """Six ports behind which nobody is."""
    fds, names = [], []
    for _ in range(6):
        master, slave = pty.openpty()
        fds += [master, slave]
        names.append(os.ttyname(slave))
    yield names
    for fd in fds:
        os.close(fd)


def test_silent_ports_are_asked_at_the_same_time(bare, run, silent_ports):
    def seconds(names):
        begin = time.monotonic()
        done = run('kiln', 'discover', '-v', check=0, KILN_PORTS=' '.join(names))
        assert done.stdout == 'No devices available\n'
        assert [line.split(':')[0] for line in done.stderr.splitlines()] == names
        return time.monotonic() - begin

    alone = seconds(silent_ports[:1])
    # one after the other would take six times as long, however often; a busy machine may once
    assert any(seconds(silent_ports) < 3 * alone for _ in range(3))


def test_a_board_is_found_beside_a_silent_port_and_a_busy_one(bare, run, env, tmp_path,
                                                              silent_ports):
    image = tmp_path / 'image.bin'
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', image, '--size', '80000'],
                   check=True)
    mac = '24:0a:c4:00:00:07'
    run('kiln', 'flash', '-p', f'sim:demo?mac={mac}&clock=virtual', image, check=0)
    busy = os.open(silent_ports[1], os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(busy, fcntl.LOCK_EX)
    ports = dict(KILN_PORTS=' '.join(silent_ports[:2]))
    done = run('kiln', 'discover', '-v', check=0, **ports)
    assert done.stdout == f'{mac}  sim:demo  {mac}\n'
    silent, held = done.stderr.splitlines()
    assert silent.startswith(f'{silent_ports[0]}: no board: ')
    assert f"cannot open '{silent_ports[1]}': port is busy: " in held
    board = json.loads(run('kiln', 'discover', '--json', check=0).stdout)
    assert set(board) == {'name', 'url', 'device', 'uid', 'implementation', 'platform', 'version',
                          'machine'}
    assert (board['name'], board['uid'], board['url']) == (mac, mac, 'sim:demo')
    os.close(busy)


def test_named_and_configured_ports_come_after_usb_boards(pi, run, env):
    config = pathlib.Path(env['XDG_CONFIG_HOME']) / 'kiln'
    config.mkdir()
    (config / 'config.yaml').write_text('ports:\n  - rfc2217://bench:4000\n  - /dev/ttyUSB0\n')
    done = run('kiln', 'discover', '-a', check=0, KILN_PORTS='socket://[::1]:99')
    devices = [line for line in done.stdout.splitlines() if line and line[0] != ' ']
    assert devices == ['/dev/ttyUSB0', 'rfc2217://bench:4000', 'socket://[::1]:99',
                       '/dev/ttyAMA2', '/dev/ttyAMA1', '/dev/ttyAMA0']


def test_bad_config_names_the_line(bare, run, env):
    config = pathlib.Path(env['XDG_CONFIG_HOME']) / 'kiln'
    config.mkdir()
    (config / 'config.yaml').write_text('a: 1\nports: yes\n')
    done = run('kiln', 'discover', check=2)
    assert done.stderr == (
        f"error: cannot read '{config}/config.yaml': line 2: 'ports' is no list\n"
        'hint: the ports stand there as a list: "ports: [/dev/ttyUSB0, rfc2217://HOST:PORT]"\n')


def test_served_boards_are_found_until_their_server_ends(bare, run, env):
    folder = pathlib.Path(env['XDG_RUNTIME_DIR']) / 'kiln'
    folder.mkdir()
    server = subprocess.Popen(['sleep', '100'])
    (folder / 'demo.json').write_text(json.dumps(
        {'pid': server.pid, 'name': 'demo', 'url': 'rfc2217://127.0.0.1:4000'}))
    done = run('kiln', 'discover', '-a', check=0)
    assert done.stdout == ('rfc2217://127.0.0.1:4000\n  manufacturer Kiln\n'
                           "  product      virtual board 'demo'\n\n")
    server.kill()
    server.wait()
    assert run('kiln', 'discover', '-a', check=0).stdout == ''


def test_a_device_cannot_write_to_the_terminal(bare, run):
    bare.usb('ttyUSB0', '1-1', '1a86', '7523', 'ch341', product='\x1b[31mred\x07')
    done = run('kiln', 'discover', '-a', check=0)
    assert '\x1b' not in done.stdout and 'product      ?[31mred?' in done.stdout


def test_watch_tells_of_ports_that_come_and_go(pi, env):
    p = subprocess.Popen([BUILD / 'kiln', 'discover', '-w', '--json'], env=env, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def event():
        line = json.loads(p.stdout.readline())
        return line['event'], line['device']

    assert event() == ('added', '/dev/ttyUSB0')
    pi.usb('ttyUSB1', '1-1.4', '1a86', '7523', 'ch341')
    assert event() == ('added', '/dev/ttyUSB1')
    pi.remove('ttyUSB0')
    assert event() == ('removed', '/dev/ttyUSB0')
    p.send_signal(signal.SIGINT)
    out, errors = p.communicate(timeout=60)
    assert (p.returncode, out, errors) == (130, '', '')


def test_neither_zmq_nor_curl_is_loaded(pi, run):
    done = run('kiln', 'discover', '-a', check=0, LD_DEBUG='libs')
    assert 'libjansson' in done.stderr
    assert 'zmq' not in done.stderr and 'libcurl' not in done.stderr


def test_wrong_use(run):
    assert run('kiln', 'discover', 'all', check=2).stderr == (
        "error: it takes no arguments, not 'all'\n"
        "hint: 'kiln discover --help' shows what it takes\n")


def test_a_password_is_not_shown(run):
    for words in (['-a'], ['-a', '--json'], ['-v']):
        done = run('kiln', 'discover', *words, KILN_PORTS='ws://:secret@127.0.0.1:1')
        assert 'secret' not in done.stdout + done.stderr
    assert 'ws://127.0.0.1:1' in run('kiln', 'discover', '-a', KILN_PORTS='ws://:secret@127.0.0.1:1').stdout
