#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the Jupyter kernel costs: time to its first answer, memory, a cell. Usage: kernel_bench.py BUILD

ipykernel is measured in the same run by the same client, so the figures are ratios that do not
depend on the machine.
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
CELLS = 50
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

    def run(self, code):
        """Until both the reply and idle are there: then a front end shows the cell as done."""
        msg = self.session.send(self.shell, 'execute_request', {
            'code': code, 'silent': False, 'store_history': True, 'user_expressions': {},
            'allow_stdin': False})
        state = {}
        while state.get('execution_state') != 'idle':
            seen = self.receive(self.iopub)
            state = seen['content'] if seen['parent_header'].get('msg_id') == msg['header']['msg_id'] else {}
        reply = self.receive(self.shell)['content']
        assert reply['status'] == 'ok', reply

    def subscribed(self):
        """Until something comes on iopub: what was published before that is lost."""
        while not self.iopub.poll(50):
            self.ask('kernel_info_request', {})
        while self.iopub.poll(50):
            self.iopub.recv_multipart()
        return self

    def resident_mb(self):
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
        return int(status.split('VmRSS:')[1].split()[0]) / 1024

    def cell_ms(self, code):
        start = time.monotonic()
        self.run(code)
        return (time.monotonic() - start) * 1000

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


def cells(build, env, folder):
    """Memory, with a board connected that is a process of its own; time of a cell, in turns with ipykernel."""
    board = ['-p', 'sim:bench?clock=virtual']
    subprocess.run([build / 'esptool.py', *board, 'write_flash', '0x1000', build / 'demo-firmware.bin'],
                   env=env, check=True, stdout=subprocess.DEVNULL)
    kernel = Kernel([build / 'kiln-kernel', '-f'], env, folder).subscribed()
    figure('kernel: resident at start', kernel.resident_mb(), 'MB', '<=', 15)
    kernel.run('%connect -q sim:bench?clock=virtual')  # of a wire's time a kernel can spare nothing
    other = Kernel(IPYKERNEL, env, folder).subscribed()
    for warm in (kernel, other):
        warm.cell_ms('print(1)')
    # by turns, so that other load of the machine falls on both
    pairs = [(kernel.cell_ms('print(1)'), other.cell_ms('print(1)')) for _ in range(CELLS)]
    ours, theirs = map(statistics.median, zip(*pairs))
    figure('kernel: resident after 50 cells', kernel.resident_mb(), 'MB', '<=', 15)
    figure('kernel: a cell print(1) on a virtual board, to idle, median', ours, 'ms')
    figure('kernel: print(1) to idle, ipykernel / kiln', theirs / ours, 'times', '>=', 4)
    kernel.end()
    other.end()


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
