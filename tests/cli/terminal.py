# SPDX-License-Identifier: Apache-2.0
"""A program of ours in a terminal, as a user sits before it."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time


def read_until(stream, word):
    """What comes up to `word`, as it comes."""
    got = b''
    deadline = time.monotonic() + 60
    while word not in got:
        assert select.select([stream], [], [], max(0, deadline - time.monotonic()))[0], got
        more = os.read(stream.fileno(), 4096)
        assert more, got
        got += more
    return got


def shown_on_a_terminal(command, env, columns=0):
    """All that a command shows there; it must end well."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    process = subprocess.Popen([str(x) for x in command], env={**env, 'TERM': 'xterm'}, stdout=slave)
    os.close(slave)
    text = b''
    try:
        while data := os.read(master, 65536):
            text += data
    except OSError:  # EIO: the other end is closed
        pass
    os.close(master)
    assert process.wait() == 0
    return text


class Terminal:
    """Runs `command` on a pty; `said` is all that it showed."""

    def __init__(self, command, env):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.said = b''
        self.at = 0
        self.process = subprocess.Popen([str(x) for x in command], env=env, stdin=self.slave,
                                        stdout=self.slave, stderr=self.slave,
                                        start_new_session=True)

    def type(self, keys):
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def expect(self, text, seconds=60):
        """Wait until `text` is shown, after what was expected before; returns what led to it."""
        wanted = text.encode() if isinstance(text, str) else text
        deadline = time.monotonic() + seconds
        while wanted not in self.said[self.at:]:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.master], [], [], left)[0], (wanted, self.said)
            self.said += os.read(self.master, 4096)
        end = self.said.index(wanted, self.at) + len(wanted)
        shown, self.at = self.said[self.at:end], end
        return shown

    def end(self, seconds=60):
        """Wait for the program's end. Returns its exit code; the terminal must be as it was."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.said
            if select.select([self.master], [], [], 0.05)[0]:
                self.said += os.read(self.master, 4096)
        while select.select([self.master], [], [], 0)[0]:
            self.said += os.read(self.master, 4096)
        assert termios.tcgetattr(self.slave) == self.before
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)
