# SPDX-License-Identifier: Apache-2.0
"""libkiln as a program of somebody else's sees it: headers, pkg-config file, shared library."""
import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import BUILD, SOURCE
from sim_server import serve  # noqa: F401 (a fixture)

WARNINGS = ('-Wall', '-Wextra', '-Wpedantic', '-Werror')


def options():
    out = subprocess.run(['meson', 'introspect', '--buildoptions', BUILD], check=True,
                         capture_output=True, text=True).stdout
    return {o['name']: o['value'] for o in json.loads(out)}


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """What `meson install` makes, and how a compiler gets to it: flags, and the libraries' folder."""
    for tool in ('meson', 'cc', 'pkg-config'):
        if not shutil.which(tool):
            pytest.skip(f'no {tool} here')
    known = options()
    if known['b_sanitize'] != 'none':
        pytest.skip('a library with a sanitizer needs a program with one')
    root = tmp_path_factory.mktemp('root')
    subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', root],
                   check=True, capture_output=True)
    libraries = root / known['prefix'].lstrip('/') / known['libdir']
    # a file of pkg-config names the prefix, which stands below the root here
    found = subprocess.run(['pkg-config', '--cflags', '--libs', 'kiln'], check=True, text=True,
                           capture_output=True, env={
                               **os.environ, 'PKG_CONFIG_SYSROOT_DIR': str(root),
                               'PKG_CONFIG_PATH': str(libraries / 'pkgconfig')}).stdout
    assert '-lkiln' in found
    return root, found.split(), libraries


def compile_example(installed, name, to):
    _, flags, _ = installed
    subprocess.run(['cc', '-std=gnu11', *WARNINGS, SOURCE / 'examples' / f'{name}.c', *flags,
                    '-o', to], check=True)
    return to


@pytest.mark.parametrize('language', [('cc', 'c', '-std=c99'), ('cc', 'c', '-std=c17'),
                                      ('c++', 'c++', '-std=c++11')], ids=lambda a: a[2])
def test_each_header_stands_alone(installed, tmp_path, language):
    compiler, kind, standard = language
    if not shutil.which(compiler):
        pytest.skip(f'no {compiler} here')
    root, flags, _ = installed
    headers = sorted(p.name for p in root.rglob('include/kiln/*.h'))
    assert 'flash.h' in headers and 'version.h' in headers
    for header in headers:
        source = tmp_path / 'one.c'
        source.write_text(f'#include <kiln/{header}>\nint main(void);\n')
        subprocess.run([compiler, '-x', kind, standard, *WARNINGS, '-fsyntax-only', source,
                        *[f for f in flags if f.startswith('-I')]], check=True)


def test_cplusplus_links(installed, env, tmp_path):
    if not shutil.which('c++'):
        pytest.skip('no c++ here')
    _, flags, libraries = installed
    (tmp_path / 'name.cc').write_text(
        '#include <cstdio>\n#include <kiln/err.h>\n'
        'int main() { std::puts(kiln_code_name(KILN_E_TIMEOUT)); }\n')
    subprocess.run(['c++', *WARNINGS, tmp_path / 'name.cc', *flags, '-o', tmp_path / 'name'],
                   check=True)
    done = subprocess.run([tmp_path / 'name'], env={**env, 'LD_LIBRARY_PATH': str(libraries)},
                          check=True, capture_output=True, text=True)
    assert done.stdout == 'KILN_E_TIMEOUT\n'


def test_the_whole_way(installed, env, serve, tmp_path):
    """A board is found, flashed and programmed by the example that README.md names."""
    program = compile_example(installed, 'flash_and_run', tmp_path / 'flash_and_run')
    env = {**env, 'LD_LIBRARY_PATH': str(installed[2])}

    def run(*args):
        return subprocess.run([program, *args], env=env, capture_output=True, text=True, timeout=120)

    firmware = BUILD / 'demo-firmware.bin'
    done = run('no.bin', 'print(1)')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith("error: cannot read 'no.bin': no such file or directory\n")
    done = run(firmware, 'print(1)')
    assert (done.returncode, done.stdout) == (3, '')
    assert done.stderr.startswith('error: cannot find a board: no such board\n')
    serve('demo', '--rfc2217', '0')
    done = run(firmware, 'print(6 * 7)')
    assert (done.returncode, done.stdout, done.stderr) == (0, '42\n', '')
    done = run(firmware, 'print(nothing)')
    assert done.returncode == 0 and done.stderr.endswith("NameError: name 'nothing' isn't defined\n")


def test_the_other_examples(installed, env, flashed, tmp_path):
    env = {**env, 'LD_LIBRARY_PATH': str(installed[2]), 'KILN_PORTS': 'socket://127.0.0.1:1'}
    ports = compile_example(installed, 'ports', tmp_path / 'ports')
    done = subprocess.run([ports], env=env, check=True, capture_output=True, text=True)
    assert re.search(r'^socket://127\.0\.0\.1:1 ', done.stdout, re.M)
    run_code = compile_example(installed, 'run_code', tmp_path / 'run_code')
    done = subprocess.run([run_code, '/dev/missing', '1'], env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot open '/dev/missing': ")
