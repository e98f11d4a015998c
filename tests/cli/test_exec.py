# SPDX-License-Identifier: Apache-2.0
"""`kiln exec` on the virtual board: a current MicroPython, with raw-paste."""
import json
import re
import signal
import subprocess

import pytest
from conftest import BUILD
from terminal import read_until

BOARD = 'sim:exec'


@pytest.fixture
def board(run, flash_board):
    """A virtual board that has been flashed, as exec_(*args)."""
    flash_board(BOARD)

    def exec_code(*args, **options):
        return run('kiln', 'exec', '-p', BOARD + '?clock=virtual', *args, **options)
    return exec_code


def start(env, code):
    return subprocess.Popen([BUILD / 'kiln', 'exec', '-p', BOARD, code], env=env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def test_output_exception_and_exit_codes(board):
    done = board('print("µ € 🐍")', check=0)
    assert (done.stdout, done.stderr) == ('µ € 🐍\n', '')
    done = board('print("before")\nraise ValueError("no")', check=1)
    assert done.stdout == 'before\n'
    assert done.stderr == ('Traceback (most recent call last):\n'
                           '  File "<stdin>", line 2, in <module>\nValueError: no\n')
    assert board('def f(:', check=1).stderr.endswith('SyntaxError: invalid syntax\n')


def test_long_programs_and_much_output(board, tmp_path):
    # many windows of raw-paste
    lines = [f'x{i} = {i}  # {"-" * 60}' for i in range(300)]
    (tmp_path / 'long.py').write_text('\n'.join(lines) + '\nprint(x0 + x299)\n')
    assert board('-f', 'long.py', check=0).stdout == '299\n'
    done = board('for i in range(1000):\n print("%05d" % i + "x" * 94)', check=0)
    assert done.stdout == ''.join(f'{i:05d}{"x" * 94}\n' for i in range(1000))


def test_ctrl_c_ends_the_program(env, board):
    running = start(env, 'import time\nn = 0\nwhile True:\n print(n)\n n += 1\n time.sleep(0.05)')
    streamed = read_until(running.stdout, b'3\n')
    assert streamed.startswith(b'0\n1\n')
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert errors.endswith(b'KeyboardInterrupt: \n')
    assert board('print("alive")', check=0).stdout == 'alive\n'


def test_json(board):
    lines = [json.loads(line) for line in
             board('--json', 'print("a", end="")\n1/0', check=1).stdout.splitlines()]
    assert ''.join(x['text'] for x in lines if x['event'] == 'output') == 'a'
    assert {k: lines[-1][k] for k in ('event', 'exit', 'ename', 'evalue', 'interrupted')} == {
        'event': 'result', 'exit': 1, 'ename': 'ZeroDivisionError', 'evalue': 'divide by zero',
        'interrupted': False}


def test_a_program_that_resets_the_board(board):
    done = board('import machine, time\nprint("now")\ntime.sleep(0.1)\nmachine.reset()', check=1)
    assert done.stdout.startswith('now\n')
    assert done.stderr == (
        'error: cannot run the program to its end: the board was reset while it ran\n'
        'hint: its variables are gone; the next command connects again\n')


def test_main_py_is_stopped(board):
    board('f = open("main.py", "w")\n'
          'f.write("import time\\nwhile True:\\n print(\'busy\')\\n time.sleep(0.01)\\n")\n'
          'f.close()', check=0)
    assert board('print("mine")', check=0).stdout == 'mine\n'


def test_served_on_a_pty_and_over_rfc2217(env, run, board):
    server = subprocess.Popen([BUILD / 'kiln', 'sim', 'exec'], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE)
    try:
        said = server.stdout.readline().decode() + server.stdout.readline().decode()
        for url in (re.search(r'/dev/\S+', said).group(), re.search(r'rfc2217://\S+', said).group()):
            done = run('kiln', 'exec', '-p', url, 'x = 6 * 7\nprint(x)', check=0)
            assert done.stdout == '42\n'
            done = run('kiln', 'exec', '-p', url, 'print(x)\n1/0', check=1)  # it lives on
            assert done.stdout == '42\n'
            assert done.stderr.endswith('ZeroDivisionError: divide by zero\n')
    finally:
        server.terminate()
        server.wait(10)


def test_an_empty_flash(run):
    done = run('kiln', 'exec', '-p', 'sim:blank', 'print(1)', check=1)
    assert (done.stdout, done.stderr) == (
        '', "error: cannot get a prompt from 'sim:blank': the chip finds nothing to start: its "
        "ROM says 'invalid header: 0xffffffff'\n"
        "hint: its flash is empty: write MicroPython with 'kiln flash'\n")
    object = json.loads(run('kiln', 'exec', '-p', 'sim:blank', '--json', '1', check=1).stdout)
    assert (object['event'], object['code']) == ('error', 'E_NO_PROMPT')


def test_a_silent_chip_is_asked_whether_it_waits_for_a_flash_tool(env, run):
    server = subprocess.Popen([BUILD / 'kiln', 'sim', 'blank', '--rfc2217', '0', '--json'],
                              env=env, text=True, stdout=subprocess.PIPE)
    try:
        url = json.loads(server.stdout.readline())['url']
        run('kiln', 'esptool', '-p', url, '--after', 'no_reset', 'chip_id', check=0)
        # the first may still read what the ROM said when it got there
        run('kiln', 'exec', '-p', url, 'print(1)', check=1)
        assert run('kiln', 'exec', '-p', url, 'print(1)', check=1).stderr == (
            f"error: cannot get a prompt from '{url}': the chip (ESP32) is in download mode: it "
            'waits for a flash tool\n'
            'hint: press the reset (EN) button without BOOT to start its program, or write '
            "MicroPython with 'kiln flash'\n")
    finally:
        server.terminate()
        server.wait(10)


def test_which_board(run, board):
    assert run('kiln', 'exec', 'print(1)', check=0, KILN_PORTS=BOARD).stdout == '1\n'
    assert re.match('error: .*\nhint: ', run('kiln', 'exec', 'print(1)', check=3,
                                             KILN_PORTS='sim:exec sim:other').stderr)
    # more than a hint holds: it shows that some are left out
    many = ' '.join(f'sim:a-board-with-a-long-name-{i}' for i in range(30))
    said = run('kiln', 'exec', 'print(1)', check=3, KILN_PORTS=many).stderr
    assert re.search(r'there are 3\d\nhint: name one with -p: sim:.*\.\.\.\n', said), said


def test_wrong_command_lines(run):
    for args in ([], ['a', 'b'], ['-f', 'x.py', 'a']):
        assert run('kiln', 'exec', '-p', BOARD, *args, check=2).stderr == (
            'error: give one program: CODE, -f FILE, or - for standard input\n'
            "hint: 'kiln exec --help' shows what it takes\n")
    assert run('kiln', 'exec', '-p', BOARD, '-b', '99999999', '1', check=2).stderr.startswith(
        'error: no port does 99999999 baud\n')
    assert run('kiln', 'exec', '-p', '/dev/nowhere', '1', check=3).stderr.startswith(
        "error: cannot open '/dev/nowhere': ")
