# SPDX-License-Identifier: Apache-2.0
"""Transfers that do not come to their end, and what is then on the board."""
import random
import re
import signal
import subprocess
import time

from conftest import BUILD


def noise(n, seed=1):
    return random.Random(seed).randbytes(n)


def test_disk_full(kiln, tmp_path):
    (tmp_path / 'big').write_bytes(noise(3000000))
    done = kiln('put', 'big', check=1)
    assert done.stderr == (
        'error: cannot put 1 file: no space left on device: 3002368 bytes are needed, '
        "2084864 are free\nhint: 'kiln df' shows what is free; remove files with 'kiln rm'\n")
    assert kiln('ls', check=0).stdout == '          61 boot.py\n'


def test_ctrl_c_leaves_no_half_file(kiln, env, tmp_path):
    (tmp_path / 'big').write_bytes(noise(400000))
    (tmp_path / 'main.py').write_text('old\n')
    kiln('put', 'main.py', check=0)
    running = subprocess.Popen([BUILD / 'kiln', 'put', '-p', 'sim:board', 'big', ':main.py'], env=env,
                               cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    folder = tmp_path / 'xdg/state/kiln/sim/board.files'
    deadline = time.monotonic() + 60
    while not (folder / 'main.py.kiln-part').exists():
        assert time.monotonic() < deadline and running.poll() is None, running.communicate()
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert kiln('ls', check=0).stdout == '          61 boot.py\n           4 main.py\n'
    assert kiln('cat', 'main.py', check=0).stdout == 'old\n'


def test_pulled_in_mid_transfer_then_continued(kiln, tmp_path):
    data = noise(150000)
    (tmp_path / 'big').write_bytes(data)
    assert kiln('put', 'big', options='&fault=unplug@100000', check=None).returncode != 0
    folder = tmp_path / 'xdg/state/kiln/sim/board.files'
    part = (folder / 'big.kiln-part').read_bytes()
    assert len(part) >= 32768 and data.startswith(part)
    assert not (folder / 'big').exists()
    kiln('put', 'big', check=0)
    assert (folder / 'big').read_bytes() == data
    assert not (folder / 'big.kiln-part').exists()


def test_a_part_of_something_else_is_not_continued(kiln, tmp_path):
    (tmp_path / 'other').write_bytes(noise(5000, seed=2))
    (tmp_path / 'mine').write_bytes(noise(9000))
    kiln('put', 'other', ':mine.kiln-part', check=0)
    kiln('put', 'mine', check=0)
    kiln('get', ':mine', 'back', check=0)
    assert (tmp_path / 'back').read_bytes() == noise(9000)


def test_a_lost_byte_ends_in_words(kiln, tmp_path):
    (tmp_path / 'x').write_bytes(noise(20000))
    done = kiln('put', 'x', options='&fault=to-lose@9000', check=1)
    assert re.match("error: cannot put ':x': .*\nhint: .*baud", done.stderr)
    assert kiln('ls', check=0).stdout == '          61 boot.py\n'
