# SPDX-License-Identifier: Apache-2.0
"""`kiln repl` and `mpremote repl`, in a terminal."""
import os
import pty
import re
import shutil
import signal
import subprocess
import tty

import pytest
from conftest import BUILD
from terminal import Terminal

BOARD = 'sim:repl'
PASTE = '\033[200~{}\033[201~'


@pytest.fixture
def board(flash_board):
    return flash_board(BOARD)


@pytest.fixture
def terminal(env):
    made = []

    def start(*command):
        made.append(Terminal([BUILD / command[0], *command[1:]], env))
        return made[-1]
    yield start
    for one in made:
        one.close()


@pytest.fixture
def session(terminal, board):
    """`kiln repl` at the board's prompt."""
    def start(*options):
        t = terminal('kiln', 'repl', '-p', board, *options)
        t.expect(f'Connected to {board}; Ctrl-] leaves.')
        t.type('\x03')
        t.expect('>>> ')
        return t
    return start


@pytest.mark.parametrize('key', ['\x1d', '\x18'], ids=['Ctrl-]', 'Ctrl-x'])
def test_talk_and_leave(session, key):
    t = session()
    t.type('print(6 * 7)\r')
    t.expect('\n42\r\n>>> ')
    t.type(key)
    assert t.end() == 0


def test_ctrl_c_and_ctrl_d_are_the_boards(session):
    t = session()
    t.type('for i in range(10 ** 12): i or print("be" "gin")\r\r')
    t.expect('begin')
    t.type('\x03')
    t.expect('KeyboardInterrupt')
    t.expect('>>> ')
    t.type('x = 1\r')
    t.expect('>>> ')
    t.type('\x04')
    t.expect('soft reboot')
    t.expect('>>> ')
    t.type('x\r')
    t.expect('NameError')
    t.type('\x1d')
    assert t.end() == 0


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_restores_the_terminal(session, number):
    t = session()
    t.process.send_signal(number)
    assert t.end() == 130


def test_a_flood_does_not_hide_the_keys(session):
    t = session()
    t.type('while True: print("flood" * 10)\r\r')
    t.expect('floodflood')
    t.type('\x1d')
    assert t.end() == 0


def test_pasted_lines_run_as_one_program(session):
    t = session()
    lines = ['def f(n):', '    if n:', '        return n', '', '    return 0', 'print("got", f(5))']
    t.type(PASTE.format('\r'.join(lines)))
    assert t.expect('>>> ') == b'(pasted)\r\ngot 5\r\n>>> '
    t.type('f(7)\r')  # variables of it are there
    t.expect('\n7\r\n>>> ')
    # far more than a prompt's line buffer, or a UART, takes at once
    many = '\r'.join(f'x{i} = {i}  # {"-" * 60}' for i in range(400)) + '\rprint(x0 + x399)'
    t.type(PASTE.format(many)[:1000])
    rest = PASTE.format(many)[1000:]
    for i in range(0, len(rest), 1000):
        t.type(rest[i:i + 1000])
    assert t.expect('>>> ') == b'(pasted)\r\n399\r\n>>> '
    t.type(PASTE.format('print(1)\r1/0\r'))
    assert t.expect('>>> ').endswith(b'ZeroDivisionError: divide by zero\r\n>>> ')
    t.type('\x1d')
    assert t.end() == 0


def test_a_pasted_program_is_interrupted(session):
    t = session()
    t.type(PASTE.format('print("be" + "gin")\rwhile True:\r    pass\r'))
    t.expect('begin')
    t.type('\x03')
    t.expect('KeyboardInterrupt')
    t.expect('>>> ')
    t.type('\x1d')
    assert t.end() == 0


def test_one_pasted_line_and_escape_sequences_are_typed(session):
    t = session()
    t.type(PASTE.format('print("li" "ne")'))
    t.type('\r')
    t.expect('\nline\r\n>>> ')
    t.type('\033[A\r')  # the board's own history
    t.expect('\nline\r\n>>> ')
    t.type('print(1)\033[D\033[D2\r')
    t.expect('\n21\r\n>>> ')
    t.type('\x1d')
    assert t.end() == 0


def test_capture_escape_and_inject(session, tmp_path):
    (tmp_path / 'inject.py').write_text('print("from", "the file")\n')
    t = session('--capture', tmp_path / 'log', '-e', '--inject-code', r'y = 3\nprint(y + 1)\n',
                '--inject-file', tmp_path / 'inject.py')
    t.type('print("\\x01\\xff!")\r')
    t.expect('\n[01][c3][bf]!\r\n>>> ')
    t.type('\x0a')
    t.expect('\n4\r\n')
    t.type('\x0b')
    t.expect(f'Injecting {tmp_path}/inject.py\r\n')
    t.expect('from the file\r\n')
    t.expect('>>> ')
    t.type('\x1d')
    assert t.end() == 0
    log = (tmp_path / 'log').read_bytes()
    assert b'\n[01][c3][bf]!\r\n' in log and b'from the file\r\n' in log


def test_an_injected_file_that_is_missing(session, tmp_path):
    t = session('--inject-file', tmp_path / 'missing.py')
    t.type('\x0b')
    t.expect('missing.py\': no such file or directory\r\n')
    t.type('print("ali" "ve")\r')
    t.expect('\nalive\r\n')
    t.type('\x1d')
    assert t.end() == 0


def new_board(link):
    """A pty that `link` points to; what is written to the descriptor the board says."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    os.close(slave)
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    return master


def test_unplugged_and_back(terminal, tmp_path):
    port = tmp_path / 'port'
    board = new_board(port)
    t = terminal('kiln', 'repl', '-p', port)
    t.expect('Ctrl-] leaves.')
    os.write(board, b'first\r\n')
    t.expect('first\r\n')
    port.unlink()
    os.close(board)
    t.expect('(the board is gone: waiting for it; Ctrl-] leaves)')
    board = new_board(port)
    t.expect('(it is back)')
    os.write(board, b'second\r\n')
    t.expect('second\r\n')
    t.type('k')
    got = b''
    while b'k' not in got:
        got += os.read(board, 100)
    assert got == b'\x02k'
    port.unlink()
    os.close(board)
    t.expect('(the board is gone')
    t.type('\x1d')
    assert t.end() == 0


def test_mpremote(terminal, board, tmp_path):
    (tmp_path / 'inject.py').write_text('print("from", "the file")\n')
    t = terminal('mpremote', 'connect', board, 'exec', 'x = 5', 'repl', '--capture',
                 tmp_path / 'log', '--inject-code', "print('j', x)\\n", '--inject-file',
                 tmp_path / 'inject.py')
    t.expect(f'Connected to MicroPython at {board}\r\n'
             'Use Ctrl-] or Ctrl-x to exit this shell\r\n'
             f'Capturing session to file "{tmp_path}/log"\r\n'
             'Use Ctrl-J to inject b"print(\'j\', x)\\r\\n"\r\n'
             f'Use Ctrl-K to inject file "{tmp_path}/inject.py"\r\n')
    t.expect('>>> ')
    t.type('\x0a')
    t.expect('\nj 5\r\n')
    t.type('\x0b')
    t.expect('from the file\r\n')
    t.expect('>>> ')
    t.type('\x18')
    assert t.end() == 0


def test_mpremote_goes_on_after_the_terminal(terminal, board):
    t = terminal('mpremote', 'connect', board, 'repl', 'resume', 'eval', 'y')
    t.expect('exit this shell')
    t.type('\x03')
    t.expect('>>> ')
    t.type('y = "af" + "ter"\r')
    t.expect('>>> ')
    t.type('\x1d')
    assert t.end() == 0
    assert t.said.endswith(b'after\r\n')


def test_mpremote_says_that_the_board_went(terminal, tmp_path):
    port = tmp_path / 'port'
    board = new_board(port)
    t = terminal('mpremote', 'connect', port)
    t.expect('exit this shell')
    os.close(board)
    t.expect('\ndevice disconnected')
    assert t.end() == 0


def test_without_a_terminal(run, board):
    assert run('kiln', 'repl', '-p', board, check=1).stderr == (
        'error: cannot be a terminal: standard input is none\n'
        "hint: 'kiln exec -' runs a program that comes through a pipe\n")
    done = run('mpremote', 'connect', board, check=1)
    assert done.stdout.startswith('Connected to MicroPython at ')
    assert done.stderr.startswith('mpremote: cannot be a terminal: standard input is none\n')


def test_wrong_command_lines(run):
    assert run('kiln', 'repl', 'word', check=2).stderr.startswith(
        "error: no words are expected, but 'word'\n")
    assert run('kiln', 'repl', '-b', '99999999', check=2).stderr.startswith(
        'error: no port does 99999999 baud\n')


FIRMWARE = '/usr/share/firmware-microbit-micropython/firmware.hex'


@pytest.mark.skipif(not shutil.which('qemu-system-arm') or not os.path.exists(FIRMWARE),
                    reason='no qemu-system-arm or no micro:bit firmware here')
def test_microbit(terminal):
    """MicroPython 1.9.2, built by others: no raw-paste."""
    qemu = subprocess.Popen(
        ['qemu-system-arm', '-M', 'microbit', '-display', 'none', '-monitor', 'none', '-serial',
         'pty', '-device', f'loader,file={FIRMWARE}'],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        name = re.search(r'/dev/pts/\d+', qemu.stdout.readline()).group()
        held = os.open(name, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(held)
        t = terminal('kiln', 'repl', '-p', name)
        t.expect('Ctrl-] leaves.')
        t.type('\x03')
        t.expect('>>> ')
        t.type('6 * 7\r')
        t.expect('\n42\r\n>>> ')
        t.type(PASTE.format('def f(n):\r    return n + 1\r\rprint("pasted", f(1))'))
        assert t.expect('>>> ') == b'(pasted)\r\npasted 2\r\n>>> '
        t.type('f(2)\r')
        t.expect('\n3\r\n>>> ')
        t.type('\x1d')
        assert t.end() == 0
        t = terminal('mpremote', 'connect', name, 'exec', 'print("chain")', 'eval', '1 + 1')
        assert t.end() == 0
        assert t.said == b'chain\r\n2\r\n'
        os.close(held)
    finally:
        qemu.kill()
        qemu.wait()
