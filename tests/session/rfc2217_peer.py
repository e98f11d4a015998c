# SPDX-License-Identifier: Apache-2.0
"""pyserial's own RFC 2217 server side over its loop:// port. Prints its TCP port, serves one client,
and says on stdout which settings that client made."""
import socket
import sys
import threading

import serial
import serial.rfc2217


class Port:
    """Notes what the client sets; bytes come back as they went."""

    def __init__(self):
        self.__dict__['real'] = serial.serial_for_url('loop://', timeout=0.05)

    def __getattr__(self, name):
        return getattr(self.real, name)

    def __setattr__(self, name, value):
        if name in ('baudrate', 'dtr', 'rts', 'break_condition'):
            print(name, int(value), flush=True)
        setattr(self.real, name, value)


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.lock = threading.Lock()

    def write(self, data):
        with self.lock:
            self.sock.sendall(data)


def main():
    server = socket.create_server(('127.0.0.1', 0))
    print('port', server.getsockname()[1], flush=True)
    sock, _ = server.accept()
    port, connection = Port(), Connection(sock)
    manager = serial.rfc2217.PortManager(port, connection)

    def reader():
        while True:
            data = port.read(port.in_waiting or 1)
            if data:
                connection.write(b''.join(manager.escape(data)))

    threading.Thread(target=reader, daemon=True).start()
    while data := sock.recv(4096):
        port.write(b''.join(manager.filter(data)))
    print('closed', flush=True)


sys.exit(main())
