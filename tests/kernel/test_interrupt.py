# SPDX-License-Identifier: Apache-2.0
"""An interrupt ends the cell, whatever it is about just then: none of its other parts begins."""
import time

import pytest

from boards import connected, copy_board, sims  # noqa: F401 (connected is a fixture)

DELAYS = (0, .002, .005, .01)  # what it hits is another thing each time
TWO = '24:0a:c4:12:87:70'


@pytest.fixture
def boards(connected):
    """A kernel that is connected to one of two boards."""
    if not list(sims(connected.env).glob('two.*')):
        copy_board(connected.env, 'two', TWO)
    return connected


def interrupted(kernel, code, delay):
    msg_id = kernel.start(code)
    kernel.message(msg_id, 'execute_input')
    time.sleep(delay)
    assert kernel.interrupt() == {'status': 'ok'}
    return kernel.finish(msg_id)[0]


@pytest.mark.parametrize('code', [
    '!sleep 30',  # the port is given up before
    '%%bash\nsleep 30',
    '%connect sim:two\nimport time\ntime.sleep(30)',
    '%softreset -q\nimport time\ntime.sleep(30)',
    'x?\n!sleep 30',
    '%mip list\n!sleep 30',
    '%%connect sim:two sim:demo\nimport time\ntime.sleep(30)',
], ids=lambda code: code.split('\n')[0])
def test_it_is_not_lost(boards, code):
    for delay in DELAYS:
        assert boards.run('%connect -q sim:demo\nx = 1').status == 'ok'
        reply = interrupted(boards, code, delay)
        assert (reply['status'], reply['ename']) == ('error', 'KeyboardInterrupt'), (delay, reply)


def test_a_flash_job_ends(boards, tmp_path):
    """It begins by giving up the port of the board that is connected."""
    (tmp_path / 'data.bin').write_bytes(bytes(range(256)) * 3000)
    for delay in DELAYS:
        assert boards.run('%connect -q sim:demo').status == 'ok'
        reply = interrupted(boards, f'%flash {tmp_path}/data.bin --port sim:two --at 0x10000',
                            delay)
        assert (reply['status'], reply['ename']) == ('error', 'KeyboardInterrupt'), (delay, reply)
