# SPDX-License-Identifier: Apache-2.0
"""Every magic, one after the other, in a notebook that nbclient runs: outputs to the letter.

Each row is checked whole: both streams, what was raised, and whether the cell failed.
"""
import datetime
import re
from typing import NamedTuple

import nbformat
import pytest
from boards import MAC, copy_board
from kernel_client import plain
from nbclient import NotebookClient
from test_microbit import microbit, needs_qemu  # noqa: F401 (microbit is a fixture)

RED_ON_CYAN, BLACK_ON_CYAN, PLAIN = '\x1b[46m\x1b[31m', '\x1b[46m\x1b[30m', '\x1b[0m'
GREEN, BLUE, RED = '\x1b[32m', '\x1b[34m', '\x1b[31m'
WHEN = '[A-Z][a-z]{2} [ 1-3][0-9] [0-9]{2}:[0-9]{2} [0-9]{4}'


def banner(name):
    lines = ('!' * 31, f'!!!!!   {name} ...     !!!!!', '!' * 31)
    return ''.join(f'{RED_ON_CYAN}{line}{PLAIN}\n' for line in lines)


def connected(name, url):
    return f'{BLACK_ON_CYAN}Connected to {name} @ {url}{PLAIN}\n'


def heading(name):
    return f'\n{BLACK_ON_CYAN}----- {name}{PLAIN}\n'


def pattern(text):
    return re.compile(text, re.S)


class Wanted(NamedTuple):
    out: object = ''  # a text, a pattern, or a function that says whether it is right
    err: str = ''
    ename: str = None
    raised: tuple = None  # (ename, evalue) of what the front end draws as a traceback


def err(text, ename='UsageError', out=''):
    return Wanted(out, text, ename)


def raises(ename, evalue):
    return Wanted('', '', ename, (ename, evalue))


def is_now(text):
    """The host's clock, which the board was told: in the form of the page, and no other."""
    when = datetime.datetime.strptime(text, '%Y-%b-%d %H:%M:%S\n')
    off = abs((datetime.datetime.now() - when).total_seconds())
    return when.strftime('%Y-%b-%d %H:%M:%S\n') == text and off < 60


BOOT = '''ets Jul 29 2019 12:21:46

rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
configsip: 0, SPIWP:0xee
clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00
mode:DIO, clock div:2
load:0x3fff0030,len:4728
load:0x40078000,len:11904
load:0x40080400,len:3368
entry 0x400805cc
This is the interpreter of Kiln\'s virtual board, whatever image is in flash.
from boot.py
from main.py
'''
PARTS = ['board', 'discover', 'fetch', 'flash', 'kernel', 'link', 'loader', 'repl']
LEVELS = f'{"Logger":30}  Level\n\n' + ''.join(f'{part:30}  WARNING\n' for part in PARTS)
LINE_HELP = '''usage: %uid [-h]

Print the connected board's uid

options:
  -h, --help            show this help message and exit

On an ESP32 it is the MAC address.
'''


NOT_THERE = "Device not available: 'nobody'\n"
DEVICES = f"""plotter:
    uid: {MAC}
    path: plotter
    resources:
        - main.py
        - drivers: /drivers
"""


INFO = (f'name            plotter\nplatform        webassembly\nimplementation  micropython\n'
        f'uid             {MAC}\nurl             sim:demo\n'
        'configuration   HOME/projects/devices/boards.yaml\n')


def change(colour, what, path):
    return f'{colour}{what:8}{path}{PLAIN}\n'


ADDED = ''.join(change(GREEN, 'ADD', path) for path in ('drivers/', 'drivers/motor.py', 'main.py'))
REMOVED = ''.join(change(RED, 'DELETE', path) for path in ('drivers/motor.py', 'drivers/'))

# (the cell, what it shows, and if that is more than a text on stdout, Wanted)
ROWS = [
    ('print(1)', err('no device connected\n', 'KILN_E_NO_BOARD')),
    ('%discover', 'plotter  sim:demo  \n'),
    ('%discover -v', f'plotter  sim:demo  {MAC}\n'),
    ('%discover -f', 'plotter  sim:demo  \n'),
    ('%discover --all', 'sim:demo\n'
     f'  hwid         SIM CHIP=esp32-d0wdq6 MAC={MAC}\n'
     '  manufacturer Kiln\n'
     '  product      virtual ESP32 board\n\n'),
    ('%connect nobody', err(NOT_THERE, 'KILN_E_NO_BOARD')),
    ('%connect plotter', connected('plotter', 'sim:demo')),
    (f'%connect {MAC}', connected('plotter', 'sim:demo')),
    ('%connect -q sim:demo', ''),
    ('%connect plotter serial', err("Device not available: 'plotter'\n", 'KILN_E_NO_BOARD')),
    ('%register sim:demo', ''),
    ('for i in range(3):\n    print(i)\n!echo two\nprint(3)\nx = 5', '0\n1\n2\ntwo\n3\n'),
    ('%name\nprint(x)', 'plotter\n5\n'),
    ('print("a\\rb\\x04c")', 'abc\n'),
    ('%softreset', banner('softreset')),
    ('%softreset -q\nprint("x" in globals())', 'False\n'),
    ('%%writefile main.py\nprint("from main.py")', 'Writing main.py\n'),
    ('%%writefile boot.py\nprint("from boot.py")', 'Writing boot.py\n'),
    ('%cp main.py boot.py :', ''),
    ('%hardreset', pattern(re.escape(banner('hardreset') + BOOT) + 'MicroPython v[^\n]*\n'
                           'Type "help\\(\\)" for more information.\n')),
    ('%softreset', banner('softreset') + 'from boot.py\n'),
    ('%rm main.py boot.py', ''),
    ('%uid', MAC + '\n'),
    ('%name', 'plotter\n'),
    ('%uid -h', LINE_HELP),
    ('%info', INFO),
    ('%info -v', f'{INFO}     5  {"/drivers/motor.py":30}  HOME/projects/plotter/drivers/motor.py\n'
                 f'     5  {"/main.py":30}  HOME/projects/plotter/main.py\n'),
    ('%synctime', is_now),
    ('%gettime', is_now),
    ('%%writefile a.txt\none é', 'Writing a.txt\n'),
    ('%%writefile -a $HOME/made/a.txt\ntwo', 'Appending to HOME/made/a.txt\n'),
    ('%cp a.txt :', ''),
    ('%cat a.txt', 'one é\ntwo\n'),
    ('%cat :nothing', raises(
        'KILN_E_NOT_FOUND', "cannot get ':nothing': no such file or directory")),
    ('%mkdirs lib/deep', ''),
    ('%cp a.txt b.txt :/lib/', ''),
    ('%cp :lib/b.txt ./back.txt\n!cat back.txt', 'bee\n'),
    ('%cp a.txt :/lib/deep/c.txt', ''),
    ('%rlist lib', pattern(''.join(
        f'{start}{re.escape(colour + name + PLAIN)}\n' for start, colour, name in (
            (f'     11  {WHEN}  ', BLUE, 'a.txt'), (f'      4  {WHEN}  ', BLUE, 'b.txt'),
            (' ' * 28, GREEN, 'deep/'), (f'     11  {WHEN}      ', BLUE, 'c.txt'))))),
    ('%rm nothing', ''),
    ('%rm -r lib\n%rlist lib', ' ' * 28 + f'{GREEN}deep/{PLAIN}\n'),
    ('%rm -f lib/deep', ''),
    ('%rm -rf lib a.txt', ''),
    ('%rdiff', ADDED),
    ('%rsync', ADDED),
    ('%rdiff', f'{GREEN}Directories match{PLAIN}\n'),
    ('!echo "x = 2" > ~/projects/plotter/main.py\n%rsync', change(BLUE, 'UPDATE', 'main.py')),
    ('!rm ~/projects/plotter/drivers/motor.py\n%rdiff -u', f'{GREEN}Directories match{PLAIN}\n'),
    ('%rsync', REMOVED),
    ('%rm main.py', ''),
    ('%store', ''),
    ('y = [1, "b"]\n%store y', ''),
    ('long = "x" * 100\n%store long', ''),
    ('%store', f"long -> '{'x' * 66}...\ny    -> [1, 'b']\n"),
    ('%store -d long\n%store', "y -> [1, 'b']\n"),
    ('%%host\nprint(y[1] * 3, type(get_ipython()).__name__)', 'bbb ZMQInteractiveShell\n'),
    ('del y\n%store -r y\nprint(y)', "[1, 'b']\n"),
    ('%store -d y\n%store', ''),
    ('%store -z', ''),
    ('%cd $HOME', 'cwd = HOME\n'),
    ('%cd made', 'cwd = HOME/made\n'),
    ('%loglevel', LEVELS),
    ('%loglevel ERROR link', 'Logger link level set to ERROR\n'),
    ('%lsmagic', pattern('Line Magic:\n  %cat .*\nCell Magic:\n  %%bash .*\n')),
    ('!echo out; echo err >&2', Wanted('out\n', 'err\n')),
    ('%%bash\nfor i in 1 2; do\n  echo $i\ndone', '1\n2\n'),
    ('%%bash\necho before; exit 3', err('bash: exit status 3\n', 'CalledProcessError', 'before\n')),
    ('%%connect nobody plotter\nprint(6)',
     err(NOT_THERE, 'KILN_E_NO_BOARD', heading('nobody') + heading('plotter') + '6\n')),
    ('%%connect --host plotter\nprint(6)', heading('host') + '6\n' + heading('plotter') + '6\n'),
    ('1 / 0', raises('ZeroDivisionError', 'divide by zero')),
    ('%%connect --all -q\nprint(7)', '7\n'),
    ('%%connect\nprint(8)', '8\n'),
    ('%%ssh -p 2200 pi@garden\nuname', 'ssh -T -o BatchMode=yes -p 2200 -- pi@garden uname\n'),
    ('%%service -u me box\nls', 'docker exec -u me box /bin/bash -c ls\n'),
    ('%timeit x', err('Line magic timeit not defined\n')),
    ('%%timeit x\ny', err('Cell magic %%timeit not defined\n')),
    ('%connect "a', err('No closing quotation\n')),
    ('%unregister plotter', ''),
    ('print(1)', err('no device connected\n', 'KILN_E_NO_BOARD')),
]

# what an old MicroPython without files, folders and clock has of it
MICROBIT = [
    ('%discover', 'UID  URL  \n'),
    ('%uid', 'UID\n'),
    ('%name', 'UID\n'),
    ('%info', 'name            UID\nplatform        microbit\nimplementation  micropython\n'
              'uid             UID\nurl             URL\n'),
    ('x = 6\nfor i in range(3):\n    print(i)\n!echo two\nprint(x)', '0\n1\n2\ntwo\n6\n'),
    ('%softreset', banner('softreset')),
    ('%softreset -q\nprint("x" in globals())', 'False\n'),
    ('%%connect --all\nprint(7)', heading('UID') + '7\n'),
]


@pytest.fixture
def execute(run, env, tmp_path, monkeypatch):
    """execute(cells): for each what it showed, ({stream: text}, whether it failed)."""
    run('kiln', 'kernel', 'install', '--prefix', tmp_path / 'prefix', check=0)
    work = tmp_path / 'made'
    work.mkdir()
    (work / 'b.txt').write_text('bee\n')
    fakes = tmp_path / 'fakes'
    fakes.mkdir()
    for name in ('ssh', 'docker'):
        (fakes / name).write_text('#!/bin/bash\necho "${0##*/} $*"\n')
        (fakes / name).chmod(0o755)
    for key, value in env.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv('PATH', f"{fakes}:{env['PATH']}")
    monkeypatch.setenv('JUPYTER_PATH', str(tmp_path / 'prefix/share/jupyter'))

    def run_cells(codes):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in codes])
        replies = {}
        NotebookClient(notebook, kernel_name='kiln', timeout=60, allow_errors=True,
                       on_cell_executed=lambda cell, cell_index, execute_reply:
                       replies.update({cell_index: execute_reply['content']}),
                       resources={'metadata': {'path': str(work)}}).execute()
        return [shown(cell, replies[i]) for i, cell in enumerate(notebook.cells)]
    return run_cells


def shown(cell, reply):
    texts, raised = {'stdout': '', 'stderr': ''}, []
    for out in cell.outputs:
        if out.output_type == 'stream':
            texts[out.name] += out.text
        elif out.output_type == 'display_data':
            texts['stdout'] += out.data['text/plain'] + '\n'
        else:
            raised.append((out.ename, out.evalue))
    assert len(raised) <= 1, (cell, raised)
    return Wanted(texts['stdout'], texts['stderr'], reply.get('ename'), raised[0] if raised else None)


def is_right(wanted, said):
    if not isinstance(wanted, Wanted):
        wanted = Wanted(wanted)
    if wanted[1:] != said[1:]:
        return False
    if isinstance(wanted.out, re.Pattern):
        return wanted.out.fullmatch(said.out)
    return wanted.out(said.out) if callable(wanted.out) else said.out == wanted.out


def check(rows, texts, normal):
    wrong = []
    for (code, wanted), text in zip(rows, texts):
        said = text._replace(out=normal(text.out))
        if not is_right(wanted, said):
            wrong.append((code, said, wanted))
    assert not wrong, '\n'.join(map(repr, wrong))


def test_rows(execute, env, tmp_path):
    copy_board(env, 'demo')
    devices = tmp_path / 'projects/devices'
    devices.mkdir(parents=True)
    (devices / 'boards.yaml').write_text(DEVICES)
    for name in ('main.py', 'drivers/motor.py'):
        path = tmp_path / 'projects/plotter' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('pass\n')
    check(ROWS, execute([code for code, _ in ROWS]),
          lambda text: text.replace(str(tmp_path), 'HOME'))


@needs_qemu
def test_rows_on_the_microbit(execute, microbit):
    url = f'serial://{microbit.port}'
    rows = [(f'%connect {url}', connected('UID', 'URL'))] + MICROBIT
    texts = execute([code for code, _ in rows])
    uid = plain(texts[0].out).split()[2]
    assert re.fullmatch('([0-9a-f]{2}:){7}[0-9a-f]{2}', uid)
    check(rows, texts, lambda text: text.replace(uid, 'UID').replace(url, 'URL'))
