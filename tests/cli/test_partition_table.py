# SPDX-License-Identifier: Apache-2.0
"""kiln partition-table: the bytes are packed here by hand, from the format's description."""
import hashlib
import json
import struct

import pytest

CSV = '''\ufeff# Name, Type, SubType, Offset, Size, Flags
nvs,      data, nvs,     ,        0x6000,
phy_init, data, phy,     ,        4K,encrypted
factory,  app,  factory, ,        1M,   \r
   # a remark
ota_3slot, app, ota_3,,$APP_SIZE
otadata,data,ota,,0x2000
fs, data, fat, , -4M, encrypted:readonly
custom, 0x40, 7, 0x400_000, 1k, , more
tee, APP, tee_1, 0x410000, 64K
nothing, data
'''.replace('nothing, data\n', 'nothing, data,,,0o20\n')
ROWS = [(1, 2, 0x9000, 0x6000, 'nvs', 0), (1, 1, 0xF000, 0x1000, 'phy_init', 1),
        (0, 0, 0x10000, 0x100000, 'factory', 0), (0, 0x13, 0x110000, 0x100000, 'ota_3slot', 0),
        (1, 0, 0x210000, 0x2000, 'otadata', 0),
        (1, 0x81, 0x212000, 0x400000 - 0x212000, 'fs', 3),
        (0x40, 7, 0x400000, 1024, 'custom', 0), (0, 0x31, 0x410000, 0x10000, 'tee', 0),
        (1, 6, 0x420000, 16, 'nothing', 0)]
LISTED = '''# ESP-IDF Partition Table
# Name, Type, SubType, Offset, Size, Flags
nvs,data,nvs,0x9000,24K,
phy_init,data,phy,0xf000,4K,encrypted
factory,app,factory,0x10000,1M,
ota_3slot,app,ota_3,0x110000,1M,
otadata,data,ota,0x210000,8K,
fs,data,fat,0x212000,1976K,encrypted:readonly
custom,64,7,0x400000,1K,
tee,app,tee_1,0x410000,64K,
nothing,data,undefined,0x420000,0x10,
'''


def packed(rows, md5=True):
    table = b''.join(struct.pack('<BBBBII16sI', 0xAA, 0x50, t, s, offset, size, name.encode(), flags)
                     for t, s, offset, size, name, flags in rows)
    if md5:
        table += b'\xeb\xeb' + b'\xff' * 14 + hashlib.md5(table).digest()
    return table.ljust(0xC00, b'\xff')


def test_csv_becomes_the_bytes_of_flash(run, tmp_path):
    (tmp_path / 't.csv').write_text(CSV, newline='')
    for options, md5 in (([], True), (['--no-md5'], False)):
        done = run('kiln', 'partition-table', 't.csv', '-o', 't.bin', *options, check=0,
                   APP_SIZE='1M')
        assert (done.stdout, done.stderr) == ('', '')
        assert (tmp_path / 't.bin').read_bytes() == packed(ROWS, md5)
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != '') == ['t.bin', 't.csv']


def test_listing_is_csv_of_either(run, tmp_path):
    (tmp_path / 't.csv').write_text(CSV)
    (tmp_path / 't.bin').write_bytes(packed(ROWS))
    assert run('kiln', 'partition-table', 't.csv', check=0, APP_SIZE='0x100000').stdout == LISTED
    assert run('kiln', 'partition-table', 't.bin', check=0).stdout == LISTED
    assert run('kiln', 'partition-table', '-o', '-', 't.bin', check=0).stdout == LISTED
    (tmp_path / 'again.csv').write_text(LISTED)
    run('kiln', 'partition-table', '-o', 'again.bin', 'again.csv', check=0)
    assert (tmp_path / 'again.bin').read_bytes() == packed(ROWS)


def test_json(run, tmp_path):
    (tmp_path / 't.bin').write_bytes(packed(ROWS))
    lines = run('kiln', 'partition-table', '--json', 't.bin', check=0).stdout.splitlines()
    assert json.loads(lines[5]) == {
        'name': 'fs', 'type': 'data', 'subtype': 'fat', 'type_number': 1, 'subtype_number': 0x81,
        'offset': 0x212000, 'size': 0x1EE000, 'encrypted': True, 'readonly': True}
    assert len(lines) == len(ROWS)
    (tmp_path / 'bad.csv').write_text('a,b')
    error = json.loads(run('kiln', 'partition-table', '--json', 'bad.csv', check=1).stdout)
    assert error['event'] == 'error' and error['code'] == 'E_IMAGE'


def test_table_that_lists_bootloader_and_itself(run, tmp_path):
    (tmp_path / 't.csv').write_text('bl, bootloader, primary, , ,\npt, partition_table, primary,,\n'
                                    'ota_bl, bootloader, ota\nrec, bootloader, recovery\n'
                                    'app, app, factory, 0x30000, 1M\n')
    run('kiln', 'partition-table', 't.csv', '-o', 't.bin', '--primary-bootloader-offset', '0x1000',
        '--recovery-bootloader-offset', '0x20000', '--offset', '0x9000', check=0)
    assert (tmp_path / 't.bin').read_bytes() == packed([
        (2, 0, 0x1000, 0x8000, 'bl', 0), (3, 0, 0x9000, 0x1000, 'pt', 0),
        (2, 1, 0xA000, 0x8000, 'ota_bl', 0), (2, 2, 0x20000, 0x8000, 'rec', 0),
        (0, 0, 0x30000, 0x100000, 'app', 0)])
    assert 'line 1: the offset of the primary bootloader is not known' in \
        run('kiln', 'partition-table', 't.csv', check=1).stderr


MEND = 'mend the table, then try again'
BAD_CSV = [
    ('a,', [], 'line 1: its type is empty', MEND),
    ('\n\na,dat,nvs,,1M', [], "line 3: 'dat' is no partition type",
     'it is app, data, bootloader, partition_table, or a number up to 0xFE'),
    ('a,app,,,1M', [], 'line 1: the subtype of an app is empty', MEND),
    ('a,app,ota_16,,1M', [], "line 1: 'ota_16' is no partition subtype",
     'it is ota_0 to ota_15, tee_0, tee_1, factory, test, or a number'),
    ('a,app,256,,1M', [], "line 1: '256' is no partition subtype",
     'it is ota_0 to ota_15, tee_0, tee_1, factory, test, or a number'),
    ('a,data,nvs,', [], 'line 1: its size is empty', MEND),
    ('a,data,nvs,,1G', [], "line 1: '1G' is no size",
     'write it as 0x100000, 1024K or 1M; -4M ends it there'),
    ('a,data,nvs,010,1M', [], "line 1: '010' is no offset", MEND),
    ('a,data,nvs,5M,-4M', [], "line 1: partition 'a' ends before it begins, or beyond 4 GB", MEND),
    ('a,data,nvs,,4096M', [], "line 1: '4096M' is no size",
     'write it as 0x100000, 1024K or 1M; -4M ends it there'),
    ('a,data,nvs,,1M,secret', [], "line 1: 'secret' is no flag",
     "flags are encrypted and readonly, with a ':' between"),
    ('a,data,nvs,,$NO_SUCH', [], "line 1: unknown variable 'NO_SUCH'", MEND),
    ('a,data,nvs,0x8000,1M', [],
     "line 1: partition 'a' at 0x8000 begins before 0x9000, where the table itself ends", MEND),
    ('a,data,nvs,,1M\nb,data,fat,0x20000,1M', [],
     "line 2: partition 'b' at 0x20000 begins before 0x109000, where the one before it ends", MEND),
    ('a,app,test,0x11000,1M', [], "line 1: partition 'a': offset 0x11000 is not aligned to 0x10000",
     'use 0x20000, or leave the offset empty'),
    ('a,app,test,,1028', [], "line 1: partition 'a': size 0x404 is not aligned to 0x1000", MEND),
    ('a,app,test,,68K', ['--secure', 'v1'],
     "line 1: partition 'a': size 0x11000 is not aligned to 0x10000", MEND),
    ('a,data,nvs,,8K', [], "line 1: partition 'a': an NVS of 0x2000 bytes can't be written to",
     'make it 0x3000 or larger, or flag it as readonly'),
    ('a,data,ota,,8K,readonly', [],
     "line 1: partition 'a' is always written to and can't be readonly", MEND),
    ('a,data,fat,,8K\na,data,fat,,8K', [], "line 2: two partitions have the name 'a'", MEND),
    ('a,data,ota,,8K\nb,data,ota,,8K', [],
     "line 2: there are two otadata partitions, 'a' and 'b'", MEND),
    ('a,data,ota,,12K', [], "line 1: partition 'a': the size of otadata is 0x2000, not 0x3000",
     MEND),
    ('a,data,fat,,4M', ['--flash-size', '4MB'],
     "line 1: partition 'a' ends at 0x409000, and the flash at 0x400000",
     'make it smaller, or give the size of the flash that the board has'),
    ('a\0b,data,fat,,4M', [], 'line 1: there is a zero byte in it: this is no text', MEND),
]


@pytest.mark.parametrize('csv, options, why, hint', BAD_CSV)
def test_bad_csv(run, tmp_path, csv, options, why, hint):
    (tmp_path / 't.csv').write_text(csv)
    done = run('kiln', 'partition-table', *options, 't.csv', '-o', 't.bin', check=1)
    assert done.stderr == f'error: cannot use the partition table: {why}\nhint: {hint}\n'
    assert not (tmp_path / 't.bin').exists()


def test_other_encodings_are_refused(run, tmp_path):
    (tmp_path / 't.csv').write_bytes('a,data,fat,,4M'.encode('utf-16'))
    assert run('kiln', 'partition-table', 't.csv', check=1).stderr == (
        'error: cannot use the partition table: it is UTF-16 or UTF-32 text\n'
        'hint: save it as UTF-8, then try again\n')


@pytest.mark.parametrize('change, why', [
    (lambda b: b[:40] + b'\x55' + b[41:], 'its MD5 digest does not match: the table is damaged'),
    (lambda b: b[:32] + b'\xAA\x51' + b[34:],
     'the entry at 0x20 begins with AA 51, not with AA 50'),
    (lambda b: b[:32 * 10], 'it is cut short: no entry of FF marks its end'),
    (lambda b: b[:50], 'its length is no multiple of 32 bytes'),
])
def test_bad_bytes(run, tmp_path, change, why):
    (tmp_path / 't.bin').write_bytes(change(packed(ROWS)))
    assert run('kiln', 'partition-table', 't.bin', check=1).stderr == \
        f'error: cannot use the partition table: {why}\nhint: mend the table, then try again\n'


def test_too_many(run, tmp_path):
    rows = ''.join(f'p{i},data,fat,,4K\n' for i in range(95))
    (tmp_path / 't.csv').write_text(rows)
    assert 'its 95 entries take more than 3072 bytes' in \
        run('kiln', 'partition-table', 't.csv', '-o', 't.bin', check=1).stderr
    run('kiln', 'partition-table', 't.csv', '-o', 't.bin', '--no-md5', check=0)
    (tmp_path / 't.csv').write_text(rows + 'more,data,fat,,4K\n')
    assert 'line 96: there are more than 95 partitions' in \
        run('kiln', 'partition-table', 't.csv', check=1).stderr


def test_warnings_and_usage(run, tmp_path):
    (tmp_path / 't.csv').write_text('app,data,fat,,4K\na_name_that_is_too_long,data,fat,,4K\n')
    assert run('kiln', 'partition-table', 't.csv', check=0).stderr == (
        "warning: partition 'app' has the name of a type, and another type\n"
        "warning: the name 'a_name_that_is_too_long' is cut to its first 16 bytes\n")
    assert run('kiln', 'partition-table', '-q', 't.csv', check=0).stderr == ''
    assert run('kiln', 'partition-table', 't.csv', '--flash-size', 'big', check=2).stderr == (
        "error: invalid value for --flash-size: 'big'\nhint: write it as 4MB, 4M or 0x400000\n")
    assert run('kiln', 'partition-table', check=2).stderr.startswith(
        'error: it takes one FILE, not 0\n')
    assert run('kiln', 'partition-table', 'none.csv', check=1).stderr.startswith(
        "error: cannot open 'none.csv': ")
    assert run('kiln', 'partition-table', '-o', 'no/where', 't.csv', check=1).stderr.count(
        "cannot write 'no/where'") == 1
    assert '--flash-size SIZE' in run('kiln', 'partition-table', '--help', check=0).stdout


def test_standard_streams_links_and_devices(run, tmp_path):
    assert run('kiln', 'partition-table', '-', check=0, input='a,data,fat,,4K\n').stdout == (
        LISTED.split('nvs')[0] + 'a,data,fat,0x9000,4K,\n')
    (tmp_path / 't.csv').write_text('a,data,fat,,4K\n')
    (tmp_path / 'real.bin').write_bytes(b'old' * 5000)
    (tmp_path / 'link.bin').symlink_to('real.bin')
    run('kiln', 'partition-table', 't.csv', '-o', 'link.bin', check=0)
    assert (tmp_path / 'link.bin').is_symlink()  # written through, not replaced
    assert (tmp_path / 'real.bin').read_bytes() == packed([(1, 0x81, 0x9000, 0x1000, 'a', 0)])
    run('kiln', 'partition-table', 't.csv', '-o', '/dev/null', check=0)
    done = run('kiln', 'partition-table', 't.csv', '-o', '/dev/full', check=1)
    assert done.stderr.startswith("error: cannot write '/dev/full': ")
    assert run('kiln', 'partition-table', '.', check=1).stderr.startswith("error: cannot read '.': ")


def test_written_file_has_the_usual_rights(run, tmp_path):
    (tmp_path / 't.csv').write_text('a,data,fat,,4K\n')
    run('kiln', 'partition-table', 't.csv', '-o', 't.bin', check=0)
    (tmp_path / 'touched').touch()
    assert (tmp_path / 't.bin').stat().st_mode == (tmp_path / 'touched').stat().st_mode
