# SPDX-License-Identifier: Apache-2.0
"""The board's port: who has it, who lets it go, and what happens when it does not answer."""
import json
import os
import signal
import subprocess

from boards import FIRMWARE, alone, held, make_board, uid  # noqa: F401 (fixtures)
from conftest import BUILD
from kernel_client import kernel, plain  # noqa: F401 (kernel is a fixture)
from test_board import LOOP


def test_discover_and_connect(uid, kernel):
    assert kernel.run('%discover').said.split() == [uid, 'sim:demo']
    assert kernel.run('%discover -v').said.split() == [uid, 'sim:demo', uid]
    ports = kernel.run('%discover --all').stdout
    assert ports.startswith('sim:demo\n  hwid         ')
    assert kernel.run('%discover -all').stdout == ports
    for what in (uid, 'sim:demo'):
        assert plain(kernel.run(f'%connect {what}').stdout) == \
            f'Connected to {uid} @ sim:demo\n'
    quiet = kernel.run(f'%connect -q {uid}')
    assert (quiet.status, quiet.stdout, quiet.stderr) == ('ok', '', '')


def test_schemes_limit_the_choice(uid, kernel):
    kernel.run('%discover')
    assert kernel.run(f'%connect -q {uid} serial').stderr == f"Device not available: '{uid}'\n"
    assert kernel.run(f'%connect -q {uid} serial sim').status == 'ok'


def test_shutdown_frees_the_port(alone, run):
    msg_id = alone.start(LOOP)
    alone.message(msg_id, 'stream')
    alone.manager.shutdown_kernel()
    assert run('kiln', 'exec', '-p', 'sim:demo', 'print(1)', check=0).stdout == '1\n'


def test_bash_can_use_the_port(alone, uid):
    """esptool.py in a cell flashes the board that is connected; the next cell runs on it."""
    alone.run('x = 1')
    shown = alone.run(f'''%%bash
esptool.py -p 'sim:demo?clock=virtual' erase_flash
esptool.py -p 'sim:demo?clock=virtual' write_flash 0x1000 {FIRMWARE}
''')
    assert shown.status == 'ok', shown
    assert 'Hash of data verified.' in shown.stdout
    shown = alone.run('print("back")')
    assert (shown.status, shown.stdout, shown.stderr) == ('ok', 'back\n', '')


def test_a_blank_board_says_so(alone):
    alone.run("!esptool.py -p 'sim:demo?clock=virtual' erase_flash")
    shown = alone.run('print(1)')
    assert shown.reply['ename'] == 'KILN_E_NO_PROMPT'
    assert shown.errors[0]['traceback'][0].startswith('\x1b[31merror:\x1b[0m ')
    assert any('hint:' in line for line in shown.errors[0]['traceback'])
    assert alone.run('!echo alive').stdout == 'alive\n'


def test_a_board_that_is_held_by_another(kernel, uid, env):
    with held(env):
        shown = kernel.run('%connect sim:demo')
        assert shown.reply['ename'] == 'KILN_E_PORT_BUSY'
        # by its uid it cannot be found, and why not is said
        shown = kernel.run(f'%connect {uid}')
        assert shown.reply['ename'] == 'KILN_E_NO_BOARD'
        assert shown.stderr.startswith(f"Device not available: '{uid}'\nsim:demo: cannot open")
        assert kernel.run('%discover').said == 'No devices available\n'
    assert kernel.run('%connect sim:demo').status == 'ok'


def test_two_boards(kernel, run):
    uids = [make_board(run, 'one', '24:0a:c4:00:00:01'), make_board(run, 'two',
                                                                     '24:0a:c4:00:00:02')]
    assert uids == ['24:0a:c4:00:00:01', '24:0a:c4:00:00:02']
    assert kernel.run('%connect sim:one').status == 'ok'
    shown = kernel.run(f'%%connect {uids[1]} {uids[0]}\nimport machine\n'
                       'print(machine.unique_id()[5])')
    assert plain(shown.stdout) == f'\n----- {uids[1]}\n2\n\n----- {uids[0]}\n1\n'
    # the current board is the one from before
    assert kernel.run('import machine\nprint(machine.unique_id()[5])').stdout == '1\n'
    quiet = kernel.run('%%connect -q sim:two\nprint(machine.unique_id()[5])')
    assert quiet.reply['ename'] == 'NameError'


def test_machine_reset_is_said_and_survived(alone):
    shown = alone.run('import machine\nprint("a" * 100)\nmachine.reset()')
    assert shown.status == 'error'
    assert shown.stdout.startswith('a' * 100 + '\nets Jul 29 2019 12:21:46\n')
    assert shown.reply['ename'] == 'KILN_E_NO_PROMPT'
    assert alone.run('print("again")').stdout == 'again\n'


def test_the_interpreter_dies(alone):
    """The virtual board crashes in mid-cell: an error, and the next cell starts it again."""
    msg_id = alone.start(LOOP)
    alone.message(msg_id, 'stream')
    children = open(f'/proc/{alone.pid}/task/{alone.pid}/children').read().split()
    node = [int(c) for c in children if 'node' in os.readlink(f'/proc/{c}/exe')]
    assert node
    os.kill(node[0], signal.SIGKILL)
    # a chip that has crashed says no more: the cell goes on until somebody has had enough
    alone.message(msg_id, 'stream')
    alone.interrupt()
    alone.interrupt()  # a second one makes the wait for an answer short
    reply, _ = alone.finish(msg_id)
    assert reply['status'] == 'error' and reply['ename'].startswith('KILN_E_'), reply
    assert alone.run('print("again")').stdout == 'again\n'


def test_it_answers_before_any_board_is_opened(env, run, tmp_path):
    """A board that hangs must not make the kernel look dead: none is opened unasked."""
    make_board(run, 'demo')
    from kernel_client import Kernel
    running = Kernel(env, tmp_path, tmp_path / 'k.log')
    held = [os.readlink(f'/proc/{running.pid}/fd/{fd}')
            for fd in os.listdir(f'/proc/{running.pid}/fd')]
    running.shutdown()
    assert not [name for name in held if 'sim' in name], json.dumps(held)


def test_a_served_board_keeps_its_variables_while_bash_runs(kernel, uid, env, tmp_path):
    """`kiln sim` gives the board power, as a USB cable does, whoever holds the port."""
    link = tmp_path / 'port'
    server = subprocess.Popen([BUILD / 'kiln', 'sim', 'demo', '--pty', '--link', link], env=env,
                              stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline().startswith('serving demo on ')
        assert kernel.run(f'%connect {link}\nx = 12').status == 'ok'
        assert kernel.run("!kiln exec -p %s 'print(3)'" % link).stdout == '3\n'
        assert kernel.run('print(x)').stdout == '12\n'
    finally:
        server.terminate()
        server.wait()
