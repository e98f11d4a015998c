# SPDX-License-Identifier: Apache-2.0
"""`mpremote romfs`: images are built here; partitions are played by a board's program."""
import pytest

# What a port with memory-mapped flash does (docs/library/vfs.rst, rom_ioctl): two partitions.
PARTITIONS = '''
import sys, vfs
roms = [bytearray(b'\\xff' * 8192), bytearray(64)]
def rom_ioctl(op, i=0, *a):
    if op == 1: return len(roms)
    if not 0 <= i < len(roms): return -22
    if op == 2: return roms[i]
    if op == 3:
        at, n = a if len(a) > 1 else (0, a[0])
        roms[i][at:at + n] = bytes(n)
        return 16
    if op == 4:
        roms[i][a[0]:a[0] + len(a[1])] = a[1]
        return 0
    if op == 5: return 0
    if op == 6: return 4096 if i == 0 else -22
class V:
    umount = vfs.umount
V.rom_ioctl = rom_ioctl
sys.modules['vfs'] = V
'''


@pytest.fixture
def board(run, flashed):
    return lambda *args, **more: run('mpremote', 'connect', flashed, *args, **more)


@pytest.fixture
def app(tmp_path):
    for name, text in {'lib/helper.py': 'H = 1\n', 'main.py': 'import helper\n', 'z': ''}.items():
        path = tmp_path / 'app' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / 'app'


TREE = 'Building romfs filesystem, source directory: app/\n/\n|-- lib/\n|   \\-- helper.py\n|-- main.py\n\\-- z\n'


def test_build(run, app, tmp_path):
    done = run('mpremote', 'romfs', '--no-mpy', 'build', 'app', check=0)
    assert (done.stdout, done.stderr) == (
        TREE + 'Writing 62 bytes to output file app.romfs\n', '')
    image = (tmp_path / 'app.romfs').read_bytes()
    assert image.startswith(b'\xd2\xcd\x31') and len(image) == 62
    run('mpremote', 'romfs', '--no-mpy', '-o', 'other.img', 'build', 'app', check=0)
    assert (tmp_path / 'other.img').read_bytes() == image


def test_mpy_cross(run, app, tmp_path, env):
    # without it that is said, and the sources go in
    bare = run('mpremote', 'romfs', 'build', 'app', PATH='/usr/bin:/bin', check=0)
    assert 'Warning: `mpy_cross` module not found, .py files were not precompiled\n' in bare.stdout
    cross = tmp_path / 'bin/mpy-cross'
    cross.parent.mkdir()
    cross.write_text('#!/bin/sh\necho "M compiled" > "$2"\n')
    cross.chmod(0o755)
    path = f'{cross.parent}:/usr/bin:/bin'
    done = run('mpremote', 'romfs', 'build', 'app', PATH=path, check=0)
    assert '|   \\-- helper.py -> .mpy\n|-- main.py -> .mpy\n' in done.stdout
    image = (tmp_path / 'app.romfs').read_bytes()
    assert b'helper.mpy' in image and b'M compiled' in image and b'.py\x02' not in image
    cross.write_text('#!/bin/sh\nexit 1\n')
    assert run('mpremote', 'romfs', 'build', 'app', PATH=path, check=1).stderr == (
        "mpremote: mpy-cross cannot compile 'app/lib/helper.py'\n")


def test_query_and_deploy(board, app, tmp_path):
    done = board('exec', PARTITIONS, 'romfs', 'query', '+', 'romfs', '--no-mpy', 'deploy', 'app',
                 '+', 'romfs', 'query', '+', 'eval', 'bytes(roms[0][:62])', check=0)
    blank = ':'.join(['ff'] * 12), ':'.join(['00'] * 12)
    sizes = ('ROMFS0 partition has size 8192 bytes (2 blocks of 4096 bytes each)\n',
             'ROMFS1 partition has size 64 bytes (1 blocks of 64 bytes each)\n')
    said = done.stdout.replace('\r', '\n')
    image = eval(said.splitlines()[-1])
    assert said == (
        sizes[0] + f'  Raw contents: {blank[0]} ...\n  Not a valid ROMFS\n' +
        sizes[1] + f'  Raw contents: {blank[1]} ...\n  Not a valid ROMFS\n' + TREE +
        'Image size is 62 bytes\n' + sizes[0] + '\nPreparing at offset 0\n\nWriting at offset 0\n'
        'ROMFS image deployed\n' + sizes[0] +
        f'  Raw contents: {image[:12].hex(":")} ...\n  ROMFS image size: 58\n' +
        sizes[1] + f'  Raw contents: {blank[1]} ...\n  Not a valid ROMFS\n' + f'{image}\n')
    (tmp_path / 'x.romfs').write_bytes(image)
    done = board('exec', PARTITIONS, 'romfs', '-p', '1', 'deploy', 'x.romfs', '+', 'eval',
                 'bytes(roms[1]).hex()', check=0)
    assert image.hex() in done.stdout


def test_what_cannot_be_deployed(board, app, tmp_path):
    (tmp_path / 'bad.img').write_text('no image')
    (tmp_path / 'app/big').write_bytes(bytes(9000))
    assert board('romfs', 'query', check=0).stdout == 'ROMFS is not enabled on this device\n'
    assert board('romfs', 'deploy', 'bad.img', check=1).stderr == (
        'mpremote: ROMFS is not enabled on this device\n')
    fake = 'exec', PARTITIONS, 'romfs'
    assert board(*fake, 'deploy', 'bad.img', check=1).stdout.endswith('\nInvalid ROMFS image\n')
    assert board(*fake, 'deploy', 'app', check=1).stdout.endswith(
        '\nROMFS image is too big for the target partition\n')
    assert board(*fake, '-p', '7', 'deploy', 'app', check=1).stderr == (
        'mpremote: ROMFS7 partition not found on device\n')


def test_wrong_lines(run):
    assert run('mpremote', 'romfs', 'build', check=1).stderr == (
        'mpremote: romfs build: source path not given\n')
    assert run('mpremote', 'romfs', 'burn', check=1).stderr == (
        "mpremote: romfs: 'burn' is not a command; pass romfs --help for a list\n")
    assert run('mpremote', 'romfs', 'build', 'nowhere', check=1).stderr == (
        "mpremote: romfs: 'nowhere' is not a directory\n")
