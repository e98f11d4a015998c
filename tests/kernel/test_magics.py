# SPDX-License-Identifier: Apache-2.0
"""Magics as far as they need no board."""
import re

import pytest
from kernel_client import kernel  # noqa: F401 (a fixture)


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
  %connect     Connect to a microcontroller by name, uid or URL
  %discover    Discover available microcontrollers
  %gettime     Print the board's time
  %hardreset   Reset the board with machine.reset()
  %lsmagic     List all line and cell magics
  %name        Print the connected board's name
  %register    Put a microcontroller on the list by its URL
  %softreset   Start the board's interpreter afresh
  %synctime    Set the board's clock to the host's local time
  %uid         Print the connected board's uid
  %unregister  Take a microcontroller off the list, by name, uid or URL
  !            pass line to bash shell for evaluation

Cell Magic:
  %%bash       Run the cell in bash on the host
  %%connect    Run the cell on each of the named microcontrollers in turn
'''
    assert 'usage: %discover [-h] [-a] [-v] [-f]\n' in kernel.run('%lsmagic -v').stdout


def test_help_has_argparses_form(kernel):
    assert kernel.run('%discover -h').stdout == '''\
usage: %discover [-h] [-a] [-v] [-f]

Discover available microcontrollers

options:
  -h, --help            show this help message and exit
  -a, --all             list all serial ports, with or without a board
  -v, --verbose         also show uids, and why a port shows no board
  -f, --force           ask known boards and failed ports again

A board is listed once a short program has run on it.

Example:
  %discover
  %discover --all
'''
    for name in re.findall('^  (%+[a-z]+) ', kernel.run('%lsmagic').stdout, re.M):
        for option in ('-h', '--help'):
            shown = kernel.run(f'{name} {option}')
            assert shown.stdout.startswith(f'usage: {name} [-h]'), name
            assert shown.status == 'ok'


def test_parts_of_a_cell_run_in_order_up_to_the_failure(kernel):
    shown = kernel.run('!echo 1\n%lsmagic -h\n\n# nothing\n!echo 2\n%no\n!echo 3')
    lines = shown.stdout.splitlines()
    assert lines[0] == '1' and lines[-1] == '2'
    assert shown.stderr == 'Line magic no not defined\n'
