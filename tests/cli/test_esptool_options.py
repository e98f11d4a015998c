# SPDX-License-Identifier: Apache-2.0
"""Every option of esptool v3 to v5, in each spelling that any version has had, in both dialects.

That an option does something is what the other files test; here it is that no old line is refused,
and that wrong ones are told what is wrong. A help at the end keeps the line from being run.
"""
import itertools
import subprocess

import pytest
from conftest import BUILD

FREQ, MODE, SIZE = ('-ff 40m', '--flash_freq keep', '--flash-freq=80m'), ('-fm dio', '--flash_mode qio', '--flash-mode=keep'), \
    ('-fs 4MB', '--flash_size detect', '--flash-size=keep', '-fs 2MB-c1')
HEADER = FREQ + MODE + SIZE
PINS = ('-sc SPI', '--spi-connection HSPI', '--spi_connection=6,17,8,11,16')

GLOBAL = (
    '-c esp32', '--chip ESP32-S3', '--chip=esp32(s3)', '--chip auto', '-p /dev/ttyUSB0', '--port=socket://h:1',
    '--port rfc2217://h:1', '-b 460800', '--baud=0x1c200', '-b 921_600', '--port-filter vid=0x303a pid=0x1001',
    '--port-filter name=USB --port-filter serial=1', '--port_filter=vid=1', '--before default-reset',
    '--before default_reset', '--before usb_reset', '--before no-reset', '--before no_reset_no_sync', '-a hard-reset',
    '--after soft_reset', '--after no-reset', '--after=no_reset_stub', '--after watchdog-reset', '--no-stub', '--no_stub',
    '--stub-version 1', '--stub_version=2', '-t', '--trace', '-v', '--verbose', '-s', '--silent',
    '--override-vddsdio 1.8V', '--override-vddsdio OFF', '--override_vddsdio=1.9V', '--override-vddsdio',
    '--connect-attempts 3', '--connect-attempts=0', '--connect_attempts -1', '--compat 4', '--compat=5')

COMMANDS = {
    'write-flash': ('-e', '--erase-all', '--erase_all', '-p', '--no-progress', '--encrypt', '--encrypt-files 0x20000 FILE',
                    '--ignore-flash-enc-efuse', '--ignore-flash-encryption-efuse-setting',
                    '--ignore_flash_encryption_efuse_setting', '--diff-with FILE', '--diff-with skip',
                    '--diff-with FILE --trust-flash-content', '--diff-with FILE --no-diff-verify', '-s', '--skip-flashed', '--force',
                    '-z', '--compress', '-u', '--no-compress', '--verify', *HEADER, *PINS),
    'read-flash': ('-p', '--no-progress', *SIZE, *PINS),
    'verify-flash': ('-d', '--diff', '--diff yes', '--diff no', *HEADER, *PINS),
    'erase-flash': ('--force', *PINS),
    'erase-region': ('--force', *PINS),
    'read-flash-status': ('--bytes 1', '--bytes=3', *PINS),
    'write-flash-status': ('--non-volatile', '--non_volatile', '--bytes 2', *PINS),
    'read-flash-sfdp': (*HEADER, *PINS),
    'flash-id': PINS,
    'read-mac': PINS, 'chip-id': PINS, 'run': (), 'version': (), 'get-security-info': (), 'load-ram': (),
    'dump-mem': (), 'read-mem': (), 'write-mem': (),
    'image-info': ('-v 1', '--version 2'),
    'elf2image': ('-o x', '--output=x', '-e 1', '--version 2', '--min-rev-full 100', '--max_rev_full=65535', '-r 1', '--min-rev 0',
                  '--secure-pad', '--secure-pad-v2', '--secure_pad_v2', '--elf-sha256-offset 0xb0', '--dont-append-digest',
                  '--dont_append_digest', '--use-segments', '--use_segments', '--flash-mmu-page-size 64KB', '--pad-to-size 1MB',
                  '--ram-only-header', '-ff 80m', '--flash_mode dout', '-fs=16MB', '-sc SPI'),
    'merge-bin': ('-o x', '-o x -f raw', '-o x --format uf2', '-o x --format=hex', '-o x --chunk-size 256', '-o x --md5-disable',
                  '-o x -t 0x1000', '-o x --target_offset=0', '-o x --pad-to-size 4MB', '-o x --fill-flash-size 2MB', *FREQ,
                  *MODE, '-fs 4MB', '--flash_size keep'),
    'make-image': ('-f x -a 0', '--segfile x --segaddr=0x1000', '-e 0', '--entrypoint 0x40100000'),
}
# In no help, as in the original: NAND flash.
NAND = ('-ft nand -sc SPI', '-ft nor', '--flash-type nand -sc 12,13,11,9,10', '--flash_type=nor')
HIDDEN = {
    'write-flash': (*NAND, '--nand-end-address 0x100000', '--nand_end_address=0x100000'),
    'read-flash': NAND, 'verify-flash': NAND, 'erase-flash': NAND, 'erase-region': NAND,
    'read-nand-spare': ('-sc SPI', '--spi-connection 12,13,11,9,10'),
    'write-nand-spare': ('-sc SPI', '--spi_connection=12,13,11,9,10'),
    'dump-bbm': ('-sc SPI', '-sc SPI --block-count 16', '-sc SPI --block_count=16'),
}
PROGRAMS = ['esptool', 'esptool.py']


def run_all(env, tmp_path, lines):
    """Which lines are not taken, and what was said of them."""
    (tmp_path / 'FILE').write_bytes(b'data')
    refused = []
    for line in lines:
        done = subprocess.run([BUILD / line[0], *line[1:]], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=20)
        if done.returncode != 0 or not done.stdout.lower().startswith('usage: '):
            refused.append((' '.join(line), done.returncode, done.stderr))
    return refused


@pytest.mark.parametrize('program', PROGRAMS)
def test_global_options(env, tmp_path, program):
    assert run_all(env, tmp_path, [[program, *option.split(), 'read-mac', '-h'] for option in GLOBAL]) == []


@pytest.mark.parametrize('command', sorted(COMMANDS | HIDDEN))
def test_options_of_commands(env, tmp_path, command):
    options = ('', *COMMANDS.get(command, ()), *HIDDEN.get(command, ()))
    lines = [[program, name, *option.split(), '-h'] for program, name, option in
             itertools.product(PROGRAMS, (command, command.replace('-', '_')), options)]
    assert run_all(env, tmp_path, lines) == []


@pytest.mark.parametrize('command', COMMANDS)
def test_help_of_commands(run, command):
    """The help names the command and its options as the dialect does, and nothing of it is empty."""
    for program, name, wrong in (('esptool', command, '_'), ('esptool.py', command.replace('-', '_'), None)):
        text = run(program, name, '--help', check=0).stdout
        assert text.lower().startswith(f'usage: {program} [options] {name}') and '  -h, --help ' in text
        for line in text.split('\noptions:\n')[1].split('\n'):
            long = line[2:31].split(',')[-1].strip().split(' ')[0]
            assert not (wrong and long.startswith('--') and wrong in long), line


def test_help_of_the_tool(run):
    text = run('esptool', '--help', check=0).stdout
    for name in COMMANDS:
        assert f'\n  {name} ' in text
    text = run('esptool.py', '-h', check=0).stdout
    assert '\n  write_flash ' in text and '--override-vddsdio' in text


def test_what_is_hidden(run):
    for program in PROGRAMS:
        for words in ('-h',), *((command, '-h') for command in HIDDEN):
            text = run(program, *words, check=0).stdout
            for hidden in 'flash-type', '-ft', 'nand-end', 'block-count':
                assert hidden not in text.replace('_', '-').split('\noptions')[1]
            assert words != ('-h',) or ('nand' not in text and 'bbm' not in text)


WRONG = [
    ('erase-flash -ft nand', '--spi-connection is required for NAND flash operations.'),
    ('write-flash --flash-type nand 0 FILE', '--spi-connection is required for NAND flash operations.'),
    ('read-nand-spare 0', '--spi-connection is required for NAND flash operations.'),
    ('dump-bbm out', '--spi-connection is required for NAND flash operations.'),
    ('erase-flash -ft flash', "invalid value for --flash-type: 'flash': it takes one of: nor, nand"),
    ('write-flash -ft nand -sc SPI 0x1000 FILE', "cannot write 'FILE' at 0x1000: NAND flash is written in blocks: "
                                                 'the address must be a multiple of 128KB (0x20000)'),
    ('write-flash -ft nand -sc SPI --encrypt 0 FILE', "cannot write 'FILE' encrypted: the chip encrypts only the flash that it boots from"),
    ('write-flash -ft nand -sc SPI --nand-end-address x 0 FILE', "invalid value for --nand-end-address: 'x': not a number"),
    ('write-flash -ft nand -sc SPI --nand-end-address 0x8000001 0 FILE', "invalid value for --nand-end-address: '0x8000001': "
                                                                        'it goes from 0 to 134217728'),
    ('write-flash -ft nand -sc SPI --nand-end-address 0x20000 0x20000 FILE', "cannot write 'FILE' at 0x20000: it would end beyond 0x00020000"),
    ('erase-region -ft nand -sc SPI 0 0x1000', 'cannot erase 0x1000 bytes at 0x0: NAND flash is erased in blocks: '
                                               'both must be multiples of 131072'),
    ('erase-region -ft nand -sc SPI 0x8000000 0x20000', 'cannot erase 0x20000 bytes at 0x8000000: the NAND flash ends at 0x08000000'),
    ('read-nand-spare -sc SPI', 'it takes <page>'),
    ('read-nand-spare -sc SPI 65536', "invalid value for <page>: '65536': it goes from 0 to 65535"),
    ('write-nand-spare -sc SPI 0', 'it takes <page> <is-bad>'),
    ('write-nand-spare -sc SPI 0 2', "invalid value for <is-bad>: '2': it goes from 0 to 1"),
    ('dump-bbm -sc SPI --block-count 1025 out', "invalid value for --block-count: '1025': it goes from 0 to 1024"),
    ('read-nand-spar -sc SPI 0', "no such command: 'read-nand-spar'"),
    ('--frob read-mac', 'no such option: --frob'),
    ('-x read-mac', 'no such option: -x'),
    ('frobnicate', "no such command: 'frobnicate'"),
    ('erase-falsh', "no such command: 'erase-falsh'\nhint: did you mean 'erase-flash'?"),
    ('--chip z80 read-mac', "invalid value for --chip: 'z80': it takes one of: auto, esp8266, esp32"),
    ('-b fast read-mac', "invalid value for --baud: 'fast': not a number"),
    ('-b 7 read-mac', 'invalid value for --baud: 7: no serial port has such a speed'),
    ('--before never read-mac', "invalid value for --before: 'never': it takes one of: default-reset, usb-reset, no-reset"),
    ('--after never read-mac', "invalid value for --after: 'never': it takes one of: hard-reset"),
    ('--connect-attempts x read-mac', "invalid value for --connect-attempts: 'x': not a number"),
    ('--port', 'option --port needs a value: PORT'),
    ('--no-stub=1 read-mac', 'option --no-stub takes no value'),
    ('--override-vddsdio 5V read-mac', "invalid value for --override-vddsdio: '5V': it takes one of: 1.8V, 1.9V, OFF"),
    ('read-mac --chip esp32', 'no such option: --chip\nhint: this option stands before the command'),
    ('read-mac extra', 'unrecognized arguments: extra'),
    ('write-flash', 'no files given: <address> <file> ...'),
    ('write-flash 0x1000', "no file given for address '0x1000'"),
    ('write-flash here FILE', "bad address: 'here': not a number"),
    ('write-flash 0 none', "cannot open 'none': no such file"),
    ('verify-flash 0 EMPTY', "cannot use 'EMPTY': the file is empty"),
    ('write-flash -fm fast 0 FILE', "invalid value for --flash-mode: 'fast': it takes one of: keep, qio"),
    ('write-flash -z -u 0 FILE', '--compress and --no-compress exclude each other'),
    ('write-flash 0 FILE 4 FILE', "cannot write 'FILE' at 0x00000004: it overlaps 'FILE', which ends at 0x00000004"),
    ('read-flash 0 4k', 'it takes <address> <size> <file>'),
    ('read-flash 0 much f', "bad size: 'much'"),
    ('erase-region 0 100', 'cannot erase 0x64 bytes at 0x0: flash is erased in sectors'),
    ('write-flash-status', 'it takes <value>'),
    ('read-flash-status --bytes 4', "invalid value for --bytes: '4': it takes one of: 1, 2, 3"),
    ('merge-bin 0 FILE', 'it needs --output FILE'),
    ('@nowhere', "cannot open 'nowhere'"),
    ('@OPEN', "cannot use line 2 of 'OPEN': a quote is not closed"),
]


@pytest.mark.parametrize('line, said', WRONG, ids=[line for line, _ in WRONG])
def test_wrong_lines(run, tmp_path, line, said):
    """Exit code 2, the text on stderr, the same in both dialects but for how names are shown."""
    (tmp_path / 'FILE').write_bytes(b'data')
    (tmp_path / 'EMPTY').write_bytes(b'')
    (tmp_path / 'OPEN').write_text('version\n"\n')
    done = run('esptool', *line.split(), check=2)
    assert f'\nError: {said}' in done.stderr and done.stdout == ''
    done = run('esptool.py', *line.split(), check=2)
    plain = done.stderr.replace('_', '-')
    assert f'esptool.py: error: {said.replace("_", "-")}' in plain and done.stdout == ''
