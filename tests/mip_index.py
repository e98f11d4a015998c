# SPDX-License-Identifier: Apache-2.0
"""A package index on a test server, in the form of micropython-lib's (format 2)."""
import hashlib
import json
import subprocess
import sys

import pytest
from conftest import SOURCE
from http_server import server  # noqa: F401 (fixture)

BOARD = 'sim:mip?clock=virtual'
BIG = b'x = 1\n' * 600


def short(data):
    return hashlib.sha256(data).hexdigest()[:8]


class Index:
    """Packages of a http_server.Server, below /pi."""

    def __init__(self, server):
        self.server, self.url = server, server.url + '/pi'

    def add(self, name, version, files, deps=(), kinds=('py', '6'), latest=True, **more):
        """`files`: {path: bytes}. For mpy versions each .py becomes a .mpy with 'M' in front."""
        for kind in kinds:
            hashes = []
            for path, data in files.items():
                if kind != 'py' and path.endswith('.py'):
                    path, data = path[:-3] + '.mpy', b'M' + data
                hashes.append([path, short(data)])
                self.server.files[f'/pi/file/{short(data)[:2]}/{short(data)}'] = data
            package = {'v': 1, 'hashes': hashes, 'deps': [list(d) for d in deps],
                       'version': version, **more}
            for v in (version, 'latest') if latest else (version,):
                self.put(f'/pi/package/{kind}/{name}/{v}.json', package)

    def put(self, path, package):
        text = package if isinstance(package, str) else json.dumps(package)
        self.server.files[path] = text.encode()


@pytest.fixture
def index(server):
    index = Index(server)
    index.add('alpha', '1.0', {'alpha/__init__.py': BIG, 'alpha/util.py': b'y = 2\n'},
              deps=[('beta', 'latest')])
    index.add('beta', '2.1', {'beta.py': b'b = 1\n'}, deps=[('alpha', 'latest')])
    index.add('solo', '0.1', {'solo.py': b's = 1\n'})
    return index


@pytest.fixture
def kiln(run, index, tmp_path):
    """kiln(verb, *args): `kiln mip` on a virtual board, with the index."""
    flash(run, tmp_path, BOARD)

    def verb(name, *args, board=BOARD, **more):
        return run('kiln', 'mip', name, '-p', board, '--index', index.url, *args, **more)
    verb.run = run
    return verb


def flash(run, tmp_path, board):
    image = tmp_path / 'image.bin'
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', image, '--size', '80000'],
                   check=True)
    run('kiln', 'flash', '-p', board, image, check=0)
    image.unlink()


def tree(kiln, path='lib'):
    return kiln.run('kiln', 'tree', '-p', BOARD, path).stdout.splitlines()[1:]


def cat(kiln, path):
    return kiln.run('kiln', 'cat', '-p', BOARD, path, check=0).stdout


def write(kiln, path, text):
    kiln.run('kiln', 'exec', '-p', BOARD, f'with open({path!r}, "w") as f: f.write({text!r})',
             check=0)


def events(done):
    return [json.loads(line) for line in done.stdout.splitlines()]
