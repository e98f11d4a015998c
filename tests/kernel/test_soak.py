# SPDX-License-Identifier: Apache-2.0
"""Many cells, with interrupts, resets and pulled cables at random moments: the kernel goes on.

150 cells by default; $KILN_SOAK_CELLS and $KILN_SOAK_SEED say otherwise ("make soak": 1000).
"""
import os
import pathlib
import random
import signal
import subprocess
import time

from jupyter_kernel_test.msgspec_v5 import validate_message

from boards import copy_board
from conftest import BUILD
from kernel_client import SANITIZED, TIMEOUT, Kernel

CELLS = int(os.environ.get('KILN_SOAK_CELLS', 150))
SEED = int(os.environ.get('KILN_SOAK_SEED', 5))
WARM_UP = 60  # cells until buffers have their size; what grows after it leaks
GROWTH_KB = 3000


class Cable:
    """A served board; to pull the cable is to end its server."""

    def __init__(self, env, link):
        self.env, self.link, self.server = env, link, None
        self.plug()

    def plug(self):
        self.server = subprocess.Popen([BUILD / 'kiln', 'sim', 'demo', '--pty', '--link', self.link, '--json'],
                                       env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.server.stdout.readline()  # it says where it serves

    def pull(self):
        if self.server:
            self.server.kill()
            self.server.wait()
            self.server.stdout.close()
        self.server = None


class Soak:
    def __init__(self, kernel, cable, seed):
        self.kernel, self.cable, self.random = kernel, cable, random.Random(seed)
        self.counts, self.replies, self.started = {}, {}, 0

    # ---- messages, each one checked ----

    def message(self):
        msg = self.kernel.client.get_iopub_msg(timeout=TIMEOUT)
        validate_message(msg)
        return msg

    def start(self, code, **options):
        self.started += 1
        return self.kernel.start(code, **options)

    def wait_for(self, msg_id, msg_type):
        """Until the cell has sent that; false if it ended without."""
        self.seen = []
        while True:
            msg = self.message()
            if msg['parent_header'].get('msg_id') != msg_id:
                continue
            self.seen.append(msg)
            if msg['msg_type'] == msg_type:
                return True
            if msg['msg_type'] == 'status' and msg['content']['execution_state'] == 'idle':
                return False

    def finish(self, msg_id, seen=()):
        seen = list(seen)
        while not seen or seen[-1]['content'].get('execution_state') != 'idle':
            msg = self.message()
            if msg['parent_header'].get('msg_id') == msg_id:
                seen.append(msg)
        while True:
            reply = self.kernel.client.get_shell_msg(timeout=TIMEOUT)
            if reply['parent_header'].get('msg_id') == msg_id:
                break
        if reply['content']['status'] == 'aborted':
            assert reply['content']['execution_count'] >= 0
        else:
            validate_message(reply, 'execute_reply', msg_id)
        states = [m['content']['execution_state'] for m in seen if m['msg_type'] == 'status']
        assert states == ['busy', 'idle'], states
        status = reply['content']['status']
        assert status == 'error' or not [m for m in seen if m['msg_type'] == 'error']
        self.replies[status] = self.replies.get(status, 0) + 1
        text = ''.join(m['content']['text'] for m in seen
                       if m['msg_type'] == 'stream' and m['content']['name'] == 'stdout')
        return reply['content'], text

    def run(self, code, **options):
        return self.finish(self.start(code, **options))

    # ---- what a user does ----

    def plain(self):
        n = self.random.randrange(10 ** 6)
        reply, text = self.run(f'print({n})')
        if reply['status'] == 'ok':
            assert text == f'{n}\n', (n, text)

    def value(self):
        self.run('(1, "é", [None])')

    def much_output(self):
        reply, text = self.run('for i in range(300): print(i, "x" * 20)')
        if reply['status'] == 'ok':
            assert text.count('\n') == 300 and text.startswith('0 x')

    def exception(self):
        reply, _ = self.run('def f(x): return x / 0\nf(1)')
        assert reply['status'] == 'error'

    def syntax_error(self):
        assert self.run('x = = 1')[0]['status'] == 'error'

    def host(self):
        assert self.run('!echo out; echo err >&2')[1] == 'out\n'

    def magics(self):
        self.run(self.random.choice(['%lsmagic', '%uid', '%discover', '%nothing', '%cat missing', '%rlist']))

    def some(self):
        """Wait for a moment that is not known before."""
        time.sleep(self.random.random() * 0.05)

    def stop(self):
        if self.random.random() < 0.5:
            os.kill(self.kernel.pid, signal.SIGINT)
        else:
            assert self.kernel.interrupt() == {'status': 'ok'}

    def interrupted(self):
        msg_id = self.start('import time\nwhile True:\n    print("on")\n    time.sleep(0.01)')
        goes = self.wait_for(msg_id, 'stream')
        self.some()
        if goes:
            self.stop()
        reply, _ = self.finish(msg_id, self.seen)
        assert reply['status'] == 'error'

    def interrupted_blindly(self):
        """Anywhere in a cell's life; it may have ended. Before it an interrupt is nobody's."""
        msg_id = self.start(self.random.choice(['for i in range(200): print(i)', '!sleep 0.05', 'input()', '6 * 7']))
        self.wait_for(msg_id, 'execute_input')
        self.some()
        self.stop()
        self.finish(msg_id, self.seen)

    def queued(self):
        cells = [self.start(c) for c in ('print(1)', self.random.choice(['print(2)', '1/0']), 'print(3)')]
        seen = {c: [] for c in cells}
        while not all(s and s[-1]['content'].get('execution_state') == 'idle' for s in seen.values()):
            msg = self.message()
            seen.get(msg['parent_header'].get('msg_id'), []).append(msg)
        assert all(self.kernel.reply(c)['status'] in ('ok', 'error', 'aborted') for c in cells)

    def asked(self):
        client = self.kernel.client
        for msg_id in (client.complete('machine.', 8), client.inspect('print', 3), client.history(n=3),
                       client.is_complete('for x in y:'), client.comm_info()):
            while True:
                reply = client.get_shell_msg(timeout=TIMEOUT)
                if reply['parent_header'].get('msg_id') == msg_id:
                    break
            if 'complete' not in reply['msg_type']:
                validate_message(reply, None, msg_id)

    def softreset(self):
        self.run('%softreset -q')

    def hardreset(self):
        self.run('%hardreset -t 0.3')

    def board_resets_itself(self):
        self.run('import machine\nprint("bye")\nmachine.reset()')

    def pulled(self):
        msg_id = self.start('import time\nfor i in range(500):\n    print(i)\n    time.sleep(0.01)')
        goes = self.wait_for(msg_id, 'stream')
        self.some()
        self.cable.pull()
        reply, _ = self.finish(msg_id, self.seen)
        assert reply['status'] == 'error' or not goes
        if self.random.random() < 0.5:
            assert self.run('print(1)')[0]['status'] == 'error'  # still pulled
        self.cable.plug()
        assert self.run('print("back")')[1] == 'back\n'

    def pulled_while_idle(self):
        self.cable.pull()
        self.cable.plug()
        assert self.run('print("back")')[1] == 'back\n'

    KINDS = [(plain, 20), (value, 8), (much_output, 6), (exception, 8), (syntax_error, 3), (host, 8), (magics, 8),
             (interrupted, 8), (interrupted_blindly, 8), (queued, 5), (asked, 6), (softreset, 4), (hardreset, 2),
             (board_resets_itself, 2), (pulled, 4), (pulled_while_idle, 2)]

    def step(self):
        kind, = self.random.choices([k for k, _ in self.KINDS], [w for _, w in self.KINDS])
        self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
        kind(self)

    def settle(self):
        """The same state each time: connected and idle."""
        assert self.run('print("settled")')[1] == 'settled\n'
        pid = self.kernel.pid
        status = pathlib.Path(f'/proc/{pid}/status').read_text()
        return len(os.listdir(f'/proc/{pid}/fd')), int(status.split('VmRSS:')[1].split()[0])


def test_the_kernel_goes_on(env, tmp_path):
    # the board is in another home: without its cable the kernel does not find it as sim:demo
    away = {**env, 'XDG_STATE_HOME': str(tmp_path / 'away'), 'XDG_RUNTIME_DIR': str(tmp_path / 'away')}
    copy_board(away, 'demo')
    cable = Cable(away, tmp_path / 'port')
    kernel = Kernel(env, tmp_path, tmp_path / 'kernel.log')
    soak = Soak(kernel, cable, SEED)
    before = None
    try:
        assert soak.run(f'%connect -q {tmp_path}/port')[0]['status'] == 'ok'
        while soak.started < CELLS:
            if before is None and soak.started >= WARM_UP:
                before = soak.settle()
            try:
                soak.step()
            except Exception as e:
                raise AssertionError(f'seed {SEED}, after {soak.started} cells, {soak.counts}') from e
        after = soak.settle()
        print(f'{soak.started} cells: {soak.counts}; {soak.replies}; '
              f'(descriptors, resident kB): {before} -> {after}')
        assert soak.replies['ok'] and soak.replies['error']
        assert after[0] <= before[0], (before, after)
        assert SANITIZED or after[1] <= before[1] + GROWTH_KB, (before, after)
    finally:
        cable.pull()
        kernel.shutdown()
