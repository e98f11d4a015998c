# SPDX-License-Identifier: Apache-2.0
"""Images of programs that gcc made: the bytes and reports of esptool 5.3.1 (tests/data/elf).

What elf2image writes is also reckoned here, from the format's description; what merge-bin writes
from that of UF2 and Intel HEX.
"""
import hashlib
import importlib.util
import re
import struct

import pytest
from conftest import SOURCE

ELFS = SOURCE / 'tests/data/elf'
GOLDEN = [line.split() for line in (ELFS / 'golden.txt').read_text().splitlines()]
BUILT = [line for line in GOLDEN if line[3] == 'elf2image']
MERGED = [line for line in GOLDEN if line[3] == 'merge-bin']
NAMES = sorted(p.stem for p in ELFS.glob('*.elf'))
OLD_SPELLING = {'-fm': '--flash_mode', '-ff': '--flash_freq', '-fs': '--flash_size',
                '-e': '--version', '--use-segments': '--use_segments',
                'elf2image': 'elf2image', 'merge-bin': 'merge_bin', 'image-info': 'image_info'}
WITH_VALUE = {'-fm': 'mode', '-ff': 'freq', '-fs': 'size', '-e': 'version', '--pad-to-size': 'pad',
              '--min-rev-full': 'min_full', '--max-rev-full': 'max_full',
              '--elf-sha256-offset': 'digest_at', '--flash-mmu-page-size': 'page'}
FLAGS = {'--use-segments': ('segments', True), '--dont-append-digest': ('no_digest', True),
         '--secure-pad': ('secure', 'v1'), '--secure-pad-v2': ('secure', 'v2'),
         '--ram-only-header': ('ram_only', True)}


def load_reference():
    spec = importlib.util.spec_from_file_location('reference', SOURCE / 'tests/data/elf2image/reference.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = load_reference()


def number(text):
    return int(text[:-2]) << {'KB': 10, 'MB': 20}[text[-2:]] if text.endswith('B') else int(text, 0)


def expected_image(elf, chip, words):
    """What the description of the format makes of an ELF file, and of esptool's options."""
    o, words = {}, list(words)
    while words:
        word = words.pop(0)
        if word in FLAGS:
            key, value = FLAGS[word]
        else:
            key, value = WITH_VALUE[word], words.pop(0)
        o[key] = value if key in ('mode', 'freq', 'size') or word in FLAGS else number(value)
    data = (ELFS / elf).read_bytes()
    if elf == 'esp32c6.elf':
        o.setdefault('page', 32768)  # so says its app description
    parts, entry = reference.read_elf(data, o.get('segments'))
    write = reference.esp8266 if chip == 'esp8266' else lambda *args: reference.esp32(chip, *args)
    return write(parts, entry, data, o)


def written(out):
    """All files that begin with a name: an ESP8266's version 1 has two."""
    return b''.join(p.read_bytes() for p in sorted(out.parent.glob(out.name + '*')))


def old(words):
    return [OLD_SPELLING.get(word, word) for word in words]


@pytest.mark.parametrize('name', NAMES)
def test_elf2image(run, tmp_path, name):
    cases = [line for line in BUILT if line[-1] == name + '.elf']
    assert cases
    for i, (digest, _, chip, _, *words, elf) in enumerate(cases):
        expected = expected_image(elf, chip, words)
        assert hashlib.sha256(expected).hexdigest() == digest, f'reference.py: {elf} {words}'
        new_out, old_out = tmp_path / f'{i}.new', tmp_path / f'{i}.old'
        run('esptool', '--chip', chip, 'elf2image', *words, '-o', new_out, ELFS / elf, check=0)
        run('esptool.py', '--chip', chip, *old(['elf2image', *words]), '-o', old_out, ELFS / elf, check=0)
        assert written(new_out) == expected, (elf, words)
        assert written(old_out) == expected, (elf, words)


@pytest.mark.parametrize('name', NAMES)
def test_image_info(run, tmp_path, name):
    """The reports, one after the other, each behind the options that made its image."""
    reports = re.split(r'^# (.*)\n', (ELFS / 'info' / f'{name}.txt').read_text(), flags=re.M)
    chip = name.partition('-')[0]
    assert len(reports) >= 3
    for line, report in zip(reports[1::2], reports[2::2]):
        out = tmp_path / f'{hash(line):x}'
        *words, elf = line.split()
        run('esptool', '--chip', chip, 'elf2image', *words, '-o', out, ELFS / elf, check=0)
        image = sorted(tmp_path.glob(out.name + '*'))[0]
        text = run('esptool', '--chip', chip, 'image-info', image, check=0).stdout
        assert text.partition('\n')[2].strip() == report.strip(), line


def hex_records(parts):
    """(type, address, bytes): the address's upper half when it changes, then 16 bytes a record."""
    high = None
    for address, data in parts:
        while data:
            n = min(16, len(data), 0x10000 - address % 0x10000)
            if address >> 16 != high:
                high = address >> 16
                yield 4, 0, struct.pack('>H', high)
            yield 0, address & 0xffff, data[:n]
            address, data = address + n, data[n:]


def expected_hex(parts):
    text = ''
    for kind, at, payload in hex_records(parts):
        record = struct.pack('>BHB', len(payload), at, kind) + payload
        text += f':{record.hex()}{-sum(record) & 255:02x}\n'.upper()
    return (text + ':00000001FF\n').encode()


def expected_uf2(parts, family, chunk, md5):
    out = b''
    for address, data in parts:
        pieces = [data[i:i + chunk] for i in range(0, len(data), chunk)]
        for i, piece in enumerate(pieces):
            block = struct.pack('<8I', 0x0A324655, 0x9E5D5157, 0x6000 if md5 else 0x2000, address + i * chunk,
                                len(piece), i, len(pieces), family) + piece
            if md5:
                block += struct.pack('<II', address + i * chunk, len(piece)) + hashlib.md5(piece).digest()
            out += block.ljust(508, b'\0') + struct.pack('<I', 0x0AB16F30)
    return out


FAMILY = {'esp8266': 0x7eab61ed, 'esp32': 0x1c5f21b0, 'esp32c3': 0xd42ba06c, 'esp32c6': 0x540ddf62}
BOOT_OFFSET = {'esp32': 0x1000}


def patched(image, chip, options):
    """An image at the boot offset, with the options in its header and its digest made anew."""
    sizes = reference.SIZES_8266 if chip == 'esp8266' else reference.SIZES
    freqs = {'80m': 15, '40m': 0, '20m': 2}
    head = bytearray(image[:4])
    head[2] = reference.MODES.get(options.get('-fm'), head[2])
    if '-ff' in options:
        head[3] = head[3] & 0xf0 | freqs[options['-ff']]
    if '-fs' in options:
        head[3] = head[3] & 0x0f | sizes[options['-fs']] << 4
    image = bytes(head) + image[4:]
    if chip != 'esp8266' and image[23] == 1 and options:
        image = image[:-32] + hashlib.sha256(image[:-32]).digest()
    return image


def expected_merge(chip, words, image):
    """The file that merge-bin writes."""
    options, parts, rest, md5 = {}, [], list(words), True
    while rest:
        word = rest.pop(0)
        if word == '--md5-disable':
            md5 = False
        elif word.startswith('-'):
            options[word] = rest.pop(0)
        else:
            parts.append((int(word, 0), image(rest.pop(0))))
    form, target = options.pop('-f', 'raw'), int(options.pop('-t', '0'), 0)
    chunk = int(options.pop('--chunk-size', 0)) or (452 if md5 else 476)
    size = number(options.pop('--pad-to-size', '0'))
    boot = BOOT_OFFSET.get(chip, 0)
    parts = sorted((a, patched(d, chip, options) if a == boot else d) for a, d in parts)
    if form == 'hex':
        return expected_hex(parts)
    if form == 'uf2':
        return expected_uf2(parts, FAMILY[chip], chunk, md5)
    whole = b''
    for address, data in parts:
        whole = whole.ljust(address - target, b'\xff') + data
    return whole.ljust(size - target, b'\xff')


@pytest.mark.parametrize('line', MERGED, ids=lambda line: ' '.join(line[2:]))
def test_merge_bin(run, tmp_path, line):
    digest, _, chip, command, *words = line

    def image(word):
        """The image of {NAME}, as the first line of that ELF makes it."""
        name = word.strip('{}')
        options = next(built for built in BUILT if built[-1] == name + '.elf')
        return expected_image(options[-1], options[2], options[4:-1])
    for word in words:
        if word.startswith('{'):
            (tmp_path / word.strip('{}')).write_bytes(image(word))
    expected = expected_merge(chip, words, image)
    assert hashlib.sha256(expected).hexdigest() == digest
    words = [word.strip('{}') for word in words]
    out = tmp_path / 'out'
    for program, args in (('esptool', [command, *words]), ('esptool.py', old([command, *words]))):
        run(program, '--chip', chip, *args, '-o', out, check=0)
        assert out.read_bytes() == expected, program

