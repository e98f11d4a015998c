# SPDX-License-Identifier: Apache-2.0
"""`kiln repl`: what was typed is found again, and so is a board that moved."""
import os
import pathlib
import pty
import sys
import tty

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from sysfs import Tree  # noqa: E402
from test_repl import board, session, terminal  # noqa: E402,F401


def test_typed_lines_are_found_in_the_next_session(session, env):  # noqa: F811
    t = session()
    t.type('print("a" "bc")\r')
    t.expect('\nabc\r\n>>> ')
    t.type('print("d" "ef")\r')
    t.expect('\ndef\r\n>>> ')
    t.type('\x1d')
    assert t.end() == 0
    kept = pathlib.Path(env['XDG_STATE_HOME'], 'kiln/typed')
    assert kept.read_text() == 'print("a" "bc")\nprint("d" "ef")\n'
    assert kept.stat().st_mode & 0o777 == 0o600

    t = session()
    t.type('half')
    t.expect('half')
    t.type('\x12')
    t.expect("(search) '': ")
    t.type('prin')
    t.expect('(search) \'prin\': print("d" "ef")')
    t.type('\x12')
    t.expect('(search) \'prin\': print("a" "bc")')
    t.type('\r')  # what was half typed is gone, the line runs
    t.expect('\nabc\r\n>>> ')
    t.type('\x12ef\t')  # taken over to be edited
    t.expect('print("d" "ef")')
    t.type('\x7f + "!")\r')
    t.expect('\ndef!\r\n>>> ')
    t.type('\x12ef\x03print(1 + 1)\r')  # left: nothing of it stays
    t.expect('\n2\r\n>>> ')
    t.type('\x1d')
    assert t.end() == 0


class Board:
    """A pty that the machine has as a USB serial port, as long as it is plugged in."""

    def __init__(self, tree, where, serial):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.name = os.ttyname(slave)
        os.close(slave)
        tree.usb(self.name[5:].replace('/', '!'), where, vid='10c4', pid='ea60',
                 driver='cp210x', serial=serial)

    def say(self, text):
        os.write(self.master, text)


@pytest.fixture
def tree(tmp_path, env):
    env['KILN_SYSFS'] = str(tmp_path / 'sys')
    return Tree(tmp_path / 'sys')


def test_a_board_that_comes_back_under_another_name(terminal, tree):  # noqa: F811
    first = Board(tree, '1-1', '0001')
    t = terminal('kiln', 'repl', '-p', first.name)
    t.expect('Ctrl-] leaves.')
    first.say(b'one\r\n')
    t.expect('one\r\n')
    tree.remove(first.name[5:].replace('/', '!'))
    os.close(first.master)
    t.expect('(the board is gone: waiting for it; Ctrl-] leaves)')
    Board(tree, '1-3', '0002')  # another one of its kind, even under the same name: not taken
    second = Board(tree, '1-2', '0001')
    assert second.name != first.name
    t.expect(f'(it is back, at serial://{second.name})')
    second.say(b'two\r\n')
    t.expect('two\r\n')
    t.type('\x1d')
    assert t.end() == 0


def test_resets_are_told(terminal, tree):  # noqa: F811
    board_ = Board(tree, '1-1', '0001')
    t = terminal('kiln', 'repl', '-p', board_.name)
    t.expect('Ctrl-] leaves.')
    board_.say(b'ets Jul 29 2019 12:21:46\r\n\r\nrst:0x8 (TG1WDT_SYS_RESET),boot:0x13 (X)\r\nentry\r\n')
    t.expect('(the board was reset by its watchdog)\r\n')
    t.expect('entry\r\n')
    board_.say(b'>>> rst:0x5 (DEEPSLEEP_RESET),boot:0x13 (X)\r\n')
    t.expect('(the board was reset: it woke up from deep sleep)\r\n')
    t.type('\x1d')
    assert t.end() == 0
