# SPDX-License-Identifier: Apache-2.0
"""esptool.py's commands that reach past the flash's contents: its SFDP table, its pins, RAM.

The texts are those of esptool.py 4.8.
"""
import struct

import pytest

BOARD = 'sim:hardware?clock=virtual'


def tool(run, *args, check=0, board=BOARD):
    """What is printed between the connection and the reset."""
    text = run('esptool.py', '-p', board, *args, check=check).stdout
    for head in ('Stub running...\n', 'MAC: '):
        if head in text:
            text = text[text.index(head):].split('\n', 1)[1]
            break
    return text.replace('Hard resetting via RTS pin...\n', '')


def ram_image(chip, *segments, entry):
    """An image as the ROM of an ESP32 loads it."""
    out = struct.pack('<BBBBIBBBBHBHHIB', 0xE9, len(segments), 2, 0x20, entry,
                      0xEE, 0, 0, 0, chip, 0, 0, 0xFFFF, 0, 0)
    checksum = 0xEF
    for address, data in segments:
        out += struct.pack('<II', address, len(data)) + data
        for byte in data:
            checksum ^= byte
    return out + bytes(15 - len(out) % 16) + bytes([checksum])


ID = 'Manufacturer: ef\nDevice: 4016\nDetected flash size: 4MB\n'


def test_sfdp(run):
    board = BOARD + '&part=w25q'
    assert tool(run, 'read_flash_sfdp', '0', '4', board=board) == ID + 'SFDP[0..3]: 53 46 44 50 \n'
    assert tool(run, 'read-flash-sfdp', '0x10', '1', board=board) == ID + 'SFDP[16..16]: EF \n'


def test_other_pins(run):
    assert tool(run, 'flash_id', '-sc', '6,17,0x8,11,16').startswith(
        'Configuring SPI flash mode (CLK:6, Q:17, D:8, HD:11, CS:16)...\nManufacturer: c8\n')
    assert tool(run, 'erase_region', '-sc', 'hspi', '0', '4096').startswith(
        'Configuring SPI flash mode (HSPI)...\nErasing region')
    assert tool(run, '--no-stub', 'read_flash_status').startswith(
        'Enabling default SPI flash mode...\nStatus value: 0x0000')
    text = tool(run, 'flash_id', '-sc', '31,17,8,11,16', check=2)
    assert 'A fatal error occurred: SPI Pin numbers must be in the range 0-29, 32, or 33.\n' in text
    text = tool(run, 'flash_id', '-sc', 'SPI', check=2, board='sim:old?clock=virtual&chip=esp8266')
    assert 'Setting --spi-connection is not supported by ESP8266.' in text


def test_silent_and_strange_flash_chips(run):
    text = tool(run, 'flash_id', board=BOARD + '&part=none')
    assert text.startswith('WARNING: the flash chip does not answer (id 0xffffff): ')
    text = tool(run, 'flash_id', board=BOARD + '&part=strange')
    assert text == 'Manufacturer: 7f\nDevice: 9977\nDetected flash size: Unknown\n'
    text = tool(run, 'flash_id', board=BOARD + '&part=xmc')
    assert text == ('WARNING: XMC flash chip boot-up failure detected! Running XMC25QHxxC startup flow\n'
                    'WARNING: XMC flash chip boot-up fix successful!\n'
                    'Manufacturer: 20\nDevice: 4016\nDetected flash size: 4MB\n')


def test_size_that_is_not_known(run, tmp_path):
    """Where the flash chip does not tell its size, 4 MB is taken, or what the user says."""
    board = BOARD + '&part=strange'
    out = tmp_path / 'out.bin'
    text = tool(run, 'read_flash', '-p', '-fs', 'detect', '0', '16', out, board=board)
    assert 'WARNING: the flash size could not be detected (id 0x77997f): 4 MB is taken' in text
    text = tool(run, 'read_flash', '-p', '-fs', '2MB', '0', '16', out, board=board)
    assert text.startswith('Configuring flash size...\nRead 16 bytes at 0x0 in ')
    text = tool(run, 'read_flash', '-p', '-fs', '1MB', '0x100000', '16', out, board=board, check=2)
    assert 'the flash ends at 0x00100000' in text
    text = tool(run, 'read_flash', '0', 'ALL', out, board=board, check=2)
    assert 'cannot read all from 0x00000000 on: the flash size is not known' in text


def test_voltage(run):
    text = tool(run, '--override-vddsdio', '1.8V', 'read_mem', '0x3ff48074')
    assert text == 'VDDSDIO regulator set to 1.8V\n0x3ff48074 = 0x80600000\n'


def test_load_ram(run, tmp_path):
    image = tmp_path / 'ram.bin'
    image.write_bytes(ram_image(0, (0x40080000, bytes(range(256)) * 40), (0x3FFB0000, b'abcd'),
                                entry=0x40080010))
    for options in ([], ['--no-stub']):
        assert tool(run, *options, 'load_ram', image) == (
            'RAM boot...\n'
            'Downloading 10240 bytes at 40080000... done!\n'
            'Downloading 4 bytes at 3ffb0000... done!\n'
            'All segments done, executing at 40080010\n'
            'Exiting immediately.\n')
    image.write_bytes(ram_image(0, (0x400A8100, b'over'), entry=0x400A8100))
    text = tool(run, 'load_ram', image, check=2)
    assert (f"cannot load '{image}' to RAM: Software loader is resident at 0x400a8000-0x" in text)
    assert ("Can't load binary at overlapping address range 0x400a8100-0x400a8104.\n"
            'hint: change where the binary is loaded, or use --no-stub') in text
    image.write_bytes(b'no image at all')
    text = tool(run, 'load_ram', image, check=2)
    assert 'A fatal error occurred: cannot load ' in text


@pytest.mark.parametrize('args, error', [
    (['load_ram'], 'it takes one file'),
    (['load_ram', 'a', 'b'], 'it takes one file'),
    (['read_flash_sfdp', '0'], 'it takes <address> <bytes>'),
    (['read_flash_sfdp', '0', '5'], 'Invalid number of bytes to read from SFDP (1-4).'),
    (['flash_id', '-sc', 'USPI'], "invalid value for --spi-connection: 'USPI'"),
    (['flash_id', '-sc', '1,2,3,4'], 'Values are SPI, HSPI, or a sequence of 5 pin numbers'),
    (['flash_id', '-sc', '1,2,3,4,5,6'], "invalid value for --spi-connection: '1,2,3,4,5,6'"),
    (['flash_id', '-sc', '1,2,3,4,x'], "invalid value for --spi-connection: '1,2,3,4,x'"),
    (['--override-vddsdio=5V', 'flash_id'], "invalid value for --override-vddsdio: '5V'"),
])
def test_wrong_lines(run, args, error):
    done = run('esptool.py', '-p', BOARD, *args, check=2)
    assert error in done.stderr and done.stdout == ''


def test_security_info(run):
    """In words, as version 5 says it; key purposes by their names, of those chips that have them."""
    def text(chip, more='', check=0):
        done = run('esptool', '-p', f'sim:secure-{chip}?clock=virtual&chip={chip}{more}', 'get-security-info',
                   check=check)
        return done.stdout[done.stdout.find('Security Information'):].replace(
            '\nHard resetting via RTS pin...\n', '')
    assert text('esp32c3') == (
        'Security Information:\n=====================\nFlags: 0x00000000 (0b0)\n'
        'Key Purposes: (0, 0, 0, 0, 0, 0, 12)\n'
        + ''.join(f'  BLOCK_KEY{n} - USER/EMPTY\n' for n in range(6)) +
        'Chip ID: 5\nAPI Version: 3\nSecure Boot: Disabled\nFlash Encryption: Disabled\n'
        'SPI Boot Crypt Count (SPI_BOOT_CRYPT_CNT): 0x0\n')
    locked = text('esp32s3', '&flags=0x7e3&crypt=7')
    assert locked.endswith(
        'Secure Boot: Enabled\nSecure Boot Aggressive key revocation: Enabled\n'
        'Secure Boot Key Revocation Status:\n\n\tSecure Boot Key2 is Revoked\n\n'
        'Flash Encryption: Enabled\nSPI Boot Crypt Count (SPI_BOOT_CRYPT_CNT): 0x7\n'
        'Dcache in UART download mode: Disabled\nIcache in UART download mode: Disabled\n'
        'JTAG: Permanently Disabled\nUSB Access: Disabled\n')
    assert 'Key Purposes' not in text('esp32c2') and 'Chip ID: 12' in text('esp32c2')
    assert 'Chip ID' not in text('esp32s2') and 'BLOCK_KEY5' in text('esp32s2')
    assert 'BLOCK_KEY5' not in text('esp32s31')
    text('esp32', check=2)
    words = text('esp32c3')
    board = 'sim:secure-esp32c3?clock=virtual&chip=esp32c3'
    done = run('esptool', '--compat', '4', '-p', board, 'get_security_info', check=0)
    assert f'\n\n{words}Hard resetting' in done.stdout
    done = run('esptool', '--compat', '3', '-p', board, 'get_security_info', check=0)
    assert 'Chip_ID: 5\n' in done.stdout and 'Security Information' not in done.stdout
