# SPDX-License-Identifier: Apache-2.0
"""%rdiff and %rsync: the board's files against its device configuration."""
import pytest
from boards import MAC, alone, uid  # noqa: F401 (fixtures)
from kernel_client import kernel, plain  # noqa: F401 (kernel is a fixture)

SAME = '\x1b[32mDirectories match\x1b[0m\n'


@pytest.fixture
def project(tmp_path):
    """Files of a project, below the kernel's home."""
    root = tmp_path / 'projects/plotter'
    for name, text in {'main.py': 'print("main")\n', 'drivers/a.py': 'A = 1\n',
                       'drivers/deep/b.py': 'B = 1\n', 'drivers/notes.txt': 'n\n',
                       'pkg/__init__.py': '', 'pkg/c.py': 'C = 1\n'}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def configured(project, alone, tmp_path):
    devices = tmp_path / 'projects/devices'
    devices.mkdir()
    (devices / 'plotter.yaml').write_text(
        f'plotter:\n  uid: {MAC}\n  path: plotter\n  install-dir: /\n  resources:\n'
        '    - main.py\n    - drivers: /lib/drivers\n    - pkg: /lib\n')
    assert alone.run('%connect -q sim:demo').status == 'ok'
    return alone


def test_only_what_differs(configured, project):
    shown = configured.run('%rdiff')
    assert (shown.status, shown.stderr) == ('ok', '')
    assert plain(shown.stdout) == (
        'ADD     lib/\nADD     lib/drivers/\nADD     lib/drivers/a.py\nADD     lib/drivers/deep/\n'
        'ADD     lib/drivers/deep/b.py\nADD     lib/pkg/\nADD     lib/pkg/__init__.py\n'
        'ADD     lib/pkg/c.py\nADD     main.py\n')
    assert configured.run('%rsync').stdout == shown.stdout
    assert configured.run('%rdiff').stdout == SAME
    assert configured.run('from pkg import c\nprint(c.C)').stdout == '1\n'
    (project / 'drivers/a.py').write_text('A = 2\n')
    (project / 'drivers/deep/b.py').unlink()
    configured.run("open('lib/old.py', 'w').close()\nopen('data.csv', 'w').close()")
    assert configured.run('%rsync -u').stdout == '\x1b[34mUPDATE  lib/drivers/a.py\x1b[0m\n'
    assert configured.run('%rsync').stdout == (
        '\x1b[31mDELETE  lib/old.py\x1b[0m\n\x1b[31mDELETE  lib/drivers/deep/b.py\x1b[0m\n'
        '\x1b[31mDELETE  lib/drivers/deep/\x1b[0m\n\x1b[31mDELETE  data.csv\x1b[0m\n')
    assert configured.run('%rsync').stdout == SAME
    assert configured.run('%cat boot.py').status == 'ok'


def test_info_lists_the_resources(configured, project, tmp_path):
    short = configured.run('%info').stdout
    assert short.splitlines()[-1] == f'configuration   {tmp_path}/projects/devices/plotter.yaml'
    assert configured.run('%info -v').stdout == short + ''.join(
        f'{size:6}  {there:30}  {project}/{here}\n' for size, there, here in (
            (6, '/lib/drivers/a.py', 'drivers/a.py'),
            (6, '/lib/drivers/deep/b.py', 'drivers/deep/b.py'),
            (0, '/lib/pkg/__init__.py', 'pkg/__init__.py'),
            (6, '/lib/pkg/c.py', 'pkg/c.py'),
            (14, '/main.py', 'main.py')))
    # of two that go to the same place the later one counts, and it is the one shown
    devices = tmp_path / 'projects/devices/plotter.yaml'
    (project / 'other').mkdir()
    (project / 'other/main.py').write_text('pass')
    devices.write_text(devices.read_text() + '    - other\n')
    assert f'     4  /main.py                        {project}/other/main.py\n' == \
        configured.run('%info --verbose').stdout.splitlines(True)[-1]
    (project / 'main.py').unlink()
    shown = configured.run('%info -v')
    assert shown.status == 'error' and 'main.py' in shown.reply['evalue']
    assert shown.stdout.startswith('name            plotter\n')
    assert configured.run('%info').status == 'ok'
    devices.unlink()
    bare = configured.run('%info -v')
    assert bare.status == 'ok' and bare.stdout.splitlines()[-1].startswith('url ')


def test_bad_input(configured, project):
    (project / 'main.py').unlink()
    shown = configured.run('%rsync')
    assert shown.reply['evalue'].startswith("cannot open '") and 'main.py' in shown.reply['evalue']
    assert configured.run('%rsync now').stderr.startswith('usage: %rsync [-h] [-u]\n')


def test_without_a_configuration(alone):
    shown = alone.run('%connect -q sim:demo\n%rdiff')
    assert shown.reply['ename'] == 'KILN_E_CONFIG'
    assert shown.reply['evalue'] == (
        f'cannot compare the files of {MAC}: no device configuration has its uid')


def test_what_does_not_fit_is_shown_and_not_begun(configured, project):
    """To look is always possible; to copy is refused before anything is written."""
    (project / 'main.py').write_bytes(b'#' * 4_000_000)
    shown = configured.run('%rdiff')
    assert (shown.status, plain(shown.stdout).splitlines()[-1]) == ('ok', 'ADD     main.py'), shown
    shown = configured.run('%rsync')
    assert shown.reply['ename'] == 'KILN_E_TOO_BIG', shown
    assert 'no space left on device' in shown.reply['evalue']
    assert configured.run('import os\nprint("lib" in os.listdir())').stdout == 'False\n'
