# SPDX-License-Identifier: Apache-2.0
"""write_flash over what was written before, and of what the chip is to encrypt.

The texts are those of esptool v5.3.1.
"""
import random
import re

import pytest

BOARD = 'sim:rewrite?clock=virtual'


@pytest.fixture
def files(tmp_path):
    """A file that compresses, and one that differs from it in three sectors, two of them neighbours."""
    plain = bytearray(b''.join(bytes([n]) * n for n in random.Random(2).choices(range(1, 250), k=250)))
    (tmp_path / 'old.bin').write_bytes(plain)
    for at in (9000, 20000, 20600):
        plain[at] ^= 1
    (tmp_path / 'new.bin').write_bytes(plain)
    return tmp_path / 'old.bin', tmp_path / 'new.bin'


def write(run, *args, check=0, board=BOARD):
    """What version 5 prints between the flash's size and the reset, without times."""
    done = run('esptool', '-p', board, '-b', '460800', '-c', 'esp32', 'write-flash', *args, check=check)
    text = done.stdout + done.stderr
    text = text[text.index('Changed.\n') + len('Changed.\n'):].replace('Configuring flash size...\n', '')
    text = re.sub(r'\n*\nWriting at 0x[0-9a-f]+ \[.*', '', text).replace('\nHard resetting via RTS pin...\n', '')
    return re.sub(r'in [\d.]+ seconds \([\d.]+ kbit/s\)', 'in T', text).strip('\n')


def test_changed_sectors(run, files):
    old, new = files
    write(run, '0x10000', old)
    text = write(run, '0x10000', new, '--diff-with', old)
    assert re.sub(r'\d+ compressed', 'N compressed', re.sub(r'to \d+\.\.\.', 'to N...', text)) == (
        'Changed data sectors found, fast reflashing...\n'
        'Reflashing 1 changed sector at 0x00012000...\n'
        'Flash will be erased from 0x00012000 to 0x00012fff...\n'
        'Compressed 4096 bytes to N...\n'
        'Wrote 4096 bytes (N compressed) at 0x00012000 in T.\n'
        'Reflashing 2 changed sectors at 0x00014000...\n'
        'Flash will be erased from 0x00014000 to 0x00015fff...\n'
        'Compressed 8192 bytes to N...\n'
        'Wrote 8192 bytes (N compressed) at 0x00014000 in T.\n'
        'Verifying written data...\n'
        'Hash of data verified.')
    assert write(run, '0x10000', new, '--diff-with', new) == (
        'No changed sectors found, verifying if data is in flash...\n'
        f"'{new}' at 0x00010000 verified.")
    assert write(run, '0x10000', old, '--diff-with', old, '--trust-flash-content') == (
        'No changed sectors found and trust flash content mode is enabled, skipping write and '
        'verification.')
    text = write(run, '0x10000', old, '--diff-with', old)
    assert 'Note: Data not found in flash, flashing the whole image...\n' in text
    assert text.endswith('Hash of data verified.')
    text = write(run, '0x10000', new, '0x20000', old, '--diff-with', 'skip', old)
    assert 'Reflashing' not in text and text.count('Hash of data verified.') == 2


def test_skip_flashed(run, files):
    old, new = files
    write(run, '0x10000', old)
    text = write(run, '-s', '0x10000', old, '0x20000', new)
    assert text.startswith(
        f"Writing '{old}' at 0x00010000...\n"
        'Comparing flash contents against new data...\n'
        f"'{old}' at 0x00010000 already in flash, skipping write.\n\n"
        f"Writing '{new}' at 0x00020000...\n"
        'Comparing flash contents against new data...\n'
        'Flash will be erased from 0x00020000 to ')
    text = write(run, '-e', '--skip-flashed', '0x10000', old)
    assert text.startswith('Note: Skipping flashing of already flashed content is not supported with '
                           'enabled erase-all. Will flash all data.\n')


def test_encrypted(run, env, files):
    old, _ = files
    board = BOARD + '2&reg=0x3ff5a000:0x10000,0x3ff5a014:0xf0000000'
    board = board.replace('virtual2', 'virtual')
    text = write(run, '--encrypt', '0x10000', old, board=board)
    assert text.endswith('Verifying written data...\n'
                         'Cannot verify written data if encrypted or in secure download mode.')
    text = write(run, '0x20000', old, '--encrypt-files', '0x10000', old, board=board)
    assert text.count('Hash of data verified.') == 1 and text.count('Cannot verify') == 1
    text = write(run, '--encrypt', '0x10000', old, check=2)
    assert 'Warning: Flash encryption key is not programmed\n' in text
    assert "Can't perform encrypted flash write" in text
    write(run, '--encrypt', '--ignore-flash-enc-efuse', '0x10000', old)


@pytest.mark.parametrize('args, error', [
    (['--encrypt', '--encrypt-files', '0x1000', 'F'], 'Options --encrypt and --encrypt-files must not be'),
    (['--encrypt-files', '0x1000'], "no file given for address '0x1000'"),
    (['--diff-with', 'F', '-s'], '--diff-with and --skip-flashed exclude each other'),
    (['--trust-flash-content'], 'Option --trust-flash-content requires --diff-with.'),
    (['--diff-with', 'F', 'F'], '--diff-with has more files than are written'),
    (['--diff-with', 'gone.bin'], "cannot open 'gone.bin': no such file or directory"),
])
def test_wrong_lines(run, files, args, error):
    path = str(files[0])
    args = [path if a == 'F' else a for a in args]
    done = run('esptool.py', '-p', BOARD, 'write_flash', '0x10000', path, *args, check=2)
    assert error in done.stderr + done.stdout
