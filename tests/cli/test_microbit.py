# SPDX-License-Identifier: Apache-2.0
"""`kiln exec` on a MicroPython that we did not write: the micro:bit's 1.9.2, in Debian's qemu.

It is old: raw mode only, no raw-paste.
"""
import json
import os
import signal
import subprocess
import time

import pytest
from conftest import BUILD
from microbit import fresh_microbit, needs_microbit
from terminal import read_until

pytestmark = needs_microbit


@pytest.fixture(scope='module')
def microbit():
    """The pty on which a fresh micro:bit answers, and a descriptor of it."""
    with fresh_microbit() as both:
        yield both


@pytest.fixture
def port(microbit):
    return microbit[0]


@pytest.fixture
def exec_(run, port):
    def exec_code(*args, **options):
        return run('kiln', 'exec', '-p', port, *args, **options)
    return exec_code


def start(env, port, code):
    return subprocess.Popen([BUILD / 'kiln', 'exec', '-p', port, code], env=env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def test_output_and_variables_that_live_on(exec_):
    done = exec_('x = 41\nprint(x + 1)', check=0)
    assert (done.stdout, done.stderr) == ('42\n', '')
    assert exec_('print(x)', check=0).stdout == '41\n'


def test_who_it_is(exec_):
    done = exec_('import sys; print(sys.platform, sys.implementation[0])', check=0)
    assert done.stdout == 'microbit micropython\n'


def test_unicode(exec_):
    text = 'µ € 🐍 ' * 100
    assert exec_(f'print({text!r})', check=0).stdout == text + '\n'


def test_exception(exec_):
    done = exec_('print("before")\n1/0', check=1)
    assert done.stdout == 'before\n'
    assert done.stderr == ('Traceback (most recent call last):\n'
                           '  File "<stdin>", line 2, in <module>\n'
                           'ZeroDivisionError: division by zero\n')


def test_syntax_error(exec_):
    done = exec_('def f(:', check=1)
    assert done.stderr.endswith('SyntaxError: invalid syntax\n')


def test_json(exec_):
    lines = [json.loads(line) for line in
             exec_('--json', 'print("µ")\nnowhere', check=1).stdout.splitlines()]
    assert ''.join(x['text'] for x in lines if x['event'] == 'output') == 'µ\n'
    result = lines[-1]
    assert (result['event'], result['exit'], result['ename']) == ('result', 1, 'NameError')
    assert result['traceback'].startswith('Traceback (most recent call last):\n')


def test_file_and_standard_input(exec_, tmp_path):
    # longer than any buffer on the way, without flow control; in a heap that is not in pieces yet
    exec_('import microbit; microbit.reset()', check=1)
    program = ''.join(f'# {i:04d} {"-" * 60}\n' for i in range(60)) + 'print("end")\n'
    (tmp_path / 'long.py').write_text(program)
    assert exec_('-f', 'long.py', check=0).stdout == 'end\n'
    assert exec_('-', input=program, check=0).stdout == 'end\n'
    assert exec_('-', input='', check=0).stdout == ''


def test_100_kilobytes_of_output(exec_):
    done = exec_('for i in range(2000):\n print("%05d" % i + "x" * 44)', check=0)
    assert done.stdout == ''.join(f'{i:05d}{"x" * 44}\n' for i in range(2000))


def test_a_stray_ctrl_d_does_not_end_the_output(exec_):
    done = exec_(r'print("a\x04b", "\x04\x04", "c")', check=0)
    assert done.stdout == 'ab  c\n'


def test_output_streams_and_ctrl_c_ends_a_loop(env, port, exec_):
    running = start(env, port, 'n = 0\nwhile True:\n n += 1\n if n % 50 == 0: print(n)')
    read_until(running.stdout, b'150\n')
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b'KeyboardInterrupt' in errors
    # the board is at its prompt, and its variables are there
    assert exec_('print(n > 100)', check=0).stdout == 'True\n'


def test_ctrl_c_ends_a_silent_loop(env, port, exec_):
    running = start(env, port, 'print("go")\nwhile True: pass')
    read_until(running.stdout, b'go\n')
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130
    assert exec_('print("alive")', check=0).stdout == 'alive\n'


@pytest.mark.parametrize('left', [
    b'\x03\x02\x03while True: print("flood " * 10)\r\r\r',  # a program, from the friendly prompt
    b'\x03\x01while True: print("flood " * 10)\x04',        # from raw mode
    b'\x03\x01print(',                                     # raw mode with half a line
    b'\x03\x02\x03\x05if True:',                            # paste mode
    b'\x03\x02\x03if True:\r',                              # a statement without its end
    b'\x03\x02\x03forgotten',                               # a half-typed line
], ids=['flood', 'raw flood', 'raw', 'paste', 'continued', 'typed'])
def test_whatever_was_left_behind(microbit, exec_, left):
    for key in left:
        os.write(microbit[1], bytes([key]))
        time.sleep(0.01)  # as typed: the interpreter is not ahead of the keys
    assert exec_('print("mine")', check=0).stdout == 'mine\n'


def test_a_program_that_does_not_stop(env, port, exec_):
    running = start(env, port, 'import time\nt = 0\nprint("go")\nwhile t < 4:\n'
                               ' try:\n  while True: pass\n except KeyboardInterrupt:\n  t += 1\n')
    read_until(running.stdout, b'go\n')
    running.send_signal(signal.SIGINT)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 1
    assert errors.decode() == (
        'error: cannot interrupt the program: it does not react to Ctrl-C\n'
        "hint: press the board's reset button; the next command connects again\n")
    assert exec_('print("mine")', check=0).stdout == 'mine\n'


def test_a_board_that_resets_itself(exec_):
    done = exec_('import microbit\nprint("now")\nmicrobit.reset()', check=1)
    assert 'now\n' in done.stdout
    assert done.stderr == (
        'error: cannot run the program to its end: the board was reset while it ran\n'
        'hint: its variables are gone; the next command connects again\n')
    assert exec_('print("back")', check=0).stdout == 'back\n'


def test_a_port_that_is_held(env, port, exec_):
    running = start(env, port, 'print("go")\nwhile True: pass')
    read_until(running.stdout, b'go\n')
    assert 'busy' in exec_('print(1)', check=1).stderr
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)


def test_wrong_command_lines(run, port):
    assert run('kiln', 'exec', '-p', port, check=2).stderr.startswith(
        'error: give one program: CODE, -f FILE, or - for standard input\n')
    assert run('kiln', 'exec', '-p', port, 'a\x04b', check=2).stderr == (
        'error: cannot run the program: line 1 of it has a control character (0x04)\n'
        "hint: write it as '\\x04'\n")
    assert run('kiln', 'exec', '-p', port, '-f', 'missing.py', check=1).stderr.startswith(
        "error: cannot open 'missing.py': no such file or directory\n")
