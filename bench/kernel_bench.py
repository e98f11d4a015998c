#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the Jupyter kernel costs: time to its first answer, memory, a cell. Usage: kernel_bench.py BUILD

ipykernel is measured in the same run by the same client, in turns, so the figures are ratios that
do not depend on the machine.

A cell is timed twice. What is promised is the kernel's time, from execute_request to idle: there
the client sends frames that it has signed before, and while the clock runs it only looks for the
bytes of this request's idle; signatures, parents, order and texts are checked when it has stopped.
The other figure is a cell as jupyter_client's users see it, which spends about a millisecond of
Python on the messages of a cell, whichever kernel they come from.
"""
import json
import os
import pathlib
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import zmq
from jupyter_client.session import Session

RUNS = 5
CELLS = 100
FLOOD = 100000  # lines of 100 bytes
IPYKERNEL = ['/usr/bin/python3', '-m', 'ipykernel_launcher', '-f']


def figure(case, value, unit, op=None, limit=None):
    out = {'case': case, 'value': value, 'unit': unit}
    if op:
        out |= {'op': op, 'limit': limit}
    print(json.dumps(out), flush=True)


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(('127.0.0.1', 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Kernel:
    """One kernel process; `seconds` from its start to its kernel_info_reply."""

    def __init__(self, argv, env, folder):
        names = ('shell_port', 'iopub_port', 'stdin_port', 'control_port', 'hb_port')
        info = dict(zip(names, free_ports(5)), ip='127.0.0.1', transport='tcp',
                    key=secrets.token_hex(16), signature_scheme='hmac-sha256')
        file = pathlib.Path(folder) / 'connection.json'
        file.write_text(json.dumps(info))
        file.chmod(0o600)
        self.session = Session(key=info['key'].encode())
        self.shell = zmq.Context.instance().socket(zmq.DEALER)
        self.shell.setsockopt(zmq.RECONNECT_IVL, 1)  # ms: what is measured is the kernel's time
        start = time.monotonic()
        self.process = subprocess.Popen([*argv, str(file)], env=env, cwd=folder,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.shell.connect(f"tcp://127.0.0.1:{info['shell_port']}")
        self.iopub = zmq.Context.instance().socket(zmq.SUB)
        self.iopub.setsockopt(zmq.RECONNECT_IVL, 1)
        for socket_ in (self.shell, self.iopub):
            socket_.setsockopt(zmq.RCVTIMEO, 60000)  # a bench that hangs says nothing
        self.iopub.subscribe(b'')
        self.iopub.connect(f"tcp://127.0.0.1:{info['iopub_port']}")
        self.ask('kernel_info_request', {})
        self.seconds = time.monotonic() - start

    def receive(self, socket):
        if not socket.poll(60000):
            raise TimeoutError
        _, frames = self.session.feed_identities(socket.recv_multipart())
        return self.session.deserialize(frames)

    def ask(self, msg_type, content):
        self.session.send(self.shell, msg_type, content)
        return self.receive(self.shell)['content']

    def request(self, code):
        return self.session.msg('execute_request', {
            'code': code, 'silent': False, 'store_history': True, 'user_expressions': {},
            'allow_stdin': False})

    def published(self, request):
        """(type, content) of what comes for it, idle included."""
        while True:
            seen = self.receive(self.iopub)
            if seen['parent_header'].get('msg_id') != request['msg_id']:
                continue
            yield seen['msg_type'], seen['content']
            if seen['content'].get('execution_state') == 'idle':
                return

    def run(self, code, each=lambda kind, content: None):
        """Until both the reply and idle are there: then a front end shows the cell as done."""
        request = self.request(code)
        self.session.send(self.shell, request)
        for kind, content in self.published(request):
            each(kind, content)
        reply = self.receive(self.shell)['content']
        assert reply['status'] == 'ok', reply

    def subscribed(self):
        """Until something comes on iopub: what was published before that is lost."""
        while not self.iopub.poll(50):
            self.ask('kernel_info_request', {})
        while self.iopub.poll(50):
            self.iopub.recv_multipart()
        return self

    def memory_mb(self, which='VmRSS'):
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
        return int(status.split(f'{which}:')[1].split()[0]) / 1024

    def client_ms(self, code):
        start = time.monotonic()
        self.run(code)
        return (time.monotonic() - start) * 1000

    def cell_ms(self, code, stdout):
        request = self.request(code)
        frames = self.session.serialize(request)
        msg_id = request['msg_id'].encode()
        published = []
        start = time.monotonic()
        self.shell.send_multipart(frames)
        while True:
            frames = self.iopub.recv_multipart()
            published.append(frames)
            if b'"idle"' in frames[-1] and msg_id in frames[-3]:
                break
        ms = (time.monotonic() - start) * 1000
        self.check(request, published, stdout)
        return ms

    def opened(self, frames, request):
        """Type and content; raises if the signature is wrong, or the parent another one."""
        message = self.session.deserialize(self.session.feed_identities(frames)[1])
        assert message['parent_header'].get('msg_id') == request['msg_id'], message
        return message['msg_type'], message['content']

    def check(self, request, published, stdout):
        kinds, contents = zip(*(self.opened(frames, request) for frames in published))
        # ipykernel sends a text and its newline in one stream message or in two
        streams = ('stream',) * (len(kinds) - 3)
        assert streams and kinds == ('status', 'execute_input', *streams, 'status'), kinds
        assert contents[0] == {'execution_state': 'busy'}, contents
        assert contents[1]['code'] == request['content']['code'], contents
        assert {c['name'] for c in contents[2:-1]} == {'stdout'}, contents
        assert ''.join(c['text'] for c in contents[2:-1]) == stdout, contents
        assert contents[-1] == {'execution_state': 'idle'}, contents
        kind, reply = self.opened(self.shell.recv_multipart(), request)
        assert kind == 'execute_reply' and reply['status'] == 'ok', reply
        assert reply['execution_count'] == contents[1]['execution_count'], reply

    def end(self):
        self.process.kill()
        self.process.wait()
        self.shell.close(0)
        self.iopub.close(0)


def least(argv, env, folder):
    """Least time of some runs: other load only ever adds."""
    best = None
    for _ in range(RUNS):
        kernel = Kernel(argv, env, folder)
        best = kernel.seconds if best is None else min(best, kernel.seconds)
        kernel.end()
    return best


def in_turns(measure, kernel, other):
    """Medians of both: whatever else the machine does falls on both."""
    pairs = [(measure(kernel), measure(other)) for _ in range(CELLS)]
    return map(statistics.median, zip(*pairs))


def cells(build, env, folder):
    """Memory, with a board connected that is a process of its own; time of a cell."""
    board = ['-p', 'sim:bench?clock=virtual']
    subprocess.run([build / 'esptool.py', *board, 'write_flash', '0x1000', build / 'demo-firmware.bin'],
                   env=env, check=True, stdout=subprocess.DEVNULL)
    kernel = Kernel([build / 'kiln-kernel', '-f'], env, folder).subscribed()
    figure('kernel: resident at start', kernel.memory_mb(), 'MB', '<=', 15)
    kernel.run('%connect -q sim:bench?clock=virtual')  # of a wire's time a kernel can spare nothing
    other = Kernel(IPYKERNEL, env, folder).subscribed()
    for warm in (kernel, other):
        warm.client_ms('print(1)')
    ours, theirs = in_turns(lambda k: k.cell_ms('print(1)', '1\n'), kernel, other)
    figure('kernel: a cell print(1) on a virtual board, to idle, median', ours, 'ms')
    figure('kernel: print(1) to idle, ipykernel / kiln', theirs / ours, 'times', '>=', 4)
    ours, theirs = in_turns(lambda k: k.client_ms('print(1)'), kernel, other)
    figure("kernel:   with jupyter_client's own time, ipykernel / kiln", theirs / ours, 'times')
    figure(f'kernel: resident after {2 * CELLS} cells', kernel.memory_mb(), 'MB', '<=', 15)
    flood(kernel)
    kernel.end()
    other.end()


def flood(kernel):
    """10 MB that the board prints: complete, and in how much memory."""
    line = '=' * 99 + '\n'
    came = 0

    def count(kind, content):
        nonlocal came
        if kind == 'stream':
            text = content['text']  # a message may begin and end within a line
            assert text == (line * (len(text) // 100 + 2))[came % 100:][:len(text)], text
            came += len(text)

    kernel.run(f'line = "=" * 99\nfor i in range({FLOOD}): print(line)', count)
    figure('kernel: 10 MB of output from a board, complete', came / FLOOD, '%', '>=', 100)
    figure('kernel: 10 MB of output, most memory', kernel.memory_mb('VmHWM'), 'MB', '<=', 30)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {f'XDG_{name}': folder for name in
                            ('STATE_HOME', 'CONFIG_HOME', 'RUNTIME_DIR')}
        ours = least([build / 'kiln-kernel', '-f'], env, folder)
        theirs = least(IPYKERNEL, env, folder)
        figure('kernel: start to kernel_info_reply, ipykernel / kiln', theirs / ours, 'times', '>=', 10)
        figure('kernel: start to kernel_info_reply', ours * 1000, 'ms')
        cells(build, env, folder)


main()
