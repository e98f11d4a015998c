# SPDX-License-Identifier: Apache-2.0
"""`kiln mip`: packages on boards, from an index of our own."""
import json

from mip_index import BIG, cat, events, index, kiln, server, tree, write  # noqa: F401


def test_install_list_uninstall(kiln, server):
    done = kiln('install', 'alpha', 'solo', '--no-mpy', check=0)
    assert done.stdout == ('alpha 1.0\n  sent     alpha/__init__.py\n  sent     alpha/util.py\n'
                           'beta 2.1\n  sent     beta.py\nsolo 0.1\n  sent     solo.py\n'
                           '3 packages: 4 files sent (3618 bytes), 0 there already\n')
    assert done.stderr == ''
    assert cat(kiln, 'lib/alpha/__init__.py').encode() == BIG
    # nothing is sent again, and what has a hash is not asked for again
    server.requests.clear()
    done = kiln('install', 'alpha', '--no-mpy', check=0)
    assert done.stdout.endswith('2 packages: 0 files sent (0 bytes), 3 there already\n')
    assert not any('/file/' in path for path in server.paths())
    write(kiln, 'lib/solo.py', 's = 2\n')
    write(kiln, 'lib/mine.py', '')
    done = kiln('list', check=0)
    assert done.stdout == (
        'alpha                    1.0          2 files\n'
        'beta                     2.1          1 file, needed by another\n'
        'solo                     0.1          1 file, changed\n'
        "not installed by 'kiln mip':\n  mine.py\n")
    assert events(kiln('list', '--json', check=0))[-1] == {'event': 'file', 'path': 'mine.py'}
    # beta goes with alpha; solo's file is the user's now
    done = kiln('uninstall', 'alpha', check=0)
    assert done.stdout == ('  removed  alpha/__init__.py\n  removed  alpha/util.py\n'
                           '  removed  beta.py\n')
    done = kiln('uninstall', 'solo', check=0)
    assert done.stdout == '  kept     solo.py\n' and 'was changed since' in done.stderr
    assert tree(kiln) == ['├── mine.py', '└── solo.py']


def test_uninstall_what_is_needed(kiln, index):
    index.add('top', '1', {'top.py': b't'}, deps=[('solo', 'latest')])
    kiln('install', 'top', check=0)
    done = kiln('uninstall', 'solo', check=1)
    assert done.stderr == ("error: cannot uninstall 'solo': 'top' needs it\nhint: uninstall both, "
                           "or that one: what it needed goes with it\n")
    done = kiln('uninstall', 'nothing', check=1)
    assert done.stderr.splitlines()[0] == (
        "error: cannot uninstall 'nothing': it is not among what was installed")
    kiln('uninstall', 'top', check=0)
    assert kiln('list', check=0).stdout == '' and tree(kiln) == []


def test_mpy_by_the_board_and_a_target(kiln, server):
    done = kiln('install', 'solo', '--target', '/third/party', '--json', check=0)
    assert [e['event'] for e in events(done)] == ['package', 'sent', 'installed']
    assert events(done)[1]['path'] == 'solo.mpy'
    assert any(p.startswith('/pi/package/6/solo/') for p in server.paths())
    assert cat(kiln, '/third/party/solo.mpy') == 'Ms = 1\n'
    assert kiln('list', check=0).stdout == ''
    assert kiln('list', '--target', '/third/party', check=0).stdout.startswith('solo ')


def test_the_next_version_removes_what_it_no_longer_has(kiln, index):
    kiln('install', 'alpha', '--no-mpy', check=0)
    index.add('alpha', '1.1', {'alpha/__init__.py': BIG, 'alpha/new.py': b'n = 1\n'})
    done = kiln('install', 'alpha', '--no-mpy', check=0)
    assert done.stdout == ('alpha 1.1\n  same     alpha/__init__.py\n  sent     alpha/new.py\n'
                           '  removed  alpha/util.py\n'
                           '1 package: 1 file sent (6 bytes), 1 there already\n')
    assert tree(kiln) == ['├── .kiln-mip.json', '├── alpha', '│   ├── __init__.py',
                          '│   └── new.py', '└── beta.py']


def test_other_places(kiln, server, index, tmp_path):
    index.put('/x/package.json', {'urls': [['m/a.py', 'a.py'], ['m/b.py', server.url + '/y/b.py']],
                                  'deps': [['solo', 'latest']], 'version': '3'})
    server.files.update({'/x/a.py': b'a', '/y/b.py': b'b', '/x/one.py': b'one'})
    done = kiln('install', server.url + '/x', server.url + '/x/one.py', '--no-mpy', check=0)
    assert 'm/a.py\n  sent     m/b.py\nsolo 0.1\n' in done.stdout and 'one.py' in done.stdout
    folder = tmp_path / 'pkg'
    (folder / 'sub').mkdir(parents=True)
    (folder / 'sub/c.py').write_text('c')
    (folder / 'package.json').write_text(json.dumps({'urls': [['c.py', 'sub/c.py']]}))
    kiln('install', 'pkg/package.json', 'pkg/sub/c.py', check=0)
    names = [line.split()[0] for line in kiln('list', check=0).stdout.splitlines()]
    assert names == sorted([server.url + '/x', 'solo', server.url + '/x/one.py',
                            'pkg/package.json', 'pkg/sub/c.py'])
