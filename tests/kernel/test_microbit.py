# SPDX-License-Identifier: Apache-2.0
"""The kernel on a MicroPython that we did not write: the micro:bit's 1.9.2, in Debian's qemu."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import tty

import pytest
from kernel_client import kernel, plain  # noqa: F401 (kernel is a fixture)

FIRMWARE = pathlib.Path('/usr/share/firmware-microbit-micropython/firmware.hex')
QEMU = shutil.which('qemu-system-arm')
SOCAT = shutil.which('socat')

needs_qemu = pytest.mark.skipif(not QEMU or not FIRMWARE.exists(),
                                reason='no qemu-system-arm or no micro:bit firmware here')
pytestmark = needs_qemu


class Microbit:
    def __init__(self):
        self.qemu = subprocess.Popen(
            [QEMU, '-M', 'microbit', '-display', 'none', '-monitor', 'none', '-serial', 'pty',
             '-device', f'loader,file={FIRMWARE}'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.port = re.search(r'/dev/pts/\d+', self.qemu.stdout.readline()).group()
        # qemu looks only once a second whether somebody has opened a pty that nobody had open
        self.held = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.held)

    def end(self):
        if self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait()
            self.qemu.stdout.close()
            os.close(self.held)


@pytest.fixture
def microbit():
    board = Microbit()
    yield board
    board.end()


LOOP = 'n = 0\nprint("on")\nwhile True:\n    n += 1'


def test_a_session(microbit, kernel):
    url = f'serial://{microbit.port}'
    shown = kernel.run(f'%connect {url}')
    assert shown.status == 'ok', shown
    uid = re.fullmatch(r'Connected to ((?:[0-9a-f]{2}:){7}[0-9a-f]{2}) @ ' + re.escape(url) + '\n',
                       plain(shown.stdout))[1]
    # registered by its URL: found by its name from now on
    assert kernel.run('%discover').said.split() == [uid, url]
    assert kernel.run(f'%connect -q {uid}').status == 'ok'

    shown = kernel.run('import sys\nprint(sys.implementation)\nx = 41')
    assert shown.stdout == "(name='micropython', version=(1, 9, 2))\n"
    assert kernel.run('x += 1\nprint(x)').stdout == '42\n'

    shown = kernel.run('print("a")\nnothing')
    assert shown.stdout == 'a\n'
    assert shown.errors[0]['ename'] == 'NameError'
    assert shown.errors[0]['traceback'][0] == 'Traceback (most recent call last):'

    msg_id = kernel.start(LOOP)
    assert kernel.message(msg_id, 'stream')['content']['text'] == 'on\n'
    assert kernel.interrupt() == {'status': 'ok'}
    reply, _ = kernel.finish(msg_id)
    assert reply['ename'] == 'KeyboardInterrupt'
    assert int(kernel.run('print(n)').stdout) > 0
    assert kernel.run('print(x)').stdout == '42\n'

    # the port is free for bash, and the board keeps its variables meanwhile
    shown = kernel.run(f"!kiln exec -p {microbit.port} 'print(1 + 1)'")
    assert (shown.status, shown.stdout) == ('ok', '2\n')
    assert kernel.run('print(x)').stdout == '42\n'


def test_a_bare_path_is_a_url_too(microbit, kernel):
    shown = kernel.run(f'%connect {microbit.port}')
    assert shown.status == 'ok'
    assert plain(shown.stdout).endswith(f' @ serial://{microbit.port}\n')


def test_the_port_vanishes_in_mid_cell(microbit, kernel):
    kernel.run(f'%connect -q {microbit.port}')
    msg_id = kernel.start(LOOP)
    kernel.message(msg_id, 'stream')
    microbit.end()
    reply, published = kernel.finish(msg_id)
    assert reply['status'] == 'error' and reply['ename'] == 'KILN_E_PORT_GONE'
    error = [c for t, c in published if t == 'error'][0]
    assert microbit.port in error['evalue']
    assert error['traceback'][0].startswith('\x1b[31merror:\x1b[0m ')
    assert error['traceback'][1].startswith('\x1b[33mhint:\x1b[0m ')
    assert kernel.run('!echo alive').stdout == 'alive\n'
    shown = kernel.run('print(1)')
    assert shown.status == 'error' and shown.reply['ename'].startswith('KILN_E_PORT')


def test_what_small_firmware_has_not(microbit, kernel):
    """Types without __name__, no sys.stdin, no sys.path: names are known, the rest is said."""
    assert kernel.run(f'%connect -q {microbit.port}\nmy_value = 5').status == 'ok'
    shown = kernel.run('my_value?')
    assert shown.reply['payload'][0]['data']['text/plain'] == 'Type:      int\nValue:     5\n'
    reply = kernel.reply(kernel.client.complete('my_v', 4))
    assert reply['matches'] == ['my_value']
    # its own input() would wait for keys, and take no Ctrl-C meanwhile
    reply = kernel.run('print(input("name? "))').reply
    assert reply['ename'] == 'OSError' and 'no sys.stdin' in reply['evalue'], reply
    reply = kernel.run('%mip list').reply
    assert reply['ename'] == 'KILN_E_UNSUPPORTED' and 'AttributeError' in reply['evalue'], reply
    assert kernel.run('my_value').status == 'ok'


@pytest.fixture
def tcp_port():
    """A TCP port that is nobody else's for as long as the test runs; servers share it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(('127.0.0.1', 0))
        yield holder.getsockname()[1]


def serve(microbit, port):
    """The board behind a TCP port, as ser2net has it; waits until it listens."""
    server = subprocess.Popen([SOCAT, f'TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,reuseport',
                               f'OPEN:{microbit.port},raw,echo=0'], start_new_session=True)
    for _ in range(1200):
        with open('/proc/net/tcp', encoding='ascii') as f:
            if f':{port:04X} 00000000:0000 0A' in f.read():
                return server
        time.sleep(0.05)
    raise AssertionError('socat does not listen')


@pytest.mark.skipif(not SOCAT, reason='no socat here')
def test_the_next_cell_connects_again(microbit, kernel, tcp_port):
    server = serve(microbit, tcp_port)
    shown = kernel.run(f'%connect socket://127.0.0.1:{tcp_port}\nx = 7')
    assert shown.status == 'ok', shown
    msg_id = kernel.start(LOOP)
    kernel.message(msg_id, 'stream')
    os.killpg(server.pid, 9)
    server.wait()
    reply, _ = kernel.finish(msg_id)
    assert reply['ename'] == 'KILN_E_PORT_GONE'

    server = serve(microbit, tcp_port)
    try:
        shown = kernel.run('print(x, n > 0)')
        assert (shown.status, shown.stdout) == ('ok', '7 True\n')
        # and when it happens while nothing runs, nobody notices
        os.killpg(server.pid, 9)
        server.wait()
        server = serve(microbit, tcp_port)
        shown = kernel.run('print(x)')
        assert (shown.status, shown.stdout) == ('ok', '7\n')
    finally:
        os.killpg(server.pid, 9)
        server.wait()
