# SPDX-License-Identifier: Apache-2.0
"""`kiln mip` with indexes that lie, records that are damaged, and lines that are wrong."""
import hashlib
import json

import pytest
from mip_index import BOARD, index, kiln, server, write  # noqa: F401 (fixtures)


def lying(files=(), **more):
    return {'v': 1, 'hashes': [list(f) for f in files], 'version': '1', **more}


BAD = {
    'up': (lying(urls=[['../../boot.py', 'x.py']]), 2,
           "a package must not have the path '../../boot.py': it leads out of its folder"),
    'root': (lying(urls=[['/boot.py', 'x.py']]), 2,
             "a package must not have the path '/boot.py': it begins at the root"),
    'dots': (lying([['a/./b.py', '0' * 8]]), 2,
             "a package must not have the path 'a/./b.py': it leads out of its folder"),
    'empty': (lying([['', '0' * 8]]), 2,
              "a package must not have the path '': a part of it is empty"),
    'slash': (lying([['a\\..\\b', '0' * 8]]), 2,
              "a package must not have the path 'a\\..\\b': it has a character that no path "
              'should have'),
    'hash': (lying([['a.py', '../../x']]), 2,
             '"hashes"[0] has no hash of 8 to 64 hex digits'),
    'pair': (lying(deps=[['a']]), 2, '"deps"[0] is not a list of two texts'),
    'list': (lying(urls={'a': 'b'}), 2, '"urls" is no list'),
    'many': (lying(deps=[['a', 'b']] * 300), 2, '"deps" has 300 entries; 256 are too many'),
    'text': ('{"v": 1', 2, 'line 1: '),
    'array': ('[]', 2, 'it is no object'),
    'name': (lying(deps=[['../../x', 'latest']]), 2,
             "no package can be called '../../x': an index has no such name"),
    'version': (lying(deps=[['solo', '../../x']]), 2,
                "no package can be called 'solo': what stands behind its '@' is no version"),
    'local': (lying(deps=[['/etc/package.json', 'latest']]), 2,
              "'local' must not need '/etc/package.json': what comes over the network takes no "
              'files of this computer'),
    'repo': (lying(deps=[['github:org', 'main']]), 2, 'an organisation and a repository are '
             'missing'),
    'gone': (lying([['a.py', 'deadbeef']]), 1, 'has no such file (404)'),
}


@pytest.mark.parametrize('name', BAD)
def test_indexes_that_lie(run, index, name):
    package, code, text = BAD[name]
    index.put(f'/pi/package/py/{name}/latest.json', package)
    done = run('kiln', 'mip', 'lock', '--index', index.url, '--no-mpy', 'solo', name, check=code)
    assert text in done.stderr and '\nhint: ' in done.stderr, done.stderr


def test_a_lie_is_found_before_the_board_is_touched(kiln, index):
    index.put('/pi/package/6/up/latest.json', BAD['up'][0])
    done = kiln('install', 'solo', 'up', check=2)
    assert 'it leads out of its folder' in done.stderr
    assert kiln.run('kiln', 'ls', '-p', BOARD).stdout == '          61 boot.py\n'


def test_a_file_that_is_another_one(kiln, index, server):
    path = next(p for p in server.files if p.startswith('/pi/file/') and
                server.files[p] == b'Ms = 1\n')
    server.files[path] = b'evil'
    done = kiln('install', 'solo', check=1)
    assert done.stderr.splitlines()[0].startswith(
        f"error: cannot use '{server.url}{path}': its SHA-256 is {hashlib.sha256(b'evil').hexdigest()[:8]}")
    assert kiln.run('kiln', 'ls', '-p', BOARD).stdout == '          61 boot.py\n'


def test_wrong_lines(run, env):
    for args, text in (
            ([], 'it takes install, list, uninstall or lock'), (['instal'], 'it takes install'),
            (['install'], 'install what?'), (['uninstall'], 'uninstall what?'),
            (['list', 'x'], 'list takes no package'),
            (['list', '--all'], 'list works on one board'),
            (['install', '--all', '-p', 'x', 'y'], '--all and --port exclude each other'),
            (['lock', '--mpy', '300', 'x'], 'there is no version 300 of .mpy files')):
        assert text in run('kiln', 'mip', *args, check=2).stderr
    done = run('kiln', 'mip', 'lock', '--no-mpy', 'a b', check=2)
    assert done.stderr.splitlines()[0] == (
        "error: no package can be called 'a b': an index has no such name")


def test_a_damaged_record(kiln):
    kiln.run('kiln', 'mkdir', '-p', BOARD, 'lib', check=0)
    write(kiln, 'lib/.kiln-mip.json', '{')
    done = kiln('list', check=2)
    assert done.stderr.splitlines()[0] == (
        'error: cannot read what was installed: .kiln-mip.json is damaged')
    kiln('install', 'solo', check=2)
    # a record that would lead out of the target removes nothing there
    write(kiln, 'lib/.kiln-mip.json', json.dumps({'v': 1, 'packages': {
        'x': {'asked': True, 'files': {'../boot.py': '0' * 64}}}}))
    kiln('uninstall', '-f', 'x', check=0)
    assert 'boot.py' in kiln.run('kiln', 'ls', '-p', BOARD).stdout
