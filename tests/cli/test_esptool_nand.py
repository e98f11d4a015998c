# SPDX-License-Identifier: Apache-2.0
"""As esptool with a NAND flash: its words, which are those of version 5.3.1 on the same virtual board."""
import random

import pytest
from test_esptool_v5 import bars, normal

BOARD = 'sim:nand?clock=virtual&chip=esp32s3&nand=w25n01gv'
PINS = ('-sc', '12,13,11,9,10')
FOUND = ('Configuring SPI NAND flash mode (CLK:12, Q:13, D:11, HD:9, CS:10)...\nDetected NAND chip: Winbond W25N01GV (1Gbit)\n'
         'Warning: NAND flash support is experimental and may change without notice.\n')
BLOCK = 0x20000


@pytest.fixture
def tool(run):
    """What a command prints behind the connection, up to the reset."""
    def tool(*args, check=0, board=BOARD, program='esptool'):
        done = run(program, '-c', 'esp32s3', '-p', board, '-b', '2000000', *args, check=check)
        text = normal(done.stdout)
        assert 'Configuring SPI NAND' in text, done.stdout + done.stderr
        text = text[text.index('Configuring SPI NAND'):]
        # version 3 says a failure instead of the reset, and there
        text = text[:text.index('A fatal error' if check and program == 'esptool.py' else 'Hard resetting')]
        return (text.rstrip('\n') + '\n').replace('WARNING:', 'Warning:'), done.stderr
    return tool


@pytest.fixture
def files(tmp_path):
    (tmp_path / 'a.bin').write_bytes(random.Random(1).randbytes(200000))
    (tmp_path / 'b.bin').write_bytes(random.Random(2).randbytes(3000))
    return tmp_path


def test_the_plugin_is_announced(run):
    text = run('esptool', '-c', 'esp32s3', '-p', BOARD, 'read-nand-spare', *PINS, '0', check=0).stdout
    assert '\nStub: 7.6 KB (base) + 3.8 KB (nand)\nUploading stub flasher...\n' in text
    assert 'Stub:' not in run('esptool', '-c', 'esp32s3', '-p', BOARD, 'flash-id', check=0).stdout


@pytest.mark.parametrize('program', ['esptool', 'esptool.py'])
def test_write_read_verify_erase(tool, files, program):
    board = BOARD + '&bad-blocks=1,3'
    write, read, verify, erase = 'write_flash read_flash verify_flash erase_region'.split()
    text, stderr = tool(write, '-ft', 'nand', *PINS, '-p', '0', 'a.bin', board=board, program=program)
    assert (text, stderr) == (FOUND + 'Wrote 131072 bytes at 0x00000000 in TIME seconds (SPEED).\n'
                              'Found bad block at 0x00020000, trying next block!\n'
                              'Wrote 131072 bytes at 0x00040000 in TIME seconds (SPEED).\nLeaving...\n', '')
    text, _ = tool(read, '-p', '-ft', 'nand', *PINS, '0', '200000', 'o.bin', program=program)
    assert text.startswith(FOUND + 'Skipping bad block at 0x00020000 during read\nRead 200000 bytes ')
    assert (files / 'o.bin').read_bytes() == (files / 'a.bin').read_bytes()
    text, _ = tool(verify, '-ft', 'nand', *PINS, '0', 'a.bin', program=program)
    assert text == (FOUND + "Verifying 0x40000 (262144) bytes at 0x00000000 against 'a.bin'...\n"
                    'Skipping bad block at 0x00020000 during verify\nVerification successful.\n')
    text, stderr = tool(verify, '-ft', 'nand', *PINS, '0', 'b.bin', check=2, program=program)
    assert text == (FOUND + "Verifying 0x20000 (131072) bytes at 0x00000000 against 'b.bin'...\n"
                    '  Block at 0x00000000: MISMATCH\nVerification failed.\n')
    # the bytes beyond the short file count too, as FF
    text, stderr = tool(verify, '--diff', '-ft', 'nand', *PINS, '0', 'b.bin', check=2, program=program)
    a, b = ((files / name).read_bytes()[:BLOCK].ljust(BLOCK, b'\xff') for name in ('a.bin', 'b.bin'))
    n = sum(x != y for x, y in zip(a, b))
    assert f'  Block at 0x00000000: {n} byte differences, first at offset 0\n' in text
    text, _ = tool(erase, '-ft', 'nand', *PINS, '0', '0x40000', program=program)
    assert text.replace('0.0s', 'TIME') == (
        FOUND + 'Erasing NAND flash region...\nSkipping bad block at 0x00020000 during erase\n'
        'NAND region erase complete in TIME: 1 blocks erased, 0 failed (marked bad).\n'
        + ('Note: ' if program == 'esptool' else 'Warning: ') +
        '1 marked bad: left alone (erase-flash or erase-region with --force erases them, and their marks).\n')


def test_progress(tool, files):
    text, _ = tool('write-flash', '-ft', 'nand', *PINS, '0x20000', 'a.bin')
    steps, text = bars(text)
    assert text == (FOUND + 'PROGRESS\nWrote 131072 bytes at 0x00020000 in TIME seconds (SPEED).\n'
                    'PROGRESS\nWrote 131072 bytes at 0x00040000 in TIME seconds (SPEED).\nLeaving...\n')
    assert steps[0] == ('Writing at', ' ' * 30, '  0.0', '0', '131072')
    assert [step[3] for step in steps] == [str(i * 0x4000) for i in (*range(8), *range(5))]
    text, _ = tool('read-flash', '-ft', 'nand', *PINS, '0x20000', '200000', 'o.bin')
    steps, text = bars(text)
    assert text.startswith(FOUND + 'PROGRESS\nRead 200000 bytes from 0x00020000 in TIME seconds (SPEED)')
    assert steps[-1][2:] == ('100.0', '200000', '200000')


def test_marks(tool, files):
    board = BOARD + '&bad-blocks=3,17'
    text, _ = tool('dump-bbm', *PINS, '--block-count', '32', 'bbm', board=board)
    assert text == (FOUND + 'BBM dump: 32 blocks scanned, 2 bad.\nBad block indices: [3, 17]\n'
                    "Written to 'bbm' (32 bytes, 0x00=good 0x01=bad).\n")
    assert (files / 'bbm').read_bytes() == bytes(i in (3, 17) for i in range(32))
    text, _ = tool('read_nand_spare', *PINS, 3 * 64)
    assert text == FOUND + 'NAND spare for page 192: first word 0xffffff00 (bad-block marker byte = 0x00)\n'
    text, _ = tool('write-nand-spare', *PINS, 64, 1)
    assert text == FOUND + 'NAND spare written for page 64: echo 0x00000000\n'
    text, _ = tool('read-nand-spare', *PINS, 64)
    assert text == FOUND + 'NAND spare for page 64: first word 0x00000000 (bad-block marker byte = 0x00)\n'
    text, _ = tool('write-nand-spare', *PINS, 64, 0)
    assert 'Warning: The mark is still there: only an erase of the block takes it away (erase-region --force).\n' in text
    # an erase leaves marked blocks alone, unless it is forced
    text, _ = tool('erase-flash', '-ft', 'nand', *PINS)
    assert 'Erasing NAND flash (all blocks but bad-marked)...\n' in text and ': 1021 blocks erased, 0 failed' in text
    text, _ = tool('erase-flash', '-ft', 'nand', '--force', *PINS)
    assert 'Erasing NAND flash (all blocks including bad-marked)...\n' in text and ': 1024 blocks erased, 0 failed' in text
    text, _ = tool('dump-bbm', *PINS, 'bbm')
    assert 'BBM dump: 1024 blocks scanned, 0 bad.\nWritten to' in text


def test_blocks_that_fail(tool, files):
    for fault, warning in (('nand-program', 'P_FAIL reported by NAND chip'), ('nand-erase', 'E_FAIL reported by NAND chip'),
                           ('nand-silent', 'Write verify failed')):
        text, _ = tool('write-flash', '-p', '-ft', 'nand', *PINS, '0', 'b.bin',
                       board=BOARD.replace('nand?', f'{fault}?') + f'&fault={fault}@0')
        assert f'Warning: {warning} at 0x00000000, marking as bad block\n' in text
        assert text.endswith('Wrote 131072 bytes at 0x00020000 in TIME seconds (SPEED).\nLeaving...\n')


def test_nothing_is_erased_for_what_does_not_fit(run, files):
    board = BOARD + '&bad-blocks=1'
    args = ('-c', 'esp32s3', '-p', board, '-b', '2000000')
    run('esptool', *args, 'write-flash', '-ft', 'nand', *PINS, '0', 'b.bin', check=0)
    done = run('esptool', *args, 'write-flash', '-e', '-ft', 'nand', *PINS, '--nand-end-address',
               '0x40000', '0', 'a.bin', check=2)
    assert 'Not enough good blocks between 0x0 and 0x40000: need 2, found 1' in done.stderr
    assert 'NAND erase complete' not in done.stdout
    run('esptool', *args, 'read-flash', '-ft', 'nand', *PINS, '0', '3000', 'o.bin', check=0)
    assert (files / 'o.bin').read_bytes() == (files / 'b.bin').read_bytes()


REFUSED = [
    (BOARD + '&bad-blocks=0', ('write-flash', '-ft', 'nand', *PINS, '--nand-end-address', '0x20000', '0', 'b.bin'),
     'Not enough good blocks between 0x0 and 0x20000: need 1, found 0'),
    (BOARD + '&bad-blocks=0', ('write-flash', '-ft', 'nand', *PINS, '0', 'b.bin', '0x20000', 'b.bin'),
     'Failed to write image due to image overlap: bad blocks push what comes before'),
    (BOARD + '&fault=nand-ecc@0', ('read-flash', '-ft', 'nand', *PINS, '0', '4k', 'o.bin'),
     'cannot read NAND flash at 0x00000000: page 0 (block 0) holds more wrong bits than its ECC can correct'),
    (BOARD, ('read-flash', '-ft', 'nand', *PINS, '0x8000000', 'ALL', 'o.bin'),
     'cannot read all from 0x08000000 on: no good block of NAND flash follows'),
    (BOARD, ('read-flash', '-ft', 'nand', *PINS, '0x7fe0000', '0x20001', 'o.bin'),
     'cannot read 131073 bytes of NAND flash at 0x07fe0000: need 2 good blocks of 128 KB before 0x08000000, found 1'),
    (BOARD, ('read-nand-spare', '-sc', '1,2,3,4,5', '0'), 'cannot find a NAND flash: nothing answers at the pins'),
    (BOARD, ('read-nand-spare', '-sc', 'HSPI', '0'), 'cannot work with NAND flash: there is none at HSPI'),
    (BOARD.replace('w25n01gv', 'none'), ('dump-bbm', *PINS, 'o.bin'), 'cannot find a NAND flash: nothing answers at the pins'),
    (BOARD.replace('w25n01gv', 'strange'), ('dump-bbm', *PINS, 'o.bin'),
     'Unrecognized NAND JEDEC ID (mfr=0x7f, dev=0x9999): Only Winbond W25N01GV is supported'),
    ('sim:c3?clock=virtual&chip=esp32c3', ('erase-flash', '-ft', 'nand', *PINS),
     "cannot work with NAND flash on this chip: the ESP32-C3 stub has no plugin 'nand'"),
    ('sim:32?clock=virtual', ('erase-region', '-ft', 'nand', *PINS, '0', '0x20000'),
     "cannot work with NAND flash on this chip: the ESP32 stub has no plugin 'nand'"),
]


@pytest.mark.parametrize('board, args, said', REFUSED, ids=[said[:40] for _, _, said in REFUSED])
def test_refusals(run, files, board, args, said):
    done = run('esptool', '-p', board, *args, check=2)
    assert f'A fatal error occurred: {said}' in done.stderr
    assert not (files / 'o.bin').exists()


def test_without_the_stub(run):
    done = run('esptool', '--no-stub', '-p', BOARD, 'read-nand-spare', *PINS, '0', check=2)
    assert 'A fatal error occurred: cannot work with NAND flash: a plugin of the stub does that' in done.stderr
