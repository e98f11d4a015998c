# SPDX-License-Identifier: Apache-2.0
"""esptool.py's commands on files. Expected: what esptool itself made, and what is computed here."""
import hashlib
import re
import shutil
import struct

import pytest
from conftest import SOURCE

ELFS = SOURCE / 'tests/data/elf2image'
CASES = [line.split() for line in (ELFS / 'cases.txt').read_text().splitlines()
         if line and not line.startswith('#')]
FLAGS = {'use-segments': '--use_segments', 'no-digest': '--dont-append-digest',
         'secure-pad': '--secure-pad', 'secure-pad-v2': '--secure-pad-v2',
         'ram-only': '--ram-only-header'}
VALUES = {'mode': '--flash_mode', 'size': '--flash-size', 'freq': '-ff', 'version': '--version',
          'min-rev': '-r', 'min-rev-full': '--min-rev-full', 'max-rev-full': '--max-rev-full',
          'pad-to-size': '--pad-to-size', 'page': '--flash-mmu-page-size',
          'elf-sha256-offset': '--elf-sha256-offset'}


def options_of(words):
    """The options of a line of cases.txt, or None if it has one that is not esptool's."""
    args, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        if word in FLAGS:
            args.append(FLAGS[word])
        elif word in VALUES:
            value = rest.pop(0)
            if word == 'page':
                value = f'{int(value) // 1024}KB'
            args += [VALUES[word], value]
        else:
            return None
    return args


def test_elf2image_as_esptool(run, tmp_path):
    """Each line of cases.txt: the digest of the file that esptool 5.3.1 makes of this ELF."""
    done = 0
    for elf, chip, size, digest, *words in CASES:
        args = options_of(words)
        if args is None:
            continue
        out = tmp_path / 'out.bin'
        run('esptool.py', '--chip', chip, 'elf2image', *args, '-o', out, ELFS / elf, check=0)
        # an ESP8266's version 1 has two files
        parts = sorted(tmp_path.glob('out.bin*'))
        data = b''.join(part.read_bytes() for part in parts)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(size), digest), (elf, words)
        for part in parts:
            part.unlink()
        done += 1
    assert done > 60


def test_elf2image_names_and_text(run, tmp_path):
    elf = tmp_path / 'app.elf'
    shutil.copy(ELFS / 'esp32c3.elf', elf)
    text = run('esptool.py', '--chip', 'esp32c3', 'elf2image', elf, check=0).stdout
    assert re.fullmatch(r'esptool\.py v\S+ \(kiln \S+\)\nCreating esp32c3 image\.\.\.\n(Merged \d+ ELF sections?\n)?'
                        r'Successfully created esp32c3 image\.\n', text), text
    assert (tmp_path / 'app.bin').stat().st_size == 67840
    shutil.copy(ELFS / 'esp8266.elf', elf)
    run('esptool.py', 'elf2image', elf, check=0)  # no chip: an ESP8266, as ever
    names = sorted(p.name for p in tmp_path.glob('app.elf-*'))
    assert names[0] == 'app.elf-0x00000.bin' and len(names) == 2, names
    run('esptool.py', '--chip', 'esp8266', 'elf2image', '--version', '2', elf, check=0)
    assert len(list(tmp_path.glob('app-0x*.bin'))) == 1


@pytest.mark.parametrize('name, elf, chip, options', [
    ('app', 'esp32c3.elf', 'esp32c3', []),
    ('boot', 'esp32-bug.elf', 'esp32', ['--ram-only-header']),
    ('esp8266', 'esp8266.elf', 'esp8266', ['--version', '2']),
    ('esp8266v1', 'gcc-lx106.elf', 'esp8266', []),
])
def test_image_info_as_esptool(run, tmp_path, name, elf, chip, options):
    run('esptool.py', '--chip', chip, 'elf2image', *options, '-fm', 'dio', '-ff', '80m', '-fs',
        '4MB', '-o', tmp_path / 'i.bin', ELFS / elf, check=0)
    image = next(p for p in (tmp_path / 'i.bin', tmp_path / 'i.bin0x00000.bin') if p.exists())
    for layout, version in (('4-short', []), ('4-short', ['-v', '1']), ('4-long', ['--version', '2'])):
        text = run('esptool.py', '--chip', chip, 'image_info', *version, image, check=0).stdout
        expected = (SOURCE / 'tests/data/info' / f'{name}-{layout}.txt').read_text()
        assert text[text.index('\n') + 1:] == expected


def esp8266_image(entry, segments):
    body, check = b'', 0xEF
    for address, data in segments:
        data += b'\0' * (-len(data) % 4)
        body += struct.pack('<II', address, len(data)) + data
        for byte in data:
            check ^= byte
    image = struct.pack('<BBBBI', 0xE9, len(segments), 0, 0, entry) + body
    return image + b'\0' * (15 - len(image) % 16) + bytes([check])


def test_make_image(run, tmp_path):
    parts = [(0x40100000, b'code1234'), (0x3ffe8000, b'data!')]
    for i, (_, data) in enumerate(parts):
        (tmp_path / f'{i}').write_bytes(data)
    done = run('esptool.py', '--chip', 'esp8266', 'make_image', '-f', tmp_path / '0', '-a', '0x40100000',
        '-f', tmp_path / '1', '-a', '0x3ffe8000', '-e', '0x40100004', tmp_path / 'made', check=0)
    assert (tmp_path / 'made0x00000.bin').read_bytes() == esp8266_image(0x40100004, parts)
    assert done.stdout.endswith('Creating esp8266 image...\nSuccessfully created esp8266 image.\n')


def test_merge_bin(run, tmp_path):
    first, second = b'A' * 100, b'B' * 50
    (tmp_path / 'a').write_bytes(first)
    (tmp_path / 'b').write_bytes(second)
    out = tmp_path / 'out'
    line = ['esptool.py', '--chip', 'esp32', 'merge_bin', '-o', out]
    pair = ['0x9000', tmp_path / 'b', '0x8000', tmp_path / 'a']
    text = run(*line, *pair, check=0).stdout
    whole = b'\xff' * 0x8000 + first + b'\xff' * (0x1000 - 100) + second
    assert out.read_bytes() == whole
    assert text.endswith(f'Wrote {len(whole):#x} bytes to file {out}, ready to flash to offset 0x0\n')
    run(*line, '-t', '0x8000', *pair, check=0)
    assert out.read_bytes() == whole[0x8000:]
    for option in ('--fill-flash-size', '--pad-to-size'):
        run(*line, option, '256KB', *pair, check=0)
        assert out.read_bytes() == whole + b'\xff' * (0x40000 - len(whole))
    run(*line, '-f', 'uf2', '--chunk-size', '64', '--md5-disable', *pair, check=0)
    blocks = [out.read_bytes()[i:i + 512] for i in range(0, out.stat().st_size, 512)]
    assert len(blocks) == 3
    for block, address, data in zip(blocks, (0x8000, 0x8040, 0x9000), (first[:64], first[64:], second)):
        head = struct.unpack('<8I', block[:32])
        assert head[:2] == (0x0A324655, 0x9E5D5157) and head[3] == address and head[7] == 0x1c5f21b0
        assert block[32:32 + len(data)] == data and block[-4:] == bytes.fromhex('306fb10a')
    run(*line, '--format', 'hex', *pair, check=0)
    text = out.read_text()
    assert text.startswith(':10800000' + '41' * 16) and text.rstrip().endswith(':00000001FF')


def test_merged_hex_is_written(run, env, tmp_path):
    """A HEX file stands for its pieces, at the addresses that it names."""
    (tmp_path / 'a').write_bytes(b'A' * 100)
    (tmp_path / 'b').write_bytes(b'B' * 50)
    out = tmp_path / 'out.hex'
    run('esptool.py', '--chip', 'esp32', 'merge_bin', '-o', out, '-f', 'hex', '0x9000', tmp_path / 'a',
        '0x20000', tmp_path / 'b', check=0)
    text = run('esptool.py', '-p', 'sim:hex?clock=virtual', 'write_flash', '0', out, check=0).stdout
    assert 'Wrote 100 bytes' in text and 'at 0x00009000' in text and 'at 0x00020000' in text
    flash = open(f'{env["XDG_STATE_HOME"]}/kiln/sim/hex.flash', 'rb').read()
    assert flash[0x9000:0x9064] == b'A' * 100 and flash[0x20000:0x20032] == b'B' * 50
    run('esptool.py', '-p', 'sim:hex?clock=virtual', 'verify_flash', '0', out, check=0)
    text = run('esptool.py', 'image_info', out, check=0).stdout
    assert 'Processing file 1/2, offset: 0x9000' in text
    out.write_text(':10900000' + '41' * 16 + '00\n:00000001FF\n')
    text = run('esptool.py', '-p', 'sim:hex', 'write_flash', '0', out, check=2).stderr
    assert f"cannot use '{out}'" in text


def test_words_from_a_file(run, tmp_path):
    """@FILE: its words take its place, and are shown."""
    (tmp_path / 'a b').write_bytes(b'A' * 100)
    (tmp_path / 'args').write_text("--chip esp32\nmerge_bin -o 'o u t'\n\n0x1000 a\\ b\n")
    text = run('esptool.py', '@args', check=0).stdout
    assert text.startswith('esptool.py --chip esp32 merge_bin -o o u t 0x1000 a b\nesptool.py v')
    assert (tmp_path / 'o u t').read_bytes() == b'\xff' * 0x1000 + b'A' * 100
    (tmp_path / 'args').write_text("version\n'open\n")
    for name, error in (('args', "cannot use line 2 of 'args': a quote is not closed"),
                        ('none', "cannot open 'none': no such file or directory")):
        assert error in run('esptool.py', '@' + name, check=2).stderr


@pytest.mark.parametrize('args, code, error', [
    (['image_info'], 2, 'it takes one file'),
    (['image_info', 'missing'], 2, "cannot open 'missing': no such file or directory"),
    (['image_info', '/dev/null'], 2, 'it is empty'),
    (['image_info', '-v', '3', 'f'], 2, "invalid value for --version: '3'"),
    (['elf2image', 'a', 'b'], 2, 'it takes one ELF file'),
    (['elf2image', '--min-rev', '256', 'a'], 2, "invalid value for --min-rev: '256': not a number from 0 to 255"),
    (['elf2image', '--max-rev-full', 'x', 'a'], 2, 'not a number from 0 to 65535'),
    (['elf2image', '--pad-to-size', '4QB', 'a'], 2, 'not a size such as 512KB or 4MB'),
    (['elf2image', '--flash-mmu-page-size', '3KB', 'a'], 2, "invalid value for --flash-mmu-page-size: '3KB'"),
    (['elf2image', '-fs', 'detect', 'a'], 2, "invalid value for --flash_size: 'detect'"),
    (['elf2image', '/dev/null'], 2, 'fatal error'),
    (['make_image', 'out'], 2, 'no segments given'),
    (['make_image', '-f', 'x', '-a', '1', '-a', '2', 'out'], 2, '1 segment files, but 2 addresses'),
    (['merge_bin', '0', '/dev/null'], 2, 'it needs --output FILE'),
    (['merge_bin', '-o', 'x', '0', '/dev/null'], 2,
     'A fatal error occurred: Please specify the chip argument: choose from esp8266, esp32, '),
    (['--chip', 'esp32', 'merge_bin', '-o', 'x'], 2, 'no files given'),
    (['--chip', 'esp32', 'merge_bin', '-o', 'x', '-f', 'zip', '0', 'f'], 2, "invalid value for --format: 'zip'"),
    (['--chip', 'esp32', 'merge_bin', '-o', 'x', '-fs', 'detect', '0', 'f'], 2, "'detect'"),
])
def test_wrong_lines(run, args, code, error):
    done = run('esptool.py', *args, check=code)
    assert error in done.stdout + done.stderr
