# SPDX-License-Identifier: Apache-2.0
"""Values of cells, user expressions, input(), and code that never reaches a board."""
import pytest
from kernel_client import TIMEOUT, kernel  # noqa: F401 (kernel is a fixture)
from boards import alone, connected, uid  # noqa: F401 (fixtures)


def results(shown):
    return [c['data']['text/plain'] for t, c in shown.published if t == 'execute_result']


@pytest.mark.parametrize('code, value', [
    ('1 + 1', '2'),
    ('x = 5\nx', '5'),
    ('"a\\tb"', r"'a\tb'"),
    ("'ä€'", r"'\xe4\u20ac'"),  # as MicroPython writes it
    ('[1,\n 2]  # so much', '[1, 2]'),
    ('1, 2', '(1, 2)'),
    ('import sys\nsys.implementation.name\n\n', "'micropython'"),
])
def test_last_expression_is_the_value(connected, code, value):
    shown = connected.run(code)
    assert (shown.status, results(shown), shown.stdout) == ('ok', [value], '')
    [content] = [c for t, c in shown.published if t == 'execute_result']
    assert content['execution_count'] == shown.reply['execution_count']


@pytest.mark.parametrize('code', ['None', 'x = 5', '5;', 'print(5)', 'if 1:\n    5', 'def f(): 5',
                                  '5\n!true', '# nothing'])
def test_no_value(connected, code):
    shown = connected.run(code)
    assert (shown.status, results(shown)) == ('ok', [])


def test_order_and_underscore(connected):
    shown = connected.run('print("before")\n42')
    assert [t for t, _ in shown.published] == ['execute_input', 'stream', 'execute_result']
    assert shown.stdout == 'before\n'
    assert results(connected.run('_ + 1')) == ['43']
    shown = connected.run('42', silent=True)
    assert shown.published == []


def test_line_numbers_stay(connected):
    shown = connected.run('x = 1\n\nx +\\\n nope\n')
    assert shown.reply['ename'] == 'NameError'
    assert 'line 3' in '\n'.join(shown.reply['traceback']) or \
        'line 4' in '\n'.join(shown.reply['traceback'])
    shown = connected.run('x = 1\n\nnope(x)')
    assert 'line 3' in '\n'.join(shown.reply['traceback'])
    shown = connected.run('class A:\n    def __repr__(self):\n        raise ValueError("no")\nA()')
    assert (shown.status, shown.reply['ename']) == ('error', 'ValueError')
    assert connected.run('1').status == 'ok'


def test_user_expressions(connected):
    reply = connected.run('x = 5', user_expressions={'a': 'x + 1', 'b': 'nope', 'c': '"ä"'}).reply
    answers = reply['user_expressions']
    assert answers['a'] == {'status': 'ok', 'data': {'text/plain': '6'}, 'metadata': {}}
    assert answers['b']['status'] == 'error' and answers['b']['ename'] == 'NameError'
    assert answers['c']['data']['text/plain'] == r"'\xe4'"


def test_user_expressions_without_a_board(kernel):
    answers = kernel.run('', user_expressions={'a': '1'}).reply['user_expressions']
    assert (answers['a']['status'], answers['a']['ename']) == ('error', 'KILN_E_NO_BOARD')


def ask(kernel, code, **options):
    """Run code up to its input_request."""
    msg_id = kernel.start(code, allow_stdin=True, **options)
    request = kernel.client.get_stdin_msg(timeout=TIMEOUT)
    assert request['msg_type'] == 'input_request'
    assert request['parent_header']['msg_id'] == msg_id
    return msg_id, request['content']


def test_input(connected):
    msg_id, content = ask(connected, 'print("hi")\nname = input("Who? ")\nprint(name + "!")')
    assert content == {'prompt': 'Who? ', 'password': False}
    connected.client.input('Grüße 😀')
    reply, published = connected.finish(msg_id)
    assert reply['status'] == 'ok'
    assert ''.join(c['text'] for t, c in published if t == 'stream') == "hi\nGrüße 😀!\n"


def test_input_twice_and_as_value(connected):
    msg_id, content = ask(connected, 'int(input()) + int(input(7))')
    assert content['prompt'] == ''
    connected.client.input('40')
    assert connected.client.get_stdin_msg(timeout=TIMEOUT)['content']['prompt'] == '7'
    connected.client.input('2\x03')
    reply, published = connected.finish(msg_id)
    assert reply['status'] == 'ok', reply
    assert [c['data'] for t, c in published if t == 'execute_result'] == [{'text/plain': '42'}]


def test_input_interrupted(connected):
    msg_id, _ = ask(connected, 'input("? ")')
    connected.interrupt()
    reply, _ = connected.finish(msg_id)
    assert (reply['status'], reply['ename']) == ('error', 'KeyboardInterrupt')
    connected.client.input('late')  # answers nothing
    msg_id, _ = ask(connected, 'input("? ")')
    connected.client.input('second')
    _, published = connected.finish(msg_id)
    assert [c['data']['text/plain'] for t, c in published if t == 'execute_result'] == ["'second'"]


def test_input_not_allowed(connected):
    shown = connected.run('input("? ")', allow_stdin=False)
    assert (shown.status, shown.reply['ename']) == ('error', 'EOFError')
    assert 'allow_stdin is false' in shown.reply['evalue']


def test_input_after_a_restart_of_the_interpreter(connected):
    connected.run('import sys\ninput\nsys.exit()', allow_stdin=False)
    msg_id, _ = ask(connected, 'input("? ")')
    connected.client.input('there')
    reply, _ = connected.finish(msg_id)
    assert reply['status'] == 'ok'


@pytest.mark.parametrize('code', [
    'import sys as _VSCODE_sys\nprint(_VSCODE_sys.executable)',
    '__vsc_ipynb_file__ = "/x/y.ipynb"',
])
def test_probes_stay_on_the_host(connected, code):
    shown = connected.run(code, store_history=False, stop_on_error=False)
    assert (shown.status, shown.stdout, shown.stderr) == ('ok', '', '')
    assert connected.run('"_VSCODE_sys" in globals()').published[-1][1]['data'] == \
        {'text/plain': 'False'}
