# SPDX-License-Identifier: Apache-2.0
"""`mpremote fs`, its shortcuts, df and edit: the texts of mpremote 1.26."""

import pytest


@pytest.fixture
def board(run, flashed):
    """mpremote on a virtual board that has been flashed."""
    def mpremote(*args, **options):
        return run('mpremote', 'connect', flashed, *args, **options)
    return mpremote


def sets(tmp_path):
    (tmp_path / 'pkg/sub').mkdir(parents=True)
    (tmp_path / 'a.py').write_text('hello\n')
    (tmp_path / 'pkg/x.py').write_text('x\n')
    (tmp_path / 'pkg/sub/y.py').write_text('yy\n')


def fails(board, line, text, shown=''):
    done = board(*line.split(), check=1)
    assert (done.stdout, done.stderr) == (shown, text)


def test_files(board, tmp_path):
    sets(tmp_path)
    board('mkdir', 'w', check=0)
    done = board('exec', 'import os; os.chdir("w")', 'ls', '+', 'cp', 'a.py', ':', '+', 'cp', 'a.py',
                 ':b.py', '+', 'ls', ':', '+', 'cat', 'b.py', '+', 'sha256sum', ':a.py', '+', 'cp',
                 'a.py', ':', '+', 'cp', '-f', 'a.py', ':', '+', 'rm', 'b.py', '+', 'ls', check=0)
    assert done.stdout == """ls :
cp a.py :
cp a.py :b.py
ls :
           6 a.py
           6 b.py
hello
sha256sum :a.py
5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
cp a.py :
Up to date: ./a.py
cp a.py :
rm :b.py
ls :
           6 a.py
"""
    assert board('cat', 'w/a.py', '+', 'cp', ':w/a.py', 'back.py', check=0).stdout == (
        'hello\ncp :w/a.py back.py\n')
    assert (tmp_path / 'back.py').read_text() == 'hello\n'


def test_folders_of_files(board, tmp_path):
    sets(tmp_path)
    board('mkdir', 'w', '+', 'cp', '-r', 'pkg', ':w/pkg', '+', 'touch', 'w/é.py', check=0)
    done = board('cp', '-r', 'pkg', ':w', '+', 'tree', 'w', '+', 'tree', '-s', ':w/pkg', '+', 'tree',
                 '-h', 'w/pkg', check=0)
    assert done.stdout == """cp pkg :w
Up to date: w/pkg/sub/y.py
Up to date: w/pkg/x.py
tree :w
:w
├── pkg
│   ├── sub
│   │   └── y.py
│   └── x.py
└── é.py
tree :w/pkg
:w/pkg
├── sub
│   └── [        3]  y.py
└── [        2]  x.py
tree :w/pkg
:w/pkg
├── sub
│   └── [     3]  y.py
└── [     2]  x.py
"""
    (tmp_path / 'copy').mkdir()
    board('cp', '-r', ':w/pkg', 'copy', '+', 'cp', '-r', ':w/pkg', ':w/pkg2', check=0)
    assert (tmp_path / 'copy/pkg/sub/y.py').read_text() == 'yy\n'
    assert board('rm', '-rv', ':w/pkg2', '+', 'rm', '-r', 'w/pkg', '+', 'ls', 'w',
                 check=0).stdout == """rm :w/pkg2
removed: 'w/pkg2/sub/y.py'
removed directory: 'w/pkg2/sub'
removed: 'w/pkg2/x.py'
removed directory: 'w/pkg2'
rm :w/pkg
ls :w
           0 é.py
"""


def test_files_that_fail(board, tmp_path):
    sets(tmp_path)
    board('mkdir', 'd', '+', 'touch', 'd/f', 'plain', check=0)
    missing = 'No such file or directory.\n'
    fails(board, 'cat nothere', 'mpremote: cat: nothere: ' + missing)
    fails(board, 'rm nothere', 'mpremote: rm: nothere: ' + missing, 'rm :nothere\n')
    fails(board, 'rm -r nothere', 'mpremote: rm: nothere: ' + missing, 'rm :nothere\n')
    fails(board, 'ls nothere', 'mpremote: ls: nothere: ' + missing, 'ls :nothere\n')
    fails(board, 'mkdir d', 'mpremote: mkdir: d: File exists.\n', 'mkdir :d\n')
    fails(board, 'rmdir d', 'mpremote: rmdir: d: Directory not empty.\n', 'rmdir :d\n')
    fails(board, 'tree plain', "mpremote: tree: 'plain' is not a directory\n", 'tree :plain\n')
    fails(board, 'cp a.py', 'mpremote: cp: missing destination path\n')
    fails(board, 'cp a.py :plain/', 'mpremote: cp: destination is not a directory\n',
          'cp a.py :plain/\n')
    fails(board, 'cp a.py pkg/x.py :nodir', 'mpremote: cp: destination does not exist\n',
          'cp a.py :nodir\n')
    fails(board, 'cp a.py pkg/x.py :plain', 'mpremote: cp: destination is not a directory\n',
          'cp a.py :plain\n')
    fails(board, 'cp pkg :', 'mpremote: cp: -r not specified; omitting directory\n', 'cp pkg :\n')
    fails(board, 'cp :d .', 'mpremote: cp: -r not specified; omitting directory\n', 'cp :d .\n')
    fails(board, 'cp nofile :', 'mpremote: cp: No such file or directory: ' + missing,
          'cp nofile :\n')
    fails(board, 'fs md5 x', "mpremote: fs: 'md5' is not a command\n")
    assert run_usage(board, 'tree', '-s', '-h', 'x') == (
        'fs: error: argument --human/-h: not allowed with argument --size/-s')
    assert run_usage(board, 'cat') == (
        'fs: error: the following arguments are required: path, next_command')


def run_usage(board, *line):
    done = board(*line, check=2)
    assert done.stderr.startswith("""usage: fs [--help] [--recursive | --no-recursive] [--force | --no-force]
          [--verbose | --no-verbose] [--size | --human]
          command path [path ...] ...
""")
    return done.stderr.splitlines()[-1]


def test_df(board):
    head, *rows = board('df', check=0).stdout.splitlines()
    assert head == 'filesystem     size     used    avail use% mounted on'
    assert any(row.endswith(' /') and len(row.split()) == 6 for row in rows)


def test_edit(board):
    board('touch', 'e.txt', check=0)
    assert board('edit', ':e.txt', 'new.txt', '+', 'cat', 'e.txt', 'new.txt', check=0,
                 EDITOR='echo edited >>').stdout == (
        'edit :e.txt\nedit :new.txt\nedited\nedited\n')
    # an editor that fails changes nothing
    assert board('edit', 'e.txt', '+', 'cat', 'e.txt', check=0, EDITOR='false').stdout == (
        'edit :e.txt\nedited\n')
    assert board('edit', 'e.txt', check=1, EDITOR='').stderr == 'mpremote: edit: $EDITOR not set\n'
