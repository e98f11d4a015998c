# SPDX-License-Identifier: Apache-2.0
"""kiln rfc2217-server: a port of this machine for clients elsewhere. pyserial is the other side."""
import json
import os
import pty
import re
import signal
import socket
import subprocess

import pytest
import serial

from conftest import BUILD


@pytest.fixture
def serve(env, tmp_path):
    """serve('sim:demo', ...): a server that runs, and the port that it listens at."""
    servers = []

    def start(*args):
        command = [str(BUILD / 'kiln'), 'rfc2217-server', '-p', '127.0.0.1:0', '--json', *args]
        server = subprocess.Popen(command, env=env, cwd=tmp_path, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        servers.append(server)
        line = server.stdout.readline()
        assert line, server.stderr.read()
        said = json.loads(line)
        assert said['event'] == 'serving'
        return server, int(re.fullmatch(r'rfc2217://127\.0\.0\.1:(\d+)', said['url']).group(1))
    yield start
    for server in servers:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
        server.stdout.close()
        server.stderr.close()


def client(port, baudrate=115200):
    return serial.serial_for_url(f'rfc2217://127.0.0.1:{port}', baudrate=baudrate, timeout=60)


def test_a_flasher_uses_it(serve, run, tmp_path):
    """Reset, baud, write, verify, reset: kiln's own client and the loader of a virtual board."""
    server, port = serve('sim:remote')
    data = tmp_path / 'data.bin'
    data.write_bytes(bytes(range(256)) * 64)
    done = run('esptool.py', '-p', f'rfc2217://127.0.0.1:{port}', '-b', '460800', 'write_flash',
               '0x10000', data, check=0)
    assert 'Hash of data verified.' in done.stdout
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=60) == 0
    assert server.stderr.read() == ''


@pytest.mark.parametrize('options', [[], ['--r0']])
def test_a_reset_to_the_loader_is_played(serve, options):
    """A client's slow, step by step reset ends in the loader: the server plays the critical part."""
    _, port = serve(*options, 'sim:played')
    with client(port) as link:
        link.dtr, link.rts = False, False
        link.read_until(b'never', 1)
        link.reset_input_buffer()
        link.rts = True      # reset
        link.dtr = True      # IO0: from here on the server goes on alone
        link.rts = False
        link.dtr = False
        assert b'waiting for download' in link.read_until(b'waiting for download')
        # and a plain reset boots again
        link.rts = True
        link.rts = False
        assert b'invalid header' in link.read_until(b'invalid header')


def test_baud_and_lines_come_back(serve):
    _, port = serve('sim:settings')
    with client(port, baudrate=460800):
        pass
    with client(port) as link:
        link.dtr, link.rts = False, True
        link.rts = False
        assert b'rst:0x1' in link.read_until(b'POWERON_RESET)')


def test_one_client_at_a_time(serve):
    _, port = serve('sim:alone')
    with client(port):
        with socket.create_connection(('127.0.0.1', port), timeout=60) as second:
            heard = b''
            while piece := second.recv(100):
                heard += piece
            assert heard == b'Port already in use\r\n'
    with client(port) as third:
        assert third.baudrate == 115200


def test_a_port_without_lines(serve):
    """A pseudo terminal has neither reset lines nor more than its bytes: those go through."""
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    server, port = serve(path)
    with client(port) as link:
        link.dtr = True
        link.write(b'over\xff there')
        heard = b''
        while len(heard) < len(b'over\xff there'):
            heard += os.read(master, 100)
        assert heard == b'over\xff there'
        os.write(master, b'and \xff back')
        assert link.read(10) == b'and \xff back'
    os.close(master)
    assert server.wait(timeout=60) == 1
    assert json.loads(server.stdout.readline())['event'] == 'error'


def test_who_comes_and_goes(serve):
    server, port = serve('-v', 'sim:log')
    with client(port):
        pass
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=60) == 0
    text = server.stderr.read()
    assert 'connected: 127.0.0.1' in text and 'disconnected' in text


@pytest.mark.parametrize('args, code, error', [
    ([], 2, 'no port was given'),
    (['a', 'b'], 2, 'one port is enough'),
    (['-p', '99999', 'sim:x'], 2, "'99999' is no address to serve at"),
    (['/dev/nothing'], 3, "cannot open '/dev/nothing'"),
    (['sim:x?clock=virtual'], 1, 'it cannot be waited for'),
])
def test_wrong_lines(run, args, code, error):
    done = run('kiln', 'rfc2217-server', *args)
    assert error in done.stderr and done.returncode == code, done
