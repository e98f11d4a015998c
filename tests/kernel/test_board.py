# SPDX-License-Identifier: Apache-2.0
"""Cells on the virtual board."""
import os
import signal

import pytest
from boards import connected, uid  # noqa: F401 (fixtures)
from kernel_client import kernel  # noqa: F401 (fixture)


def test_variables_live_between_cells(connected):
    shown = connected.run('import sys\nprint(sys.implementation.name)\nx = 5')
    assert shown.stdout == 'micropython\n'
    before = shown.reply['execution_count']
    assert shown.reply == {'status': 'ok', 'execution_count': before, 'user_expressions': {},
                           'payload': []}
    assert connected.run('x').reply['execution_count'] == before + 1
    assert connected.run('x += 1\nprint(x)').stdout == '6\n'
    assert connected.run('%lsmagic -h\nprint(x)\n%lsmagic -h\nx += 1').status == 'ok'
    assert connected.run('print(x)').stdout == '7\n'


def test_parts_run_in_order(connected):
    shown = connected.run('print(1)\n!echo 2\nprint(3)\n%discover\n')
    assert [w for w in shown.said.split()[:3]] == ['1', '2', '3']


def test_exception(connected):
    shown = connected.run('def f():\n    return nothing\n\nprint("a")\nf()')
    trace = ['Traceback (most recent call last):', '  File "<stdin>", line 5, in <module>',
             '  File "<stdin>", line 2, in f', "NameError: name 'nothing' isn't defined"]
    assert shown.stdout == 'a\n' and shown.stderr == ''
    assert shown.errors == [{'ename': 'NameError', 'evalue': "name 'nothing' isn't defined",
                             'traceback': trace}]
    assert shown.reply['status'] == 'error'
    assert shown.reply['traceback'] == trace


def test_line_numbers_are_those_of_the_cell(connected):
    shown = connected.run('!true\n\n!true\nx = 1\n1 / 0')
    assert '  File "<stdin>", line 5, in <module>' in shown.reply['traceback']


def test_syntax_error(connected):
    assert connected.run('x = = 1').reply['ename'] == 'SyntaxError'
    assert connected.run('print("fine")').stdout == 'fine\n'


def test_text_of_all_kinds(connected):
    shown = connected.run('print("é ✓ 😀" * 300)\nprint("\\x1b[31mred\\x1b[0m")')
    assert shown.stdout == 'é ✓ 😀' * 300 + '\n\x1b[31mred\x1b[0m\n'


def test_much_output_arrives_whole(connected):
    shown = connected.run('for i in range(2000): print(i)')
    assert shown.stdout == ''.join(f'{i}\n' for i in range(2000))
    assert len([1 for t, _ in shown.published if t == 'stream']) < 1000


LOOP = 'import time\nn = 0\nprint("on")\nwhile True:\n    n += 1\n    time.sleep(0.01)'


@pytest.mark.parametrize('by', ['message', 'signal'])
def test_interrupt_keeps_variables(connected, by):
    msg_id = connected.start(LOOP)
    assert connected.message(msg_id, 'stream')['content']['text'].startswith('on')
    if by == 'message':
        assert connected.interrupt() == {'status': 'ok'}
    else:
        os.kill(connected.pid, signal.SIGINT)
    reply, published = connected.finish(msg_id)
    assert reply['status'] == 'error' and reply['ename'] == 'KeyboardInterrupt'
    assert [c['ename'] for t, c in published if t == 'error'] == ['KeyboardInterrupt']
    assert int(connected.run('print(n)').stdout) > 0


def test_a_restart_of_the_interpreter_is_said(connected):
    connected.run('x = 1')
    shown = connected.run('import sys\nsys.exit()')
    assert shown.status == 'ok'
    assert shown.stderr == "(the board's interpreter has restarted: variables are gone)\n"
    assert connected.run('print(x)').reply['ename'] == 'NameError'
