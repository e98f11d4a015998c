# SPDX-License-Identifier: Apache-2.0
"""Subshells (JEP 91): what is answered while a cell runs. Debian's jupyter_client has none yet."""
import pytest

from conftest import BUILD
from kernel_client import Shown, kernel  # noqa: F401 (a fixture)
from test_protocol import ask

DEMO = 'sim:s?clock=virtual'


def create(kernel):
    reply = kernel.reply(ask(kernel, 'control', 'create_subshell_request', {}), 'control')
    assert reply['status'] == 'ok'
    return reply['subshell_id']


def list_all(kernel):
    reply = kernel.reply(ask(kernel, 'control', 'list_subshell_request', {}), 'control')
    assert reply['status'] == 'ok'
    return reply['subshell_id']


def ask_in(kernel, subshell, msg_type, content):
    msg = kernel.client.session.msg(msg_type, content)
    msg['header']['subshell_id'] = subshell
    kernel.client.shell_channel.send(msg)
    return msg['header']['msg_id']


def run_in(kernel, subshell, code, **options):
    return ask_in(kernel, subshell, 'execute_request',
                  {'code': code, 'silent': False, 'store_history': True, 'user_expressions': {},
                   'allow_stdin': False, 'stop_on_error': True, **options})


@pytest.fixture
def busy(kernel):
    """(kernel, its subshell, the id of a cell that runs until it is interrupted)."""
    subshell = create(kernel)
    msg_id = kernel.start('%%bash\necho on; sleep 60')
    kernel.message(msg_id, 'stream')
    yield kernel, subshell, msg_id
    kernel.interrupt()
    assert kernel.reply(msg_id)['ename'] == 'KeyboardInterrupt'


def test_they_come_and_go(kernel):
    assert list_all(kernel) == []
    first, second = create(kernel), create(kernel)
    assert first != second and list_all(kernel) == [first, second]
    ask_delete = {'subshell_id': first}
    assert kernel.reply(ask(kernel, 'control', 'delete_subshell_request', ask_delete), 'control') == \
        {'status': 'ok'}
    assert list_all(kernel) == [second]
    for wrong in (ask_delete, {}, {'subshell_id': 5}):
        reply = kernel.reply(ask(kernel, 'control', 'delete_subshell_request', wrong), 'control')
        assert reply['status'] == 'error' and reply['evalue'] == 'there is no such subshell'


def test_they_are_bounded(kernel):
    for _ in range(64):
        create(kernel)
    reply = kernel.reply(ask(kernel, 'control', 'create_subshell_request', {}), 'control')
    assert reply['status'] == 'error' and 'too many' in reply['evalue']


def test_an_unknown_one_is_refused(kernel):
    msg_id = ask_in(kernel, 'nobody', 'complete_request', {'code': 'x', 'cursor_pos': 1})
    reply, _ = kernel.finish(msg_id)
    assert reply['status'] == 'error' and reply['ename'] == 'SubshellError'
    reply, _ = kernel.finish(run_in(kernel, 'nobody', '!echo here'))
    assert reply['ename'] == 'SubshellError' and reply['execution_count'] == 0
    assert kernel.run('!echo alive').stdout == 'alive\n'


@pytest.mark.parametrize('msg_type, content', [
    ('kernel_info_request', {}),
    ('complete_request', {'code': 'pri', 'cursor_pos': 3}),
    ('inspect_request', {'code': 'x', 'cursor_pos': 1, 'detail_level': 0}),
    ('is_complete_request', {'code': 'x'}),
    ('history_request', {'hist_access_type': 'tail', 'n': 5, 'output': False, 'raw': True}),
    ('comm_info_request', {}),
])
def test_requests_are_answered_while_a_cell_runs(busy, msg_type, content):
    kernel, subshell, _ = busy
    msg_id = ask_in(kernel, subshell, msg_type, content)
    reply, published = kernel.finish(msg_id)
    assert reply['status'] in ('ok', 'complete') and published == []
    if msg_type == 'complete_request':
        assert 'print' in reply['matches']


def test_a_reply_names_the_subshell(busy):
    kernel, subshell, _ = busy
    msg_id = ask_in(kernel, subshell, 'comm_info_request', {})
    status = kernel.message(msg_id, 'status')
    assert status['parent_header']['subshell_id'] == subshell


def test_the_device_list_while_a_cell_runs(busy):
    kernel, subshell, outer = busy
    for code, said in (('%discover', 'No devices available\n'), ('%discover -a', 'No serial ports\n'),
                       ('%connect -h', 'usage: %connect')):
        reply, published = kernel.finish(run_in(kernel, subshell, code))
        assert reply['status'] == 'ok'
        text = Shown(reply, published).stdout
        assert text.startswith(said)
    failed, published = kernel.finish(run_in(kernel, subshell, '%discover --nothing'))
    assert failed['status'] == 'error' and 'unrecognized arguments' in published[-1][1]['text']


def test_numbers_are_each_cells_own(kernel):
    subshell = create(kernel)
    outer = kernel.start('%%bash\necho on; read -t 1 < <(sleep 2); echo off')
    assert kernel.message(outer, 'execute_input')['content']['execution_count'] == 1
    kernel.message(outer, 'stream')
    inner, _ = kernel.finish(run_in(kernel, subshell, '%lsmagic'))
    assert inner['execution_count'] == 2
    reply, published = kernel.finish(outer)
    assert reply['execution_count'] == 1 and published[-1][1]['text'] == 'off\n'
    assert kernel.run('!true').reply['execution_count'] == 3


def test_code_waits_its_turn(kernel):
    subshell = create(kernel)
    outer = kernel.start('%%bash\necho on; sleep 0.5; exit 1')
    kernel.message(outer, 'stream')
    inner = run_in(kernel, subshell, '!echo mine')
    after = kernel.start('!echo never')
    assert kernel.finish(outer)[0]['status'] == 'error'
    reply, published = kernel.finish(inner)  # another subshell's failure does not abort it
    assert reply['status'] == 'ok' and published[-1][1]['text'] == 'mine\n'
    assert kernel.finish(after)[0]['status'] == 'aborted'


def test_names_of_a_busy_board(kernel, run):
    run('esptool.py', '-p', DEMO, 'write_flash', '0x1000', BUILD / 'demo-firmware.bin', check=0)
    subshell = create(kernel)
    assert kernel.run(f'%connect -q {DEMO}\nreading_one = 1').status == 'ok'
    content = {'code': 'reading_', 'cursor_pos': 8}
    assert kernel.reply(ask(kernel, 'shell', 'complete_request', content))['matches'] == ['reading_one']
    outer = kernel.start('print("on")\nwhile True:\n    pass')
    kernel.message(outer, 'stream')
    reply = kernel.reply(ask_in(kernel, subshell, 'complete_request', content))
    assert reply['matches'] == ['reading_one']
    reply, published = kernel.finish(run_in(kernel, subshell, '%discover'))
    assert 'sim:s' in str(published)
    kernel.interrupt()
    assert kernel.finish(outer)[0]['ename'] == 'KeyboardInterrupt'


def test_a_comm_while_its_cell_runs(kernel):
    subshell = create(kernel)
    outer = kernel.start('%%host\nfrom ipykernel.comm import Comm\nc = Comm(target_name="t")\n'
                         'c.on_msg(lambda msg: print("got", msg["content"]["data"]))\n'
                         'import time; time.sleep(0.5); print("done")')
    comm_id = kernel.message(outer, 'comm_open')['content']['comm_id']
    inner = ask_in(kernel, subshell, 'comm_msg', {'comm_id': comm_id, 'data': 5})
    assert kernel.finish(outer)[0]['status'] == 'ok'
    assert kernel.message(inner, 'stream')['content']['text'] == 'got 5\n'
