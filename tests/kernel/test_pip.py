# SPDX-License-Identifier: Apache-2.0
"""%pip and %upip: packages in a folder of the host; %mip: on the connected board."""
import pathlib

import pytest
from http_server import server  # noqa: F401 (fixture)
from kernel_client import kernel, plain  # noqa: F401 (kernel is a fixture)
from mip_index import Index
from test_board import connected, uid  # noqa: F401 (fixtures)


@pytest.fixture
def index(server):
    index = Index(server)
    index.add('alpha', '1.0', {'alpha/__init__.py': b'x = 6\n'}, deps=[('beta', 'latest')],
              kinds=('py',))
    index.add('beta', '2.1', {'beta.py': b'b = 7\n'}, kinds=('py',))
    return index


def test_into_a_folder_of_the_host(kernel, index, env):
    libs = pathlib.Path(env['HOME'], 'projects/libs')
    for magic in '%pip', '%upip':
        shown = kernel.run(f'{magic} install -i {index.url} alpha')
        assert shown.status == 'ok', shown
        what = 'written ' if magic == '%pip' else 'same    '
        assert shown.stdout == (f'alpha 1.0\n  {what} alpha/__init__.py\n'
                                f'beta 2.1\n  {what} beta.py\n')
    assert (libs / 'alpha/__init__.py').read_text() == 'x = 6\n'
    (libs / 'beta.py').write_text('b = 8\n')
    assert kernel.run('%pip list').stdout == (
        'alpha                    1.0          1 file\n'
        'beta                     2.1          1 file, needed by another, changed\n')
    shown = kernel.run('%pip uninstall alpha')
    assert shown.stdout == '  removed  alpha/__init__.py\n'
    assert shown.stderr.startswith("warning: 'beta.py' was changed since it was installed")
    assert [p.name for p in libs.iterdir()] == ['beta.py']
    kernel.run(f'%pip install -i {index.url} -t "$HOME/other/place" beta')
    assert pathlib.Path(env['HOME'], 'other/place/beta.py').exists()


def test_on_the_board(connected, index):
    shown = connected.run(f'%mip install -n -i {index.url} alpha\n'
                          'import alpha, beta\nprint(alpha.x * beta.b)')
    assert shown.status == 'ok', shown
    assert shown.stdout == ('alpha 1.0\n  sent     alpha/__init__.py\nbeta 2.1\n'
                            '  sent     beta.py\n42\n')
    connected.run("with open('lib/mine.py', 'w') as f: f.write('1')")
    assert connected.run('%mip list').stdout == (
        'alpha                    1.0          1 file\n'
        'beta                     2.1          1 file, needed by another\n'
        'not installed by %mip:\n  mine.py\n')
    assert connected.run('%mip uninstall alpha').stdout == (
        '  removed  alpha/__init__.py\n  removed  beta.py\n')
    assert plain(connected.run('%rlist lib').stdout).split()[-1] == 'mine.py'


def test_bad_input(connected, index):
    index.put('/pi/package/py/evil/latest.json', {'hashes': [['../boot.py', '0' * 8]]})
    shown = connected.run(f'%mip install -n -i {index.url} evil')
    assert shown.reply['evalue'].endswith(
        "a package must not have the path '../boot.py': it leads out of its folder")
    shown = connected.run(f'%mip install -i {index.url} nothing')
    assert shown.reply['ename'] == 'KILN_E_NOT_FOUND'
    assert shown.reply['evalue'].startswith("cannot find package 'nothing': ")
    assert connected.run('%mip uninstall nothing').reply['ename'] == 'KILN_E_NOT_FOUND'
    for line, text in (('%mip', 'the following arguments are required'),
                       ('%mip instal x', "argument install|list|uninstall: 'instal'"),
                       ('%mip install', 'install takes a package'),
                       ('%pip list x', 'list takes no package')):
        shown = connected.run(line)
        assert shown.status == 'error' and text in shown.stderr, shown
    assert connected.run('print(1)').stdout == '1\n'


def test_without_a_board(kernel):
    assert 'no device connected' in kernel.run('%mip list').stderr
