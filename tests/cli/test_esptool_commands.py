# SPDX-License-Identifier: Apache-2.0
"""esptool.py's commands that look: flash, memory, status. The texts are version 3.2's."""
import os
import random
import re

import pytest

BOARD = 'sim:look?clock=virtual'


def tool(run, *args, check=0, board=BOARD):
    """What is printed between the connection and the reset."""
    done = run('esptool.py', '-p', board, '-b', '460800', *args, check=check)
    text = done.stdout
    if 'Changed.\n' in text:
        text = text[text.index('Changed.\n') + len('Changed.\n'):]
    return text.replace('Hard resetting via RTS pin...\n', '')


@pytest.fixture
def data():
    return random.Random(7).randbytes(300001)


@pytest.fixture
def written(run, tmp_path, data):
    path = tmp_path / 'data.bin'
    path.write_bytes(data)
    tool(run, 'write_flash', '0x10000', path)
    return path


def test_read_flash(run, tmp_path, written, data):
    """Progress is a line that backspaces take back; the file is whole and has a usual mode."""
    out = tmp_path / 'out.bin'
    for name, address, size, n in (('read_flash', '0x10000', '300001', 300001),
                                   ('read-flash', '0x10001', '4k', 4096),
                                   ('read_flash', '65536', '0x100', 256)):
        text = tool(run, name, address, size, out)
        first = int(address, 0) - 0x10000
        assert out.read_bytes() == data[first:first + n]
        last = re.escape(f'{n} (100 %)\nRead {n} bytes at {int(address, 0):#x} in ')
        assert re.fullmatch(r'(\d+ \(\d+ %\)\x08+)*' + last + r'[\d.]+ seconds \([\d.]+ kbit/s\)\.\.\.\n',
                            text), text
    assert out.stat().st_mode & 0o777 == 0o666 & ~umask()
    text = tool(run, 'read_flash', '-p', '0x10000', '1M', out)
    assert text.startswith('Read 1048576 bytes at 0x10000') and out.stat().st_size == 1 << 20
    tool(run, 'read_flash', '-p', '0x300000', 'all', out)
    assert out.stat().st_size == 1 << 20
    assert sorted(os.listdir(tmp_path)) == ['data.bin', 'out.bin', 'sysfs', 'xdg']


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize('fault', ['from-lose@200000', 'from-flip@200000', 'from-add@200000',
                                   'to-lose@7100', 'from-lose~200000',
                                   'from-lose~30000&seed=4'])
def test_read_flash_goes_on_after_a_fault(run, tmp_path, written, data, fault):
    """What was lost or garbled on its way is read again, and what arrives is right."""
    out = tmp_path / 'out.bin'
    text = tool(run, 'read_flash', '0x10000', '300001', out, board=BOARD + '&fault=' + fault)
    assert out.read_bytes() == data
    if fault.startswith('from-') and '@' in fault:
        assert text.count('Sending again from 0x') == 1


def test_read_flash_leaves_nothing_half(run, tmp_path, written):
    out = tmp_path / 'out.bin'
    out.write_bytes(b'old')
    text = tool(run, 'read_flash', '0x3ff000', '0x2000', out, check=2)
    assert 'cannot read flash at 0x003ff000: the flash ends at 0x00400000' in text
    assert out.read_bytes() == b'old' and len(os.listdir(tmp_path)) == 4
    text = tool(run, 'read_flash', '0', '0x2000', tmp_path / 'no' / 'folder', check=2)
    assert "cannot write '" in text and 'no such file or directory' in text


def test_verify_flash(run, tmp_path, written, data):
    ok = 'Verifying 0x493e4 (300004) bytes @ 0x00010000 in flash against %s...\n' % written
    assert tool(run, 'verify_flash', '0x10000', written) == \
        'Configuring flash size...\n' + ok + '-- verify OK (digest matched)\n'
    other = tmp_path / 'other.bin'
    changed = bytearray(data[:1000])
    for at in (5, 999):
        changed[at] ^= 0x11
    other.write_bytes(changed)
    head = ('Configuring flash size...\n'
            f'Verifying 0x3e8 (1000) bytes @ 0x00010000 in flash against {other}...\n')
    fatal = ('\nA fatal error occurred: Verify failed.\n'
             'hint: write the file again with write_flash; --diff yes shows the bytes\n')
    assert tool(run, 'verify_flash', '0x10000', other, check=2) == \
        head + '-- verify FAILED (digest mismatch)\n' + fatal
    assert tool(run, 'verify_flash', '--diff', 'yes', '0x10000', other, check=2) == head + (
        '-- verify FAILED: 2 differences, first @ 0x00010005\n'
        f'   00010005 {data[5]:02x} {changed[5]:02x}\n'
        f'   000103e7 {data[999]:02x} {changed[999]:02x}\n') + fatal


def test_flash_id_and_status(run):
    assert tool(run, 'flash_id') == 'Manufacturer: c8\nDevice: 4016\nDetected flash size: 4MB\n'
    assert tool(run, 'read_flash_status') == 'Status value: 0x0000\n'
    assert tool(run, 'write_flash_status', '--bytes', '1', '0x1c') == (
        'Initial flash status: 0x00\nSetting flash status: 0x1c\nAfter flash status:   0x1c\n')
    assert tool(run, 'write_flash_status', '--non-volatile', '0x204') == (
        'Initial flash status: 0x0000\nSetting flash status: 0x0204\nAfter flash status:   0x0204\n')


def test_memory(run, tmp_path):
    assert tool(run, 'read_mem', '0x40001000') == '0x40001000 = 0x00f01d83\n'
    assert tool(run, 'write_mem', '0x3ffe0000', '0x12345678') == \
        'Wrote 12345678, mask ffffffff to 3ffe0000\n'
    assert tool(run, 'write-mem', '0x3ffe0000', '1', '0xff') == \
        'Wrote 00000001, mask 000000ff to 3ffe0000\n'
    out = tmp_path / 'dump.bin'
    assert tool(run, 'dump_mem', '0x40001000', '2k', out) == (
        '1024 bytes read... (50 %)\n2048 bytes read... (100 %)\nRead 2048 bytes\nDone!\n')
    assert out.read_bytes()[:4] == bytes.fromhex('831df000') and out.stat().st_size == 2048


def test_security_info_is_for_later_chips(run):
    text = tool(run, 'get_security_info', check=2)
    assert 'cannot read security information' in text and 'hint: the ESP32 has none' in text


def test_erase_region_all(run, env, written, data):
    text = tool(run, 'erase_region', '0x11000', 'ALL')
    assert 'Erase completed successfully in' in text
    flash = open(os.path.join(env['XDG_STATE_HOME'], 'kiln', 'sim', 'look.flash'), 'rb').read()
    assert flash[0x10000:0x11000] == data[:0x1000] and set(flash[0x11000:]) == {0xff}


@pytest.mark.parametrize('args, error', [
    (['read_flash', '0', '1x', 'f'], "bad size: '1x': not a number nor ALL (use 4096, 0x1000, 4k or 2M)"),
    (['read_flash', '0', '5000M', 'f'], "bad size: '5000M'"),
    (['read_flash', '0', '1'], 'it takes <address> <size> <file>'),
    (['dump_mem', '2', '8', 'f'], 'cannot dump 0x8 bytes at 0x2: memory is read in words'),
    (['dump_mem', '0', 'ALL', 'f'], "bad size: 'ALL': not a number (use"),
    (['read_mem'], 'it takes <address>'),
    (['write_mem', '0'], 'it takes <address> <value> [<mask>]'),
    (['verify_flash'], 'no files given'),
    (['verify_flash', '--diff=maybe', '0', 'f'], "invalid value for --diff: 'maybe'"),
    (['read_flash_status', '--bytes', '4'], "invalid value for --bytes: '4'"),
    (['write_flash_status'], 'it takes <value>'),
    (['flash_id', 'now'], 'unrecognized arguments: now'),
])
def test_wrong_lines(run, args, error):
    done = run('esptool.py', '-p', BOARD, *args, check=2)
    assert error in done.stderr and done.stdout == ''
