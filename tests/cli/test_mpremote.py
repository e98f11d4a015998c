# SPDX-License-Identifier: Apache-2.0
"""`mpremote`: its chain of commands, texts and exit codes are those of the original.

The expected texts are what mpremote 1.26 printed under Python 3.11 for the same lines (line ends of
the board's output apart: they are \n here).
"""
import os
import pathlib
import signal
import subprocess
import time

import pytest
from conftest import BUILD

BOARD = 'sim:board?clock=virtual'


@pytest.fixture
def board(run, flashed):
    """mpremote on a virtual board that has been flashed."""
    def mpremote(*args, **options):
        return run('mpremote', 'connect', flashed, *args, **options)
    return mpremote


def test_exec_eval_and_run(board, tmp_path):
    assert board('exec', "print('mpremote')", check=0).stdout == 'mpremote\n'
    done = board('eval', '1+2', 'eval', "[{'a': 'b'}, (1,2,3,), True]", check=0)
    assert (done.stdout, done.stderr) == ("3\n[{'a': 'b'}, (1, 2, 3), True]\n", '')
    (tmp_path / 'run.py').write_text('for i in range(3): print("µ", i)\n')
    assert board('run', 'run.py', '+', 'eval', '7', check=0).stdout == 'µ 0\nµ 1\nµ 2\n7\n'
    assert board('eval', '-1', 'exec', '-f', 'print(2)', check=0).stdout == '-1\n2\n'


NAME_ERROR = ('Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'
              "NameError: name 'a' isn't defined\n")


def test_soft_reset_and_resume(board):
    # one session: a lives on; the next one starts afresh
    assert board('exec', "a = 'hello'", 'eval', 'a', check=0).stdout == 'hello\n'
    done = board('eval', 'a', check=1)
    assert (done.stdout, done.stderr) == (NAME_ERROR, '')
    done = board('exec', "a = 's'", 'eval', 'a', 'soft-reset', 'eval', '1+1', 'eval', 'a', check=1)
    assert done.stdout == 's\n2\n' + NAME_ERROR
    assert board('eval', '1+2', 'disconnect', 'connect', BOARD, 'eval', '2+3',
                 check=0).stdout == '3\n5\n'


def test_resume_keeps_what_runs_on_a_served_board(env, run, board):
    server = subprocess.Popen([BUILD / 'kiln', 'sim', 'board'], env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().split()[-1]
        remote = server.stdout.readline().split()[-1]
        run('mpremote', 'connect', f'port:{port}', 'exec', "a = 'kept'", check=0)
        assert run('mpremote', 'connect', port, 'resume', 'eval', 'a', check=0).stdout == 'kept\n'
        assert run('mpremote', 'connect', remote, 'resume', 'eval', 'a',
                   check=0).stdout == 'kept\n'
        assert run('mpremote', 'connect', remote, 'eval', 'a', check=1).stdout == NAME_ERROR
        # --no-follow: it goes on after we have left
        done = run('mpremote', 'connect', port, 'exec', '--no-follow',
                   'import time; time.sleep(0.05); b = 6', 'sleep', '1', 'resume', 'eval', 'b',
                   check=0)
        assert done.stdout == '6\n'
        done = run('mpremote', 'connect', port, 'exec', '--no-follow',
                   'import time; time.sleep(0.2); c = 7; print("unheard"); '
                   'open("done", "w").close()', check=0)
        assert done.stdout == ''
        ended = pathlib.Path(env['XDG_STATE_HOME']) / 'kiln/sim/board.files/done'
        for _ in range(3000):
            if ended.exists():
                break
            time.sleep(0.02)
        assert run('mpremote', 'connect', port, 'resume', 'eval', 'c', check=0).stdout == '7\n'
    finally:
        server.terminate()
        server.wait(60)


def test_main_py_does_not_run(board):
    board('exec', 'f = open("main.py", "w"); f.write("print(\'main\')\\nm = 1"); f.close()',
          check=0)
    assert board('eval', '"m" in globals()', check=0).stdout == 'False\n'


def test_an_exception_ends_the_chain(board):
    done = board('exec', '1/0', 'eval', '4', check=1)
    assert done.stdout.endswith('ZeroDivisionError: divide by zero\n')
    assert done.stdout.startswith('Traceback') and done.stderr == ''
    assert board('exec', 'def f(:', check=1).stdout.endswith('SyntaxError: invalid syntax\n')


def test_reset(board):
    # the chip is gone and comes back: what follows finds its prompt
    assert board('reset', 'sleep', '0.3', 'resume', 'eval', '8', check=0).stdout == '8\n'


def test_rtc(board):
    done = board('exec', 'import sys\n'
                 'class RTC:\n'
                 ' t = None\n'
                 ' def datetime(self, t=None):\n'
                 '  if t: RTC.t = t\n'
                 '  else: return RTC.t\n'
                 'class M: pass\n'
                 'M.RTC = RTC\n'
                 'sys.modules["machine"] = M\n', 'rtc', '--set', 'rtc', check=0, TZ='UTC')
    shown = eval(done.stdout)
    year, month, day, weekday, hour, minute, second, _ = shown
    there = time.mktime((year, month, day, hour, minute, second, 0, 0, 0))
    now = time.time()
    assert abs(now - there) < 26 * 3600 and weekday == time.localtime(there).tm_wday


def test_ctrl_c(env, board):
    running = subprocess.Popen([BUILD / 'mpremote', 'connect', 'sim:board', 'exec',
                                'print("go")\nwhile True: pass', 'eval', '1'], env=env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert running.stdout.readline() == 'go\n'
    running.send_signal(signal.SIGINT)
    out, errors = running.communicate(timeout=60)
    assert running.returncode == 1
    assert out.endswith('KeyboardInterrupt: \n') and errors == ''
    assert board('eval', '1', check=0).stdout == '1\n'


def test_which_board(run, board, env):
    listed = run('mpremote', 'devs', check=0).stdout
    serial = listed.split()[1]
    assert listed == f'sim:board {serial} 0000:0000 Kiln virtual ESP32 board\n'
    assert run('mpremote', 'connect', 'id:' + serial, 'eval', '6', check=0).stdout == '6\n'
    assert run('mpremote', 'connect', 'list', check=0).stdout == listed
    assert run('mpremote', 'eval', '6', check=0).stdout == '6\n'  # the only one
    assert run('mpremote', 'connect', 'auto', 'eval', '6', check=0).stdout == '6\n'
    assert run('mpremote', 'connect', 'id:1234', check=1).stderr == (
        'mpremote: no device with serial number 1234\n')
    first, hint = run('mpremote', 'a3', 'ls', check=1).stderr.splitlines()
    assert first == ('mpremote: failed to access /dev/ttyACM3 '
                     '(it may be in use by another program)')
    assert hint.startswith('hint: no such port: ')


def test_no_board(run):
    assert run('mpremote', 'eval', '1', check=1).stderr == 'mpremote: no device found\n'
    assert run('mpremote', 'devs', check=0).stdout == ''
    assert run('mpremote', check=1).stderr == 'mpremote: no device found\n'


def test_no_prompt(run):
    done = run('mpremote', 'connect', 'sim:blank', 'eval', '1', check=1)
    assert done.stderr.startswith("mpremote: cannot get a prompt from 'sim:blank': the chip finds "
                                  'nothing to start')
    assert done.stderr.splitlines()[1].startswith('hint: its flash is empty')


def test_the_file_is_read_before_the_board_is_touched(run):
    assert run('mpremote', 'run', 'missing.py', check=1).stderr == (
        "mpremote: could not read file 'missing.py'\n")


REPL_USAGE = '''usage: repl [-h] [--escape-non-printable | --no-escape-non-printable]
            [--capture CAPTURE] [--inject-code INJECT_CODE]
            [--inject-file INJECT_FILE]
            ...
'''
EXEC_USAGE = 'usage: exec [-h] [--follow | --no-follow] expr ...\n'


@pytest.mark.parametrize('line, code, text', [
    ('nope', 1, "mpremote: 'nope' is not a command\n"),
    ('--no', 1, "mpremote: '--no' is not a command\n"),
    ('frob x', 1, "mpremote: 'frob' is not a command\n"),
    ('connect', 2, 'usage: connect [-h] device ...\n'
     'connect: error: the following arguments are required: device, next_command\n'),
    ('eval + eval 1', 2, 'usage: eval [-h] expr ...\n'
     'eval: error: the following arguments are required: expr, next_command\n'),
    ('sleep x', 2, 'usage: sleep [-h] ms ...\n'
     "sleep: error: argument ms: invalid float value: 'x'\n"),
    ('sleep 0 --foo', 1, "mpremote: '--foo' is not a command\n"),
    ('exec --foo x', 2, EXEC_USAGE + 'exec: error: unrecognized arguments: --foo\n'),
    ('exec --follow --no-follow x', 2, EXEC_USAGE +
     'exec: error: argument --no-follow: not allowed with argument --follow/-f\n'),
    ('exec -fx 1', 2, EXEC_USAGE +
     "exec: error: argument --follow/-f: ignored explicit argument 'x'\n"),
    ('rtc --se=3', 2, 'usage: rtc [-h] [--set | --no-set] ...\n'
     "rtc: error: argument --set/-s: ignored explicit argument '3'\n"),
    ('repl --capture', 2, REPL_USAGE + 'repl: error: argument --capture: expected one argument\n'),
    ('repl --inject x', 2, REPL_USAGE +
     'repl: error: ambiguous option: --inject could match --inject-code, --inject-file\n'),
    ('disconnect --foo', 2, 'usage: disconnect [-h] ...\n'
     'disconnect: error: unrecognized arguments: --foo\n'),
])
def test_wrong_lines(run, line, code, text):
    done = run('mpremote', *line.split(), check=code)
    assert (done.stdout, done.stderr) == ('', text)


def test_help_of_a_command(run):
    assert run('mpremote', 'repl', '-h', check=0).stdout == REPL_USAGE + '''
connect to given device

positional arguments:
  next_command          Next mpremote command

options:
  -h, --help            show this help message and exit
  --escape-non-printable, -e
                        escape non-printable characters
  --no-escape-non-printable
  --capture CAPTURE     saves a copy of the REPL session to the specified path
  --inject-code INJECT_CODE
                        code to be run when Ctrl-J is pressed
  --inject-file INJECT_FILE
                        path to file to be run when Ctrl-K is pressed
'''


def test_help_and_version(run):
    done = run('mpremote', '--help', check=0)
    assert done.stdout.startswith('mpremote -- MicroPython remote control\n')
    assert '  soft-reset  perform a soft-reset of the device\n' in done.stdout
    assert '  a0          connect to serial port "/dev/ttyACM0"\n' in done.stdout
    assert run('mpremote', 'help', 'nope', check=0).stdout == done.stdout
    assert run('kiln', 'mpremote', 'version', check=0).stdout.startswith('mpremote ')
    assert run('mpremote', '--version', check=0).stdout.endswith(' (kiln)\n')


def test_dashes_behind_the_last_word_begin_the_next_command(board, run):
    assert board('--version', check=0).stdout == run('mpremote', '--version').stdout
    assert board('--help', check=0).stdout == run('mpremote', '--help').stdout
    assert board('eval', '1', '--version', check=0).stdout.startswith('1\nmpremote ')


def test_a_program_that_ends_by_system_exit(board):
    done = board('exec', "print('MPY')\nprint('MPY: soft reboots')\nraise SystemExit(3)", 'eval', '2',
                 check=0)
    assert (done.stdout, done.stderr) == ('MPY\nMPY: soft reboots\n2\n', '')
    assert board('exec', "print('MPY: soft reboot')", check=0).stdout == 'MPY: soft reboot\n'
    assert board('exec', "print('a', end='')\nraise SystemExit", check=0).stdout == 'a'


def test_kiln_mpremote_and_a_link_by_that_name(run, board, env, tmp_path):
    link = tmp_path / 'mpremote'
    os.symlink(BUILD / 'kiln', link)
    for program in ([BUILD / 'kiln', 'mpremote'], [link]):
        done = subprocess.run([*program, 'connect', BOARD, 'eval', '3'], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.stdout == '3\n'
