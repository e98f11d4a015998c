# SPDX-License-Identifier: Apache-2.0
# Before boot.py: the files under '/', what this build lacks of a board, how scripts are run.
import builtins
import micropython
import os
import sys
import time
import vfs

import __main__

CTRL_C = '\x03'
CTRL_D = '\x04'
ERASE = ('\x08', '\x7f')


# The clock's reader ends a sleep when an interrupt is pending, but only a jump in Python raises
# it: so there is one after each sleep.
def _raise_pending():
    for _ in (0, 0):
        pass


def _interruptible(sleep):
    def wrapper(t):
        sleep(t)
        _raise_pending()

    return wrapper


# This build's input() can't wait for a character; its sys.stdin can.
def _input(prompt=''):
    print(prompt, end='')
    text = ''
    while True:
        c = sys.stdin.read(1)
        if c in ERASE:
            if text:
                text = text[:-1]
                print('\x08 \x08', end='')
        elif c == CTRL_D and not text:
            raise EOFError
        elif c == CTRL_C:
            raise KeyboardInterrupt
        elif c in '\r\n':
            print()
            return text
        elif c >= ' ':
            text += c
            print(c, end='')


# This build's VfsPosix makes both names of a rename in one buffer, so that of two absolute ones the
# second is renamed to itself. Below '/' they need not be absolute.
def _renaming(rename):
    def wrapper(old, new):
        here = os.getcwd()
        old, new = (p if p[:1] == '/' else here.rstrip('/') + '/' + p for p in (old, new))
        os.chdir('/')
        try:
            rename(old[1:], new[1:])
        finally:
            os.chdir(here)

    return wrapper


def prepare(root):
    vfs.umount('/')
    vfs.mount(vfs.VfsPosix(root), '/')
    os.chdir('/')
    for name in ('sleep', 'sleep_ms', 'sleep_us'):
        setattr(time, name, _interruptible(getattr(time, name)))
    os.rename = _renaming(os.rename)
    builtins.input = _input


def _exists(name):
    try:
        return os.stat(name)[0] & 0x4000 == 0
    except OSError:
        return False


# Returns True if the script asked for a soft reset.
def run(name):
    if not _exists(name):
        return False
    try:
        micropython.kbd_intr(3)
        execfile(name, __main__.__dict__)
        micropython.kbd_intr(-1)
    except SystemExit:
        return True
    except BaseException as e:
        micropython.kbd_intr(-1)
        sys.print_exception(e)
    finally:
        micropython.kbd_intr(-1)
    return False
