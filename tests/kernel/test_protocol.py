# SPDX-License-Identifier: Apache-2.0
"""The kernel as a Jupyter client sees it. No board is needed."""
import json
import os
import signal
import time

import pytest

from conftest import BUILD
from kernel_client import TIMEOUT, Kernel, kernel  # noqa: F401 (a fixture)


def ask(kernel, channel, msg_type, content):
    session = kernel.client.session
    msg = session.msg(msg_type, content)
    getattr(kernel.client, f'{channel}_channel').send(msg)
    return msg['header']['msg_id']


@pytest.mark.parametrize('channel', ['shell', 'control'])
def test_kernel_info(kernel, channel):
    info = kernel.reply(ask(kernel, channel, 'kernel_info_request', {}), channel)
    assert info['status'] == 'ok'
    assert info['protocol_version'] == '5.5'
    assert info['implementation'] == 'kiln'
    language = info['language_info']
    assert language['name'] == 'micropython'
    assert language['mimetype'] == 'text/x-python'
    assert language['file_extension'] == '.py'
    assert language['pygments_lexer'] == 'python3'
    assert language['codemirror_mode']['name'] == 'python'
    assert info['supported_features'] == ['kernel subshells'] and info['debugger'] is False


@pytest.mark.parametrize('msg_type, content, wanted', [
    ('complete_request', {'code': 'pqr', 'cursor_pos': 3},
     {'status': 'ok', 'matches': [], 'cursor_start': 0, 'cursor_end': 3,
      'metadata': {'_jupyter_types_experimental': []}}),
    ('inspect_request', {'code': 'x', 'cursor_pos': 1, 'detail_level': 0},
     {'status': 'ok', 'found': False, 'data': {}, 'metadata': {}}),
    ('history_request', {'hist_access_type': 'tail', 'n': 5, 'output': False, 'raw': True},
     {'status': 'ok', 'history': []}),
    ('is_complete_request', {'code': 'for i in x:'}, {'status': 'incomplete', 'indent': '    '}),
    ('is_complete_request', {'code': 'x = 1'}, {'status': 'complete'}),
    ('is_complete_request', {'code': 'x = )'}, {'status': 'invalid'}),
    ('is_complete_request', {'code': 5}, {'status': 'complete'}),
    ('comm_info_request', {}, {'status': 'ok', 'comms': {}}),
])
def test_other_requests_are_answered(kernel, msg_type, content, wanted):
    reply, published = kernel.finish(ask(kernel, 'shell', msg_type, content))
    assert reply == wanted
    assert published == []


def test_a_comm_to_nobody_is_closed(kernel):
    msg_id = ask(kernel, 'shell', 'comm_open',
                 {'comm_id': 'c1', 'target_name': 'jupyter.widget', 'data': {}})
    assert kernel.message(msg_id, 'comm_close')['content'] == {'comm_id': 'c1', 'data': {}}


@pytest.mark.parametrize('content', [{'seq': 7, 'type': 'request', 'command': 'debugInfo'}, {}])
def test_there_is_no_debugger_and_who_asks_is_told(kernel, content):
    reply = kernel.reply(ask(kernel, 'control', 'debug_request', content), 'control')
    assert reply == {'type': 'response', 'seq': 0, 'request_seq': content.get('seq', 0),
                     'success': False, 'command': content.get('command', ''),
                     'message': 'this kernel has no debugger', 'body': {}}


def test_unknown_messages_are_ignored(kernel):
    msg_id = ask(kernel, 'shell', 'teleport_request', {})
    assert kernel.message(msg_id)['content']['execution_state'] == 'busy'
    assert kernel.message(msg_id)['content']['execution_state'] == 'idle'
    assert kernel.run('!echo alive').stdout == 'alive\n'


def test_replies_belong_to_their_request(kernel):
    msg_id = kernel.start('!echo x')
    for msg in iter(lambda: kernel.message(msg_id), None):
        assert msg['parent_header']['msg_id'] == msg_id
        assert msg['parent_header']['msg_type'] == 'execute_request'
        if msg['msg_type'] == 'status' and msg['content']['execution_state'] == 'idle':
            break


def test_execution_counts(kernel):
    first = kernel.run('!echo a')
    assert first.reply == {'status': 'ok', 'execution_count': 1, 'user_expressions': {},
                           'payload': []}
    assert first.published[0] == ('execute_input', {'code': '!echo a', 'execution_count': 1})
    assert kernel.run('!echo b', store_history=False).reply['execution_count'] == 1
    assert kernel.run('!echo c').reply['execution_count'] == 2


def test_silent_shows_nothing(kernel):
    shown = kernel.run('!echo a', silent=True)
    assert shown.published == []
    assert shown.reply['execution_count'] == 0
    failed = kernel.run('%nothing', silent=True)
    assert failed.published == [] and failed.status == 'error'


def test_empty_cells_are_fine(kernel):
    for code in ('', '\n \n', '# only a comment'):
        shown = kernel.run(code)
        assert shown.status == 'ok' and len(shown.published) == 1


def test_a_cell_that_is_no_text_is_refused(kernel):
    msg_id = ask(kernel, 'shell', 'execute_request', {'code': 5})
    reply, _ = kernel.finish(msg_id)
    assert reply['status'] == 'error' and 'no code' in reply['evalue']


def test_a_failure_aborts_what_waits(kernel):
    cells = [kernel.start(c) for c in ('%%bash\nsleep 0.3; exit 1', '!echo b', '!echo c')]
    replies = [kernel.finish(c)[0]['status'] for c in cells]
    assert replies == ['error', 'aborted', 'aborted']


def test_a_failure_aborts_what_the_queue_has_no_room_for(kernel):
    """256 requests wait in the kernel, the others in its socket: Run All is longer at times."""
    cells = [kernel.start('!sleep 1; false')] + [kernel.start('%lsmagic -h') for _ in range(400)]
    replies = [kernel.reply(cell)['status'] for cell in cells]
    assert replies == ['error'] + 400 * ['aborted']
    assert kernel.run('%lsmagic -h').status == 'ok'
    assert kernel.run('!echo d').stdout == 'd\n'


def test_a_failure_aborts_nothing_when_told_so(kernel):
    cells = [kernel.start('%%bash\nsleep 0.3; exit 1', stop_on_error=False),
             kernel.start('!echo b')]
    assert [kernel.finish(c)[0]['status'] for c in cells] == ['error', 'ok']


def test_control_is_served_while_a_cell_runs(kernel):
    msg_id = kernel.start('%%bash\necho on; sleep 20')
    kernel.message(msg_id, 'stream')
    info = kernel.reply(ask(kernel, 'control', 'kernel_info_request', {}), 'control')
    assert info['implementation'] == 'kiln'
    assert kernel.interrupt() == {'status': 'ok'}
    assert kernel.finish(msg_id)[0]['ename'] == 'KeyboardInterrupt'


def test_interrupt_by_signal(kernel):
    msg_id = kernel.start('%%bash\necho on; sleep 20')
    kernel.message(msg_id, 'stream')
    os.kill(kernel.pid, signal.SIGINT)
    assert kernel.finish(msg_id)[0]['ename'] == 'KeyboardInterrupt'


def test_interrupt_of_an_idle_kernel_does_nothing(kernel):
    assert kernel.interrupt() == {'status': 'ok'}
    os.kill(kernel.pid, signal.SIGINT)
    assert kernel.run('!echo fine').stdout == 'fine\n'


def test_a_new_subscriber_is_welcomed(kernel):
    import zmq
    sub = zmq.Context.instance().socket(zmq.SUB)
    sub.connect(kernel.client._make_url('iopub'))
    try:
        for topic in (b'', b'kernel'):
            sub.subscribe(topic)
            assert sub.poll(TIMEOUT * 1000)
            idents, frames = kernel.client.session.feed_identities(sub.recv_multipart())
            msg = kernel.client.session.deserialize(frames)
            assert msg['msg_type'] == 'iopub_welcome'
            assert msg['content'] == {'subscription': topic.decode()}
            assert msg['parent_header'] == {}
            assert idents == ([topic] if topic else [])
            sub.unsubscribe(topic)
    finally:
        sub.close(0)


def test_heartbeat(kernel):
    import zmq
    hb = zmq.Context.instance().socket(zmq.REQ)
    hb.connect(kernel.client._make_url('hb'))
    msg_id = kernel.start('%%bash\nsleep 1')  # also while a cell runs
    for ping in (b'one', b'two'):
        hb.send(ping)
        assert hb.poll(TIMEOUT * 1000) and hb.recv() == ping
    hb.close(0)
    kernel.finish(msg_id)


def gone(pid, seconds=TIMEOUT):
    for _ in range(seconds * 20):
        if not os.path.exists(f'/proc/{pid}') or \
                open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[0] == 'Z':
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize('channel', ['shell', 'control'])
@pytest.mark.parametrize('restart', [False, True])
def test_shutdown(kernel, channel, restart):
    msg_id = ask(kernel, channel, 'shutdown_request', {'restart': restart})
    assert kernel.message(msg_id, 'shutdown_reply')['content']['restart'] is restart
    assert kernel.reply(msg_id, channel) == {'status': 'ok', 'restart': restart}
    assert gone(kernel.pid)


def test_shutdown_ends_a_running_cell(kernel):
    msg_id = kernel.start('%%bash\ntrap "" INT TERM\necho $$; sleep 60; sleep 60')
    bash = int(kernel.message(msg_id, 'stream')['content']['text'])
    ask(kernel, 'control', 'shutdown_request', {'restart': False})
    assert gone(kernel.pid) and gone(bash)


def test_restart(kernel):
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=TIMEOUT)
    assert kernel.run('!echo again').reply['execution_count'] == 1


def test_it_ends_on_sigterm(kernel):
    os.kill(kernel.pid, signal.SIGTERM)
    assert gone(kernel.pid)


def test_it_ends_when_its_client_is_gone(env, tmp_path):
    """A client that dies without a word: the kernel must not stay."""
    import subprocess
    import sys
    program = '''
import os, sys
sys.path[:0] = sys.argv[1:3]
import pathlib
from kernel_client import Kernel
cwd = pathlib.Path(sys.argv[3])
kernel = Kernel(dict(os.environ), cwd, cwd / 'kernel.log')
print(kernel.pid, flush=True)
os._exit(0)
'''
    here = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run([sys.executable, '-c', program, here, os.path.dirname(here),
                           str(tmp_path)], env=env, capture_output=True, text=True, timeout=60)
    assert gone(int(done.stdout)), done.stderr


def test_many_prints_are_few_messages_and_nothing_is_lost(kernel):
    shown = kernel.run('%%bash\nseq 1 200000')
    streams = [c for t, c in shown.published if t == 'stream']
    assert shown.stdout == ''.join(f'{i}\n' for i in range(1, 200001))
    assert len(streams) < 500


def test_a_flood_is_bounded(kernel):
    shown = kernel.run('%%bash\nhead -c 40000000 /dev/zero | tr "\\0" x')
    assert len(shown.stdout) == 16 << 20
    assert 'the rest of it is not shown' in shown.stderr
    assert shown.status == 'ok'


def test_connection_file_errors(run, tmp_path):
    bad = tmp_path / 'bad.json'
    bad.write_text('{"shell_port": 1')
    done = run('kiln-kernel', '-f', bad)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: cannot use the connection file '{bad}': not JSON")
    assert 'hint: Jupyter writes this file' in done.stderr
    bad.write_text(json.dumps({'ip': '127.0.0.1', 'key': 'k'}))
    assert "'shell_port' is missing" in run('kiln-kernel', '-f', bad).stderr
    missing = run('kiln-kernel', '-f', tmp_path / 'none.json')
    assert missing.returncode == 1 and 'no such file' in missing.stderr.lower()
    assert run('kiln-kernel').returncode == 2


def test_a_taken_port_is_said(kernel, run, tmp_path):
    taken = tmp_path / 'taken.json'
    info = kernel.client.get_connection_info()
    info['key'] = info['key'].decode()
    taken.write_text(json.dumps(info))
    done = run('kiln-kernel', '-f', taken)
    assert done.returncode == 1
    assert 'error: cannot listen at tcp://127.0.0.1:' in done.stderr
    assert 'ddress already in use' in done.stderr


def test_a_file_that_others_can_read_is_warned_of(env, tmp_path):
    running = Kernel(env, tmp_path, tmp_path / 'kernel.log')
    assert 'others can read' not in running.stderr()
    os.chmod(running.manager.connection_file, 0o644)
    running.manager.restart_kernel()
    running.client.wait_for_ready(timeout=TIMEOUT)
    text = running.stderr()
    running.shutdown()
    assert 'others can read' in text
    assert BUILD.exists()
