# SPDX-License-Identifier: Apache-2.0
"""Odd files and lines, as each version of esptool takes them (3.2, 4.8.1, 5.3.1)."""
import random

import pytest
from conftest import SOURCE

BOARD = 'sim:odd?clock=virtual&flash=odd.flash'
TOOLS = {3: ['esptool.py'], 4: ['esptool.py', '--compat', '4'], 5: ['esptool']}
ELF = SOURCE / 'tests/data/elf/esp32.elf'


@pytest.mark.parametrize('version, warning', [(3, 'WARNING: File {} is empty\n'),
                                              (4, 'WARNING: File {} is empty\n'),
                                              (5, "Warning: '{}' is empty.\n")])
def test_an_empty_file_is_left_out(run, tmp_path, version, warning):
    """It is warned of, and what else there is to write is written."""
    empty, full = tmp_path / 'empty', tmp_path / 'full'
    empty.write_bytes(b'')
    full.write_bytes(b'something' * 100)
    flash = tmp_path / 'odd.flash'
    line = [*TOOLS[version], '-p', BOARD, '-b', '460800', 'write_flash']
    done = run(*line, '0x9000', empty, '0x10000', full, check=0)
    assert done.stdout.count(warning.format(empty)) == 1
    assert done.stdout.count('Hash of data verified.') == 1
    written = flash.read_bytes()
    assert written[0x10000:0x10384] == full.read_bytes() and written[0x9000:0x10000].count(0xFF) == 0x7000
    done = run(*line, '0x10000', empty, check=0)
    assert warning.format(empty) in done.stdout and 'Wrote' not in done.stdout
    assert flash.read_bytes() == written
    run(*line, '-e', '0x10000', empty, check=0)
    assert flash.read_bytes().count(0xFF) == 4 << 20


@pytest.mark.parametrize('version', TOOLS)
def test_merge_takes_any_address(run, tmp_path, version):
    """Words and sectors are the flash's; a file has bytes."""
    noise = random.Random(3).randbytes
    parts = {0x1003: noise(5), 0x2001: noise(4097), 0x9000: b''}
    words = []
    for at, data in parts.items():
        (tmp_path / f'{at}').write_bytes(data)
        words += [hex(at), f'{at}']
    run(*TOOLS[version], '--chip', 'esp32', 'merge_bin', '-o', 'out', *words, check=0)
    assert (tmp_path / 'out').read_bytes() == (
        b'\xff' * 0x1003 + parts[0x1003] + b'\xff' * (0x2001 - 0x1008) + parts[0x2001]
        + b'\xff' * (0x9000 - 0x3002))


def test_what_only_begins_like_hex(run, tmp_path):
    """Bytes that begin with a colon are bytes; a file that is called .hex has to be right."""
    data = b':) not a record\n' * 10
    for name in ('data.bin', 'data.HEX'):
        (tmp_path / name).write_bytes(data)
    run('esptool', '--chip', 'esp32', 'merge-bin', '-o', 'out', '0', 'data.bin', check=0)
    assert (tmp_path / 'out').read_bytes() == data
    run('esptool', '-p', BOARD, 'write-flash', '0', 'data.bin', check=0)
    flash = tmp_path / 'odd.flash'
    assert flash.read_bytes().startswith(data)
    for line in (['merge-bin', '-o', 'no', '0', 'data.HEX'], ['write-flash', '0', 'data.HEX']):
        done = run('esptool', '--chip', 'esp32', '-p', BOARD, *line, check=2)
        assert "cannot use 'data.HEX': cannot read the Intel HEX file: line 1" in done.stderr
    assert not (tmp_path / 'no').exists()


def test_elf2image_without_a_chip(run, tmp_path):
    """The older ones took it for an ESP8266; version 5 asks."""
    done = run('esptool', 'elf2image', '-o', 'out', ELF, check=2)
    assert ('\nA fatal error occurred: Specify the --chip argument: choose from esp8266, esp32, '
            in done.stderr)
    assert done.stderr.endswith('\nhint: it stands before the command: --chip esp32\n')
    assert not list(tmp_path.glob('out*'))
    for version in (3, 4):
        done = run(*TOOLS[version], 'elf2image', '-o', f'{version}-', ELF, check=0)
        assert 'Successfully created esp8266 image.' in done.stdout
        assert list(tmp_path.glob(f'{version}-*'))


def test_exit_code_of_a_port_that_is_missing(run):
    for version, code in ((3, 1), (4, 2), (5, 2)):
        done = run(*TOOLS[version], '-p', '/dev/ttyNONE', 'flash_id', check=code)
        assert "cannot open '/dev/ttyNONE': no such port" in done.stdout + done.stderr
        assert (done.stderr == '') == (version < 5)


@pytest.mark.parametrize('version, lines', [
    (3, 'Detected flash size: 4MB\nHard'),
    (4, 'Detected flash size: 4MB\nFlash voltage set by a strapping pin to 3.3V\nHard'),
    (5, 'Detected flash size: 4MB\nFlash voltage set by a strapping pin: 3.3V\n\nHard')])
def test_flash_id(run, version, lines):
    assert lines in run(*TOOLS[version], '-p', BOARD, 'flash_id', check=0).stdout


def test_noise_is_packed_by_the_older_ones(run, tmp_path):
    """Version 5 sends plain what would not become smaller."""
    (tmp_path / 'noise').write_bytes(random.Random(4).randbytes(8192))
    for version in (3, 4):
        done = run(*TOOLS[version], '-p', BOARD, '-b', '460800', 'write_flash', '0', 'noise', check=0)
        assert '\nCompressed 8192 bytes to 8' in done.stdout and 'Cannot compress' not in done.stdout
        assert 'Wrote 8192 bytes (8' in done.stdout and ' compressed) at 0x00000000' in done.stdout
    done = run('esptool', '-p', BOARD, '-b', '460800', 'write-flash', '0', 'noise', check=0)
    assert 'Cannot compress' in done.stdout and ' compressed)' not in done.stdout


INTRODUCED = [
    (3, 'esp8266', 'Chip is ESP8266EX\nFeatures: WiFi, 160MHz\n'),
    (4, 'esp8266', 'Chip is ESP8266EX\nFeatures: WiFi, 160MHz\n'),
    (5, 'esp8266', 'Chip type:          ESP8266EX\nFeatures:           Wi-Fi, 160MHz\n'),
    (3, 'esp32', 'Chip is ESP32-D0WDQ6 (revision 1)\nFeatures: WiFi, BT, Dual Core, Coding Scheme None\n'),
    (3, 'esp32c3', 'Chip is ESP32-C3 (QFN32) (revision v0.3)\nFeatures: WiFi, BT 5 (LE), Single Core, 160MHz\n'),
    (4, 'esp32c3', 'Chip is ESP32-C3 (QFN32) (revision v0.3)\nFeatures: WiFi, BT 5 (LE), Single Core, 160MHz\n'),
]


@pytest.mark.parametrize('version, chip, lines', INTRODUCED)
def test_how_chips_are_introduced(run, version, chip, lines):
    assert lines in run(*TOOLS[version], '-p', f'sim:{chip}?clock=virtual&chip={chip}', 'read_mac', check=0).stdout


def test_chip_id(run):
    """An ESP8266's is the lower half of its address, below a number that tells the maker."""
    for version in (4, 5):
        done = run(*TOOLS[version], '-p', 'sim:id?clock=virtual&chip=esp8266&mac=18:fe:34:0a:0b:0c', 'chip_id',
                   check=0)
        assert '\nChip ID: 0x000a0b0c\n' in done.stdout and 'arning' not in done.stdout


def test_soft_reset(run, tmp_path):
    """ESP8266 boards without reset lines are flashed so. Others are refused before they are touched."""
    (tmp_path / 'data').write_bytes(b'data' * 9)
    line = ['--after', 'soft_reset', 'write_flash', '0x3000', 'data']
    done = run('esptool.py', '-p', BOARD + '&chip=esp8266', *line, check=0)
    assert 'Hash of data verified.\n' in done.stdout
    assert "WARNING: the stub can't start the firmware: press the board's reset button\n" in done.stdout
    (tmp_path / 'odd.flash').unlink()
    done = run('esptool.py', '-p', 'sim:soft?clock=virtual&flash=odd.flash', *line, check=2)
    assert '\nA fatal error occurred: cannot end with a soft reset: ' in done.stdout
    assert (tmp_path / 'odd.flash').read_bytes().count(0xFF) == 4 << 20


def test_watchdog_reset_where_there_is_none(run):
    said = 'Watchdog hard reset is not supported on ESP32, attempting classic hard reset instead.\n'
    for version in TOOLS:
        text = run(*TOOLS[version], '-p', BOARD, '--after', 'watchdog_reset', 'read_mac', check=0).stdout
        assert text.count(said) == 1 and text.endswith('Hard resetting via RTS pin...\n')


def test_what_a_rom_takes_its_crystal_for(run):
    """The original reckons the baud for an ESP32's ROM from these, and failed on a board without them."""
    def word(address):
        return int(run('esptool', '-p', BOARD, '--no-stub', 'read_mem', address, check=0).stdout.split(' = ')[1][:10], 0)
    assert (word('0x3ff5f06c') >> 7) * 15625 * (word('0x3ff5a010') & 0xff) // 40 == 40000000


def test_a_size_that_the_flash_has_not(run, tmp_path):
    """What goes beyond its end would come out at its beginning. The header still gets the size."""
    (tmp_path / 'data').write_bytes(b'data' * 9)
    for version in TOOLS:
        line = [*TOOLS[version], '-p', BOARD, 'write_flash', '-fs', '16MB']
        done = run(*line, '0x500000', 'data', check=2)
        assert ("cannot write 'data' at 0x00500000: it ends at 0x00500024, but the flash does at 0x00400000\n"
                in done.stdout + done.stderr)
        run(*line, '0x300000', 'data', check=0)
    flash = (tmp_path / 'odd.flash').read_bytes()
    assert flash[:0x300000].count(0xFF) == 0x300000


def test_no_flash_chip_at_all(run, tmp_path):
    """It reads as FF whatever was written, and that is seen."""
    (tmp_path / 'data').write_bytes(b'data' * 9)
    for version in TOOLS:
        done = run(*TOOLS[version], '-p', BOARD + '&part=none', '-b', '921600', 'write_flash', '0x3000', 'data',
                   check=2)
        assert 'the flash chip does not answer (id 0xffffff)' in done.stdout
        assert 'Hash of data verified' not in done.stdout


def test_an_error_has_no_empty_reason(run):
    done = run('esptool', '-p', 'sim:odd?clock=virtual&chip=esp32s3', '--override-vddsdio', '1.8V', 'read-mac', check=2)
    assert done.stderr.startswith('\nA fatal error occurred: Overriding VDDSDIO is not supported by ESP32-S3.\n')
