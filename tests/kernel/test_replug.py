# SPDX-License-Identifier: Apache-2.0
"""A cable is pulled, and plugged in where the port has another name, or at another board."""
import contextlib
import json
import subprocess

from boards import copy_board, sims
from conftest import BUILD
from kernel_client import kernel, plain  # noqa: F401 (kernel is a fixture)

ONE, TWO = '24:0a:c4:00:00:01', '24:0a:c4:00:00:02'


@contextlib.contextmanager
def plugged_in(env, name):
    """A board on a pty: (its port, a function that pulls the cable)."""
    server = subprocess.Popen([BUILD / 'kiln', 'sim', name, '--pty', '--json'], env=env, text=True,
                              stdout=subprocess.PIPE)

    def pull():
        server.kill()
        server.wait()
    try:
        yield json.loads(server.stdout.readline())['port'], pull
    finally:
        pull()
        server.stdout.close()


def test_an_idle_kernel_holds_the_old_name(kernel, env):
    copy_board(env, 'one', ONE)
    with plugged_in(env, 'one') as (port, pull):
        assert kernel.run(f'%connect {port}').status == 'ok'
        pull()
        with plugged_in(env, 'one') as (other, _):
            assert other != port
            shown = kernel.run('print(1)')
            assert plain(shown.stdout) == f'Connected to {ONE} @ serial://{other}\n1\n', shown
            assert kernel.run('print(2)').stdout == '2\n'


def swap(env, kept):
    """Another board is where the connected one was; that one has the name `kept`, or is gone."""
    for state in sims(env).glob('one*'):
        state.rename(sims(env) / state.name.replace('one', kept) if kept else
                     sims(env).parent / state.name)
    copy_board(env, 'one', TWO)


def test_it_is_found_where_it_is(kernel, env):
    copy_board(env, 'one', ONE)
    kernel.run('%connect sim:one\n!true')  # the port is free
    swap(env, 'moved')
    shown = kernel.run('import machine\nprint(machine.unique_id()[5])')
    assert plain(shown.stdout) == f'Connected to {ONE} @ sim:moved\n1\n'


def test_nothing_runs_on_another_board(kernel, env):
    """What takes the place of a board that was pulled is not it."""
    copy_board(env, 'one', ONE)
    kernel.run('%connect sim:one\n!true')
    swap(env, None)
    for _ in range(2):
        shown = kernel.run('print(1)')
        assert (shown.stdout, shown.reply['ename']) == ('', 'KILN_E_NO_BOARD'), shown
        assert shown.reply['evalue'] == "cannot find the connected board at 'sim:one': " \
            f"another one is there now, '{TWO}'"
    assert kernel.run(f'%connect {TWO}\nprint(2)').stdout.endswith('2\n')


def test_while_the_program_asks(kernel, env):
    """Nobody will read the answer: the cell does not wait for it."""
    copy_board(env, 'one', ONE)
    with plugged_in(env, 'one') as (port, pull):
        assert kernel.run(f'%connect {port}').status == 'ok'
        msg_id = kernel.start('print(input("name? "))')
        assert kernel.client.get_stdin_msg(timeout=60)['content']['prompt'] == 'name? '
        pull()
        assert kernel.finish(msg_id)[0]['ename'] == 'KILN_E_PORT_GONE'
        assert kernel.run('!echo alive').stdout == 'alive\n'
