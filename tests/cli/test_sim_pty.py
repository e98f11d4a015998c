# SPDX-License-Identifier: Apache-2.0
"""kiln sim on a pty: its clients, and the MicroPython behind it."""
import pathlib
import signal
import time

from sim_server import (PATIENCE, PROMPT, await_file, flash, flash_image, read_until,  # noqa: F401
                        serve, to_prompt)


def test_pty_clients_come_and_go(serve, flash, env):
    server = serve('pty', '--flash', flash, '--pty')
    for n in range(3):
        with server.serial() as port:
            to_prompt(port)
            port.write(b'%d\r' % n)
            read_until(port, b'\r\n%d' % n + PROMPT)
    # what the board says while nobody has the port open is not kept
    with server.serial() as port:
        port.write(b'import time; time.sleep_ms(300); print("no" "body"); open("said", "w").close()\r')
        read_until(port, b'\r\n')
    await_file(pathlib.Path(env['XDG_STATE_HOME'], 'kiln/sim/pty.files/said'))
    time.sleep(0.2)  # the server takes it from the board
    with server.serial() as port:
        port.write(b'5\r')
        assert b'nobody' not in read_until(port, b'\r\n5' + PROMPT)


def test_a_pty_client_that_went_is_heard_out(serve, flash, env):
    server = serve('went', '--flash', flash, '--pty')
    with server.serial() as port:
        to_prompt(port)
        server.process.send_signal(signal.SIGSTOP)
        port.write(b'open("last", "w").close()\r')
    server.process.send_signal(signal.SIGCONT)
    await_file(pathlib.Path(env['XDG_STATE_HOME'], 'kiln/sim/went.files/last'))


def test_pty_follows_the_clients_speed(serve, flash):
    with serve('speed', '--flash', flash, '--pty').serial() as port:
        to_prompt(port)
        port.baudrate = 74880  # none of POSIX's: the board hears noise
        port.write(b'1+1\r')
        assert b'2\r\n>>>' not in port.read(100)
        port.baudrate = 115200
        to_prompt(port)


def test_repl_by_plain_pyserial(serve, flash):
    """Raw REPL, raw-paste with its window, Ctrl-C, soft reset, files: as any client sees them."""
    with serve('repl', '--flash', flash, '--pty').serial() as port:
        to_prompt(port)
        port.write(b'\x01')
        read_until(port, b'raw REPL; CTRL-B to exit\r\n>')
        port.write(b'\x05A\x01')
        head = read_until(port, b'\x01\x80\x00\x01')
        assert head == b'R\x01\x80\x00\x01'
        code = b'total = 0\n' + b'total += 1\n' * 200 + b'print(total)\n'
        window = 256
        answers = b''
        for at in range(0, len(code), 64):
            while window < 64:
                assert port.read(1) == b'\x01'
                window += 128
            port.write(code[at:at + 64])
            window -= 64
        port.write(b'\x04')
        answers = read_until(port, b'\x04>').replace(b'\x01', b'')
        assert answers == b'\x04200\r\n\x04\x04>'

        port.write(b'print("go")\nwhile True:\n    pass\n\x04')
        read_until(port, b'go\r\n')
        port.write(b'\x03')
        assert b'KeyboardInterrupt: \r\n\x04>' in read_until(port, b'\x04>')
        port.write(b'print(total)\x04')  # variables are still there
        assert read_until(port, b'\x04>') == b'OK200\r\n\x04\x04>'

        port.write(b"f = open('main.py', 'w'); f.write('print(\"main\" \"!\")'); f.close()\x04")
        read_until(port, b'\x04>')
        port.write(b'\x04')
        assert read_until(port, b'\r\n>') == b'OK\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>'
        port.write(b'\x02')
        read_until(port, b'>>> ')
        port.write(b'\x04')
        assert b'MPY: soft reboot\r\nmain!\r\nMicroPython v' in read_until(port, b'>>> ')

        port.write(b'import machine; machine.reset()\r')
        again = read_until(port, b'>>> ')
        assert b'rst:0xc (SW_CPU_RESET)' in again and b'main!\r\nMicroPython v' in again


def test_files_outlive_the_server(serve, flash, env):
    server = serve('files', '--flash', flash, '--pty')
    with server.serial() as port:
        to_prompt(port)
        port.write(b"f = open('kept.txt', 'w'); n = f.write('here'); f.close()\r")
        read_until(port, PROMPT)
    server.end()
    kept = pathlib.Path(env['XDG_STATE_HOME'], 'kiln/sim/files.files/kept.txt')
    assert kept.read_text() == 'here'
    with serve('files', '--pty').serial() as port:
        to_prompt(port)
        port.write(b"open('kept.txt').read()\r")
        read_until(port, b"\r\n'here'" + PROMPT)


def test_a_killed_server_leaves_no_interpreter(serve, flash):
    server = serve('killed', '--flash', flash, '--pty')
    with server.serial() as port:
        to_prompt(port)
    children = pathlib.Path(f'/proc/{server.process.pid}/task/{server.process.pid}/children')
    [child] = children.read_text().split()
    server.end(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while pathlib.Path(f'/proc/{child}/exe').exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
