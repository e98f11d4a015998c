# SPDX-License-Identifier: Apache-2.0
"""What esptool refuses to do to a chip, and what it says of one that fails, in both dialects."""
import os
import struct
import subprocess
import sys

import pytest
from conftest import SOURCE

PROGRAMS = ['esptool', 'esptool.py']
FORCED = 'hint: use --force only if you know what you do: it may brick the device\n'
BOOT_V1, CRYPT = 'reg=0x3ff5a018:0x10', 'reg=0x3ff5a000:0x00100000'
BOOT_V2 = 'chip=esp32-d0wd-v3&reg=0x3ff5a018:0x20'


@pytest.fixture(params=PROGRAMS)
def tool(request, run):
    """tool(board, words): the exit code and the whole of what a failure is told."""
    def tool(board, *args, check=2, more=()):
        done = run(request.param, '-p', f'sim:{board}clock=virtual', '-b', '460800', *more, *args, check=check)
        where = done.stderr if request.param == 'esptool' else done.stdout
        other = done.stdout if request.param == 'esptool' else done.stderr
        assert 'A fatal error' not in other
        tool.text = done.stdout
        return where[where.index('A fatal error occurred: ') + len('A fatal error occurred: '):] if check else ''
    tool.v5 = request.param == 'esptool'
    return tool


@pytest.fixture(scope='module')
def image(tmp_path_factory):
    """Firmware for an ESP32; image(...) with other header fields."""
    path = tmp_path_factory.mktemp('image') / 'boot.bin'
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', path, '--size', '20000', '--bare'], check=True)
    plain = path.read_bytes()

    def make(name, chip=None, min_rev=None, revisions=None):
        data = bytearray(plain)
        if chip is not None:
            struct.pack_into('<H', data, 12, chip)
        if min_rev is not None:
            data[14] = min_rev
        if revisions:
            struct.pack_into('<HH', data, 15, *revisions)
        other = path.parent / name
        other.write_bytes(data)
        return other
    return make


def flash_of(env, name):
    return open(os.path.join(env['XDG_STATE_HOME'], 'kiln', 'sim', name + '.flash'), 'rb').read()


@pytest.mark.parametrize('fields, why', [
    ({'chip': 5}, 'it is firmware for the ESP32-C3, but the chip is an ESP32'),
    ({'chip': 77}, 'it is firmware for a chip with id 77, but the chip is an ESP32'),
    ({'min_rev': 3}, 'it needs revision v3.0 or newer, but the chip has v1.0'),
    ({'revisions': (300, 65535)}, 'it needs revision v3.0 or newer, but the chip has v1.0'),
    ({'revisions': (0, 99)}, 'it is for revisions up to v0.99, but the chip has v1.0'),
])
def test_images_for_others(tool, env, image, fields, why):
    """At any address; --force writes it all the same."""
    path = image('other.bin', **fields)
    for address in ('0x1000', '0x10000'):
        assert tool('other?', 'write-flash', address, path) == (
            f"cannot write '{path}' at 0x{int(address, 0):08x}: {why}\n"
            'hint: check the file and its address; --force writes it all the same\n')
    assert set(flash_of(env, 'other')) == {0xff}
    tool('other?', 'write-flash', '--force', '0x10000', path, check=0)
    assert flash_of(env, 'other')[0x10000:0x10000 + 1000] == path.read_bytes()[:1000]


def test_secure_boot_v1(tool, env, image):
    path = image('boot.bin')
    assert tool(f'boot1?{BOOT_V1}&', 'write-flash', '0x1000', path) == (
        'cannot write to the flash: Secure Boot V1 detected, writing to flash regions < 0x8000 is disabled to protect '
        'the bootloader\n' + FORCED)
    assert set(flash_of(env, 'boot1')) == {0xff}
    tool(f'boot1?{BOOT_V1}&', 'write-flash', '0x10000', path, check=0)
    tool(f'boot1?{BOOT_V1}&', 'write-flash', '--force', '0x1000', path, check=0)


@pytest.mark.parametrize('fuses', [BOOT_V1, BOOT_V2, CRYPT])
@pytest.mark.parametrize('words', [['erase-flash'], ['erase-region', '0', '0x1000']])
def test_erase_of_a_chip_that_is_locked(tool, fuses, words):
    assert tool(f'locked?{fuses}&', *words) == (
        'cannot erase the flash: Active security features detected, erasing flash is disabled as a safety measure\n' + FORCED)
    tool(f'locked?{fuses}&', words[0], '--force', *words[1:], check=0)


def test_encrypted_chip(tool, env, image):
    """Whose loader may not encrypt: plain bytes would not be understood."""
    path = image('boot.bin')
    board = 'crypt?reg=0x3ff5a000:0x00100000,0x3ff5a018:0x80&'
    assert tool(board, 'write-flash', '0x10000', path) == (
        'cannot write to the flash: Detected flash encryption enabled and download manual encrypt disabled: data must be '
        'encrypted before flashing\n' + FORCED)
    assert set(flash_of(env, 'crypt')) == {0xff}
    tool(board, 'write-flash', '--force', '0x10000', path, check=0)


def test_secure_download_mode(tool, image):
    board = 'sdm?chip=esp32s3&secure=download&'
    for name in ('read-mac', 'flash-id', 'erase-flash', 'run'):
        shown = name if tool.v5 else name.replace('-', '_')
        assert tool(board, name) == (
            f"cannot do that: The '{shown}' command is not available in Secure Download Mode\n"
            "hint: the chip's eFuses say so: it takes write-flash, erase-region and get-security-info\n")
    tool(board, 'get-security-info', check=0)
    tool(board, 'write-flash', '--force', '0x10000', image('boot.bin'), check=0)
    assert 'Secure Download Mode\n' in tool.text


def test_stub_that_does_not_exist(tool):
    tool('h21?chip=esp32h21&', 'read-mac', check=0)
    word = 'Warning' if tool.v5 else 'WARNING'
    assert f'\n{word}: no stub is used: ' in tool.text


@pytest.mark.parametrize('part', ['none', 'strange'])
def test_flash_chips_that_do_not_tell(tool, image, part):
    tool(f'odd{part}?part={part}&', 'flash-id', check=0)
    assert 'Detected flash size: Unknown\n' in tool.text
    text = tool(f'odd{part}?part={part}&', 'read-flash', '0x1000', 'ALL', 'out.bin')
    assert text.startswith('cannot read all from 0x00001000 on: the flash size is not known\n')


def test_size_that_is_not_known_is_guessed(tool, image):
    tool('guess?part=strange&', 'write-flash', '-fs', 'detect', '0x10000', image('boot.bin'), check=0)
    assert '4MB' in tool.text and 'Hash of data verified.' in tool.text


def test_blocks_that_are_garbled(tool, image):
    """A checksum error is named, by the stub and by the ROM; what is sent again is right."""
    for more, name in (((), 'stub error 0xc1'), (('--no-stub',), 'ROM error 0x07')):
        tool('noise?fault=to-flip@16000&', 'write-flash', '-u', '0x10000', image('boot.bin'), check=0, more=more)
        assert f': bad checksum ({name})\n' in tool.text and 'Hash of data verified.' in tool.text


def test_flash_that_fails(tool, image):
    text = tool('worn?fault=bad-sector@0x12000&', 'write-flash', '0x10000', image('boot.bin'))
    assert text.startswith("cannot verify '") and 'first in the sector at 0x00012000\nhint: ' in text
