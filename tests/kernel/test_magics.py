# SPDX-License-Identifier: Apache-2.0
"""Magics as far as they need no board."""
import re

import pytest
from conftest import SOURCE
from kernel_client import Kernel, kernel  # noqa: F401 (kernel is a fixture)


@pytest.mark.parametrize('code, text', [
    ('%timeit x', 'Line magic timeit not defined\n'),
    ('%%timeit\nx', 'Cell magic %%timeit not defined\n'),
    ('%bash', 'Line magic bash not defined\n'),
    ('%%discover\n', 'Cell magic %%discover not defined\n'),
    ('print(1)', 'no device connected\n'),
    ('%connect nowhere', "Device not available: 'nowhere'\n"),
    ('%%connect nowhere\nx', "Device not available: 'nowhere'\n"),
    ('%connect "a', 'No closing quotation\n'),
    ('%connect', 'usage: %connect [-h] [-q] NAME [SCHEME ...]\n'
     '%connect: error: the following arguments are required: NAME [SCHEME ...]\n'),
    ('%discover now', 'usage: %discover [-h] [-a] [-v] [-f]\n'
     '%discover: error: unrecognized arguments: now\n'),
    ('%discover -x', 'usage: %discover [-h] [-a] [-v] [-f]\n'
     '%discover: error: unrecognized arguments: -x\n'),
    ('%discover --all=5', 'usage: %discover [-h] [-a] [-v] [-f]\n'
     "%discover: error: argument -a/--all: ignored explicit argument '5'\n"),
])
def test_failures_are_said_once_on_stderr(kernel, code, text):
    shown = kernel.run(code)
    assert shown.stderr == text
    assert shown.status == 'error'
    assert shown.reply['evalue'] == text.strip().split('\n')[-1]
    assert shown.errors == []


def test_no_board(kernel):
    shown = kernel.run('%discover')
    assert (shown.status, shown.stdout, shown.stderr) == ('ok', 'No devices available\n', '')


def test_lsmagic(kernel):
    shown = kernel.run('%lsmagic')
    assert shown.stdout == '''\
Line Magic:
  %cat         Print a file of the board
  %cd          Change or show the host's working directory
  %connect     Connect to a microcontroller by name, uid or URL
  %cp          Copy files between host and board, and between boards
  %discover    Discover available microcontrollers
  %flash       Put firmware on a microcontroller, and connect to it
  %gettime     Print the board's time
  %hardreset   Reset the board with machine.reset()
  %info        Print a summary of the connected board
  %loglevel    Show or set how much the kernel logs
  %lsmagic     List all line and cell magics
  %mip         Install packages on the board, list and remove them
  %mkdirs      Make a folder on the board, and those above it
  %name        Print the connected board's name
  %pip         Install packages into a folder of the host, list and remove them
  %plot        Draw what the rest of the cell prints, live
  %rdiff       Show how the board's files differ from the host's
  %register    Put a microcontroller on the list by its URL
  %rlist       List the board's files as a tree
  %rm          Remove files of the board
  %rsync       Make the board's files like the host's
  %softreset   Start the board's interpreter afresh
  %store       Keep copies of the board's variables on the host
  %synctime    Set the board's clock to the host's local time
  %uid         Print the connected board's uid
  %unregister  Take a microcontroller off the list, by name, uid or URL
  %upip        The same as %pip
  !            pass line to bash shell for evaluation

Cell Magic:
  %%bash       Run the cell in bash on the host
  %%connect    Run the cell on each of the named microcontrollers in turn
  %%host       Run the cell in Python on the host
  %%plot       Draw what the cell prints, live
  %%service    Run the cell in bash in a container
  %%ssh        Run the cell in a shell on another machine
  %%writefile  Write the cell to a file on the host
'''
    assert 'usage: %discover [-h] [-a] [-v] [-f]\n' in kernel.run('%lsmagic -v').stdout


def test_help_has_argparses_form(kernel):
    assert kernel.run('%discover -h').stdout == '''\
usage: %discover [-h] [-a] [-v] [-f]

Discover available microcontrollers

options:
  -h, --help            show this help message and exit
  -a, --all             list all serial ports, with or without a board
  -v, --verbose         also show uids, what came and went, and why a port shows no board
  -f, --force           ask known boards and failed ports again

A board is listed once a short program has run on it. A notebook shows a table, with
what was plugged in or pulled out since the last time, and the ports that do not answer.

Example:
  %discover
  %discover --all
'''
    written = dict(re.findall(r'^## (%+[a-z]+)\n\n```\n(.*?)```$',
                              (SOURCE / 'docs/magics.md').read_text(), re.M | re.S))
    assert len(written) == 34
    for name in re.findall('^  (%+[a-z]+) ', kernel.run('%lsmagic').stdout, re.M):
        for option in ('-h', '--help'):
            shown = kernel.run(f'{name} {option}')
            assert (shown.status, shown.stdout) == ('ok', written[name]), name


def test_parts_of_a_cell_run_in_order_up_to_the_failure(kernel):
    shown = kernel.run('!echo 1\n%lsmagic -h\n\n# nothing\n!echo 2\n%no\n!echo 3')
    lines = shown.stdout.splitlines()
    assert lines[0] == '1' and lines[-1] == '2'
    assert shown.stderr == 'Line magic no not defined\n'


def test_cd(kernel, tmp_path):
    (tmp_path / 'a b').mkdir()
    assert kernel.run('%cd').stdout == f'cwd = {tmp_path}\n'
    assert kernel.run('%cd "a b"').stdout == f'cwd = {tmp_path}/a b\n'
    assert kernel.run('!pwd').stdout == f'{tmp_path}/a b\n'
    assert kernel.run('%cd ~').stdout == f'cwd = {tmp_path}\n'
    assert kernel.run('%cd $HOME/${TERM}').reply['evalue'] == \
        f"cannot change to '{tmp_path}/dumb': no such file or directory"
    assert kernel.run('%cd').stdout == f'cwd = {tmp_path}\n'


def test_cd_is_remembered_by_notebook(env, tmp_path):
    (tmp_path / 'sub').mkdir()
    for notebook, code, wanted in [('/x/a.ipynb', '%cd sub', tmp_path / 'sub'),
                                   ('/x/b.ipynb', '%cd', tmp_path),
                                   ('/x/a.ipynb', '%cd', tmp_path / 'sub')]:
        running = Kernel({**env, 'JPY_SESSION_NAME': notebook}, tmp_path, tmp_path / 'log')
        assert running.run(code).stdout == f'cwd = {wanted}\n'
        running.shutdown()


def test_writefile(kernel, tmp_path):
    shown = kernel.run('%%writefile ~/x.py\n# 1\nprint(2)')
    assert shown.stdout == f'Writing {tmp_path}/x.py\n'
    assert (tmp_path / 'x.py').read_text() == '# 1\nprint(2)\n'
    shown = kernel.run('%%writefile -a $HOME/x.py\n%no magic\n')
    assert shown.stdout == f'Appending to {tmp_path}/x.py\n'
    assert (tmp_path / 'x.py').read_text() == '# 1\nprint(2)\n%no magic\n'
    assert kernel.run('%%writefile empty').stdout == 'Writing empty\n'
    assert (tmp_path / 'empty').read_bytes() == b''
    shown = kernel.run('%%writefile no/such/folder\nx')
    assert shown.reply['evalue'] == "cannot write 'no/such/folder': no such file or directory"


def test_store_without_a_board(kernel, env, tmp_path):
    assert kernel.run('%store').stdout == ''
    assert kernel.run('%store x').stderr == 'no device connected\n'
    assert kernel.run('%store a.b').stderr.endswith("error: 'a.b' is no variable's name\n")
    assert kernel.run('%store -d').stderr.endswith('error: -d needs the names of variables\n')
    assert kernel.run('%store -dz x').stderr.endswith('error: -d, -r and -z exclude each other\n')
    assert kernel.run('%store -r x').stderr == "no variable 'x' is stored\n"
    path = tmp_path / 'xdg/state/kiln/store.json'
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"x": [')
    shown = kernel.run('%store')
    assert shown.reply['evalue'] == f"cannot read '{path}': it is damaged"
    assert shown.reply['traceback'][1].endswith('mend or remove this file')


def test_a_wide_option_has_a_line_of_its_own(kernel):
    assert """
  -h, --help            show this help message and exit
  -t SECONDS, --time SECONDS
                        how long to listen (2.5)
""" in kernel.run('%hardreset -h').stdout


@pytest.mark.parametrize('code', ['%connect?', '%connect??', '?%connect', '%%ssh?', '?%%ssh'])
def test_a_question_mark_shows_the_help(kernel, code):
    shown = kernel.run(code)
    name = code.strip('?')
    [page] = shown.reply['payload']
    assert (shown.status, shown.stdout) == ('ok', '')
    assert page['data']['text/plain'] == kernel.run(f'{name} -h').stdout
    assert kernel.run('%nothing?').stderr == 'Line magic nothing? not defined\n'
    assert kernel.run('?%nothing').stderr == 'Object `%nothing` not found.\n'


MODULES = sorted({name for path in (SOURCE / 'src').glob('*/*.c') for name in
                  re.findall(r'kiln_log\([^;]*?KILN_LOG_[A-Z]+,\s*"(\w+)"', path.read_text())} |
                 {'kernel'})


def test_loglevel(kernel, tmp_path):
    def table():
        lines = kernel.run('%loglevel').stdout.splitlines()
        assert lines[:2] == ['Logger'.ljust(30) + '  Level', '']
        return dict(line.split() for line in lines[2:])
    assert table() == dict.fromkeys(MODULES, 'WARNING')
    assert kernel.run('%loglevel debug discover').stdout == 'Logger discover level set to DEBUG\n'
    assert table() == {**dict.fromkeys(MODULES, 'WARNING'), 'discover': 'DEBUG'}
    folder = tmp_path / 'xdg/runtime/kiln'
    folder.mkdir()
    (folder / 'bad.sim').write_text('x')
    (folder / 'bad.json').write_text('x')
    kernel.run('%discover')
    assert 'kiln-kernel: debug: discover: ' in kernel.stderr()
    before = kernel.stderr()
    assert kernel.run('%loglevel CRITICAL').stdout == 'Logger (all) level set to ERROR\n'
    kernel.run('%discover')
    assert kernel.stderr() == before
    usage = 'usage: %loglevel [-h] [LEVEL] [MODULE]\n%loglevel: error: argument '
    assert kernel.run('%loglevel LOUD').stderr == usage + \
        "LEVEL: invalid choice: 'LOUD' (choose from 'ERROR', 'WARNING', 'INFO', 'DEBUG', 'TRACE')\n"
    assert kernel.run('%loglevel INFO wifi').stderr == usage + \
        f"MODULE: invalid choice: 'wifi' (choose from {', '.join(map(repr, MODULES))})\n"
