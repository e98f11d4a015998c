# SPDX-License-Identifier: Apache-2.0
"""%%connect: a cell on many boards."""
from boards import make_board
from kernel_client import kernel  # noqa: F401 (fixture)


def test_a_cell_on_many_boards(kernel, run):
    uids = [make_board(run, 'one', '24:0a:c4:00:00:01'), make_board(run, 'two', '24:0a:c4:00:00:02')]

    def heading(name):
        return f'\n\x1b[46m\x1b[30m----- {name}\x1b[0m\n'
    shown = kernel.run('%%connect --all\nprint(6 * 7)')
    assert shown.stdout == ''.join(heading(u) + '42\n' for u in uids) and shown.status == 'ok'
    assert kernel.run('%%connect -a -q\nprint(6)').stdout == '6\n6\n'
    shown = kernel.run(f'%%connect {uids[0]} nobody sim:two\nprint(1)')
    assert shown.stdout == heading(uids[0]) + '1\n' + heading('nobody') + heading('sim:two') + '1\n'
    assert shown.stderr == "Device not available: 'nobody'\n"
    assert (shown.status, shown.reply['ename']) == ('error', 'KILN_E_NO_BOARD')
    shown = kernel.run('%%connect --all\n1 / 0')
    assert shown.stderr.count('ZeroDivisionError') == 2 and shown.errors == []
    assert shown.reply['ename'] == 'ZeroDivisionError'
    assert kernel.run('%%connect -a x\nx').stderr.endswith('--all goes without names\n')


def test_without_names_it_is_the_current_board(kernel, run):
    assert kernel.run('%%connect\nprint(1)').stderr == 'no device connected\n'
    make_board(run, 'one')
    kernel.run('%connect -q sim:one')
    shown = kernel.run('%%connect\nprint(1)')
    assert (shown.status, shown.stdout) == ('ok', '1\n')
