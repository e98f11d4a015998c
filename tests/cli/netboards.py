# SPDX-License-Identifier: Apache-2.0
"""Boards on the network, in front of a virtual board on a pty: MicroPython's WebREPL as webrepl.py
and modwebrepl.c serve it, the same by tornado (a WebSocket that we did not write), and telnet."""
import asyncio
import base64
import hashlib
import os
import select
import socket
import struct
import threading
import tty

from boardfiles import BoardFiles, Files, Folder

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'


class Repl:
    """The board's end: bytes from and to a pty."""

    def __init__(self, port):
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self.ended, self.end = os.pipe()
        self.reader = None

    def read(self):
        if self.ended in select.select([self.fd, self.ended], [], [])[0]:
            raise OSError('closed')
        return os.read(self.fd, 256)

    def follow(self, forward):
        """Run `forward`, which reads until it gets an OSError, in a thread."""
        self.reader = threading.Thread(target=forward, daemon=True)
        self.reader.start()

    def write(self, data):
        while data:
            data = data[os.write(self.fd, data):]

    def close(self):
        # not under its reader, who would go on with whatever gets its number next
        os.write(self.end, b'x')
        if self.reader:
            self.reader.join()
        for fd in (self.fd, self.ended, self.end):
            os.close(fd)


class Dupterm:
    """As os.dupterm: what the board says goes to all `ports`, and it hears them all. Each is a pty,
    for one client at a time; what nobody has open hears nothing."""
    LOOK = 0.02  # seconds: nobody tells that a pty is opened

    def __init__(self, port, n=2):
        self.board = Repl(port)
        self.ports = []
        self.heard = {}  # {pty: what its client has still to read}
        for _ in range(n):
            pty, client = os.openpty()
            tty.setraw(client)
            self.ports.append(os.ttyname(client))
            os.close(client)
            os.set_blocking(pty, False)
            self.heard[pty] = b''
        self.board.follow(self.pass_on)

    @staticmethod
    def is_open(pty):
        poll = select.poll()
        poll.register(pty, 0)
        return poll.poll(0) == []  # else it is hung up

    def pass_on(self):
        try:
            while True:
                self.turn()
        except OSError:
            pass  # closed

    def turn(self):
        there = [pty for pty in self.heard if self.is_open(pty)]
        waiting = [pty for pty in there if self.heard[pty]]
        ready, _, _ = select.select([self.board.fd, self.board.ended, *there], waiting, [],
                                    None if len(there) == len(self.heard) else self.LOOK)
        said = b''
        if self.board.fd in ready or self.board.ended in ready:
            said = self.board.read()
        for pty in self.heard:
            self.serve(pty, said, pty in there)

    def serve(self, pty, said, is_open):
        try:
            self.board.write(os.read(pty, 256))
        except OSError:
            pass  # nothing, or nobody: but one that went may have written before it did
        self.heard[pty] = self.heard[pty] + said if is_open else b''
        try:
            self.heard[pty] = self.heard[pty][os.write(pty, self.heard[pty]):]
        except OSError:
            pass  # it is slow, or has gone

    def close(self):
        self.board.close()
        for pty in self.heard:
            os.close(pty)


def server_socket():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # as little as a board has
    s.bind(('127.0.0.1', 0))
    s.listen(5)
    return s


def stop_accepting(sock, thread):
    """A thread in accept() would go on with whatever socket gets this one's number."""
    sock.shutdown(socket.SHUT_RDWR)
    thread.join()
    sock.close()


class WebRepl:
    """One client at a time. `quirks`: 'pings', 'pieces' (fragments, answers byte by byte), and those
    of Files. Counts what passes through its sockets. `folder`: files of no board."""

    def __init__(self, port, password='secret', quirks=(), folder=None):
        self.port_of_repl, self.password, self.quirks = port, password, quirks
        self.folder = folder
        self.log = []  # files that travelled
        self.bytes_in = self.bytes_out = self.turns = 0
        self.answered = False
        self.seen = []  # passwords
        self.one = threading.Lock()
        self.masked = True
        self.pongs = 0
        self.sock = server_socket()
        self.url = f'ws://127.0.0.1:{self.sock.getsockname()[1]}'
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def close(self):
        stop_accepting(self.sock, self.thread)

    def accept(self):
        while True:
            try:
                client, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            if not self.handshake(client):
                return
            # a client that has just left is not held against the next one
            if not self.one.acquire(timeout=1):
                return
            try:
                self.talk(client)
            finally:
                self.one.release()
        except (OSError, EOFError, KeyError):
            pass
        finally:
            client.close()

    def handshake(self, client):
        head = b''
        while b'\r\n\r\n' not in head:
            more = client.recv(100)
            if not more:
                return False
            head += more
        key = [line.split(b': ')[1] for line in head.split(b'\r\n')
               if line.lower().startswith(b'sec-websocket-key: ')]
        if not key or b'Upgrade: websocket' not in head:
            client.sendall(b'HTTP/1.0 200 OK\r\n\r\n<html>')
            return False
        accept = base64.b64encode(hashlib.sha1(key[0] + GUID).digest())
        client.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
                       b'Connection: Upgrade\r\nSec-WebSocket-Accept: ' + accept + b'\r\n\r\n')
        return True

    def frame(self, opcode, data, fin=True):
        head = bytes(((0x80 if fin else 0) | opcode,))
        if len(data) < 126:
            return head + bytes((len(data),)) + data
        return head + b'\x7e' + struct.pack('>H', len(data)) + data

    def put(self, client, data):
        self.answered = True
        self.bytes_out += len(data)
        client.sendall(data)

    def send(self, client, data, opcode=1):
        if 'pings' in self.quirks:
            self.put(client, self.frame(9, b'are you there'))
        if 'pieces' not in self.quirks:
            self.put(client, self.frame(opcode, data))
            return
        for i in range(len(data)):
            last = i == len(data) - 1
            self.put(client, self.frame(opcode if i == 0 else 0, data[i:i + 1], last))
            if not last and i % 7 == 0:
                self.put(client, self.frame(9, b'x'))

    def recv(self, client, n):
        data = b''
        while len(data) < n:
            if self.answered and not select.select([client], [], [], 0)[0]:
                self.turns += 1  # a round trip: the client had to wait before it said more
                self.answered = False
            more = client.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        self.bytes_in += n
        return data

    def message(self, client):
        first, n = self.recv(client, 2)
        self.masked = self.masked and bool(n & 0x80)
        n &= 0x7F
        if n == 126:
            n, = struct.unpack('>H', self.recv(client, 2))
        mask = self.recv(client, 4)
        data = self.recv(client, n)
        return first & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(data))

    def log_in(self, client):
        self.send(client, b'Password: ')
        typed = b''
        while b'\r' not in typed and b'\n' not in typed:
            opcode, data = self.message(client)
            if opcode == 8:
                raise EOFError
            typed += data if opcode == 1 else b''
        self.seen.append(typed.strip().decode())
        if self.seen[-1] != self.password:
            self.send(client, b'\r\nAccess denied\r\n')
            return False
        self.send(client, b'\r\nWebREPL connected\r\n>>> ')
        return True

    def talk(self, client):
        if not self.log_in(client):
            return
        repl = Repl(self.port_of_repl)
        store = BoardFiles(repl) if self.folder is None else self.folder
        store.shown = b'>>> '
        files = Files(store, self.quirks)
        files.log = self.log

        def forward():
            try:
                while True:
                    data = store.feed(repl.read())
                    if data:
                        self.send(client, data)
            except OSError:
                pass
        repl.follow(forward)
        try:
            while True:
                opcode, data = self.message(client)
                if opcode == 1:
                    repl.write(data)
                elif opcode == 2:
                    answer = files.take(data)
                    if answer:
                        self.send(client, answer, 2)
                elif opcode == 10:
                    self.pongs += 1
                elif opcode == 8:
                    return
        finally:
            files.broken()
            repl.close()


class TornadoWebRepl:
    """The same dialogue behind tornado's WebSocket, which checks what we send."""

    def __init__(self, port, password='secret'):
        self.folder = Folder()
        self.errors = []
        ready = threading.Event()
        threading.Thread(target=self.loop, args=(port, password, ready), daemon=True).start()
        assert ready.wait(30)

    def loop(self, port, password, ready):
        import tornado.web
        import tornado.websocket
        outer = self

        class Handler(tornado.websocket.WebSocketHandler):
            def open(self):
                self.repl, self.typed = None, ''
                self.board_files = Files(outer.folder)
                self.write_message('Password: ')

            async def on_message(self, data):
                if isinstance(data, bytes):
                    answer = self.board_files.take(data)
                    if answer:
                        await self.write_message(answer, binary=True)
                elif self.repl:
                    self.repl.write(data.encode())
                else:
                    self.typed += data
                    if '\r' in self.typed:
                        await self.log_in()

            async def log_in(self):
                if self.typed.strip() != password:
                    await self.write_message('\r\nAccess denied\r\n')
                    self.close()
                    return
                await self.write_message('\r\nWebREPL connected\r\n>>> ')
                self.repl = Repl(port)
                self.loop = asyncio.get_running_loop()
                self.loop.add_reader(self.repl.fd, self.forward)

            def forward(self):
                try:
                    self.write_message(self.repl.read())  # as text, as it is
                except OSError:
                    self.loop.remove_reader(self.repl.fd)

            def on_close(self):
                if self.close_code not in (None, 1000):
                    outer.errors.append(self.close_code)
                if self.repl:
                    self.loop.remove_reader(self.repl.fd)
                    self.repl.close()

        async def main():
            app = tornado.web.Application([('/', Handler)])
            server = app.listen(0, '127.0.0.1')
            sock, = server._sockets.values()
            self.url = f'ws://127.0.0.1:{sock.getsockname()[1]}'
            ready.set()
            await asyncio.Event().wait()
        asyncio.run(main())


class Telnet:
    """A telnet board. `login`: None (none), (None, password), (user, password)."""

    def __init__(self, port, login=('micro', 'python')):
        self.port_of_repl, self.login = port, login
        self.sock = server_socket()
        self.address = f'127.0.0.1:{self.sock.getsockname()[1]}'
        self.refusals = b''
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def close(self):
        stop_accepting(self.sock, self.thread)

    def accept(self):
        while True:
            try:
                client, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def bytes_of(self, client):
        """The client's data, without negotiation."""
        rest = b''
        while True:
            more = client.recv(256)
            if not more:
                return
            rest += more
            out = b''
            while rest:
                if rest[0] != 0xFF:
                    out, rest = out + rest[:1], rest[1:]
                elif len(rest) > 1 and rest[1] == 0xFF:
                    out, rest = out + b'\xff', rest[2:]
                elif len(rest) > 2:
                    if rest[1] in (0xFC, 0xFE):
                        self.refusals += rest[:3]
                    rest = rest[3:]
                else:
                    break
            if out:
                yield out

    def line(self, data):
        typed = b''
        while b'\n' not in typed:
            typed += next(data)
        return typed.strip().decode()

    def log_in(self, client, data):
        if self.login is None:
            return True
        for _ in range(3):
            user = None
            if self.login[0]:
                client.sendall(b'\r\nLogin as: ')
                user = self.line(data)
            client.sendall(b'Password: ')
            if (user, self.line(data)) == self.login:
                client.sendall(b'\r\nLogin succeeded!\r\nType "help()" for more information.\r\n')
                return True
            client.sendall(b'\r\nInvalid credentials, try again.\r\n')
        return False

    def serve(self, client):
        try:
            client.sendall(b'\xff\xfb\x01\xff\xfb\x03\xff\xfd\x22')  # WILL ECHO, SGA; DO LINEMODE
            data = self.bytes_of(client)
            if not self.log_in(client, data):
                return
            repl = Repl(self.port_of_repl)

            def forward():
                try:
                    while True:
                        client.sendall(repl.read().replace(b'\xff', b'\xff\xff'))
                except OSError:
                    pass
            repl.follow(forward)
            try:
                for part in data:
                    repl.write(part)
            finally:
                repl.close()
        except (OSError, StopIteration, RuntimeError):
            pass
        finally:
            client.close()
