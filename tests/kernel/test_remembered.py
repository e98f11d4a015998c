# SPDX-License-Identifier: Apache-2.0
"""The board that a notebook remembers."""
import shutil

import pytest
from boards import copy_board, on_the_network, sims
from kernel_client import Kernel, plain


@pytest.fixture
def open_notebook(env, tmp_path):
    """open_notebook('/a.ipynb'): its kernel, as Jupyter starts it."""
    opened = []

    def start(notebook):
        for old in opened:
            old.shutdown()
        opened[:] = [Kernel({**env, 'JPY_SESSION_NAME': notebook}, tmp_path, tmp_path / 'log')]
        return opened[0]
    yield start
    opened[0].shutdown()


def test_a_notebook_remembers_its_board(env, open_notebook):
    one, two = copy_board(env, 'one'), copy_board(env, 'two', '24:0a:c4:00:00:02')
    open_notebook('/a.ipynb').run(f'%connect {two}')
    assert open_notebook('/b.ipynb').run('print(1)').stderr == 'no device connected\n'
    again = open_notebook('/a.ipynb')
    shown = again.run('import machine\nprint(machine.unique_id()[5])')
    assert plain(shown.stdout) == f'Connected to {two} @ sim:two\n2\n'
    assert again.run('print(1)').stdout == '1\n'
    # %%connect and bash change nothing of it
    again.run('%%connect sim:one\nprint(1)')
    assert plain(open_notebook('/a.ipynb').run('%name').stdout) == \
        f'Connected to {two} @ sim:two\n{two}\n'
    assert one != two


def test_it_is_looked_for_if_it_moved(env, open_notebook):
    mac = copy_board(env, 'one')
    open_notebook('/a.ipynb').run(f'%connect {mac}')
    again = open_notebook('/a.ipynb')
    shutil.rmtree(sims(env))
    copy_board(env, 'moved')
    copy_board(env, 'one', '24:0a:c4:00:00:07')
    assert plain(again.run('print(1)').stdout) == f'Connected to {mac} @ sim:moved\n1\n'


def test_one_that_is_gone_is_said(env, open_notebook):
    mac = copy_board(env, 'one')
    open_notebook('/a.ipynb').run(f'%connect {mac}')
    again = open_notebook('/a.ipynb')
    shutil.rmtree(sims(env))
    shown = again.run('print(1)')
    assert shown.stderr.startswith(f"Device not available: '{mac}'\n")
    copy_board(env, 'one')
    assert plain(again.run('print(1)').stdout) == f'Connected to {mac} @ sim:one\n1\n'
    assert again.run(f'%unregister {mac}').status == 'ok'
    assert open_notebook('/a.ipynb').run('print(1)').stderr == 'no device connected\n'


def test_no_password_is_shown_or_remembered(env, open_notebook, tmp_path):
    with on_the_network(env, 'hush') as server:
        url = server.url.replace('ws://', 'ws://:hush@')
        notebook = open_notebook('/a.ipynb')
        for cell, said in ((f'%connect {url}', server.url), ('print(6 * 7)', '42'), ('%info', ''),
                           ('%discover', ''), (f'%connect {url}1', 'cannot'),
                           ('%connect ws://:hush%@h', 'cannot')):
            shown = notebook.run(cell)
            assert said in str(vars(shown)) and 'hush' not in str(vars(shown)), shown
    for path in (tmp_path / 'xdg').rglob('*'):
        assert not path.is_file() or b'hush' not in path.read_bytes(), path
