# SPDX-License-Identifier: Apache-2.0
"""kiln nvs: images are packed here by hand, from the description of the format."""
import json
import re
import struct
import zlib

import pytest


def crc(data):
    return struct.pack('<I', zlib.crc32(data, 0xFFFFFFFF))


class Image:
    """Pages that are filled entry by entry."""

    def __init__(self):
        self.pages = []
        self.page()

    def page(self):
        if self.pages:
            self.pages[-1]['state'] = 0xFFFFFFFC
        self.pages.append({'state': 0xFFFFFFFE, 'entries': []})

    def room(self):
        return 126 - len(self.pages[-1]['entries'])

    def entry(self, ns, kind, key, value, span=1, chunk=255):
        head = bytes([ns, kind, span, chunk])
        rest = key.encode().ljust(16, b'\0') + value.ljust(8, b'\xff')
        self.pages[-1]['entries'].append(head + crc(head + rest) + rest)

    def sized(self, ns, kind, key, data, chunk=255):
        padded = data + b'\xff' * (-len(data) % 32)
        self.entry(ns, kind, key, struct.pack('<HH', len(data), 0xFFFF) + crc(data),
                   len(padded) // 32 + 1, chunk)
        self.pages[-1]['entries'] += [padded[i:i + 32] for i in range(0, len(padded), 32)]

    def pack(self, size):
        out = b''
        for number, page in enumerate(self.pages):
            number_and_version = struct.pack('<IB', number, 0xFE) + b'\xff' * 19
            n = len(page['entries'])
            bits = int('10' * n or '0', 2) | ((1 << 256) - 1) >> 2 * n << 2 * n
            out += struct.pack('<I', page['state']) + number_and_version + crc(number_and_version)
            out += bits.to_bytes(32, 'little') + b''.join(page['entries'])
            out += b'\xff' * (-len(out) % 4096)
        return out.ljust(size, b'\xff')


CSV = '''key,type,encoding,value
# a remark
storage,namespace,,
u8,data,u8,255
i8,data,i8,-128
u16,data,U16,65535
i16,data,i16,-2
u32,data,u32,0xdeadbeef
i32,data,i32,-2147483648
u64,data,u64,18446744073709551615
i64,data,i64,-1
text,data,string,"two ""words"", a comma
and a line"
hex,data,hex2bin, 00fF10
b64,data,base64,aGVsbG8=
plain,data,binary,abc
fill,data,blob_fill(5;0xEE),abc
sized,data,blob_sz_fill(4;0x00),xy
other,namespace,,
u8,data,u8,1
file,file,binary,data.bin
storage,namespace,,
again,data,u8,2
'''


def expected():
    image = Image()
    image.entry(0, 1, 'storage', b'\1')
    for key, kind, form, value in (
            ('u8', 0x01, 'B', 255), ('i8', 0x11, 'b', -128), ('u16', 0x02, 'H', 65535),
            ('i16', 0x12, 'h', -2), ('u32', 0x04, 'I', 0xDEADBEEF), ('i32', 0x14, 'i', -2**31),
            ('u64', 0x08, 'Q', 2**64 - 1), ('i64', 0x18, 'q', -1)):
        image.entry(1, kind, key, struct.pack('<' + form, value))
    image.sized(1, 0x21, 'text', b'two "words", a comma\nand a line\0')

    def blob(ns, key, data):
        image.sized(ns, 0x42, key, data, 0)
        image.entry(ns, 0x48, key, struct.pack('<IBB', len(data), 1, 0))
    blob(1, 'hex', b'\x00\xff\x10')
    blob(1, 'b64', b'hello')
    blob(1, 'plain', b'abc')
    blob(1, 'fill', b'abc\xee\xee')
    blob(1, 'sized', b'\2\0\0\0xy\0\0')
    image.entry(0, 1, 'other', b'\2')
    image.entry(2, 1, 'u8', b'\1')
    data, left, chunk = bytes(range(256)) * 20, 5120, 0
    while left:  # the rest of this page, then a page of its own
        n = min(left, (image.room() - 1) * 32)
        image.sized(2, 0x42, 'file', data[5120 - left:5120 - left + n], chunk)
        left -= n
        chunk += 1
        if left:
            image.page()
    image.entry(2, 0x48, 'file', struct.pack('<IBB', 5120, chunk, 0))
    image.entry(1, 1, 'again', b'\2')
    return image


@pytest.fixture
def files(tmp_path):
    (tmp_path / 'v.csv').write_text(CSV)
    (tmp_path / 'data.bin').write_bytes(bytes(range(256)) * 20)
    return tmp_path


def test_image_is_as_the_format_says(run, files):
    run('kiln', 'nvs', 'generate', '--size', '0x6000', '-o', 'v.bin', 'v.csv', check=0)
    assert (files / 'v.bin').read_bytes() == expected().pack(0x6000)


def test_small_partition_is_for_reading_only(run, files):
    done = run('kiln', 'nvs', 'generate', '-s', '0x2000', '-o', 'v.bin', 'v.csv', check=0)
    assert done.stderr == ('warning: an NVS of less than 0x3000 bytes can only be read: flag its '
                           'partition as readonly\n')
    assert (files / 'v.bin').read_bytes() == expected().pack(0)


def test_list(run, files):
    (files / 'v.bin').write_bytes(expected().pack(0x3000))
    listed = run('kiln', 'nvs', 'list', 'v.bin', check=0).stdout
    assert listed.startswith('key,type,encoding,value\nstorage,namespace,,\nu8,data,u8,255\n')
    assert 'text,data,string,"two ""words"", a comma\nand a line"\n' in listed
    (files / 'again.csv').write_text(listed)
    run('kiln', 'nvs', 'generate', '-s', '0x3000', '-o', 'again.bin', 'again.csv', check=0)
    assert (files / 'again.bin').read_bytes() == (files / 'v.bin').read_bytes()


def test_list_json(run, files):
    (files / 'v.bin').write_bytes(expected().pack(0x3000))
    values = [json.loads(line) for line in
              run('kiln', 'nvs', 'list', '--json', 'v.bin', check=0).stdout.splitlines()]
    found = {(v['namespace'], v['key']): (v['type'], v['value'], v['page']) for v in values}
    assert found[('storage', 'i32')] == ('i32', -2**31, 0)
    assert found[('storage', 'u64')] == ('u64', '18446744073709551615', 0)
    assert found[('storage', 'text')] == ('string', 'two "words", a comma\nand a line', 0)
    assert found[('other', 'file')] == ('blob', (bytes(range(256)) * 20).hex(), 1)
    assert found[('storage', 'again')] == ('u8', 2, 1)
    assert len(found) == len(values) == 17


def test_later_values_replace_earlier_ones(run, tmp_path):
    image = Image()
    image.entry(0, 1, 'ns', b'\1')
    image.entry(1, 1, 'a', b'\1')
    image.page()
    image.entry(1, 1, 'a', b'\2')
    (tmp_path / 'v.bin').write_bytes(image.pack(0x3000))
    assert run('kiln', 'nvs', 'list', 'v.bin', check=0).stdout.splitlines()[2:] == ['a,data,u8,2']
    bits = image.pack(0x3000)  # entry 1 is erased: two more bits are 0
    (tmp_path / 'v.bin').write_bytes(bits[:32] + bytes([bits[32] & ~0x0C]) + bits[33:])
    assert run('kiln', 'nvs', 'list', 'v.bin', check=0).stdout.splitlines()[2:] == ['a,data,u8,2']


def put(data, at, byte):
    return data[:at] + bytes([byte]) + data[at + 1:]


@pytest.mark.parametrize('change, problem', [
    (lambda b: put(b, 64 + 2 * 32 + 24, 0x55),
     'page 0: entry 2 is left out: its CRC does not match'),
    (lambda b: put(b, 64 + 10 * 32, 0x55),
     'page 0: entry 9 is left out: the CRC of its value does not match'),
    (lambda b: put(b, 4, 9), 'page 0: it is left out: the CRC of its header does not match'),
    (lambda b: put(b, 0, 0), 'page 0: it is left out: its state 0xffffff00 is that of no page'),
    (lambda b: put(b, 0x2003, 0xFF)[:0x2000] + put(b'\xff' * 4096, 9, 0),
     'page 2: it says that it is empty, and is not'),
    (lambda b: put(b, 4096 + 64 + 40, 0x55), "page 1: blob 'file' is left out: chunk 1 of 2 is "
     'missing'),
])
def test_damage_is_said_and_stepped_over(run, tmp_path, change, problem):
    (tmp_path / 'v.bin').write_bytes(change(expected().pack(0x3000)))
    done = run('kiln', 'nvs', 'list', 'v.bin', check=1)
    assert f'warning: {problem}\n' in done.stderr
    assert 'error: the NVS image is damaged: ' in done.stderr
    assert 'again,data,u8,2\n' in done.stdout
    events = [json.loads(line) for line in
              run('kiln', 'nvs', 'list', '--json', 'v.bin', check=1).stdout.splitlines()]
    page, text = problem.split(': ', 1)
    assert {'event': 'problem', 'page': int(page.split()[1]), 'text': text} in events
    assert events[-1]['event'] == 'error'


def test_an_encrypted_image_is_told(run, tmp_path):
    """Headers of pages and states of entries are not encrypted; all that is written is."""
    data = bytearray(expected().pack(0x3000))
    for page in range(0, 0x2000, 4096):
        for i in range(page + 64, page + 4096):
            data[i] ^= i * 7 + 3 & 255
    (tmp_path / 'v.bin').write_bytes(data)
    done = run('kiln', 'nvs', 'list', 'v.bin', check=1)
    assert re.fullmatch(
        r'error: cannot read the NVS image: its pages are whole, but none of its \d+ entries is: it is encrypted\n'
        r'hint: decrypt it with its keys first \(nvs_partition_gen decrypt\)\n', done.stderr)
    assert done.stdout == ''


MEND = 'mend the CSV file, then try again'


@pytest.mark.parametrize('rows, why, hint', [
    ('', 'line 1: there is nothing in the file', MEND),
    ('key,type,value\n', "line 1: there is no column 'encoding'",
     'the first line is: key,type,encoding,value'),
    ('key,type,encoding,value\na,data,u8,1\n', "line 2: no namespace stands before 'a'",
     'begin with a line such as: storage,namespace,,'),
    ('n,date,u8,1', "line 3: 'date' is no type", 'it is one of namespace, data, file'),
    ('n,data,u9,1', "line 3: 'u9' is no encoding",
     'it is one of u8 i8 u16 i16 u32 i32 u64 i64 string hex2bin base64 binary blob_fill(N;0xXX) '
     'blob_sz_fill(N;0xXX)'),
    ('n,data,u8,256', "line 3: the value of 'n' is no u8", MEND),
    ('n,data,u8,-1', "line 3: the value of 'n' is no u8", MEND),
    ('n,data,i8,-129', "line 3: the value of 'n' is no i8", MEND),
    ('n,data,i16,', "line 3: the value of 'n' is no i16", MEND),
    ('n,data,hex2bin,0', "line 3: the value of 'n' is no hex2bin", MEND),
    ('n,data,hex2bin,0g', "line 3: the value of 'n' is no hex2bin", MEND),
    ('n,data,base64,abc', "line 3: the value of 'n' is no base64", MEND),
    ('n,data,blob_fill(2;0x00),abc', "line 3: the value of 'n' is no blob_fill(2;0x00)", MEND),
    ('n,data,blob_fill(x),abc', "line 3: the value of 'n' is no blob_fill(x)", MEND),
    ('a_key_with_16_ch,data,u8,1', "line 3: the key 'a_key_with_16_ch' is longer than 15 bytes",
     MEND),
    (',data,u8,1', 'line 3: its key is empty', MEND),
    ('n,data,string,' + 'x' * 4000,
     "line 3: the text of 'n' has 4000 bytes, and at most 3999 fit", MEND),
    ('n,data,string,"x', 'line 3: a quoted field never ends', MEND),
    ('n,data,string,a\0b', 'line 3: there is a zero byte in it: this is no text', MEND),
    ('n' + ',' * 16, 'line 3: there are too many fields in it', MEND),
    ('n,data,binary,' + 'x' * 9000, 'the values need more than the 2 pages that may be filled',
     'make the partition larger'),
])
def test_bad_csv(run, tmp_path, rows, why, hint):
    head = '' if rows.startswith('key') or not rows else 'key,type,encoding,value\ns,namespace,,\n'
    (tmp_path / 'v.csv').write_text(head + rows)
    done = run('kiln', 'nvs', 'generate', '-s', '0x3000', '-o', 'v.bin', 'v.csv', check=1)
    assert done.stderr == f'error: cannot make the NVS image: {why}\nhint: {hint}\n'
    assert not (tmp_path / 'v.bin').exists()


def test_file_that_is_not_there(run, tmp_path):
    (tmp_path / 'v.csv').write_text('key,type,encoding,value\ns,namespace,,\nf,file,binary,none\n')
    assert run('kiln', 'nvs', 'generate', '-s', '0x3000', '-o', 'v.bin', 'v.csv',
               check=1).stderr.startswith("error: line 3: cannot open 'none': ")


def test_what_is_no_image(run, tmp_path):
    (tmp_path / 'a').write_bytes(b'x' * 100)
    (tmp_path / 'b').write_bytes(b'x' * 8192)
    assert run('kiln', 'nvs', 'list', 'a', check=1).stderr == (
        'error: cannot read the NVS image: it has 100 bytes, which is no multiple of 4096 up to '
        '16 MB\nhint: check that it is the whole partition\n')
    assert run('kiln', 'nvs', 'list', 'b', check=1).stderr.endswith(
        'error: cannot read the NVS image: none of its pages is one of an NVS\nhint: check that it '
        'is the whole partition; an encrypted one must be decrypted first\n')
    (tmp_path / 'b').write_bytes(b'\xff' * 8192)
    assert run('kiln', 'nvs', 'list', 'b', check=0).stdout == 'key,type,encoding,value\n'


def test_values_cannot_steer_the_terminal(run, tmp_path):
    image = Image()
    image.entry(0, 1, 'n\x1b[2J', b'\1')
    image.sized(1, 0x21, 'k\x07', b'\x1b[31m\0')
    (tmp_path / 'v.bin').write_bytes(image.pack(0x3000))
    assert run('kiln', 'nvs', 'list', 'v.bin', check=0).stdout.splitlines()[1:] == [
        'n?[2J,namespace,,', 'k?,data,hex2bin,1b5b33316d']


def test_usage(run, tmp_path):
    for words, what in (
            ([], 'it takes generate or list, then a file'),
            (['make', 'x'], 'it takes generate or list, then a file'),
            (['list'], 'list takes one FILE, not 0'),
            (['generate', 'x'], 'generate needs --output'),
            (['generate', '-o', 'y', 'x'], 'generate needs --size')):
        assert run('kiln', 'nvs', *words, check=2).stderr == (
            f"error: {what}\nhint: 'kiln nvs --help' shows what it takes\n")
    (tmp_path / 'x').write_text(CSV)
    assert run('kiln', 'nvs', 'generate', '-o', 'y', '-s', '5000', 'x', check=2).stderr == (
        'error: cannot make an NVS image of 0x1388 bytes\nhint: it is a multiple of 0x1000 up to '
        '0x1000000; 0x3000 or more can be written to\n')
