# SPDX-License-Identifier: Apache-2.0
"""A running `kiln sim`, and what its tests say to it."""
import json
import signal
import socket
import subprocess
import sys
import time

import pytest
import serial
from conftest import BUILD, SOURCE

PATIENCE = 60
PROMPT = b'\r\n>>> '


class Server:
    """A running `kiln sim NAME`; ports['pty'] and ports['rfc2217'] are where."""

    def __init__(self, env, *args):
        self.process = subprocess.Popen([BUILD / 'kiln', 'sim', '--json', *map(str, args)],
                                        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.ports = {}
        asked = ' '.join(map(str, args))
        wanted = ('pty' in asked or 'link' in asked) + ('rfc2217' in asked) or 2
        while len(self.ports) < wanted:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(self.process.communicate()[1])
            event = json.loads(line)
            assert event['event'] == 'serving', event
            self.ports[event['kind']] = event['port']

    def serial(self, kind='pty', suffix='', **options):
        options = {'baudrate': 115200, 'timeout': 0.1, **options}
        return serial.serial_for_url(self.ports[kind] + suffix, **options)

    def address(self):
        host, port = self.ports['rfc2217'].removeprefix('rfc2217://').rsplit(':', 1)
        return host, int(port)

    def connect(self):
        return socket.create_connection(self.address(), timeout=PATIENCE)

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@pytest.fixture
def serve(env):
    servers = []

    def start(*args):
        servers.append(Server(env, *args))
        return servers[-1]
    yield start
    for server in servers:
        server.process.kill()
        server.process.communicate()


@pytest.fixture(scope='module')
def flash_image(tmp_path_factory):
    """A flash chip's content with firmware in it."""
    folder = tmp_path_factory.mktemp('flash')
    image = folder / 'image.bin'
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', image, '--size', '80000'],
                   check=True)
    flash = bytearray(b'\xff' * (4 << 20))
    firmware = image.read_bytes()
    flash[0x1000:0x1000 + len(firmware)] = firmware
    return bytes(flash)


@pytest.fixture
def flash(flash_image, tmp_path):
    path = tmp_path / 'flash.bin'
    path.write_bytes(flash_image)
    return path


def read_until(port, word, got=b''):
    """What comes until `word` (bytes) has come, after what was `got` already."""
    deadline = time.monotonic() + PATIENCE
    while word not in got:
        assert time.monotonic() < deadline, (word, got)
        got += port.recv(4096) if isinstance(port, socket.socket) else port.read(4096)
    return got


def to_prompt(port):
    """To the friendly prompt, from wherever: the board may be booting."""
    deadline = time.monotonic() + PATIENCE
    got = b''
    while not got.endswith(b'>>> '):
        assert time.monotonic() < deadline, got
        port.write(b'\r\x03\x02')
        got = port.read(4096)
        while port.in_waiting:
            got += port.read(4096)


def await_file(path):
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
