#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""elf2image of a 4 MB ELF: the CPU that Kiln takes, against Python's esptool where there is one.

Usage: elf_bench.py BUILD. $ESPTOOL_PATH is the folder of an esptool's source, if it is not installed.
"""
import json
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile

PIECES = 4
SIZE = 4 << 20


def elf(pieces):
    """An ELF of 32 bits for the ESP32: one section each, as a linker makes them."""
    names = b'\0' + b''.join(b'.s%d\0' % i for i in range(len(pieces))) + b'.shstrtab\0'
    offset, headers, body = 52, [bytes(40)], b''
    for i, (address, data) in enumerate(pieces):
        name = names.index(b'.s%d\0' % i)
        headers.append(struct.pack('<10I', name, 1, 6, address, offset + len(body), len(data), 0, 0, 16, 0))
        body += data
    at = offset + len(body)
    headers.append(struct.pack('<10I', names.index(b'.shstrtab'), 3, 0, 0, at, len(names), 0, 0, 1, 0))
    table = at + len(names)
    head = struct.pack('<16sHHIIIIIHHHHHH', b'\x7fELF\x01\x01\x01', 2, 94, 1, pieces[0][0], 0, table, 0,
                       52, 0, 0, 40, len(headers), len(headers) - 1)
    return head + body + names + b''.join(headers)


def cpu(command, **options):
    """Seconds of CPU of the quickest of three runs."""
    best = None
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        best = took if best is None else min(best, took)
    return best


def find_esptool():
    folder = os.environ.get('ESPTOOL_PATH')
    env = dict(os.environ, PYTHONPATH=folder) if folder else dict(os.environ)
    command = ['/usr/bin/python3', '-m', 'esptool']
    found = subprocess.run([*command, 'version'], env=env, capture_output=True).returncode == 0
    return (command, env) if found else (None, None)


def main():
    kiln = pathlib.Path(sys.argv[1]).resolve() / 'esptool'
    part = SIZE // PIECES
    noise = bytes((i * 2654435761 >> 13) & 0xFF for i in range(part))
    # no two in one page of 64 KB, half of them data, half code
    places = [base + i * (part + 0x10000) for base in (0x3F400020, 0x400D0020) for i in range(PIECES // 2)]
    pieces = [(place, noise) for place in places]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / 'app.elf').write_bytes(elf(pieces))
        ours = [str(kiln), '--chip', 'esp32', 'elf2image', '-o', str(path / 'ours.bin'), str(path / 'app.elf')]
        took = cpu(ours)
        command, env = find_esptool()
        if not command:
            print(json.dumps({'case': 'elf2image of 4 MB (no esptool to compare with)',
                              'value': round(took * 1000, 1), 'unit': 'ms of CPU'}))
            return
        theirs = cpu([*command, '--chip', 'esp32', 'elf2image', '-o', str(path / 'theirs.bin'),
                      str(path / 'app.elf')], env=env)
        same = (path / 'ours.bin').read_bytes() == (path / 'theirs.bin').read_bytes()
        print(json.dumps({'case': 'elf2image of 4 MB: CPU against esptool', 'value': round(took / theirs, 4),
                          'unit': 'x', 'limit': 0.1, 'op': '<='}))
        print(json.dumps({'case': 'elf2image of 4 MB: the same bytes', 'value': int(same), 'unit': '',
                          'limit': 1, 'op': '>='}))


main()
