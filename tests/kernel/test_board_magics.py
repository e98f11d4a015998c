# SPDX-License-Identifier: Apache-2.0
"""Magics about the connected board: the list, resets, who it is, its clock."""
import re
import time

from kernel_client import kernel  # noqa: F401 (a fixture)
from boards import MAC, connected, make_board, uid  # noqa: F401 (fixtures)


def test_without_a_board(kernel):
    for code in ('%softreset', '%hardreset', '%uid', '%name', '%info', '%gettime', '%synctime'):
        shown = kernel.run(code)
        assert (shown.status, shown.stdout, shown.stderr) == \
            ('error', '', 'no device connected\n'), code


def test_register_and_unregister(kernel, run):
    uid = make_board(run, 'other')  # noqa: F811
    assert kernel.run('%register sim:other').stdout == ''
    assert kernel.run('%register sim:other').status == 'ok'
    assert kernel.run('%discover').said.split() == [uid, 'sim:other']
    assert kernel.run(f'%connect -q {uid}').status == 'ok'
    assert kernel.run(f'%register {uid}').status == 'ok'
    assert kernel.run(f'%unregister {uid}').status == 'ok'
    assert kernel.run('print(1)').stderr == 'no device connected\n'
    assert kernel.run(f'%unregister {uid}').stderr == f"Device not available: '{uid}'\n"
    assert kernel.run('%register nobody').stderr == "Device not available: 'nobody'\n"
    assert kernel.run('%register /dev/nothing-here').reply['ename'] == 'KILN_E_PORT_MISSING'


def banner(name):
    lines = ('!' * 31, f'!!!!!   {name} ...     !!!!!', '!' * 31)
    return ''.join(f'\x1b[46m\x1b[31m{line}\x1b[0m\n' for line in lines)


def test_softreset(connected):
    connected.run('f = open("main.py", "w"); f.write("print(\'main\')"); f.close()\nx = 1')
    assert connected.run('%softreset').stdout == banner('softreset')
    assert connected.run('x').reply['ename'] == 'NameError'
    shown = connected.run('x = 1\n%softreset -q\nx')
    assert shown.stdout == '' and shown.reply['ename'] == 'NameError'


def test_hardreset_shows_what_main_prints(connected):
    connected.run('f = open("main.py", "w"); f.write("print(\'from main\')\\nx = 7"); f.close()')
    shown = connected.run('%hardreset -t 30')
    assert shown.status == 'ok', shown
    assert shown.stdout.startswith(banner('hardreset'))
    assert 'from main\n' in shown.stdout and '>>>' not in shown.stdout
    assert connected.run('print(x)').stdout == '7\n'


def test_hardreset_of_a_board_whose_main_never_ends(connected):
    connected.run('f = open("main.py", "w"); '
                  'f.write("import time\\nwhile 1:\\n print(\'tick\')\\n time.sleep(0.01)"); '
                  'f.close()')
    shown = connected.run('%hardreset')
    assert shown.status == 'ok' and '\ntick\n' in shown.stdout
    assert connected.run('print("stopped")').stdout == 'stopped\n'
    connected.run('import os\nos.remove("main.py")')


def test_hardreset_arguments(connected):
    for bad in ('x', '-1', 'inf', '1s'):
        shown = connected.run(f'%hardreset -t{bad}')
        assert shown.stderr == ('usage: %hardreset [-h] [-t SECONDS]\n'
                                f"%hardreset: error: argument -t/--time: invalid value: '{bad}'\n")


def test_hardreset_where_there_is_no_reset(connected):
    connected.run('import sys\nclass M:\n  pass\nsys.modules["machine"] = M()')
    assert connected.run('%hardreset').reply['ename'] == 'AttributeError'
    assert connected.run('print(1)').stdout == '1\n'


def test_uid_and_name(connected):
    assert connected.run('%uid').stdout == MAC + '\n'
    assert connected.run('%name').stdout == MAC + '\n'


def test_info(connected):
    platform = connected.run('import sys\nprint(sys.platform)').stdout.strip()
    assert connected.run('%info').stdout == (
        f'name            {MAC}\n'
        f'platform        {platform}\n'
        'implementation  micropython\n'
        f'uid             {MAC}\n'
        'url             sim:demo\n')


TIME = r'\d{4}-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d\n'


def test_times(connected):
    assert re.fullmatch(TIME, connected.run('%gettime').stdout)
    assert re.fullmatch(TIME, connected.run('%synctime').stdout)


FAKE = '''
import sys
class Clock:
    now = (2022, 1, 31, 13, 5, 9, 0, 31)
    sets = 0
    def localtime(self):
        return Clock.now
class RTC:
    def datetime(self, t):
        Clock.sets += 1
        Clock.now = t[:3] + t[4:7] + (t[3], 0)
class Machine:
    pass
m = Machine()
m.RTC = RTC
sys.modules['time'] = Clock()
sys.modules['machine'] = m
'''


def test_a_clock_is_set_only_if_it_is_wrong(connected):
    assert connected.run(FAKE).status == 'ok'
    assert connected.run('%gettime').stdout == '2022-Jan-31 13:05:09\n'
    shown = connected.run('%synctime')
    assert abs(time.mktime(time.strptime(shown.stdout, '%Y-%b-%d %H:%M:%S\n')) - time.time()) < 60
    days = connected.run('print(Clock.sets, Clock.now[6])').stdout
    assert days == f'1 {time.localtime().tm_wday}\n'


def test_a_board_without_a_clock(connected):
    connected.run('import sys\nclass M:\n  pass\nsys.modules["time"] = M()')
    assert connected.run('%gettime').reply['ename'] == 'AttributeError'
    connected.run('M.localtime = lambda self: (1, 2, 99, 4)')
    assert connected.run('%gettime').stderr == "the board's time makes no sense\n"
