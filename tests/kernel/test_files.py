# SPDX-License-Identifier: Apache-2.0
"""%cat, %mkdirs, %rm, %rlist: the files of the connected board."""
from kernel_client import kernel, plain  # noqa: F401 (kernel is a fixture)
from boards import alone, connected, make_board, uid  # noqa: F401 (fixtures)

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


def test_cp_there_and_back(alone, tmp_path):
    assert alone.run(f'%cd {tmp_path}').status == 'ok'
    (tmp_path / 'a.txt').write_text('one é\n')
    (tmp_path / 'b.bin').write_bytes(bytes(range(256)))
    (tmp_path / 'lib/deep').mkdir(parents=True)
    (tmp_path / 'lib/deep/mod.py').write_text('X = 1\n')
    assert alone.run('%mkdirs /new/lib').status == 'ok'
    shown = alone.run('%cp a.txt :\n%cp a.txt b.bin :/new/lib/\n%cp -r lib :')
    assert (shown.status, shown.stdout, shown.stderr) == ('ok', '', '')
    assert alone.run('%cat /new/lib/a.txt').stdout == 'one é\n'
    assert alone.run('from lib.deep import mod\nprint(mod.X)').stdout == '1\n'
    assert alone.run('%cp :/new/lib/b.bin $HOME/back\n%cp -r :new ./').status == 'ok'
    assert (tmp_path / 'new/lib/b.bin').read_bytes() == bytes(range(256))
    assert alone.run('%cp :a.txt :copy.txt\n%cat copy.txt').stdout == 'one é\n'


def test_cp_bad_input(alone, tmp_path):
    alone.run(f'%cd {tmp_path}')
    (tmp_path / 'a').write_text('x')
    (tmp_path / 'd').mkdir()
    for line, evalue in {
            '%cp missing :': "cannot open 'missing': no such file or directory",
            '%cp :missing .': "cannot look at ':missing': no such file or directory",
            '%cp d :': "cannot read 'd': is a directory",
            '%cp a :no/where': "cannot put ':no/where': no such file or directory",
            '%cp a b': "cannot copy to 'b': neither side is on the board",
            '%cp a :a :b': "cannot copy to 'b': the files to copy are not all in one place",
            '%cp a a :b': "cannot copy 2 files to 'b': that is no folder"}.items():
        assert alone.run(line).reply['evalue'] == evalue
    assert alone.run('%cp a b').reply['traceback'][1].endswith('; !cp copies on the host')
    shown = alone.run('%cp a')
    assert shown.stderr.startswith('usage: %cp [-h] [-r] SRC [SRC ...] DEST\n')
    assert alone.run('%cp -h').stdout.startswith('usage: %cp [-h] [-r] SRC [SRC ...] DEST\n')


def test_cp_between_boards(alone, run, tmp_path):
    other = make_board(run, 'other', '24:0a:c4:00:00:02')
    assert alone.run(f'%register sim:other\n%cd {tmp_path}').status == 'ok'
    (tmp_path / 'd/sub').mkdir(parents=True)
    (tmp_path / 'd/sub/x').write_text('over there\n')
    assert alone.run('%cp -r d :').status == 'ok'
    assert alone.run(f'%cp -r :d {other}:/moved').status == 'ok'
    assert alone.run(f'%cp {other}:moved/sub/x :back\n%cat back').stdout == 'over there\n'
    assert alone.run(f'%cp {other}:moved/sub/x here').status == 'ok'
    assert (tmp_path / 'here').read_text() == 'over there\n'
    assert alone.run(f'%cp {other}:no :').reply['ename'] == 'KILN_E_NOT_FOUND'
