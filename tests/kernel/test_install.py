# SPDX-License-Identifier: Apache-2.0
"""`kiln kernel`, and what Jupyter makes of it."""
import json
import os

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from conftest import BUILD

LOGOS = ['logo-32x32.png', 'logo-64x64.png', 'logo-svg.svg']


@pytest.mark.parametrize('options, folder', [
    ([], 'xdg/data/jupyter/kernels/kiln'),
    (['--user'], 'xdg/data/jupyter/kernels/kiln'),
    (['--prefix', 'p/q'], 'p/q/share/jupyter/kernels/kiln'),
    (['--sys-prefix'], 'venv/share/jupyter/kernels/kiln'),
    (['--name', 'my-board.2', '--display-name', 'Mein "Brett"'],
     'xdg/data/jupyter/kernels/my-board.2'),
])
def test_install_and_uninstall(run, tmp_path, options, folder):
    more = {'VIRTUAL_ENV': str(tmp_path / 'venv')}
    done = run('kiln', 'kernel', 'install', *options, check=0, **more)
    target = tmp_path / folder
    assert done.stdout.strip().endswith(str(target))
    spec = json.loads((target / 'kernel.json').read_text())
    assert spec['argv'] == [str(BUILD / 'kiln-kernel'), '-f', '{connection_file}']
    assert spec['language'] == 'micropython'
    assert spec['interrupt_mode'] == 'message'
    assert spec['kernel_protocol_version'] == '5.5'
    named = '--display-name' in options
    assert spec['display_name'] == ('Mein "Brett"' if named else 'MicroPython (kiln)')
    assert sorted(os.listdir(target)) == sorted(['kernel.json', *LOGOS])
    assert (target / LOGOS[0]).read_bytes().startswith(b'\x89PNG')

    run('kiln', 'kernel', 'install', *options, check=0, **more)  # again: no harm
    place = [o for o in options if not o.startswith('Mein') and o != '--display-name']
    run('kiln', 'kernel', 'uninstall', *place, check=0, **more)
    assert not target.exists()


def test_json(run, tmp_path):
    done = run('kiln', 'kernel', 'install', '--prefix', tmp_path, '--json', check=0)
    assert json.loads(done.stdout) == {
        'event': 'installed', 'name': 'kiln', 'folder': f'{tmp_path}/share/jupyter/kernels/kiln'}


@pytest.mark.parametrize('args, code, text', [
    ([], 2, "error: 'kiln kernel' needs a verb\n"
     "hint: 'kiln kernel --help' shows what it takes\n"),
    (['fly'], 2, "error: no such verb: 'fly'\nhint: 'kiln kernel --help' shows what it takes\n"),
    (['install', '--user', '--prefix', '/x'], 2,
     'error: only one of --user, --prefix and --sys-prefix\n'
     "hint: 'kiln kernel --help' shows what it takes\n"),
    (['install', '--sys-prefix'], 1,
     'error: cannot use --sys-prefix: no Python environment is active\n'
     'hint: activate one (VIRTUAL_ENV or CONDA_PREFIX), or use --prefix\n'),
    (['run'], 2, "error: 'kiln kernel run' needs a connection file\n"
     'hint: give it with -f; Jupyter writes one for each kernel it starts\n'),
])
def test_wrong_lines(run, args, code, text):
    done = run('kiln', 'kernel', *args, VIRTUAL_ENV='', CONDA_PREFIX='')
    assert (done.returncode, done.stderr) == (code, text)


@pytest.mark.parametrize('name', ['', '../x', 'a b', '.hidden', 'a/b'])
def test_names_that_jupyter_does_not_take(run, tmp_path, name):
    done = run('kiln', 'kernel', 'install', '--prefix', tmp_path / 'p', '--name', name)
    assert done.returncode != 0
    assert f"error: cannot name a kernel '{name}'" in done.stderr
    assert not (tmp_path / 'p').exists()


def test_other_peoples_kernels_are_not_removed(run, tmp_path):
    folder = tmp_path / 'share/jupyter/kernels/python3'
    folder.mkdir(parents=True)
    (folder / 'kernel.json').write_text('{"argv": ["/usr/bin/python3"]}')
    done = run('kiln', 'kernel', 'uninstall', '--prefix', tmp_path, '--name', 'python3')
    assert done.returncode == 1
    assert 'it does not start kiln-kernel' in done.stderr
    assert (folder / 'kernel.json').exists()


def test_a_place_that_cannot_be_written(run, tmp_path):
    (tmp_path / 'file').write_text('')
    done = run('kiln', 'kernel', 'install', '--prefix', tmp_path / 'file')
    assert done.returncode == 1
    assert f"error: cannot make the folder '{tmp_path}/file/share'" in done.stderr


def test_jupyter_finds_and_starts_it(run, env, tmp_path):
    run('kiln', 'kernel', 'install', '--prefix', tmp_path / 'p', check=0)
    specs = KernelSpecManager(kernel_dirs=[str(tmp_path / 'p/share/jupyter/kernels')])
    manager = KernelManager(kernel_name='kiln', kernel_spec_manager=specs)
    manager.start_kernel(env=env)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=30)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_run_becomes_the_kernel(run, tmp_path):
    done = run('kiln', 'kernel', 'run', '-f', tmp_path / 'none.json')
    assert done.returncode == 1
    assert done.stderr.startswith('error: cannot open the connection file')
