#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second writer of firmware images, made from the description of the format alone.

It makes the ELF files of the cases below, and says which image each must become: cases.txt has a
line for each with the options and the SHA-256 of the result, which the unit test of the C code
compares. Slow and plain on purpose: it shares no idea of how with the C code.

    reference.py           write ELF files and cases.txt into this folder
    reference.py --check   fail if what is there differs from what would be written
"""
import hashlib
import pathlib
import random
import struct
import sys
import zlib

HERE = pathlib.Path(__file__).parent
# option: (chip id, page, [flash windows], boot offset, "80m" nibble)
CHIPS = {
    'esp32': (0, 65536, [(0x400D0000, 0x40400000), (0x3F400000, 0x3F800000)], 0x1000, 15),
    'esp32s2': (2, 65536, [(0x40080000, 0x40B80000), (0x3F000000, 0x3F3F0000)], 0x1000, 15),
    'esp32s3': (9, 65536, [(0x42000000, 0x44000000), (0x3C000000, 0x3E000000)], 0, 15),
    'esp32c2': (12, 65536, [(0x42000000, 0x42400000), (0x3C000000, 0x3C400000)], 0, None),
    'esp32c3': (5, 65536, [(0x42000000, 0x42800000), (0x3C000000, 0x3C800000)], 0, 15),
    'esp32c5': (23, 65536, [(0x42000000, 0x44000000)], 0x2000, 15),
    'esp32c6': (13, 65536, [(0x42000000, 0x43000000)], 0, 0),
    'esp32c61': (20, 65536, [(0x42000000, 0x43000000)], 0, 15),
    'esp32e22': (31, 65536, [(0x3C000000, 0x40000000)], 0, 15),
    'esp32h2': (16, 65536, [(0x42000000, 0x43000000)], 0, None),
    'esp32h21': (25, 65536, [(0x42000000, 0x43000000)], 0, None),
    'esp32h4': (28, 65536, [(0x42000000, 0x43000000)], 0x2000, None),
    'esp32p4': (18, 65536, [(0x40000000, 0x4C000000)], 0x2000, 15),
    'esp32s31': (32, 65536, [(0x40000000, 0x54000000)], 0x2000, 15),
}
SIZES = {'1MB': 0, '2MB': 1, '4MB': 2, '8MB': 3, '16MB': 4}
SIZES_8266 = {'512KB': 0, '256KB': 1, '1MB': 2, '2MB': 3, '4MB': 4, '2MB-c1': 5, '4MB-c1': 6,
              '8MB': 8, '16MB': 9}
FREQS = {'40m': 0, '26m': 1, '20m': 2}  # and 80m, which differs between chips
MODES = {'qio': 0, 'qout': 1, 'dio': 2, 'dout': 3}


def make_elf(parts, entry, machine):
    """parts: (name, address, bytes[, alignment]). Each is a section and a segment."""
    names = b'\0' + b''.join(p[0].encode() + b'\0' for p in parts) + b'.shstrtab\0'
    at, offsets = 52 + 32 * len(parts), []
    for p in parts:
        offsets.append(at)
        at += len(p[2])
    program = b''.join(struct.pack('<8I', 1, o, p[1], p[1], len(p[2]), len(p[2]), 7, 4)
                       for p, o in zip(parts, offsets))
    table, name_at = bytes(40), 1
    for p, o in zip(parts, offsets):
        table += struct.pack('<10I', name_at, 1, 2, p[1], o, len(p[2]), 0, 0,
                             p[3] if len(p) > 3 else 4, 0)
        name_at += len(p[0]) + 1
    table += struct.pack('<10I', name_at, 3, 0, 0, at, len(names), 0, 0, 1, 0)
    head = struct.pack('<16sHHIIIIIHHHHHH', b'\x7fELF\1\1\1', 2, machine, 1, entry, 52,
                       at + len(names), 0, 52, 32, len(parts), 40, len(parts) + 2, len(parts) + 1)
    return head + program + b''.join(p[2] for p in parts) + names + table


def read_elf(data, segments):
    """[[name, address, bytes]] of what is loaded, and the entry."""
    f = struct.unpack('<16sHHIIIIIHHHHHH', data[:52])
    entry, phoff, shoff, phnum, shnum, names = f[4], f[5], f[6], f[10], f[12], f[13]
    parts = []
    if segments:
        for i in range(phnum):
            kind, offset, _, address, size = struct.unpack_from('<5I', data, phoff + 32 * i)
            if kind == 1 and address and size:
                parts.append(['PHDR', address, data[offset:offset + size], 4])
        return parts, entry
    names_at = struct.unpack_from('<I', data, shoff + 40 * names + 16)[0]
    for i in range(shnum):
        name, kind, _, address, offset, size, _, _, align = \
            struct.unpack_from('<9I', data, shoff + 40 * i)
        if kind in (1, 14, 15, 16) and address and size:
            start = names_at + name
            text = data[start:data.index(b'\0', start)].decode()
            parts.append([text, address, data[offset:offset + size], align])
    return parts, entry


def up(data, n, fill=b'\0'):
    return data + fill * (-len(data) % n)


def merged(parts, area, fill=False):
    done, last = [], None
    for name, address, data, align in parts:
        data = up(data, 4)
        end = done[-1][1] + len(done[-1][2]) if done else 0
        if done and fill and end + -end % align == address:
            done[-1][2] += bytes(address - end)
        if done and done[-1][1] + len(done[-1][2]) == address and area(last) == area(address):
            done[-1][2] += data
        else:
            done.append([name, address, data])
        last = address
    return done


def checksum(data, start=0xEF):
    for b in data:
        start ^= b
    return start


def seal(body, total):
    """The checksum ends a row of 16."""
    return body + bytes(15 - len(body) % 16) + bytes([total])


def header(magic, count, mode, size, freq, entry):
    return struct.pack('<BBBBI', magic, count, mode, size << 4 | freq, entry)


def esp32(chip, parts, entry, elf, o):
    ident, page, windows, boot, f80 = CHIPS[chip]
    page = o.get('page', page)
    flash = lambda a: any(lo <= a < hi for lo, hi in windows)
    app = next((p for p in parts if '.flash.appdesc' in p[0] and flash(p[1])), None)
    digest_at = o.get('digest_at', 0xB0 if app else None)
    if o.get('ram_only'):
        parts = sorted(parts, key=lambda p: p[1])
    # whatever lies in a window is another memory than what does not; so it is in all cases
    parts = merged(parts, lambda a: flash(a), o.get('ram_only'))
    in_flash = sorted((p for p in parts if flash(p[1])), key=lambda p: p[1])
    in_ram = sorted((p for p in parts if not flash(p[1])), key=lambda p: p[1])
    in_flash.sort(key=lambda p: p[0] != '.flash.appdesc')
    in_ram.sort(key=lambda p: p[0] != '.dram0.bootdesc')
    digest = not (o.get('no_digest') or o.get('ram_only'))
    out = header(0xE9, 0, MODES[o.get('mode', 'qio')], SIZES[o.get('size', '1MB')],
                 f80 if o.get('freq') == '80m' else FREQS[o.get('freq', '40m')], entry)
    out += struct.pack('<BBBBHBHH4xB', 0xEE, 0, 0, 0, ident, o.get('min_rev', 0),
                       o.get('min_full', 0), o.get('max_full', 65535), digest)
    total, count = 0xEF, 0

    def put(address, data, counted=True):
        nonlocal out, total, count
        begin = len(out)  # the tool looks from the segment's header on, as far as its bytes are long
        if digest_at is not None and begin <= digest_at < begin + len(data):
            i = digest_at - begin - 8
            assert data[i:i + 32] == bytes(32)
            data = data[:i] + hashlib.sha256(elf).digest() + data[i + 32:]
        out += struct.pack('<II', address, len(data)) + data
        if counted:
            total = checksum(data, total)
            count += 1

    def put_flash(part, counted=True):
        data = part[2]
        over = (len(out) + 8 + len(data)) % page
        if chip == 'esp32' and over < 0x24:
            data += bytes(0x24 - over)
        put(part[1], data, counted)

    if o.get('ram_only'):
        for part in in_ram:
            put(part[1], part[2])
        out = seal(out, total)
        for part in reversed(in_flash):
            gap = next(n for n in range(0, 2 * page + 1)
                       if (len(out) + 16 + n + boot) % page == part[1] % page)
            # a gap that would be nothing because of the boot offset is a whole page
            put(0, bytes(gap), False)
            put_flash(part, False)
    else:
        for part in in_flash:
            while (len(out) + 8) % page != part[1] % page:
                # the tool counts from the next page on, even if there is room in this one
                gap = page - len(out) % page + part[1] % page - 16
                gap += page if gap < 0 else 0
                if in_ram and gap > 8:
                    ram = in_ram[0]
                    put(ram[1], ram[2][:gap])
                    if len(ram[2]) <= gap:
                        in_ram.pop(0)
                    else:
                        in_ram[0] = [ram[0], ram[1] + gap, ram[2][gap:]]
                else:
                    put(0, bytes(gap))
            put_flash(part)
        for part in in_ram:
            put(part[1], part[2])
        behind = {'v1': 32 + 4 + 64 + 12, 'v2': 32}.get(o.get('secure'))
        if behind:
            put(0, bytes(next(n for n in range(0, page)
                              if (len(out) + 8 + n + 16 + behind) % page == 0)))
        out = seal(out, total)
    out = out[:1] + bytes([count]) + out[2:]
    if digest:
        out += hashlib.sha256(out).digest()
    return up(out, o.get('pad', 1), b'\xff')


def esp8266(parts, entry, elf, o):
    version = o.get('version', 1)
    mode = MODES[o.get('mode', 'qio')]
    size = (SIZES if version == 3 else SIZES_8266)[o.get('size', '1MB')]
    freq = {**FREQS, '80m': 15}[o.get('freq', '40m')]
    flash = lambda a: 0x40200000 <= a < 0x40300000
    parts = merged(parts, lambda a: a >> 20)
    irom = next((p for p in parts if flash(p[1])), None)
    rest = [p for p in parts if p is not irom]
    if version == 3:
        flashed = sorted((p for p in parts if p[1] > 0x40200000), key=lambda p: p[1])
        rest = [[n, a, d[8:] if n == '.flash.rodata' else d] for n, a, d in flashed] + \
            sorted((p for p in parts if p[1] <= 0x40200000), key=lambda p: p[1])
    out = header(0xE9, len(rest), mode, size, freq, entry)
    total = 0xEF
    front = b''
    if version == 2:
        front = header(0xEA, 4, mode, size, freq, entry)
        if irom:
            code = up(irom[2], 16)
            front += struct.pack('<II', 0, len(code)) + code
    out = front + out
    for _, address, data in rest:
        out += struct.pack('<II', address, len(data)) + data
        total = checksum(data, total)
    out = seal(out, total)
    if version == 2:
        crc = zlib.crc32(out)
        out += struct.pack('<I', crc ^ 0xFFFFFFFF if crc >> 31 else crc + 1)
    if version == 3:
        out += hashlib.sha256(out).digest()
    return out + (irom[2] if version == 1 and irom else b'')


def cases():
    """(ELF's name, ELF's bytes or None if it is in git, chip, options)"""
    r = random.Random(2)
    app = struct.pack('<II8x32s32s16s16s32s32xHHB75x', 0xABCD5432, 3, b'v1.0', b'blink',
                      b'12:34:56', b'Nov 22 2026', b'v5.4', 0, 99, 0)
    boot = struct.pack('<B3xI32s24s16x', 0x50, 1, b'v5.4', b'Nov 22 2026 12:34:56')
    for chip, (_, page, windows, _, f80) in CHIPS.items():
        code = windows[0][0] + (0x100020 if len(windows) == 1 else 0x20)
        const = windows[-1][0] + 0x20
        ram = {'esp32': 0x3FFB0000, 'esp32s2': 0x3FFB4000, 'esp32s3': 0x3FC90000,
               'esp32c2': 0x3FCB0000, 'esp32c3': 0x3FC90000, 'esp32p4': 0x4FF20000,
               'esp32e22': 0x31100000, 'esp32s31': 0x2F020000}.get(chip, 0x40820000)
        parts = [('.dram0.data', ram, r.randbytes(1203)), ('.dram0.more', ram + 1204, b'xyz'),
                 ('.flash.appdesc', const, app), ('.flash.rodata', const + 256, r.randbytes(777)),
                 ('.flash.text', code, r.randbytes(2222))]
        machine = 0x5E if chip in ('esp32', 'esp32s2', 'esp32s3') else 0xF3
        elf = make_elf(parts, code, machine)
        # an app that does not say its page size and stands at 0x20 is taken to have the largest
        auto = dict(page=262144) if chip == 'esp32s31' else {}
        freq = {'freq': '80m'} if f80 is not None else {}
        yield chip, elf, chip, auto
        yield chip, None, chip, dict(mode='dio', size='4MB', min_rev=1, min_full=101, max_full=399,
                                     **auto)
        yield chip, None, chip, dict(segments=True, no_digest=True, **auto)
        yield chip, None, chip, dict(secure='v2', **freq, **auto)
        yield chip, None, chip, dict(pad=0x40000, **auto)
    parts = [('.iram0.text', 0x40080400, r.randbytes(512)),
             ('.dram0.bootdesc', 0x3FFF0000, boot + r.randbytes(300)),
             ('.flash.text', 0x400D0020, r.randbytes(65536 - 0x20 - 8)),
             ('.flash.rodata', 0x3F400040, r.randbytes(64))]
    yield 'esp32-bug', make_elf(parts, 0x40080400, 0x5E), 'esp32', {}
    yield 'esp32-bug', None, 'esp32', dict(secure='v1')
    yield 'esp32-bug', None, 'esp32', dict(ram_only=True)
    yield 'esp32-bug', None, 'esp32', dict(digest_at=None, mode='dout')
    parts = [('.data', 0x3FFB0000, r.randbytes(60), 4), ('.more', 0x3FFB0040, r.randbytes(8), 64),
             ('.far', 0x3FFB0080, r.randbytes(9), 32)]
    yield 'esp32-gap', make_elf(parts, 0x3FFB0000, 0x5E), 'esp32', dict(ram_only=True)
    yield 'esp32-gap', None, 'esp32', {}
    yield 'esp32-gap', None, 'esp8266', dict(version=2, ram_only=True)
    paged = app[:180] + bytes([15]) + app[181:]
    parts = [('.flash.appdesc', 0x42000020, paged), ('.text', 0x42008020, r.randbytes(500)),
             ('.data', 0x40820000, r.randbytes(40000))]
    yield 'esp32c6-32k', make_elf(parts, 0x42008020, 0xF3), 'esp32c6', dict(page=32768)
    parts = [('.data', 0x40820000, r.randbytes(100)), ('.text', 0x42000020, r.randbytes(500))]
    yield 'esp32c6-plain', make_elf(parts, 0x42000020, 0xF3), 'esp32c6', \
        dict(page=8192, page_given=True)
    zeros = bytes(16) + bytes(32) + b'after'
    parts = [('.data', 0x3FC90000, zeros)]
    yield 'esp32c3-digest', make_elf(parts, 0x3FC90000, 0xF3), 'esp32c3', dict(digest_at=0x30)
    parts = [('.data', 0x3FFE8000, r.randbytes(333)), ('.text', 0x40100000, r.randbytes(200)),
             ('.irom0.text', 0x40201010, r.randbytes(1001))]
    elf = make_elf(parts, 0x40100004, 0x5E)
    for version in (1, 2):
        yield 'esp8266', elf, 'esp8266', dict(version=version)
        yield 'esp8266', None, 'esp8266', dict(version=version, mode='dout', size='4MB', freq='80m')
        elf = None
    parts = [('.data', 0x3FFE8000, r.randbytes(333)), ('.text', 0x40100000, r.randbytes(200)),
             ('.flash.text', 0x40210010, r.randbytes(1000)),
             ('.flash.rodata', 0x40220000, r.randbytes(100))]
    yield 'esp8266-v3', make_elf(parts, 0x40100004, 0x5E), 'esp8266', dict(version=3, size='2MB')
    yield 'gcc-riscv', None, 'esp32c3', {}
    yield 'gcc-riscv', None, 'esp32c3', dict(segments=True)
    yield 'gcc-lx106', None, 'esp8266', {}
    yield 'gcc-lx106', None, 'esp8266', dict(version=2)


SPELL = {'mode': 'mode {}', 'size': 'size {}', 'freq': 'freq {}', 'min_rev': 'min-rev {}',
         'min_full': 'min-rev-full {}', 'max_full': 'max-rev-full {}', 'pad': 'pad-to-size {}',
         'digest_at': 'elf-sha256-offset {}', 'page': 'page {}', 'version': 'version {}',
         'segments': 'use-segments', 'no_digest': 'no-digest', 'ram_only': 'ram-only'}


def spell(o):
    words = []
    for key, value in o.items():
        if key == 'secure':
            words.append('secure-pad' + ('-v2' if value == 'v2' else ''))
        elif key == 'page' and not o.get('page_given') or value is None or key == 'page_given':
            continue  # what the app says must be found
        else:
            words.append(SPELL[key].format(value))
    return ' '.join(words)


def main():
    files, lines, known = {}, [], {}
    for name, elf, chip, o in cases():
        if elf:
            known[name] = files[name + '.elf'] = elf
        data = known.get(name) or (HERE / (name + '.elf')).read_bytes()
        parts, entry = read_elf(data, o.get('segments'))
        image = esp8266(parts, entry, data, o) if chip == 'esp8266' else \
            esp32(chip, parts, entry, data, o)
        lines.append(f'{name}.elf {chip} {len(image)} {hashlib.sha256(image).hexdigest()} '
                     f'{spell(o)}'.strip())
    files['cases.txt'] = ('\n'.join(lines) + '\n').encode()
    for name, data in files.items():
        if '--check' not in sys.argv:
            (HERE / name).write_bytes(data)
        elif (HERE / name).read_bytes() != data:
            sys.exit(f'{name} differs from what reference.py makes')
    print(f'{len(lines)} cases')


if __name__ == '__main__':
    main()
