# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the kernel's tests: a running kernel, driven by jupyter_client."""
import re

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from conftest import BUILD

TIMEOUT = 60
SANITIZED = 'asan' in BUILD.name  # of such a build the memory says nothing


class Kernel:
    """A kernel and a client of it. run() returns what a notebook would show."""

    def __init__(self, env, cwd, log):
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(
            argv=[str(BUILD / 'kiln-kernel'), '-f', '{connection_file}'], display_name='kiln',
            language='micropython', interrupt_mode='message')
        self.log = log
        self.env = env
        self.manager.start_kernel(env=env, cwd=str(cwd), stderr=log.open('wb'))
        self.client = self.manager.client()
        self.others = []
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)

    @property
    def pid(self):
        return self.manager.provisioner.pid

    def stderr(self):
        return self.log.read_text()

    def start(self, code, **options):
        return self.client.execute(code, **options)

    def message(self, msg_id, msg_type=None):
        """The next iopub message of a request; of one type, skipping its others."""
        while True:
            msg = self._next(msg_id)
            if msg_type in (None, msg['msg_type']):
                return msg

    def _next(self, msg_id):
        """Other requests' messages may come in between: they are kept."""
        for i, msg in enumerate(self.others):
            if msg['parent_header'].get('msg_id') == msg_id:
                return self.others.pop(i)
        while True:
            msg = self.client.get_iopub_msg(timeout=TIMEOUT)
            if msg['parent_header'].get('msg_id') == msg_id:
                return msg
            self.others.append(msg)

    def finish(self, msg_id):
        """(reply content, [(type, content) on iopub between busy and idle])."""
        published = []
        while True:
            msg = self.message(msg_id)
            if msg['msg_type'] == 'status':
                if msg['content']['execution_state'] == 'idle':
                    break
                continue
            published.append((msg['msg_type'], msg['content']))
        return self.reply(msg_id), published

    def reply(self, msg_id, channel='shell'):
        while True:
            msg = getattr(self.client, f'get_{channel}_msg')(timeout=TIMEOUT)
            if msg['parent_header'].get('msg_id') == msg_id:
                return msg['content']

    def run(self, code, **options):
        reply, published = self.finish(self.start(code, **options))
        return Shown(reply, published)

    def interrupt(self):
        msg = self.client.session.msg('interrupt_request', {})
        self.client.control_channel.send(msg)
        return self.reply(msg['header']['msg_id'], 'control')

    def shutdown(self):
        self.client.stop_channels()
        if self.manager.is_alive():
            self.manager.shutdown_kernel()
        # of a build with sanitizers: faults, and leaks at the end
        assert 'Sanitizer' not in self.stderr() and 'runtime error' not in self.stderr(), \
            self.stderr()


class Shown:
    """What one cell did."""

    def __init__(self, reply, published):
        self.reply = reply
        self.published = published
        self.status = reply['status']
        self.stdout = self._text('stdout')
        self.stderr = self._text('stderr')
        self.errors = [c for t, c in published if t == 'error']

    @property
    def said(self):
        """Standard output as a console shows it: with what is displayed, as text."""
        texts = [c['text'] if t == 'stream' and c['name'] == 'stdout' else
                 c['data']['text/plain'] + '\n' if t == 'display_data' else ''
                 for t, c in self.published]
        return ''.join(texts)

    def html(self):
        return ''.join(c['data'].get('text/html', '') for t, c in self.published
                       if t == 'display_data')

    def _text(self, name):
        return ''.join(c['text'] for t, c in self.published
                       if t == 'stream' and c['name'] == name)

    def __repr__(self):
        return f'{self.reply} {self.published}'


@pytest.fixture
def kernel(env, tmp_path):
    running = Kernel(env, tmp_path, tmp_path / 'kernel.log')
    yield running
    running.shutdown()


def plain(text):
    """Without colours."""
    return re.sub(r'\x1b\[[0-9;]*m', '', text)
