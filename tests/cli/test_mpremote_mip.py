# SPDX-License-Identifier: Apache-2.0
"""`mpremote mip install`: the texts are those of mpremote 1.26 for the same lines."""
import subprocess
import sys

import pytest
from conftest import SOURCE
from http_server import server  # noqa: F401 (fixture)
from mip_index import Index

BOARD = 'sim:mip?clock=virtual'


@pytest.fixture
def mip(run, server, tmp_path):
    """mip(*args): `mpremote mip --index INDEX *args` on a virtual board; mip.index is the URL."""
    image = tmp_path / 'image.bin'
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', image, '--size', '80000'],
                   check=True)
    run('kiln', 'flash', '-p', BOARD, image, check=0)
    index = Index(server)
    index.add('alpha', '1.0', {'alpha/__init__.py': b'x=1\n' * 900}, deps=[('beta', '0.5')])
    index.add('beta', '0.5', {'beta.py': b'b=1\n'}, latest=False)

    def mip(*args, **more):
        return run('mpremote', 'connect', BOARD, 'mip', '--index', index.url, *args, **more)
    mip.index, mip.put, mip.run = index.url, index.put, run
    return mip


def test_install(mip):
    lines = ['Install alpha', f'Installing alpha (latest) from {mip.index} to /lib',
             'Installing: /lib/alpha/__init__.mpy',
             f'Installing beta (0.5) from {mip.index} to /lib', 'Installing: /lib/beta.mpy', 'Done']
    done = mip('install', 'alpha', check=0)
    assert (done.stdout.splitlines(), done.stderr) == (lines, '')
    again = mip('install', 'alpha', check=0)
    assert again.stdout.splitlines() == [
        line.replace('Installing:', 'Exists:') for line in lines]
    done = mip('--no-mpy', '--target=/lib2', 'install', 'beta@0.5', '+', 'ls', ':/lib2', check=0)
    assert done.stdout.splitlines() == [
        'Install beta', f'Installing beta (0.5) from {mip.index} to /lib2',
        'Installing: /lib2/beta.py', 'Done', 'ls :/lib2', '           4 beta.py']


def test_other_places(mip, server, tmp_path):
    mip.put('/x/package.json', {'urls': [['m/a.py', 'a.py']]})
    server.files.update({'/x/a.py': b'a', '/x/one.py': b'one'})
    url = server.url
    done = mip('install', url + '/x', url + '/x/one.py@main', check=0)
    lines = [f'Install {url}/x', f'Installing {url}/x/package.json to /lib',
             'Installing: /lib/m/a.py', 'Done', f'Install {url}/x/one.py',
             f'Downloading {url}/x/one.py to /lib', 'Installing: /lib/one.py', 'Done']
    assert done.stdout.splitlines() == lines
    # without a hash of the index it says Installing, though the same bytes are not sent again
    assert mip('install', url + '/x', check=0).stdout.splitlines() == lines[:4]
    (tmp_path / 'package.json').write_text('{"urls": [["c.py", "c.py"]]}')
    (tmp_path / 'c.py').write_text('c')
    assert mip('install', 'package.json', check=0).stdout.splitlines() == [
        'Install package.json', 'Installing: /lib/c.py', 'Done']


def test_what_cannot_be_got(mip, server):
    url = server.url
    server.answers['/busy.py'] = lambda h: h.send_error(503)
    mip.put('/y/package.json', {'urls': [['m/a.py', 'nope.py']]})
    for package, begun, text in (
            ('nothing', f'Installing nothing (latest) from {mip.index} to /lib',
             f'Package not found: {mip.index}/package/6/nothing/latest.json'),
            ('beta@9', f'Installing beta (9) from {mip.index} to /lib',
             f'Package not found: {mip.index}/package/6/beta/9.json'),
            (f'{url}/y/', f'Installing {url}/y/package.json to /lib',
             f'File not found: {url}/y/nope.py'),
            (f'{url}/busy.py', f'Downloading {url}/busy.py to /lib',
             f'Error 503 requesting {url}/busy.py'),
            ('no/package.json', None, 'Error opening no/package.json')):
        done = mip('install', package, check=1)
        lines = ['Install ' + package.split('@')[0]] + ([begun] if begun else [])
        assert (done.stdout.splitlines(), done.stderr) == (lines, f'mpremote: {text}\n')
    assert mip.run('mpremote', 'connect', BOARD, 'ls', check=0).stdout == (
        'ls :\n          61 boot.py\n')


def test_wrong_lines(mip):
    assert mip('list', 'x', check=1).stderr == "mpremote: mip: 'list' is not a command\n"
    done = mip('install', check=2)
    assert done.stderr.splitlines()[-1] == (
        'mip: error: the following arguments are required: packages, next_command')
    done = mip('install', 'a/b', check=1)
    assert done.stderr.splitlines()[0] == (
        "mpremote: no package can be called 'a/b': an index has no such name")


def test_lies(mip):
    mip.put('/pi/package/6/evil/latest.json', {'hashes': [['../boot.py', '0' * 8]]})
    done = mip('install', 'evil', check=1)
    assert 'it leads out of its folder' in done.stderr
