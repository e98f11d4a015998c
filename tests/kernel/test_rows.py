# SPDX-License-Identifier: Apache-2.0
"""Every magic, one after the other, in a notebook that nbclient runs: outputs to the letter."""
import re

import nbformat
import pytest
from boards import MAC, copy_board
from kernel_client import plain
from nbclient import NotebookClient
from test_microbit import microbit, needs_qemu  # noqa: F401 (microbit is a fixture)

RED_ON_CYAN, BLACK_ON_CYAN, PLAIN = '\x1b[46m\x1b[31m', '\x1b[46m\x1b[30m', '\x1b[0m'
GREEN, BLUE, RED = '\x1b[32m', '\x1b[34m', '\x1b[31m'
TIME = r'\d{4}-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d\n'
WHEN = '(?:[A-Z][a-z]{2} [ 1-3][0-9] [0-9]{2}:[0-9]{2} [0-9]{4}| {17})'


def banner(name):
    lines = ('!' * 31, f'!!!!!   {name} ...     !!!!!', '!' * 31)
    return ''.join(f'{RED_ON_CYAN}{line}{PLAIN}\n' for line in lines)


def connected(name, url):
    return f'{BLACK_ON_CYAN}Connected to {name} @ {url}{PLAIN}\n'


def heading(name):
    return f'\n{BLACK_ON_CYAN}----- {name}{PLAIN}\n'


def pattern(text):
    return re.compile(text, re.S)


def err(text):
    return ('stderr', text)


NOT_THERE = "Device not available: 'nobody'\n"
DEVICES = f"""plotter:
    uid: {MAC}
    path: plotter
    resources:
        - main.py
        - drivers: /drivers
"""


def change(colour, what, path):
    return f'{colour}{what:8}{path}{PLAIN}\n'


ADDED = ''.join(change(GREEN, 'ADD', path) for path in ('drivers/', 'drivers/motor.py', 'main.py'))
REMOVED = ''.join(change(RED, 'DELETE', path) for path in ('drivers/motor.py', 'drivers/'))

# (the cell, what it shows: a text, a pattern, or err(text))
ROWS = [
    ('print(1)', err('no device connected\n')),
    ('%discover', 'plotter  sim:demo\n'),
    ('%discover -v', f'plotter  sim:demo  {MAC}\n'),
    ('%discover -f', 'plotter  sim:demo\n'),
    ('%discover --all', pattern(r'sim:demo\n  hwid         [^\n]+\n(  [a-z]+ +[^\n]+\n)*\n')),
    ('%connect nobody', err(NOT_THERE)),
    ('%connect plotter', connected('plotter', 'sim:demo')),
    (f'%connect {MAC}', connected('plotter', 'sim:demo')),
    ('%connect -q sim:demo', ''),
    ('%connect plotter serial', err("Device not available: 'plotter'\n")),
    ('%register sim:demo', ''),
    ('for i in range(3):\n    print(i)\n!echo two\nprint(3)\nx = 5', '0\n1\n2\ntwo\n3\n'),
    ('%name\nprint(x)', 'plotter\n5\n'),
    ('print("a\\rb\\x04c")', 'abc\n'),
    ('%softreset', banner('softreset')),
    ('%softreset -q\nprint("x" in globals())', 'False\n'),
    ('%hardreset -t 2', pattern(re.escape(banner('hardreset')) + '.*')),
    ('%uid', MAC + '\n'),
    ('%name', 'plotter\n'),
    ('%info', pattern(f'name            plotter\nplatform        [a-z0-9]+\n'
                      f'implementation  micropython\nuid             {MAC}\n'
                      'url             sim:demo\nconfiguration   /.*/devices/boards.yaml\n')),
    ('%synctime', pattern(TIME)),
    ('%gettime', pattern(TIME)),
    ('%%writefile a.txt\none é', 'Writing a.txt\n'),
    ('%%writefile -a $HOME/made/a.txt\ntwo', pattern('Appending to /.*/made/a.txt\n')),
    ('%cp a.txt :', ''),
    ('%cat a.txt', 'one é\ntwo\n'),
    ('%cat :nothing', pattern('')),
    ('%mkdirs lib/deep', ''),
    ('%cp a.txt b.txt :/lib/', ''),
    ('%cp :lib/b.txt ./back.txt\n!cat back.txt', 'bee\n'),
    ('%rlist lib', pattern(
        f'(      8  {WHEN}  {re.escape(BLUE)}a.txt{re.escape(PLAIN)}\n|'
        f'      4  {WHEN}  {re.escape(BLUE)}b.txt{re.escape(PLAIN)}\n|'
        f' {{28}}{re.escape(GREEN)}deep/{re.escape(PLAIN)}\n){{3}}'.replace('      8', ' +[0-9]+'))),
    ('%rm nothing', ''),
    ('%rm -r lib\n%rlist lib', pattern(f' {{28}}{re.escape(GREEN)}deep/{re.escape(PLAIN)}\n')),
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
    ('%store', "y -> [1, 'b']\n"),
    ('del y\n%store -r y\nprint(y)', "[1, 'b']\n"),
    ('%store -d y\n%store', ''),
    ('%store -z', ''),
    ('%cd $HOME', pattern('cwd = /.*\n')),
    ('%cd made', pattern('cwd = /.*/made\n')),
    ('%loglevel', pattern('Logger {24}  Level\n\n(?:[a-z0-9]+ +WARNING\n)+')),
    ('%loglevel ERROR link', 'Logger link level set to ERROR\n'),
    ('%lsmagic', pattern('Line Magic:\n  %cat .*\nCell Magic:\n  %%bash .*\n')),
    ('%lsmagic -h', pattern('usage: %lsmagic \\[-h\\] \\[-v\\]\n.*')),
    ('!echo out; echo err >&2', 'out\n'),
    ('%%bash\nfor i in 1 2; do\n  echo $i\ndone', '1\n2\n'),
    ('%%connect nobody plotter\nprint(6)', heading('nobody') + heading('plotter') + '6\n'),
    ('%%connect --all -q\nprint(7)', '7\n'),
    ('%%connect\nprint(8)', '8\n'),
    ('%%ssh -p 2200 pi@garden\nuname', 'ssh -T -o BatchMode=yes -p 2200 -- pi@garden uname\n'),
    ('%%service -u me box\nls', 'docker exec -u me box /bin/bash -c ls\n'),
    ('%timeit x', err('Line magic timeit not defined\n')),
    ('%%timeit x\ny', err('Cell magic %%timeit not defined\n')),
    ('%connect "a', err('No closing quotation\n')),
    ('%unregister plotter', ''),
    ('print(1)', err('no device connected\n')),
]

# what an old MicroPython without files, folders and clock has of it
MICROBIT = [
    ('%discover', pattern('UID  URL\n')),
    ('%uid', pattern('UID\n')),
    ('%name', pattern('UID\n')),
    ('%info', pattern('name            UID\nplatform        microbit\nimplementation  micropython\n'
                      'uid             UID\nurl             URL\n')),
    ('x = 6\nfor i in range(3):\n    print(i)\n!echo two\nprint(x)', '0\n1\n2\ntwo\n6\n'),
    ('%softreset', banner('softreset')),
    ('%softreset -q\nprint("x" in globals())', 'False\n'),
    ('%%connect --all\nprint(7)', pattern(re.escape(heading('UID')) + '7\n')),
    ('%gettime', pattern('')),
    ('%rm nothing', ''),
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
        NotebookClient(notebook, kernel_name='kiln', timeout=60, allow_errors=True,
                       resources={'metadata': {'path': str(work)}}).execute()
        return [shown(cell) for cell in notebook.cells]
    return run_cells


def shown(cell):
    texts = {'stdout': '', 'stderr': ''}
    for out in cell.outputs:
        if out.output_type == 'stream':
            texts[out.name] += out.text
        elif out.output_type == 'display_data':
            texts['stdout'] += out.data['text/plain'] + '\n'
    return texts


def check(rows, texts, normal=lambda text: text):
    wrong = []
    for (code, wanted), text in zip(rows, texts):
        stream = 'stdout'
        if isinstance(wanted, tuple):
            stream, wanted = wanted
        said = normal(text[stream])
        good = wanted.fullmatch(said) if isinstance(wanted, re.Pattern) else said == wanted
        if not good:
            wrong.append((code, said, text))
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
    check(ROWS, execute([code for code, _ in ROWS]))


@needs_qemu
def test_rows_on_the_microbit(execute, microbit):
    url = f'serial://{microbit.port}'
    rows = [(f'%connect {url}', pattern(re.escape(connected('UID', 'URL'))))] + MICROBIT
    texts = execute([code for code, _ in rows])
    uid = plain(texts[0]['stdout']).split()[2]
    assert re.fullmatch('([0-9a-f]{2}:){7}[0-9a-f]{2}', uid)
    check(rows, texts, lambda text: text.replace(uid, 'UID').replace(url, 'URL'))
