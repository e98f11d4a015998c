# SPDX-License-Identifier: Apache-2.0
"""Boards on the network: ws:// (WebREPL) and telnet://, in front of a virtual board."""
import contextlib
import socket
import threading

import pytest
from netboards import Telnet, TornadoWebRepl, WebRepl, server_socket

SECRET = {'KILN_WEBREPL_PASSWORD': 'secret'}


def test_programs_over_webrepl(run, pty_board):
    server = WebRepl(pty_board, quirks=('pings',))
    done = run('kiln', 'exec', '-p', server.url, "print('gr\u00fc\u00dfe' * 200)", check=0, **SECRET)
    assert done.stdout == 'gr\u00fc\u00dfe' * 200 + '\n'
    done = run('kiln', 'exec', '-p', server.url, '1/0', check=1, **SECRET)
    assert done.stderr.endswith('ZeroDivisionError: divide by zero\n')
    assert server.masked and server.pongs > 0  # RFC 6455, 5.1 and 5.5.3
    assert set(server.seen) == {'secret'}  # and no line end behind it
    server.close()


def test_messages_in_pieces(run, pty_board):
    server = WebRepl(pty_board, quirks=('pieces',))
    assert run('kiln', 'exec', '-p', server.url, "print('\u20ac' * 100)", check=0,
               **SECRET).stdout == '\u20ac' * 100 + '\n'
    server.close()


def test_a_websocket_that_we_did_not_write(run, pty_board):
    pytest.importorskip('tornado')
    server = TornadoWebRepl(pty_board)
    assert run('kiln', 'exec', '-p', server.url, 'print(6 * 7)', check=0,
               **SECRET).stdout == '42\n'
    assert run('kiln', 'exec', '-p', server.url, 'print(1)', check=1,
               KILN_WEBREPL_PASSWORD='wrong').stderr.startswith('error: cannot open ')
    assert server.errors == []


def test_one_client_at_a_time(run, pty_board):
    server = WebRepl(pty_board)
    server.one.acquire()
    assert run('kiln', 'exec', '-p', server.url, 'print(1)', check=1, **SECRET).stderr == (
        f"error: cannot open '{server.url}': the board closed the connection: its WebREPL serves "
        'one client at a time\n'
        'hint: close the other one (a browser, another program), then try again\n')
    server.close()


def answering(answer):
    """A server that answers whatever is said with `answer`, and closes."""
    sock = server_socket()

    def serve():
        while True:
            try:
                client, _ = sock.accept()
            except OSError:
                return
            client.recv(4096)
            client.sendall(answer)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while client.recv(4096):
                    pass
    threading.Thread(target=serve, daemon=True).start()
    return sock, f'ws://127.0.0.1:{sock.getsockname()[1]}'


@pytest.mark.parametrize('answer, why', [
    (b'HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n<html>', 'it is a web server without WebREPL'),
    (b'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'it speaks no HTTP'),
    (b'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: AAAA\r\n\r\n',
     'its answer is not to what was asked'),
    (b'', 'it does not answer'),
    (b'x' * 20000, 'it speaks no HTTP'),
])
def test_no_webrepl(run, answer, why):
    sock, url = answering(answer)
    assert run('kiln', 'exec', '-p', url, 'print(1)', check=1, **SECRET).stderr == (
        f"error: cannot open '{url}': there is no WebREPL: {why}\n"
        "hint: 'import webrepl_setup' at the board's prompt sets it up; it listens on port 8266\n")
    sock.close()


def test_urls(run):
    for url, why in (('ws://', 'the host is missing'), ('ws://a%zz@host', 'its user or password'),
                     ('ws://host:0', 'the port is no number'),
                     ('ws://host:8266/path', 'the port is no number'),
                     ('telnet://h:99999', 'the port is no number')):
        done = run('kiln', 'exec', '-p', url, 'print(1)')
        assert done.returncode and why in done.stderr, done.stderr


@pytest.mark.parametrize('login, user', [
    (None, ''), ((None, 'pw'), ':pw@'), (('micro', 'python'), 'micro:python@')])
def test_telnet_boards(run, pty_board, login, user):
    server = Telnet(pty_board, login)
    done = run('kiln', 'exec', '-p', f'telnet://{user}{server.address}',
               "print('\u00ff', chr(255))\nprint('x' * 3000)", check=0)
    assert done.stdout == '\u00ff \u00ff\n' + 'x' * 3000 + '\n'
    assert b'\xff\xfc\x22' in server.refusals  # WONT LINEMODE
    server.close()


def test_telnet_logins_that_fail(run, pty_board):
    server = Telnet(pty_board)
    url = f'telnet://{server.address}'
    assert run('kiln', 'exec', '-p', url, '1', check=1).stderr == (
        f"error: cannot open '{url}': it asks for a user and a password\n"
        'hint: give them as telnet://[USER:PASSWORD@]HOST[:23], or set KILN_TELNET_USER and '
        'KILN_TELNET_PASSWORD\n')
    assert run('kiln', 'exec', '-p', f'telnet://micro:no@{server.address}', '1', check=1).stderr == (
        f"error: cannot open '{url}': it does not take this user and password\n"
        "hint: Pycom boards know 'micro' and 'python' until their program sets others\n")
    assert run('kiln', 'exec', '-p', url, 'print(5)', check=0, KILN_TELNET_USER='micro',
               KILN_TELNET_PASSWORD='python').stdout == '5\n'
    server.close()
