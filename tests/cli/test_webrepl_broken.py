# SPDX-License-Identifier: Apache-2.0
"""Files over ws:// that do not come to their end, or not in this way."""
import signal
import subprocess
import time

import pytest
from conftest import BUILD
from webrepl_files import noise, on_board, serve  # noqa: F401 (serve is a fixture)


@pytest.mark.parametrize('quirk', ['refuses', 'mute', 'loses'])
def test_boards_that_do_not_carry_them(run, serve, tmp_path, quirk):
    board = serve(quirk)
    (tmp_path / 'a').write_bytes(noise(5000))
    run('kiln', 'put', '-p', board.url, 'a', ':', check=0)
    run('kiln', 'get', '-p', board.url, ':a', 'b', check=0)
    assert (tmp_path / 'b').read_bytes() == on_board(tmp_path)['a'] == noise(5000)
    assert set(on_board(tmp_path)) == {'a', 'boot.py'}


def test_a_connection_that_breaks(run, serve, tmp_path):
    board = serve('cuts')
    (tmp_path / 'a').write_bytes(b'x' * 9)
    (tmp_path / 'b').write_bytes(noise(6000))
    (tmp_path / 'old').write_bytes(b'old')
    good = serve()
    run('kiln', 'put', '-p', good.url, 'old', ':b', check=0)
    done = run('kiln', 'put', '-p', board.url, 'a', 'b', ':', check=1)
    assert done.stderr.startswith("error: cannot put ':b': the connection broke after ")
    assert done.stderr.endswith(' of 6000 bytes\nhint: is the board still on, and in reach of its '
                                'network? then try again\n')
    assert on_board(tmp_path)['b'] == b'old'
    run('kiln', 'put', '-p', good.url, 'a', 'b', ':', check=0)
    assert on_board(tmp_path).keys() == {'boot.py', 'a', 'b'}
    assert on_board(tmp_path)['b'] == noise(6000)


def test_the_rest_of_one_that_broke_off_near_its_end(run, serve, tmp_path):
    board = serve()
    data = noise(2400)
    for name, part in (('near', data[:2000]), ('far', data[:1000]), ('wrong', noise(2000, 2))):
        (tmp_path / f'{name}.kiln-part').write_bytes(part)
        (tmp_path / name).write_bytes(data)
    run('kiln', 'put', '-p', board.url, *(f'{name}.kiln-part' for name in ('near', 'far', 'wrong')),
        ':', check=0)
    board.log.clear()
    run('kiln', 'put', '-p', board.url, 'near', 'far', 'wrong', ':', check=0)
    assert board.log == [('put', 'far.kiln-part'), ('put', 'wrong.kiln-part')]
    assert on_board(tmp_path)['near'] == on_board(tmp_path)['far'] == on_board(tmp_path)['wrong'] == data
    assert len(on_board(tmp_path)) == 4  # boot.py


def test_a_board_that_fills_up_meanwhile(run, serve, tmp_path):
    board = serve('fills')
    (tmp_path / 'a').write_bytes(noise(20000))
    done = run('kiln', 'put', '-p', board.url, 'a', ':', check=1)
    assert done.stderr == (
        "error: cannot put ':a': no space left on device\n"
        "hint: 'kiln df' shows what is free; remove files with 'kiln rm'\n")
    assert on_board(tmp_path).keys() == {'boot.py', 'filler'}


def test_ctrl_c(run, serve, env, tmp_path):
    board = serve()
    (tmp_path / 'big').write_bytes(noise(12000))
    running = subprocess.Popen([BUILD / 'kiln', 'put', '-p', board.url, 'big', ':'], env=env,
                               cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True)
    deadline = time.monotonic() + 60
    while not board.log:
        assert time.monotonic() < deadline and running.poll() is None, running.communicate()
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert run('kiln', 'ls', '-p', board.url, check=0).stdout == '          61 boot.py\n'
