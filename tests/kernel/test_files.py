# SPDX-License-Identifier: Apache-2.0
"""%cat, %mkdirs, %rm, %rlist: the files of the connected board."""
from kernel_client import kernel, plain  # noqa: F401 (kernel is a fixture)
from test_board import connected, uid  # noqa: F401 (fixtures)

MAKE = '''
import os
def put(path, text):
    with open(path, 'w') as f:
        f.write(text)
'''


def names(kernel, path=''):
    lines = plain(kernel.run(f'%rlist {path}').stdout).splitlines()
    return [line[28:] for line in lines]


def test_the_whole_life_of_files(connected):
    assert connected.run('%mkdirs data/deep/er').status == 'ok'
    assert connected.run('%mkdirs :data/deep').status == 'ok'
    connected.run(MAKE + "put('data/a.txt', 'one é\\n')\nput('data/deep/b', 'x' * 1234)")
    assert connected.run('%cat data/a.txt').stdout == 'one é\n'
    assert connected.run('%cat :data/a.txt').stdout == 'one é\n'
    tree = connected.run('%rlist data').stdout.splitlines()
    assert sorted(line[28:].strip() for line in tree) == sorted([
        '\x1b[34ma.txt\x1b[0m', '\x1b[32mdeep/\x1b[0m', '\x1b[34mb\x1b[0m',
        '\x1b[32mer/\x1b[0m'])
    assert any(line.startswith('   1234  ') and line[28:].startswith('    \x1b') for line in tree)
    shown = connected.run('%rm data')
    assert shown.reply['evalue'] == "cannot remove 'data': it is a folder"
    assert 'data/' in names(connected)
    assert connected.run('%rm nothing data/a.txt').status == 'ok'
    assert connected.run('%rm -r data').status == 'ok'
    assert sorted(n.strip() for n in names(connected, 'data')) == ['deep/', 'er/']
    assert connected.run('%rm -f data/deep/er').status == 'ok'
    assert connected.run('%rm -rf data').status == 'ok'
    assert 'data/' not in names(connected)


def test_bad_input(connected):
    assert connected.run('%cat nothing').reply['ename'] == 'KILN_E_NOT_FOUND'
    assert connected.run('%rlist nothing').reply['ename'] == 'KILN_E_NOT_FOUND'
    connected.run(MAKE + "put('plain', 'x')")
    assert connected.run('%mkdirs plain/sub').status == 'error'
    assert connected.run('%cat plain').stdout == 'x'


def test_without_a_board(kernel):
    for code in ('%cat x', '%mkdirs x', '%rm x', '%rlist'):
        assert kernel.run(code).stderr == 'no device connected\n'
