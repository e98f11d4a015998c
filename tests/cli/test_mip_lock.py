# SPDX-License-Identifier: Apache-2.0
"""`kiln mip`: lock files, many boards, days without a network."""
import hashlib
import json

from mip_index import BIG, BOARD, events, flash, index, kiln, server, tree  # noqa: F401


def test_lock_and_the_same_again(kiln, index, server, tmp_path):
    kiln('install', 'alpha', 'solo@0.1', '--no-mpy', check=0)
    kiln('lock', check=0)
    lock = json.loads((tmp_path / 'mip.lock').read_text())
    assert lock['mpy'] == 0 and [p['name'] for p in lock['packages']] == ['alpha', 'beta', 'solo']
    assert lock['packages'][0]['files'][0][2] == hashlib.sha256(BIG).hexdigest()
    # a newer one does not matter, nor that there is no network
    index.add('alpha', '9', {'alpha/__init__.py': b'newer'})
    server.stop()
    server.stop = lambda: None
    other = 'sim:other?clock=virtual'
    flash(kiln.run, tmp_path, other)
    done = kiln('install', '--locked', 'mip.lock', board=other, check=0)
    assert done.stdout.endswith('3 packages: 4 files sent (3618 bytes), 0 there already\n')
    assert kiln.run('kiln', 'cat', '-p', other, 'lib/alpha/__init__.py').stdout.encode() == BIG


def test_locks_that_do_not_fit(kiln, index, server, tmp_path):
    kiln('lock', 'solo', '-o', 'solo.lock', check=0)
    lock = json.loads((tmp_path / 'solo.lock').read_text())
    assert lock['mpy'] == 6
    lock['mpy'] = 5
    (tmp_path / 'five.lock').write_text(json.dumps(lock))
    done = kiln('install', '--locked', 'five.lock', check=1)
    assert done.stderr.splitlines()[0] == (
        'error: cannot install what is locked: it is for boards with version 5 of .mpy files; '
        'this one has 6')
    lock['mpy'] = 0
    path, url, digest, size = lock['packages'][0]['files'][0]
    lock['packages'][0]['files'][0] = [path, url, '0' * 64, size]
    (tmp_path / 'bad.lock').write_text(json.dumps(lock))
    done = kiln('install', '--locked', 'bad.lock', check=1)
    assert f"error: cannot use '{url}': its SHA-256 is" in done.stderr
    lock['packages'][0]['files'][0] = ['../x', url, digest, size]
    (tmp_path / 'bad.lock').write_text(json.dumps(lock))
    kiln('install', '--locked', 'bad.lock', check=2)
    for text in '', '[]', '{"kiln-lock": 2}', '{"kiln-lock": 1, "packages": [{}]}':
        (tmp_path / 'bad.lock').write_text(text)
        done = kiln('install', '--locked', 'bad.lock', check=2)
        assert "error: cannot use 'bad.lock': that is no lock file: " in done.stderr
    # what is installed is no longer what its source has
    kiln('install', 'solo', check=0)
    index.add('solo', '0.1', {'solo.py': b'other bytes'})
    done = kiln('lock', check=1)
    assert done.stderr.splitlines()[0] == (
        "error: cannot lock 'solo' as it is installed: its 'solo.mpy' is another one at its "
        'source now')
    assert tree(kiln) == ['├── .kiln-mip.json', '└── solo.mpy']


def test_versions_that_meet(kiln, index, tmp_path):
    """Who takes any version takes the one that was asked for; of two the later one stays."""
    index.add('alpha', '2.0', {'alpha/__init__.py': b'two'})
    kiln('lock', 'alpha@1.0', 'beta', check=0)
    lock = json.loads((tmp_path / 'mip.lock').read_text())
    assert [(p['name'], p['version']) for p in lock['packages']] == [('alpha', '1.0'),
                                                                     ('beta', '2.1')]
    kiln('lock', 'beta', 'alpha@1.0', check=0)
    lock = json.loads((tmp_path / 'mip.lock').read_text())
    assert [(p['name'], p['version'], p['asked'], len(p['files'])) for p in lock['packages']] == [
        ('beta', '2.1', True, 1), ('alpha', '1.0', True, 2)]


def test_many_boards(kiln, server, run, tmp_path):
    flash(run, tmp_path, 'sim:two?clock=virtual')
    server.requests.clear()
    done = run('kiln', 'mip', 'install', '--index', server.url + '/pi', '-p', BOARD, '-p',
               'sim:two?clock=virtual', '-p', '/dev/nothing', 'alpha', check=3)
    assert sorted(done.stdout.splitlines()) == [
        'sim:mip       2 packages: 3 files sent (3615 bytes), 0 there already',
        'sim:two       2 packages: 3 files sent (3615 bytes), 0 there already']
    assert done.stderr.startswith("/dev/nothing  error: cannot open '/dev/nothing'")
    assert len(server.requests) == 5  # once for both
    done = run('kiln', 'mip', 'install', '--index', server.url + '/pi', '-p', BOARD, '-p',
               'sim:two?clock=virtual', '--json', 'nothing', check=1)
    assert {(e['event'], e['board'], e['code']) for e in events(done)} == {
        ('failed', BOARD, 'KILN_E_NOT_FOUND'),
        ('failed', 'sim:two?clock=virtual', 'KILN_E_NOT_FOUND')}


def test_offline(kiln, server):
    kiln('install', 'alpha', check=0)
    server.stop()
    server.stop = lambda: None
    kiln('uninstall', 'alpha', check=0)
    done = kiln('install', 'alpha', check=0)  # the network is away by itself
    assert 'does not take connections: using the copy of' in done.stderr
    kiln('uninstall', 'alpha', check=0)
    kiln('install', '--offline', 'alpha', check=0)
    done = kiln('install', '--offline', 'solo', check=1)
    assert 'offline, and no copy of it is kept' in done.stderr
