# SPDX-License-Identifier: Apache-2.0
"""debian/ and data/udev against what they stand for. The packages themselves: `make deb`."""
import fnmatch
import json
import re
import shutil
import subprocess

import pytest
from conftest import BUILD, SOURCE

DEBIAN = SOURCE / 'debian'
MULTIARCH = 'usr/lib/x86_64-linux-gnu'

pytestmark = pytest.mark.skipif(not shutil.which('meson'), reason='no meson here')


def introspect(what):
    done = subprocess.run(['meson', 'introspect', what, str(BUILD)], check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)


def packages():
    return re.findall(r'^Package: (\S+)$', (DEBIAN / 'control').read_text(), re.M)


def lines(path):
    text = path.read_text() if path.exists() else ''
    return [line for line in text.splitlines() if line and not line.startswith('#')]


@pytest.fixture
def installed(tmp_path):
    """Files of `meson install`, by the names that debian/rules gives their folders."""
    options = {o['name']: o['value'] for o in introspect('--buildoptions')}
    subprocess.run(['meson', 'install', '-C', str(BUILD), '--no-rebuild', '--quiet', '--destdir',
                    str(tmp_path / 'dest')], check=True, capture_output=True)
    root = tmp_path / 'dest' / options['prefix'].lstrip('/')
    places = {options['libexecdir']: 'usr/lib/kiln', options['libdir']: MULTIARCH}

    def packaged(name):
        for folder, place in places.items():
            if name.startswith(folder + '/'):
                return place + name[len(folder):]
        return 'usr/' + name
    return {packaged(str(p.relative_to(root))) for p in root.rglob('*')
            if p.is_symlink() or not p.is_dir()}


def takes(pattern, name):
    """As dh_install does: a name, a pattern without '/' in its stars, or a folder with all in it."""
    parts, wanted = name.split('/'), pattern.split('/')
    return len(parts) >= len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def test_each_file_is_in_one_package(installed):
    patterns = [(package, p) for package in packages()
                for p in lines(DEBIAN / f'{package}.install')]
    patterns += [('none', p) for p in lines(DEBIAN / 'not-installed')]
    for name in installed:
        owners = [package for package, p in patterns if takes(p, name)]
        assert len(owners) == 1, (name, owners)
    for package, p in patterns:
        assert any(takes(p, name) for name in installed), f'{package}: nothing is {p}'


def test_files_of_the_tree_that_are_named_exist():
    for package in packages():
        for kind in ('docs', 'examples'):
            for name in lines(DEBIAN / f'{package}.{kind}'):
                assert list(SOURCE.glob(name)), f'{package}.{kind}: {name}'


def test_links_lead_to_pages_that_are_installed(installed):
    for package in packages():
        for line in lines(DEBIAN / f'{package}.links'):
            target, link = line.split()
            assert target.removesuffix('.gz') in installed
            # the same as meson makes, which is left out for it
            assert link.removesuffix('.gz') in lines(DEBIAN / 'not-installed')


def test_the_version_is_the_build_files():
    version = introspect('--projectinfo')['version']
    assert (DEBIAN / 'changelog').read_text().startswith(f'kiln ({version}) ')


def test_udev_knows_the_vendors():
    vendors = re.findall(r'\{ 0x([0-9A-F]{4}), "', (SOURCE / 'src/discover/vendors.c').read_text())
    rules = (SOURCE / 'data/udev/70-kiln.rules').read_text()
    named = [vid for ids in re.findall(r'ID_VENDOR_ID}=="([^"]+)"', rules)
             for vid in ids.split('|')]
    assert len(vendors) > 20
    assert named == [vid.lower() for vid in vendors]


def test_the_group_of_tools_and_the_build_agree():
    """What the packages are built with is what tools/setup installs to build."""
    setup = re.search(r"^build='([^']*)'", (SOURCE / 'tools/setup').read_text(), re.M)[1].split()
    control = (DEBIAN / 'control').read_text()
    needed = re.search(r'^Build-Depends:\n((?: .*\n)+)', control, re.M)[1]
    names = set(re.findall(r'^ ([a-z0-9.+-]+)', needed, re.M)) - {'debhelper-compat'}
    assert names - {'meson', 'pkg-config', 'python3'} == {n for n in setup if n.endswith('-dev')} \
        - {'libc6-dev'}
