# SPDX-License-Identifier: Apache-2.0
"""Passwords in $IOT_SECRETS: a board on the network is opened with them, and nobody sees them."""
import contextlib

import pytest
from boards import MAC, on_the_network
from kernel_client import Kernel, plain

PASSWORD = 'Xq7wordZ'


@pytest.fixture
def webrepl(env):
    with on_the_network(env, PASSWORD) as board:
        yield board


@contextlib.contextmanager
def started(env, tmp_path, **more):
    kernel = Kernel({**env, **more}, tmp_path, tmp_path / 'log')
    yield kernel
    kernel.shutdown()


def holds_password(folder, but=None):
    """Files below `folder` that have it."""
    return [p for p in folder.rglob('*')
            if p.is_file() and p != but and PASSWORD.encode() in p.read_bytes()]


@pytest.mark.parametrize('more, place', [
    ({}, 'projects/libs/secrets.py'),
    ({'IOT_PROJECTS': '~/work'}, 'work/libs/secrets.py'),
    ({'IOT_SECRETS': '$HOME/mine.py'}, 'mine.py'),
])
def test_a_password_is_used_and_never_shown(env, tmp_path, webrepl, more, place):
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    # looked at, never run
    file.write_text(f"open('{tmp_path}/ran', 'w')\nmp_pwd = 'other'\nwebrepl_pwd = '{PASSWORD}'\n")
    with started(env, tmp_path, **more) as kernel:
        kernel.run('%loglevel trace')
        shown = [kernel.run(code) for code in (
            f'%connect {webrepl.url}', 'print(6 * 7)', '%info -v', '%discover -v', '%lsmagic -v',
            f'%register {webrepl.url}')]
        assert plain(shown[0].stdout) == f'Connected to {MAC} @ {webrepl.url}\n', shown[0]
        assert shown[1].stdout == '42\n'
    assert set(webrepl.seen) == {PASSWORD}
    assert PASSWORD not in repr([vars(s) for s in shown])
    assert holds_password(tmp_path, file) == []
    assert not (tmp_path / 'ran').exists()


def test_a_wrong_password_is_not_shown_either(env, tmp_path, webrepl):
    (tmp_path / 'mine.py').write_text("webrepl_pwd = 'not-it-99'\n")
    with started(env, tmp_path, IOT_SECRETS=str(tmp_path / 'mine.py')) as kernel:
        shown = kernel.run(f'%connect {webrepl.url}')
        assert shown.status == 'error'
        assert 'not-it-99' not in repr(vars(shown)) + kernel.stderr()


def test_one_in_the_url_is_shown_nowhere_else(env, tmp_path, webrepl):
    with started(env, tmp_path) as kernel:
        kernel.run('%loglevel trace')
        shown = kernel.run(f'%connect {webrepl.url.replace("//", f"//:{PASSWORD}@")}')
        assert plain(shown.stdout) == f'Connected to {MAC} @ {webrepl.url}\n', shown.stderr
        # bash may need the port: the session is opened again after it, with that password
        assert kernel.run('!echo two\nprint(3)').stdout == 'two\n3\n'
        assert f'url             {webrepl.url}\n' in kernel.run('%info').stdout
        # it is found at its other port too; what was asked and said there was heard here
        assert kernel.run('%discover').said.split() == [MAC, webrepl.url,
                                                        MAC, f'serial://{env["KILN_PORTS"]}']
        assert kernel.run('print(4)').stdout == '4\n'
        assert kernel.run(f'%connect -q {webrepl.url}').status == 'ok'
        assert PASSWORD not in kernel.stderr()
    assert set(webrepl.seen) == {PASSWORD}
    assert holds_password(tmp_path) == []
    history = (tmp_path / 'xdg/state/kiln/history').read_text()
    assert f'%connect {webrepl.url}' in history
