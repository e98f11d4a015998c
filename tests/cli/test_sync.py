# SPDX-License-Identifier: Apache-2.0
"""`kiln sync`: a folder of the board like one of this computer."""
import json
import shutil
import signal
import subprocess
import time

import pytest
from conftest import BUILD


@pytest.fixture
def src(tmp_path):
    root = tmp_path / 'src'
    for name, text in {'main.py': 'print("main")\n', 'lib/a.py': 'A = 1\n', 'lib/b.txt': 'b\n',
                       '.git/config': 'x', 'lib/__pycache__/a.pyc': 'x',
                       '.kilnignore': '# comment\n*.txt\n!keep.txt\n', 'keep.txt': 'k\n'}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def board_files(tmp_path):
    root = tmp_path / 'xdg/state/kiln/sim/board.files'
    return sorted(str(p.relative_to(root)) for p in root.rglob('*') if p.is_file())


def test_sync_and_mirror(kiln, src, tmp_path):
    done = kiln('sync', '-n', 'src', check=0)
    assert done.stdout == (
        'ADD     keep.txt\nMKDIR   lib/\nADD     lib/a.py\nADD     main.py\n'
        '3 added, 0 updated (22 bytes), 0 deleted, 0 the same; nothing was written\n')
    assert board_files(tmp_path) == ['boot.py']
    assert kiln('sync', 'src', check=0).stdout.endswith('\n3 added, 0 updated (22 bytes), '
                                                        '0 deleted, 0 the same\n')
    assert board_files(tmp_path) == ['boot.py', 'keep.txt', 'lib/a.py', 'main.py']
    (src / 'main.py').unlink()
    (src / 'lib/a.py').write_text('A = 2\n')
    # a mirror asks, and nobody is here to answer
    done = kiln('sync', '--mirror', 'src', check=1)
    assert done.stdout == 'DELETE  main.py\nDELETE  boot.py\nUPDATE  lib/a.py\n'
    assert done.stderr == (
        "error: cannot mirror the folder: 2 of the board's files and folders would be removed, "
        'and that was not confirmed\n'
        'hint: -n shows what would be done, -y does it without asking\n')
    done = kiln('sync', '--mirror', '-y', '-x', 'boot.py', '--json', 'src', check=0)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(e['event'], e.get('path')) for e in lines] == [
        ('delete', 'main.py'), ('update', 'lib/a.py'), ('summary', None)]
    assert {k: lines[2][k] for k in ('added', 'updated', 'deleted', 'same', 'bytes')} == {
        'added': 0, 'updated': 1, 'deleted': 1, 'same': 1, 'bytes': 6}
    assert board_files(tmp_path) == ['boot.py', 'keep.txt', 'lib/a.py']


def test_only_some_files_into_a_folder(kiln, src, tmp_path):
    kiln('sync', '-i', '*.py', 'src', ':/app', check=0)
    assert board_files(tmp_path) == ['app/lib/a.py', 'app/main.py', 'boot.py']


def test_several_boards(run, kiln, src, tmp_path, flashed):
    sim = tmp_path / 'xdg/state/kiln/sim'
    for path in sim.glob('board.*'):
        if path.is_file() and path.suffix != '.lock':
            shutil.copy(path, sim / path.name.replace('board', 'other'))
    done = run('kiln', 'sync', '-p', flashed, '-p', 'sim:missing?chip=none', '-p',
               'sim:other?clock=virtual', 'src')
    assert done.returncode != 0
    assert done.stdout.count('3 added') == 2
    assert board_files(tmp_path) == ['boot.py', 'keep.txt', 'lib/a.py', 'main.py']


@pytest.mark.parametrize('break_it, error', [
    (lambda s: (s / 'out').symlink_to('../../secret'),
     "cannot read 'src/out': it is a link that leaves the folder"),
    (lambda s: (s / 'loop').symlink_to('loop'),
     "cannot read 'src/loop': it is a link that points to itself"),
    (lambda s: (s / '.kilnignore').write_text('*.txt\n!\n'),
     "cannot read 'src/.kilnignore', line 2: cannot use the pattern '!': it names nothing"),
    (lambda s: shutil.rmtree(s), "cannot open folder 'src': no such file or directory"),
])
def test_what_can_be_known_before(run, src, tmp_path, break_it, error):
    (tmp_path.parent / 'secret').write_text('x')
    break_it(src)
    done = run('kiln', 'sync', '-p', 'sim:nothing', 'src')
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == f'error: {error}'


def test_links_that_stay(kiln, src, tmp_path):
    (src / 'again.py').symlink_to('lib/a.py')
    (src / 'more').symlink_to('lib')
    kiln('sync', 'src', check=0)
    assert board_files(tmp_path) == ['again.py', 'boot.py', 'keep.txt', 'lib/a.py', 'main.py',
                                     'more/a.py']


@pytest.mark.parametrize('args, error', [
    ([], 'sync what?'),
    ([':lib'], 'only folders of this computer are synced to boards'),
    (['src', 'lib'], "the target 'lib' needs a ':' in front"),
    (['-w', '-m', 'src'], '--watch with --mirror removes files unasked: add -y'),
])
def test_wrong_lines(run, args, error):
    assert run('kiln', 'sync', *args, check=2).stderr.splitlines()[0] == f'error: {error}'


def test_disk_full_in_the_middle(kiln, src, tmp_path):
    """The board's free space lies: what was begun is taken back, what was done stays."""
    kiln('exec', "with open('boot.py', 'w') as f: f.write('import os\\n"
         "os.statvfs = lambda p: (4096, 4096, 9999, 9999, 9999, 0, 0, 0, 0, 255)\\n')", check=0)
    (src / 'lib/big.py').write_bytes(bytes(range(256)) * 9000)
    done = kiln('sync', 'src', check=1)
    assert "cannot put ':lib/big.py': no space left on device" in done.stderr
    assert board_files(tmp_path) == ['boot.py', 'keep.txt', 'lib/a.py']


def wait_until(true, process):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)


def test_watch(env, src, tmp_path, flashed):
    log = tmp_path / 'log'
    with log.open('w') as out:
        watching = subprocess.Popen([BUILD / 'kiln', 'sync', '-p', 'sim:board', '-w', '--json', src],
                                    env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: 'watching' in log.read_text(), watching)
        (src / 'lib/new').mkdir()
        (src / 'lib/new/c.py').write_text('C = 1\n')
        wait_until(lambda: 'lib/new/c.py' in board_files(tmp_path), watching)
        (src / 'lib/new/c.py').write_text('C = 22\n')
        c_py = tmp_path / 'xdg/state/kiln/sim/board.files/lib/new/c.py'
        wait_until(lambda: c_py.read_text() == 'C = 22\n', watching)
        (src / 'bad').symlink_to('/nowhere')  # said, and the watching goes on
        wait_until(lambda: 'leaves the folder' in log.read_text(), watching)
        (src / 'bad').unlink()
        (src / 'd.py').write_text('D = 1\n')
        wait_until(lambda: 'd.py' in board_files(tmp_path), watching)
    finally:
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 130


@pytest.fixture
def serve(env, tmp_path, flashed):
    """serve(): the board is plugged in, at the port that `tmp_path/port` points to."""
    port, servers = tmp_path / 'port', []

    def start():
        servers.append(subprocess.Popen([BUILD / 'kiln', 'sim', 'board', '--pty', '--json'], env=env,
                                        text=True, stdout=subprocess.PIPE))
        fresh = tmp_path / 'port.new'
        fresh.symlink_to(json.loads(servers[-1].stdout.readline())['port'])
        fresh.rename(port)
        return servers[-1]
    yield start
    for server in servers:
        server.kill()
        server.wait()
        server.stdout.close()


def test_watch_waits_for_a_board_that_goes(env, src, tmp_path, serve):
    log = tmp_path / 'log'
    server = serve()
    with log.open('w') as out:
        watching = subprocess.Popen([BUILD / 'kiln', 'sync', '-p', tmp_path / 'port', '-w', src],
                                    env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: '(watching' in log.read_text(), watching)
        server.kill()
        server.wait()
        # nothing was saved: it is seen all the same
        wait_until(lambda: 'gone: waiting' in log.read_text(), watching)
        (src / 'new.py').write_text('new = 1\n')
        server = serve()
        wait_until(lambda: '(it is back)' in log.read_text(), watching)
        wait_until(lambda: 'new.py' in board_files(tmp_path), watching)
        (src / 'newer.py').write_text('newer = 1\n')
        wait_until(lambda: 'newer.py' in board_files(tmp_path), watching)
        server.kill()
        server.wait()
        wait_until(lambda: log.read_text().count('gone: waiting') == 2, watching)
        # it is being opened over and over: one Ctrl-C is enough
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 130
    finally:
        watching.kill()
        watching.wait()
