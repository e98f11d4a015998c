# SPDX-License-Identifier: Apache-2.0
"""Much of everything: output, messages, cells that wait. Memory stays, nothing is lost unsaid."""
import os
import pathlib

import pytest
import zmq
from boards import copy_board
from kernel_client import SANITIZED, TIMEOUT, kernel  # noqa: F401 (a fixture)

MB = 1000 * 1000
MOST_MB = 30


def peak_mb(kernel):
    status = pathlib.Path(f'/proc/{kernel.pid}/status').read_text()
    return int(status.split('VmHWM:')[1].split()[0]) / 1024


def collect(kernel, msg_id):
    """Streamed text in pieces that are not kept as messages; the reply."""
    text = []
    while True:
        msg = kernel.message(msg_id)
        if msg['msg_type'] == 'stream':
            text.append(msg['content']['text'])
        elif msg['content'].get('execution_state') == 'idle':
            return kernel.reply(msg_id), ''.join(text)


# a virtual board's wire takes a minute for 10 MB: all of it by "make soak"
BOARD_LINES = int(os.environ.get('KILN_FLOOD_MB', 1)) * 10000


@pytest.mark.parametrize('lines, code', [
    (BOARD_LINES, f'%connect -q sim:demo?clock=virtual\nline = "é" * 39 + "=" * 21\n'
                  f'for i in range({BOARD_LINES}): print(line)'),
    (100000, '%%bash\nyes ééééééééééééééééééééééééééééééééééééééé===================== | head -n 100000'),
], ids=['board', 'bash'])
def test_megabytes_arrive_whole(kernel, env, lines, code):
    copy_board(env, 'demo')
    reply, text = collect(kernel, kernel.start(code))
    assert reply['status'] == 'ok', reply
    assert len(text.encode()) == lines * 100 and text == ('é' * 39 + '=' * 21 + '\n') * lines
    if not SANITIZED:
        assert peak_mb(kernel) < MOST_MB


def test_a_body_of_100_mb_is_refused(kernel):
    session, shell = kernel.client.session, zmq.Context.instance().socket(zmq.DEALER)
    shell.setsockopt(zmq.LINGER, 0)
    shell.connect(kernel.client._make_url('shell'))
    try:
        session.send(shell, 'execute_request', {'code': '#' * (100 * MB)})
        assert kernel.run('!echo alive').stdout == 'alive\n'
        assert not shell.poll(500)
    finally:
        shell.close(0)
    if not SANITIZED:
        assert peak_mb(kernel) < MOST_MB


def test_many_small_messages_of_100_mb_are_refused(kernel):
    """One message of many frames, each of which would pass."""
    session, shell = kernel.client.session, zmq.Context.instance().socket(zmq.DEALER)
    shell.setsockopt(zmq.LINGER, 0)
    shell.connect(kernel.client._make_url('shell'))
    try:
        session.send(shell, 'comm_msg', {'comm_id': 'x', 'data': {}}, buffers=[b'x' * (10 * MB)] * 10)
        for _ in range(TIMEOUT * 10):
            if 'larger than 64 MiB' in kernel.stderr():
                break
            assert kernel.run('!echo alive').stdout == 'alive\n'
        assert 'dropped a message on shell: larger than 64 MiB' in kernel.stderr()
    finally:
        shell.close(0)


def test_five_hundred_cells_wait(kernel):
    """More than the kernel's own queue holds: the rest stays in the socket."""
    first = kernel.start('!sleep 0.3')
    cells = [kernel.start(f'!echo {i}' if i % 50 == 0 else '# nothing') for i in range(500)]
    assert kernel.finish(first)[0]['status'] == 'ok'
    counts = [kernel.finish(c)[0]['execution_count'] for c in cells]
    assert counts == list(range(2, 502))


def test_a_shared_connection_file_is_warned_of(kernel):
    file = kernel.manager.connection_file
    assert 'others can read' not in kernel.stderr()
    os.chmod(file, 0o644)
    kernel.manager._launch_args['stderr'] = kernel.log.open('wb')
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=TIMEOUT)
    warned = f"others can read '{file}': whoever has its key can run code here"
    assert warned in kernel.stderr()
