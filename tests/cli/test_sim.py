# SPDX-License-Identifier: Apache-2.0
"""kiln sim: a virtual board for other people's programs, on a pty and over RFC 2217."""
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import time

import pytest
import serial
from conftest import BUILD
from sim_server import (PATIENCE, PROMPT, Server, flash, flash_image, read_until,  # noqa: F401
                        serve, to_prompt)

SYNC = b'\xc0\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20' + b'\x55' * 32 + b'\xc0'
SYNC_ANSWER = b'\xc0\x01\x08\x04\x00\x07\x07\x12\x20\x00\x00\x00\x00\xc0'


def announcements(env):
    return list(pathlib.Path(env['XDG_RUNTIME_DIR'], 'kiln').glob('*'))


def test_says_where_and_leaves_nothing_behind(serve, env, tmp_path):
    link = tmp_path / 'ttyBOARD'
    server = serve('demo', '--pty', '--rfc2217', '0', '--link', link)
    assert os.readlink(link) == server.ports['pty']
    [file] = announcements(env)
    assert json.loads(file.read_text()) == {'pid': server.process.pid, 'name': 'demo',
                                            'url': server.ports['rfc2217']}
    assert server.end() == (0, '', '')
    assert announcements(env) == [] and not os.path.lexists(link)


def test_text_for_people(env, tmp_path):
    process = subprocess.Popen([BUILD / 'kiln', 'sim', 'demo'], env=env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = [process.stdout.readline() for _ in range(2)]
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=PATIENCE) == ('', '') and process.returncode == 0
    assert re.fullmatch(r'serving demo on /dev/pts/\d+\n', lines[0])
    assert re.fullmatch(r'serving demo on rfc2217://127\.0\.0\.1:\d+\n', lines[1])


def test_discover_finds_it_only_while_it_runs(serve, run):
    server = serve('found', '--rfc2217', '0')
    assert server.ports['rfc2217'] in run('kiln', 'discover', '--all', check=0).stdout
    server.end(signal.SIGKILL)  # its file stays
    assert server.ports['rfc2217'] not in run('kiln', 'discover', '--all').stdout


def enter_download_mode(port):
    """As esptool's classic reset does it, one line at a time; returns what the ROM says.

    IO0 is held until the chip has read it, for which nobody gives a sign. A server that gets no
    processor for that long sees it released in the same moment: once more then, and slower.
    """
    for hold in (0.05, 0.5, 5):
        port.dtr = False
        port.rts = True
        time.sleep(0.1)
        port.reset_input_buffer()  # what it said before
        port.dtr = True
        port.rts = False
        time.sleep(hold)
        port.dtr = False
        boot = read_until(port, b')\r\n')
        if b'DOWNLOAD_BOOT(' in boot:
            break
    return boot


@pytest.mark.parametrize('suffix', ['', '?ign_set_control'])
def test_pyserial_resets_it_into_download_mode(serve, suffix):
    """pyserial waits for the answer to each change of a line, or does not."""
    with serve('reset', '--rfc2217', '0').serial('rfc2217', suffix) as port:
        boot = read_until(port, b'waiting for download\r\n', enter_download_mode(port))
        assert b'rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))' \
            in boot
        port.write(SYNC)
        answers = b''
        while len(answers) < 8 * len(SYNC_ANSWER):
            answers += read_until(port, b'\xc0')
        assert answers == 8 * SYNC_ANSWER


def test_a_plain_reset_runs_the_firmware(serve, flash):
    with serve('runs', '--flash', flash, '--rfc2217', '0').serial('rfc2217') as port:
        to_prompt(port)
        port.dtr = False
        port.rts = True
        time.sleep(0.1)
        port.reset_input_buffer()  # purges at the server too
        port.rts = False
        boot = read_until(port, PROMPT)
        assert b'boot:0x13 (SPI_FAST_FLASH_BOOT)' in boot and b'MicroPython v' in boot
        assert b"Kiln's virtual board" in boot


def test_lines_drop_when_the_client_goes(serve, flash):
    """A client that holds the board in reset and goes does not leave it there."""
    server = serve('held', '--flash', flash, '--rfc2217', '0')
    with server.serial('rfc2217') as port:
        port.dtr = False
        port.rts = True
    with server.serial('rfc2217') as port:
        to_prompt(port)


def test_one_client_at_a_time_and_then_the_next(serve, flash):
    server = serve('turns', '--flash', flash, '--rfc2217', '0')
    for _ in range(3):
        with server.serial('rfc2217') as port:
            to_prompt(port)
            with server.connect() as second:
                assert read_until(second, b'\r\n') == b'Port already in use\r\n'
                assert second.recv(1) == b''
            port.write(b'6*7\r')
            read_until(port, b'6*7\r\n42' + PROMPT)  # prompts of more than one try may come before


def test_wrong_settings_are_refused(serve):
    server = serve('settings', '--rfc2217', '0')
    with pytest.raises((ValueError, serial.SerialException)):
        server.serial('rfc2217', parity='E')
    with server.serial('rfc2217', baudrate=921600) as port:
        assert port.baudrate == 921600


def test_telnet_without_the_option(serve, flash):
    """socat, netcat: no negotiation at all; IAC is still what it is."""
    with serve('plain', '--flash', flash, '--rfc2217', '0').connect() as s:
        s.sendall(b'\r\x03')
        assert b'\xff\xfd\x2c' in read_until(s, PROMPT)  # IAC DO COM-PORT-OPTION
        s.sendall(b"print('a' 'b')\r")
        assert b'\r\nab\r\n' in read_until(s, b'\r\nab' + PROMPT)


@pytest.mark.skipif(not shutil.which('socat'), reason='no socat')
def test_socat(serve, flash):
    host, port = serve('socat', '--flash', flash, '--rfc2217', '0').address()
    done = subprocess.run(['socat', '-t5', '-', f'TCP:{host}:{port}'], capture_output=True,
                          input=b"\r\x03print(6*7)\r", timeout=PATIENCE)
    assert b'>>> ' in done.stdout or b'MicroPython' in done.stdout or b'\xff' in done.stdout


def garbage(rng):
    """Mostly telnet: the beginnings of commands, cut off anywhere."""
    pieces = [b'\xff', b'\xff\xfa', b'\xff\xfa\x2c', b'\xff\xf0', b'\xff\xfb', b'\xff\xfd', b'\x2c',
              b'\xff\xfa\x2c\x05\x08\xff\xf0', b'\xff\xfa\x2c\x01\x00\x01\xc2\x00\xff\xf0',
              b'\xff\xfa\x2c\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xf0',
              b'\xff\xfa\x2c\x0c\x03\xff\xf0', b'\xff\xfa\x2c\x00' + b'x' * 700 + b'\xff\xf0']
    return b''.join(rng.choice(pieces) if rng.random() < 0.8 else rng.randbytes(rng.randrange(20))
                    for _ in range(rng.randrange(1, 60)))


def test_garbage_does_not_end_it(serve, flash):
    server = serve('garbage', '--flash', flash, '--rfc2217', '0')
    rng = random.Random(2217)
    for _ in range(60):
        with server.connect() as s:
            assert s.recv(1) == b'\xff'  # not refused
            s.sendall(garbage(rng))
            if rng.random() < 0.3:  # does not wait for an answer, or resets the connection
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
    with server.serial('rfc2217') as port:
        # the garbage moved the reset lines too: the chip may be waiting for a download
        port.dtr, port.rts = False, True
        time.sleep(0.1)
        port.rts = False
        to_prompt(port)
    assert server.end() == (0, '', '')


def test_a_client_that_never_reads_costs_little(serve, flash):
    server = serve('deaf', '--flash', flash, '--rfc2217', '0')
    with server.connect() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.setblocking(False)
        ask = b'\xff\xfa\x2c\x05\x07\xff\xf0' * 1000
        for _ in range(5000):
            if not select.select([], [s], [], 2)[1]:
                break
            s.send(ask)
        else:
            pytest.fail('it takes questions without end from one who does not read the answers')
        status = pathlib.Path(f'/proc/{server.process.pid}/status').read_text()
        assert int(re.search(r'VmRSS:\s+(\d+) kB', status)[1]) < 40_000
    with server.serial('rfc2217') as port:
        to_prompt(port)


def test_both_at_once(serve, flash):
    server = serve('both', '--flash', flash)
    with server.serial('pty') as pty, server.serial('rfc2217') as net:
        to_prompt(pty)
        net.reset_input_buffer()
        pty.reset_input_buffer()
        pty.write(b'123\r')
        for port in (pty, net):
            assert read_until(port, b'\r\n123' + PROMPT).endswith(b'123\r\n123' + PROMPT)


def test_without_node_it_says_so_on_the_uart(env, flash):
    server = Server({**env, 'KILN_NODE': '/nowhere/node'}, 'nonode', '--flash', flash, '--rfc2217', '0')
    try:
        with server.serial('rfc2217') as port:
            port.dtr = False
            port.rts = True
            time.sleep(0.1)
            port.rts = False
            said = read_until(port, b'no such file or directory')
            assert b"virtual board: cannot start '/nowhere/node'" in said
    finally:
        assert server.end()[0] == 0


def test_list_and_remove(serve, run, env):
    assert run('kiln', 'sim', '--list', check=0).stdout == ''
    server = serve('one', '--mac', '24:0a:c4:aa:bb:cc', '--pty')
    done = run('kiln', 'sim', '--list', check=0)
    assert done.stdout.split() == ['sim:one', 'virtual', 'ESP32', 'board', '24:0a:c4:aa:bb:cc']
    held = run('kiln', 'sim', '--remove', 'one', '--yes', check=1)
    assert held.stdout == '' and re.fullmatch(
        r"error: cannot remove virtual board 'one': .*process \d+ \(kiln\) holds it\n"
        r'hint: .*\n', held.stderr)
    server.end()
    assert run('kiln', 'sim', '--remove', 'one', check=1).stderr == (
        "error: virtual board 'one' stays: its removal was not confirmed\n"
        'hint: type its name when asked, or give --yes\n')
    event = json.loads(run('kiln', 'sim', '--remove', 'one', '--yes', '--json', check=0).stdout)
    assert event == {'event': 'removed', 'name': 'one'}
    assert list(pathlib.Path(env['XDG_STATE_HOME'], 'kiln/sim').iterdir()) == []


def test_removal_is_typed_once_more(serve, env):
    serve('typed', '--pty').end()
    for answer, code in ((b'other\n', 1), (b'typed\n', 0)):
        master, slave = os.openpty()
        os.write(master, answer)
        done = subprocess.run([BUILD / 'kiln', 'sim', '--remove', 'typed'], env=env, stdin=slave,
                              capture_output=True, text=True, timeout=PATIENCE)
        os.close(master)
        os.close(slave)
        assert done.returncode == code and 'Type its name: ' in done.stderr
        assert done.stdout == ('removed typed\n' if code == 0 else '')


def test_a_pulled_cable_ends_it(serve, flash):
    """A board that is gone is no board: the server says so, and its clients see a closed port."""
    server = serve('pulled', '--flash', flash, '--rfc2217', '0', '--fault', 'unplug@300',
                   '--fault', 'from-flip@2')
    with server.connect() as s:
        s.settimeout(PATIENCE)
        try:
            for _ in range(20):
                s.sendall(b'1+1\r' * 10)
                time.sleep(0.02)
            while s.recv(4096):
                pass
        except ConnectionError:
            pass
    code, out, err = server.end()
    event = json.loads(out)
    assert (code, err, event['code']) == (1, '', 'E_PORT_GONE')
    assert event['why'] == 'the cable was pulled'


@pytest.mark.parametrize('args, code, error', [
    ([], 2, "error: no name was given\nhint: 'kiln sim --help' shows what it takes\n"),
    (['a', 'b'], 2, "error: one name is enough\nhint: 'kiln sim --help' shows what it takes\n"),
    (['a', '--rfc2217', 'x:y'], 2, "error: 'x:y' is no address to serve at\n"
     'hint: it is a port, or a host and a port: 4000, 0.0.0.0:4000, [::]:4000\n'),
    (['a', '--rfc2217', '70000'], 2, "error: '70000' is no address to serve at\n"
     'hint: it is a port, or a host and a port: 4000, 0.0.0.0:4000, [::]:4000\n'),
    (['--remove', 'nobody', '--yes'], 3, "error: cannot remove virtual board 'nobody': no such board\n"
     "hint: 'kiln sim --list' shows those that exist\n"),
])
def test_wrong_lines(run, env, args, code, error):
    done = run('kiln', 'sim', *args)
    assert (done.returncode, done.stdout, done.stderr) == (code, '', error)
    assert not pathlib.Path(env['XDG_STATE_HOME'], 'kiln/sim/a.json').exists()


def test_ports_in_use(serve, run, tmp_path):
    _, port = serve('first', '--rfc2217', '0').address()
    done = run('kiln', 'sim', 'second', '--rfc2217', port, check=1)
    assert done.stderr.startswith(
        f'error: cannot serve at 127.0.0.1:{port}: address already in use\n')
    done = run('kiln', 'sim', 'first', '--pty', check=1)
    assert re.match(r"error: cannot open 'sim:first': process \d+ \(kiln\) holds it\n", done.stderr)
    (tmp_path / 'file').write_text('precious')
    done = run('kiln', 'sim', 'second', '--link', tmp_path / 'file', check=1)
    assert done.stderr.startswith(f"error: cannot make link '{tmp_path}/file': something that is no link is there\n")
    assert (tmp_path / 'file').read_text() == 'precious'
