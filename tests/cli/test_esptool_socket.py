# SPDX-License-Identifier: Apache-2.0
"""esptool.py over a plain socket: no modem lines, no baud, so what can't be done is said and left."""
import re
import socketserver
import threading


class Rom(socketserver.BaseRequestHandler):
    """An ESP32's ROM as far as detection asks: each request is answered with a fixed value."""
    VALUES = {0x40001000: 0x00F01D83, 0x3FF40014: 0x15A}

    def handle(self):
        pending = b''
        while data := self.request.recv(4096):
            pending += data
            *frames, pending = pending.split(b'\xc0')
            for frame in filter(None, frames):
                self.answer(frame.replace(b'\xdb\xdc', b'\xc0').replace(b'\xdb\xdd', b'\xdb'))

    def answer(self, frame):
        op = frame[1]
        self.server.ops.append(op)
        value = 0x20120707 if op == 0x08 else 0
        status = b'\0\0\0\0'
        if op == 0x0A:
            value = self.VALUES.get(int.from_bytes(frame[8:12], 'little'), 0)
        elif op not in (0x08, 0x02, 0x09, 0x0B, 0x0D):
            status = b'\x01\x05\0\0'
        reply = bytes([1, op, 4, 0]) + value.to_bytes(4, 'little') + status
        reply = reply.replace(b'\xdb', b'\xdb\xdd').replace(b'\xc0', b'\xdb\xdc')
        for _ in range(8 if op == 0x08 else 1):
            self.request.sendall(b'\xc0' + reply + b'\xc0')


def test_a_fixed_baud_stays_and_is_said(run):
    with socketserver.TCPServer(('127.0.0.1', 0), Rom) as server:
        server.ops = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = 'socket://127.0.0.1:%d' % server.server_address[1]
        done = run('esptool.py', '-p', url, '-b', '921600', '--before', 'no_reset', '--after', 'no_reset',
                   '--no-stub', 'read_mac', check=0)
        server.shutdown()
    assert 'WARNING: this kind of port has a fixed baud, which stays' in done.stdout + done.stderr
    assert 'Changing baud' not in done.stdout
    assert re.search(r'^MAC: 00:00:00:00:00:00$', done.stdout, re.M)
    assert 0x0F not in server.ops
