# SPDX-License-Identifier: Apache-2.0
"""The files of a board, as `kiln ls`, `put`, `get` and the others show and change them."""
import hashlib
import json
import random

def noise(n, seed=1):
    return random.Random(seed).randbytes(n)


def make_tree(root):
    for name, data in {'a.py': b'print(1)\n', 'sub/odd.bin': bytes(range(256)) * 3,
                       'sub/deep/empty': b'', "sub/é 'q'.txt": 'hé\r\n'.encode()}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / 'none').mkdir()


def files_of(root):
    return {str(p.relative_to(root)): p.read_bytes() if p.is_file() else None
            for p in root.rglob('*')}


def test_there_and_back(kiln, tmp_path):
    for name, data in ('noise', noise(50000)), ('text', b'the same line\r\n' * 3000), ('none', b''):
        (tmp_path / name).write_bytes(data)
        kiln('put', name, check=0)
        kiln('get', ':' + name, 'back', check=0)
        assert (tmp_path / 'back').read_bytes() == data
        assert kiln('sha256sum', name, check=0).stdout == (
            f'{hashlib.sha256(data).hexdigest()}  {name}\n')


def test_a_tree_there_and_back(kiln, tmp_path):
    make_tree(tmp_path / 'd')
    kiln('put', '-r', 'd', check=0)
    assert kiln('tree', 'd', check=0).stdout == (
        ':d\n├── a.py\n├── none\n└── sub\n    ├── deep\n    │   └── empty\n'
        "    ├── odd.bin\n    └── é 'q'.txt\n")
    kiln('cp', '-r', ':d', 'back', check=0)
    assert files_of(tmp_path / 'back') == files_of(tmp_path / 'd')
    kiln('cp', '-r', ':d', ':e', check=0)  # on the board itself
    kiln('get', '-r', ':e', '.', check=0)
    assert files_of(tmp_path / 'e') == files_of(tmp_path / 'd')
    kiln('rm', '-r', 'd', ':e', check=0)
    assert kiln('ls', check=0).stdout == '          61 boot.py\n'


def test_the_small_verbs(kiln, tmp_path):
    kiln('mkdir', 'a', check=0)
    kiln('mkdir', '-P', 'a/b/c', check=0)
    kiln('mkdir', '-P', 'a/b/c', check=0)
    kiln('touch', 'a/b/x', check=0)
    kiln('mv', 'a/b/x', ':', check=0)
    assert kiln('ls', check=0).stdout == (
        '           0 a/\n          61 boot.py\n           0 x\n')
    kiln('rmdir', 'a/b/c', check=0)
    assert kiln('ls', 'a/b', check=0).stdout == ''
    assert kiln('stat', 'x', check=0).stdout.startswith('x: file, 0 bytes')
    (tmp_path / 'x').write_text('words\n')
    kiln('put', 'x', check=0)
    kiln('touch', 'x', check=0)  # changes nothing
    assert kiln('cat', 'x', ':x', check=0).stdout == 'words\nwords\n'
    header, line = kiln('df', check=0).stdout.splitlines()
    assert header.split() == ['filesystem', 'size', 'used', 'free', 'used']
    name, total, used, free, _, _ = line.split()
    assert (name, int(total)) == ('/', 2 * 1024 * 1024)
    assert int(used) + int(free) == int(total)


def test_json(kiln, tmp_path):
    (tmp_path / 'x').write_bytes(b'\xff\x00')

    def objects(*args):
        return [json.loads(line) for line in kiln(*args, check=0).stdout.splitlines()]
    assert objects('put', '--json', 'x') == [
        {'event': 'copied', 'path': 'x', 'to': 'x', 'size': 2}]
    entries = {e['path']: (e['kind'], e['size']) for e in objects('ls', '--json')}
    assert entries == {'boot.py': ('file', 61), 'x': ('file', 2)}
    assert objects('cat', '--json', 'x') == [
        {'event': 'file', 'path': 'x', 'size': 2, 'base64': '/wA='}]
    assert objects('df', '--json')[0]['total'] == 2 * 1024 * 1024
    failed = kiln('rm', '--json', 'nowhere', check=1)
    assert json.loads(failed.stdout)['code'] == 'E_NOT_FOUND'


def test_errors(kiln, tmp_path):
    """What the command line adds; tests/session/files_session.c has what the engine says."""
    (tmp_path / 'here').write_text('x')
    (tmp_path / 'folder').mkdir()
    for args, code, error in (
            (['ls', 'bad\nname\x1b'], 1, "cannot list ':bad?name?': no such file or directory"),
            (['put', 'nowhere'], 1, "cannot open 'nowhere': no such file or directory"),
            (['put', 'folder'], 1, "cannot read 'folder': is a directory"),
            (['cp', 'here', 'there'], 2, "cannot copy to 'there': neither side is on the board"),
            (['cp', 'here', 'here', ':x'], 2, "cannot copy 2 files to 'x': that is no folder"),
            (['get', ':'], 1, "cannot get ':': is a directory"),
            (['rm', '-r', ':'], 2, "cannot remove ':': that is all there is on the board")):
        done = kiln(*args, check=code)
        assert done.stderr.splitlines()[0] == f'error: {error}'
    assert kiln('ls', check=0).stdout == '          61 boot.py\n'


def test_names_with_control_characters_are_shown_clean(kiln):
    kiln('exec', 'open("a\\x1b[31m\\nb", "w").close()', check=0)
    assert kiln('ls', check=0).stdout == '           0 a?[31m?b\n          61 boot.py\n'
    assert json.loads(kiln('ls', '--json', check=0).stdout.splitlines()[0])['path'] == 'a\x1b[31m\nb'


def test_links_in_the_target_are_not_followed(kiln, tmp_path):
    make_tree(tmp_path / 'd')
    kiln('put', '-r', 'd', check=0)
    (tmp_path / 'outside').mkdir()
    (tmp_path / 'back/d').mkdir(parents=True)
    (tmp_path / 'back/d/sub').symlink_to(tmp_path / 'outside')
    done = kiln('get', '-r', ':d', 'back', check=1)
    assert done.stderr == (
        "error: cannot write 'd/sub': a part of that path is no folder, or a symbolic link\n"
        'hint: links in the target are not followed; move it out of the way\n')
    assert list((tmp_path / 'outside').iterdir()) == []


def test_a_board_that_lies_about_names(kiln, tmp_path):
    kiln('exec',
         'f = open("boot.py", "w")\n'
        'f.write("import os\\n_l = os.ilistdir\\n'
        'os.ilistdir = lambda p: iter([(\'../../evil\', 0x8000, 0)])\\n'
        '_s = os.stat\\nos.stat = lambda p: _s(\'boot.py\') if \'evil\' in p else _s(p)\\n")\n'
        'f.close()', check=0)
    (tmp_path / 'in/deep').mkdir(parents=True)
    done = kiln('get', '-r', ':', 'in/deep', check=2)
    assert done.stderr.startswith(
        "error: cannot write '..': the board's name for it would lead out of the folder\n")
    assert not list(tmp_path.rglob('evil'))


def test_wrong_command_lines(run):
    assert run('kiln', 'rm', check=2).stderr.startswith('error: rm what?\n')
    assert run('kiln', 'cp', 'x', check=2).stderr.startswith('error: cp what?\n')
