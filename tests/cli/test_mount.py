# SPDX-License-Identifier: Apache-2.0
"""`kiln mount` and mpremote's: a folder of this computer as /remote of a board."""
import pytest
from conftest import BUILD
from terminal import Terminal


@pytest.fixture
def src(tmp_path):
    root = tmp_path / 'src'
    (root / 'pkg').mkdir(parents=True)
    (root / 'pkg/__init__.py').write_text('from .part import X\n')
    (root / 'pkg/part.py').write_text('X = 42\n')
    (root / 'data.txt').write_text('één\n')
    (root / 'out').symlink_to('/etc/hostname')
    return root


@pytest.fixture
def mpremote(run, flashed):
    return lambda *args, **more: run('mpremote', 'connect', flashed, *args, **more)


def test_exec_and_run(kiln, src, tmp_path):
    done = kiln('mount', 'src', 'exec', 'import pkg, os; print(pkg.X, os.getcwd())\n'
                'with open("new", "w") as f: f.write(open("data.txt").read() * 2)', check=0)
    assert (done.stdout, done.stderr) == ('42 /remote\n', '')
    assert (src / 'new').read_text() == 'één\néén\n'
    (tmp_path / 'prog.py').write_text('raise ValueError(open("data.txt").read())\n')
    done = kiln('mount', 'src', '--', 'run', 'prog.py', check=1)
    assert done.stderr.endswith('ValueError: één\n\n')
    # nothing of it is left
    assert kiln('exec', 'import os; print(os.listdir("/"))', check=0).stdout == "['boot.py']\n"


def test_links(kiln, src):
    program = 'try: print(len(open("out").read()) > 0)\nexcept OSError as e: print(e)'
    assert kiln('mount', 'src', 'exec', program, check=0).stdout == '[Errno 1] EPERM\n'
    assert kiln('mount', '-l', 'src', 'exec', program, check=0).stdout == 'True\n'


@pytest.mark.parametrize('args, error', [
    ([], 'mount what?'),
    (['d', 'fly'], "'fly' is none of exec, run and repl"),
    (['d', 'exec'], 'exec what?'),
    (['d', 'repl', 'x'], "'x' is one word too many"),
])
def test_wrong_lines(run, args, error):
    assert run('kiln', 'mount', *args, check=2).stderr.splitlines()[0] == f'error: {error}'


def test_no_such_folder(kiln):
    assert kiln('mount', 'nowhere', 'exec', '1', check=1).stderr.startswith(
        "error: cannot mount 'nowhere': no such file or directory\n")


def test_mpremote_chain(mpremote, src):
    done = mpremote('mount', 'src', 'exec', 'import pkg; print(pkg.X)', 'fs', 'ls', '+',
                    'soft-reset', 'eval', 'open("data.txt").read()', 'umount', 'eval',
                    '__import__("os").getcwd()', check=0)
    assert done.stdout == (
        'Local directory src is mounted at /remote\n42\nls :\n           6 data.txt\n'
        '           0 pkg/\néén\n\n/\n')


def test_files_are_put_into_the_mounted_folder(mpremote, src, tmp_path):
    """What is sent and what the board asks for share one line."""
    data = bytes(range(256)) * 10
    (tmp_path / 'data').write_bytes(data)
    mpremote('mount', src, 'cp', tmp_path / 'data', ':/remote/copy', '+', 'cp', tmp_path / 'data', ':/x',
             check=0)
    assert (src / 'copy').read_bytes() == data
    mpremote('cp', ':/x', tmp_path / 'back', check=0)
    assert (tmp_path / 'back').read_bytes() == data


def test_mpremote_never_removes_the_host_s_files(mpremote, src):
    for path in ':', ':/', '/remote', 'pkg', '.':
        done = mpremote('mount', 'src', 'fs', 'rm', '-r', path, check=1)
        assert done.stderr == 'mpremote: rm -r not permitted on /remote directory\n'
    assert (src / 'pkg/part.py').exists()
    mpremote('mount', 'src', 'fs', 'rm', 'data.txt', check=0)  # one file, by its name
    # from another folder than the mounted one: what is the board's goes, and nothing else
    out = ('mount', 'src', 'exec', 'import os; os.chdir("/")')
    mpremote(*out, 'mkdir', ':own', '+', 'rm', '-r', ':own', check=0)
    for path in ':', '.', './', 'remote', './/remote/pkg', 'own/../remote':
        done = mpremote(*out, 'rm', '-r', path, check=1)
        assert done.stderr == 'mpremote: rm -r not permitted on /remote directory\n', path
    assert (src / 'pkg/part.py').exists()
    assert not (src / 'data.txt').exists()


@pytest.mark.parametrize('line', [['kiln', 'mount', '-p', 'sim:board'],
                                  ['mpremote', 'connect', 'sim:board', 'mount']])
def test_a_terminal_and_a_soft_reset(env, flashed, src, line):
    t = Terminal([BUILD / line[0], *line[1:], src], env)
    try:
        t.expect('>>> ')
        t.type('import pkg; pkg.X\r')
        t.expect('\n42\r\n>>> ')
        t.type('\x04')
        t.expect(f'Remount local directory {src} at /remote\r\n>>> ')
        t.type('open("data.txt").read()\r')
        t.expect('\n>>> ')
        assert 'één'.encode() in t.said or b'\\xe9' in t.said
        t.type('\x1d')
        assert t.end() == 0
    finally:
        t.close()
