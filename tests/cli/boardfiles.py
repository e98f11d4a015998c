# SPDX-License-Identifier: Apache-2.0
"""WebREPL's binary half, as modwebrepl.c has it, and the files behind it."""
import base64
import struct
import threading


class Folder(dict):
    """Files of no board: {name: bytes}. KeyError: there is no such file."""

    def open(self, name, mode):
        self.name, self.at = name, 0
        if mode == 'wb':
            self[name] = b''
        else:
            self[name]

    def write(self, data):
        self[self.name] += data

    def read(self, n):
        self.at += n
        return self[self.name][self.at - n:self.at]

    def close(self):
        pass

    def feed(self, data):
        return data


class BoardFiles:
    """The board's own files, by programs at its prompt that the client does not see: what WebREPL
    writes and reads, and what a program on the board does, are the same files."""
    CHUNK = 1024

    def __init__(self, repl):
        self.repl = repl
        self.shown = b''  # the end of what the client has seen
        self.hidden = None  # what it does not see
        self.changed = threading.Condition()

    def feed(self, data):
        """What the board says; returns what the client is to see of it."""
        with self.changed:
            if self.hidden is None:
                self.shown = (self.shown + data)[-4:]
                return data
            self.hidden += data
            self.changed.notify_all()
        return b''

    def keys(self, keys, end):
        with self.changed:
            self.hidden = b''
        self.repl.write(keys)
        with self.changed:
            assert self.changed.wait_for(lambda: self.hidden.endswith(end), 60), self.hidden
            return self.hidden

    def run(self, code):
        said = self.keys(code.encode() + b'\x04', b'\x04>')
        out, failure = said.removeprefix(b'OK').removesuffix(b'\x04>').split(b'\x04')
        if failure:
            raise KeyError(failure)  # as OSError in modwebrepl.c: the connection is dropped
        return out.strip()

    def open(self, name, mode):
        """From now on until close() the client sees nothing of the REPL."""
        self.friendly = self.shown.endswith(b'>>> ')
        self.keys(b'\x01', b'raw REPL; CTRL-B to exit\r\n>')
        try:
            self.run(f'import binascii as _b;_f=open({name!r},"{mode}")')
        except KeyError:
            self.leave()
            raise

    def leave(self):
        if self.friendly:
            self.keys(b'\x02', b'>>> ')
        with self.changed:
            self.hidden = None

    def close(self):
        self.run('_f.close();del _f,_b')
        self.leave()

    def write(self, data):
        try:
            for i in range(0, len(data), self.CHUNK):
                text = base64.b64encode(data[i:i + self.CHUNK])
                self.run(f'_f.write(_b.a2b_base64({text!r}))')
        except KeyError:
            pass  # an error in writing is not told

    def read(self, n):
        return base64.b64decode(self.run(f'print(_b.b2a_base64(_f.read({n})).decode())'))

    def fill(self, left):
        """A file that takes all but so many bytes."""
        self.run('import os\ns=os.statvfs("/")\nf=open("/filler","wb")\n'
                 f'f.seek(s[0]*s[4]-{left}-4096)\nf.write(b"x")\nf.close()\ndel f,s,os')


class Files:
    """The binary half: modwebrepl.c's state machine. `quirks`: 'refuses' (answers 1), 'mute' (no
    binary messages at all), 'cuts' (drops the connection in the middle of the second file),
    'loses' (a byte of each file that is put), 'fills' (another program leaves two blocks free), 'shorter' and 'longer' (than a
    file was when it was looked at)."""
    PIECE = 256

    def __init__(self, store, quirks=()):
        self.store, self.quirks = store, quirks
        self.got = b''
        self.left = 0  # bytes to come of a file
        self.sent = None  # bytes that have gone of one
        self.log = []

    def take(self, data):
        """Bytes of binary messages; returns the answers. KeyError: the connection is dropped."""
        out = b''
        self.got += data
        while self.got:
            if self.sent is not None:
                assert self.got[0] == 0
                self.got = self.got[1:]
                out += self.piece()
            elif self.left:
                part, self.got = self.got[:self.left], self.got[self.left:]
                out += self.store_part(part)
            elif len(self.got) >= 82:
                out += self.request(struct.unpack('<2sBBQLH64s', self.got[:82]))
                self.got = self.got[82:]
            else:
                break
        return out

    def piece(self):
        piece = self.store.read(self.PIECE)
        if 'shorter' in self.quirks and self.sent > 5000:
            piece = b''
        if 'longer' in self.quirks:
            piece = piece or b'x' * 300
        self.sent += len(piece)
        if piece:
            return struct.pack('<H', len(piece)) + piece
        self.sent = None
        self.store.close()
        return b'\0\0WB\0\0'

    def store_part(self, part):
        self.left -= len(part)
        if 'cuts' in self.quirks and len(self.log) == 2 and self.left < 3000:
            raise KeyError('cut')
        self.store.write(part[1:] if 'loses' in self.quirks and not self.left else part)
        if self.left:
            return b''
        self.store.close()
        return b'WB\0\0'

    def request(self, record):
        sign, kind, _, offset, size, n, name = record
        assert sign == b'WA' and offset == 0
        if 'mute' in self.quirks:
            return b''
        if kind == 3:
            return bytes((1, 27, 0))
        name = name.split(b'\0')[0].decode()
        assert len(name.encode()) == n
        self.log.append(('put' if kind == 1 else 'get', name))
        if 'refuses' in self.quirks:
            return b'WB\1\0'
        self.store.open(name, 'wb' if kind == 1 else 'rb')
        if 'fills' in self.quirks:
            self.store.fill(2 * 4096)
        if kind == 1:
            self.left = size
        else:
            self.sent = 0
        return b'WB\0\0'

    def broken(self):
        if self.left or self.sent is not None:
            self.store.close()
