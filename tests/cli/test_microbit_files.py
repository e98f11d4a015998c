# SPDX-License-Identifier: Apache-2.0
"""Files on a MicroPython that we did not write: the micro:bit's 1.9.2, in Debian's qemu.

It has a flat file system, and neither hashlib, binascii, os.stat, os.rename nor binary input.
"""
import hashlib
import random

import pytest
from microbit import fresh_microbit, needs_microbit

pytestmark = needs_microbit


@pytest.fixture
def kiln(run):
    """kiln(verb, *args) on a fresh micro:bit."""
    with fresh_microbit() as (port, _):
        yield lambda verb, *args, **more: run('kiln', verb, '-p', port, *args, **more)


def test_there_and_back(kiln, tmp_path):
    data = random.Random(1).randbytes(1500)
    (tmp_path / 'x.bin').write_bytes(data)
    (tmp_path / 'main.py').write_text('print("hé")\n')
    kiln('put', 'x.bin', 'main.py', check=0)
    assert kiln('ls', check=0).stdout == '          13 main.py\n        1500 x.bin\n'
    kiln('get', ':x.bin', 'back', check=0)
    assert (tmp_path / 'back').read_bytes() == data
    assert kiln('cat', 'main.py', check=0).stdout == 'print("hé")\n'
    assert kiln('sha256sum', 'x.bin', check=0).stdout == f'{hashlib.sha256(data).hexdigest()}  x.bin\n'
    kiln('cp', ':main.py', ':copy.py', check=0)
    kiln('rm', 'main.py', 'x.bin', check=0)
    assert kiln('ls', check=0).stdout == '          13 copy.py\n'


@pytest.mark.parametrize('args, error', [
    (['cat', 'no'], "cannot get ':no': no such file or directory"),
    (['rm', 'no'], "cannot remove ':no': no such file or directory"),
    (['mv', 'a', 'b'], "cannot rename ':a': this board's MicroPython has no os.rename"),
    (['df'], "cannot tell the free space: this board's MicroPython has no os.statvfs"),
])
def test_what_it_cannot(kiln, args, error):
    done = kiln(*args, check=1)
    assert done.stderr.splitlines()[0] == f'error: {error}'


def test_disk_full(kiln, tmp_path):
    (tmp_path / 'big').write_bytes(b'x' * 32000)
    done = kiln('put', 'big', check=1, timeout=110)
    assert done.stderr.splitlines()[0] == "error: cannot put ':big': no space left on device"
    assert kiln('ls', check=0).stdout == ''
