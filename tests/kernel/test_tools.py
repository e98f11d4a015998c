# SPDX-License-Identifier: Apache-2.0
"""Where `meson install` puts things, and the tools that people run notebooks with."""
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess

import nbformat
import pytest
from boards import copy_board
from conftest import BUILD

PYTHON = '/usr/bin/python3'


def introspect(what):
    done = subprocess.run(['meson', 'introspect', what, str(BUILD)], check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(not shutil.which('meson'), reason='no meson here')
def test_the_layout_of_an_installation(run, tmp_path):
    """Below DESTDIR, as a package is built: nothing outside of the folders of the FHS."""
    options = {o['name']: o['value'] for o in introspect('--buildoptions')}
    prefix, libexec = options['prefix'], options['libexecdir']
    dest = tmp_path / 'dest'
    subprocess.run(['meson', 'install', '-C', str(BUILD), '--no-rebuild', '--quiet', '--destdir',
                    str(dest)], check=True, capture_output=True)
    root = dest / prefix.lstrip('/')
    names = {str(p.relative_to(root)) for p in root.rglob('*') if not p.is_dir() or p.is_symlink()}
    lib = pathlib.Path(options['libdir']).parts[0]  # lib64 where nothing tells that it is Debian
    rules = {n for n in names if n.startswith('lib/udev/rules.d/')}  # udev looks nowhere else
    assert {p.parts[0] for p in map(pathlib.Path, names - rules)} <= {'bin', 'include', lib,
                                                                      'libexec', 'share'}
    assert [p for p in dest.rglob('*') if not p.is_dir() and root not in p.parents] == []
    spec_dir = 'share/jupyter/kernels/kiln'
    assert names >= {'bin/kiln', 'bin/esptool.py', 'bin/esptool', 'bin/mpremote',
                     f'{libexec}/kiln-kernel', 'share/man/man1/kiln.1',
                     'share/bash-completion/completions/kiln', f'{spec_dir}/kernel.json',
                     *(f'{spec_dir}/logo-{name}' for name in ('32x32.png', '64x64.png', 'svg.svg'))}
    assert not [n for n in names if 'test' in n or n.endswith(('.a', '.o'))]

    spec = json.loads((root / spec_dir / 'kernel.json').read_text())
    assert spec['argv'] == [f'{prefix}/{libexec}/kiln-kernel', '-f', '{connection_file}']
    # it is the one that `kiln kernel install` makes, but for the place
    done = subprocess.run([root / 'bin/kiln', 'kernel', 'install', '--prefix', tmp_path / 'p'],
                          env=run.env, check=True, capture_output=True, text=True)
    own = pathlib.Path(done.stdout.strip().rsplit(' ', 1)[1])
    made = json.loads((own / 'kernel.json').read_text())
    assert made['argv'][0] == str(root / libexec / 'kiln-kernel')
    assert {**made, 'argv': spec['argv']} == spec
    assert all((own / name).read_bytes() == (root / spec_dir / name).read_bytes()
               for name in os.listdir(own) if name.startswith('logo'))


@pytest.fixture
def jupyter(run, env, tmp_path):
    """jupyter('nbconvert', ...): a tool that finds our kernel, by the old kernel's name too."""
    for name in ('kiln', 'iot_kernel'):
        run('kiln', 'kernel', 'install', '--prefix', tmp_path / 'prefix', '--name', name, check=0)
    copy_board(env, 'demo')

    def run_tool(module, *args, input=None):
        return subprocess.run([PYTHON, '-m', module, *map(str, args)], input=input, text=True,
                              env={**env, 'JUPYTER_PATH': str(tmp_path / 'prefix/share/jupyter')},
                              capture_output=True, timeout=120, cwd=tmp_path)
    return run_tool


def write_notebook(path, *codes, kernel='kiln', language='micropython'):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in codes])
    notebook.metadata['kernelspec'] = {'name': kernel, 'display_name': 'x', 'language': language}
    nbformat.write(notebook, path)


def needs(module):
    return pytest.mark.skipif(not importlib.util.find_spec(module), reason=f'no {module} here')


@needs('nbconvert')
def test_nbconvert_and_a_notebook_of_the_old_kernel(jupyter, tmp_path):
    """It is run as it is, by the kernel that has taken the old one's name."""
    write_notebook(tmp_path / 'old.ipynb', '%connect -q sim:demo', 'print(6 * 7)', '%discover',
                   kernel='iot_kernel', language='python')
    done = jupyter('nbconvert', '--to', 'html', '--execute', 'old.ipynb')
    assert done.returncode == 0, done.stderr
    html = (tmp_path / 'old.html').read_text()
    assert '<pre>42\n</pre>' in html and '<table>' in html


@needs('nbconvert')
def test_nbconvert_fails_with_the_notebook(jupyter, tmp_path):
    write_notebook(tmp_path / 'bad.ipynb', '%connect -q sim:demo', '1 / 0', 'print("on")')
    done = jupyter('nbconvert', '--to', 'notebook', '--execute', 'bad.ipynb')
    assert done.returncode != 0 and 'ZeroDivisionError' in done.stderr


@needs('jupyter_console')
def test_jupyter_console(jupyter):
    done = jupyter('jupyter_console', '--kernel', 'kiln', '--simple-prompt',
                   '--ZMQTerminalInteractiveShell.confirm_exit=False',
                   input='%connect -q sim:demo\nprint(6 * 7)\n%discover\nquit\n')
    assert done.returncode == 0, done.stderr
    assert '42' in done.stdout and 'sim:demo' in done.stdout, done.stdout
