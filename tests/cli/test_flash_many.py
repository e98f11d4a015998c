# SPDX-License-Identifier: Apache-2.0
"""kiln flash of several boards: at the same time, each on its own, with a record of what was done."""
import csv
import json
import os
import re
import signal
import subprocess
import sys

import pytest
from conftest import BUILD, SOURCE, put_back
from terminal import shown_on_a_terminal

MAC = r'(?:[0-9a-f]{2}:){5}[0-9a-f]{2}'
SIZE = 100000


def board(name, more=''):
    return f'sim:{name}?clock=virtual{more}'


@pytest.fixture(scope='module')
def firmware(tmp_path_factory):
    path = tmp_path_factory.mktemp('firmware') / 'firmware.bin'
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', path, '--size', str(SIZE)],
                   check=True)
    return path


def flash_of(env, name):
    with open(os.path.join(env['XDG_STATE_HOME'], 'kiln', 'sim', name + '.flash'), 'rb') as f:
        return f.read()[0x1000:0x1000 + SIZE]


def ports(*boards):
    return [word for b in boards for word in ('-p', b)]


def test_each_line_names_its_board(run, env, firmware):
    done = run('kiln', 'flash', *ports(board('a'), board('longer')), firmware, check=0)
    assert done.stderr == ''
    lines, table = done.stdout.split('\n\n')
    for name in ('a', 'longer'):
        mine = [line.split()[1] for line in lines.splitlines() if line.startswith(f'sim:{name} ')]
        assert mine == ['chip', 'wrote', 'verified', 'runs']
        assert flash_of(env, name) == firmware.read_bytes()
    assert re.fullmatch(
        r'board       MAC                result    seconds\n'
        rf'sim:a       {MAC}  verified  +\d+\.\d\n'
        rf'sim:longer  {MAC}  verified  +\d+\.\d\n'
        r'2 of 2 boards are done\n', table)


def test_a_bad_board_holds_up_no_other(run, env, firmware, tmp_path):
    """One never answers, one is pulled while it is written, one is well."""
    done = run('kiln', 'flash', *ports(board('mute', '&fault=no-sync'), board('well'),
                                       board('pulled', '&fault=unplug@45000')),
               '--retries', '5', '--log', 'log.json', firmware, check=1)
    assert "error: cannot flash 'sim:mute': cannot connect to the chip at" in done.stderr
    assert re.search(r'^sim:pulled  gone     sim:pulled.*: waiting for it to come back', done.stdout, re.M)
    assert re.search(r'^sim:mute    -                  failed .* cannot connect to the chip',
                     done.stdout, re.M)
    assert re.search(rf'^sim:pulled  {MAC}  verified .*', done.stdout, re.M)
    assert done.stdout.endswith('\n2 of 3 boards are done\n')
    for name in ('well', 'pulled'):
        assert flash_of(env, name) == firmware.read_bytes()
    records = {r['port'].split('?')[0]: r
               for r in map(json.loads, (tmp_path / 'log.json').read_text().splitlines())}
    assert records['sim:mute']['error']['code'] == 'KILN_E_NO_SYNC' and records['sim:mute']['tries'] == 6
    assert records['sim:well']['result'] == 'verified' and records['sim:well']['written'] == SIZE
    assert re.fullmatch(MAC, records['sim:well']['mac'])
    [file] = records['sim:well']['files']
    assert (file['address'], file['size'], len(file['sha256'])) == (0x1000, SIZE, 64)


def test_the_state_of_a_board_that_could_not_be_tried_again(run, env, firmware):
    """The second try finds no port: how the first one left the flash is still what is told."""
    pulled = board('pulled', '&fault=unplug@45000:600000')
    done = run('kiln', 'flash', '--wait', '1', '--json', *ports(pulled, board('b')), firmware, check=3)
    [end] = [e for e in map(json.loads, done.stdout.splitlines())
             if e['event'] == 'board' and e['result'] == 'failed']
    assert (end['tries'], end['error']['code']) == (2, 'KILN_E_PORT_MISSING')
    assert end['error']['hint'] == (
        'flash from 0x00001000 to 0x00019fff is incomplete, and the board may not start; check the cable, '
        'then run the same command again')
    put_back(env, 'pulled')
    run('kiln', 'flash', *ports(board('pulled'), board('b')), firmware, check=0)
    assert flash_of(env, 'pulled') == firmware.read_bytes()


def test_json(run, firmware):
    done = run('kiln', 'flash', '--json', *ports(board('a'), board('b')), firmware, check=0)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1] == {'event': 'summary', 'boards': 2, 'verified': 2, 'failed': 0}
    for url in (board('a'), board('b')):
        mine = [e for e in events[:-1] if e['port'] == url]
        assert mine[0]['event'] == 'connecting' and mine[-1]['event'] == 'board'
        assert mine[-1]['result'] == 'verified' and mine[-1]['error'] is None
        assert mine[-1]['seconds'] > 0


def test_what_is_counted_when_a_port_comes_back(run, firmware, tmp_path):
    """What the job has written itself did not stand there before."""
    run('kiln', 'flash', '--no-diff', '--log', 'log.csv',
        *ports(board('a', '&fault=unplug@45000:100'), board('b')), firmware, check=0)
    with open(tmp_path / 'log.csv', newline='') as f:
        rows = list(csv.DictReader(f))
    assert [(row['written'], row['same'], row['tries']) for row in rows] == [(str(SIZE), '0', '1')] * 2


def test_a_log_that_was_cut_off(run, firmware, tmp_path):
    """A machine that lost power in mid-line: the line is ended, and spoils no other."""
    for name in ('log.csv', 'log.json'):
        (tmp_path / name).write_text('{"event": "bo')
        run('kiln', 'flash', '--log', name, *ports(board('a'), board('b')), firmware, check=0)
        lines = (tmp_path / name).read_text().splitlines()
        assert lines[0] == '{"event": "bo' and len(lines) == 3
        assert all(',verified,' in line or '"result":"verified"' in line for line in lines[1:])


@pytest.mark.parametrize('name', ['log.csv', 'log.json'])
def test_killed(env, firmware, tmp_path, name):
    """kill -9: what is in the log by then is whole."""
    log = tmp_path / name
    flash = subprocess.Popen([BUILD / 'kiln', 'flash', '--json', '--log', log, *ports(board('a'), 'sim:b'),
                              firmware], env=env, stdout=subprocess.PIPE, text=True)
    for line in flash.stdout:
        if json.loads(line)['event'] == 'board':
            break
    flash.kill()
    flash.wait()
    text = log.read_text()
    assert text.endswith('\n')
    if name == 'log.json':
        assert [json.loads(line)['result'] for line in text.splitlines()] == ['verified']
    else:
        assert [row['result'] for row in csv.DictReader(text.splitlines())] == ['verified']


def test_csv_log_is_appended_to(run, firmware, tmp_path):
    for _ in range(2):
        run('kiln', 'flash', '--log', 'log.csv', *ports(board('a'), board('b')), firmware, check=0)
    with open(tmp_path / 'log.csv', newline='') as f:
        rows = list(csv.DictReader(f))
    assert [row['result'] for row in rows] == ['verified'] * 4
    assert [row['written'] for row in rows] == [str(SIZE)] * 2 + ['0'] * 2
    assert [row['same'] for row in rows][2:] == [str(SIZE)] * 2
    assert all(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', row['time']) for row in rows)


@pytest.mark.parametrize('words', [ports(board('a')), []], ids=['named', 'found'])
def test_one_board_is_recorded_too(run, firmware, tmp_path, words):
    done = run('kiln', 'flash', '--log', 'log.json', *words, firmware, check=0, KILN_PORTS=board('a'))
    assert done.stdout.endswith('\n1 of 1 boards are done\n')
    [record] = map(json.loads, (tmp_path / 'log.json').read_text().splitlines())
    assert (record['port'], record['result'], record['written']) == (board('a'), 'verified', SIZE)


def test_a_log_on_a_full_disk(run, env, firmware):
    """The boards are flashed all the same; that there is no record is told, and no success."""
    done = run('kiln', 'flash', '--log', '/dev/full', *ports(board('a'), board('b')), firmware, check=1)
    assert done.stderr == 2 * ("error: cannot write the log '/dev/full': no space left on device\n"
                               'hint: this board is not in the log\n')
    assert done.stdout.endswith('\n2 of 2 boards are done\n')
    done = run('kiln', 'flash', '--json', '--log', '/dev/full', *ports(board('a')), firmware, check=1)
    [error] = [e for e in map(json.loads, done.stdout.splitlines()) if e['event'] == 'error']
    assert (error['code'], error['exit'], done.stderr) == ('E_IO', 1, '')


def test_a_log_that_is_cut_off_on_the_way(env, firmware, tmp_path):
    """As long as there is room for a part of a line: no line is joined to another."""
    limited = ('import resource, os, sys, signal\n'
               'signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n'
               'resource.setrlimit(resource.RLIMIT_FSIZE, (2**23, 2**23))\n'
               'os.execv(sys.argv[1], sys.argv[1:])\n')
    log = tmp_path / 'log.csv'
    log.write_text('x' * (2**23 - 40) + '\n')
    done = subprocess.run([sys.executable, '-c', limited, BUILD / 'kiln', 'flash', '--log', log,
                           *ports(board('a')), firmware], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, f"error: cannot write the log '{log}': file too large\n"
                                                 'hint: this board is not in the log\n')
    before = log.read_text()
    assert len(before) == 2**23 and not before.endswith('\n')
    subprocess.run([BUILD / 'kiln', 'flash', '--log', log, *ports(board('a')), firmware], env=env, check=True,
                   stdout=subprocess.DEVNULL)
    lines = log.read_text().splitlines()
    assert len(lines) == 3 and before.endswith(lines[1]) and ',verified,' in lines[2]


def test_what_is_counted_when_the_memory_is_wrong(run, env, firmware, tmp_path):
    """Somebody else wrote a sector of it: what stands there is what the board says, not the cache."""
    run('kiln', 'flash', *ports(board('a'), board('b')), firmware, check=0)
    (tmp_path / 'other').write_bytes(bytes(range(256)) * 16)
    run('kiln', 'esptool', '-p', board('a'), 'write-flash', '0xb000', 'other', check=0)
    done = run('kiln', 'flash', '--log', 'log.csv', *ports(board('a'), board('b')), firmware, check=0)
    assert re.search(r'^sim:a  warning: sending again from 0x00001000: flash holds other data than was '
                     r'remembered or written, first in the sector at 0x0000b000$', done.stdout, re.M)
    with open(tmp_path / 'log.csv', newline='') as f:
        rows = {row['port']: (row['written'], row['same']) for row in csv.DictReader(f)}
    assert rows == {board('a'): ('4096', str(SIZE - 4096)), board('b'): ('0', str(SIZE))}
    assert flash_of(env, 'a') == firmware.read_bytes()


def test_all(run, env, firmware):
    done = run('kiln', 'flash', '--all', firmware, check=0,
               KILN_PORTS=' '.join(board(name) for name in 'abc'))
    assert done.stdout.endswith('\n3 of 3 boards are done\n')
    assert all(flash_of(env, name) == firmware.read_bytes() for name in 'abc')


def test_bars_on_a_terminal(env, firmware):
    """A bar for each board, redrawn in place; what stays stands above them."""
    text = shown_on_a_terminal([BUILD / 'kiln', 'flash', *ports(board('a'), board('b')),
                                firmware], env)
    assert b'\r\x1b[1A\x1b[J' in text  # two lines are taken away
    assert re.search(rb'sim:[ab] +' + MAC.encode() + rb'  \[=*>? *\] +\d+ %  writing ', text)
    assert text.endswith(b'2 of 2 boards are done\r\n')


@pytest.mark.parametrize('columns', [40, 80])
def test_bars_on_a_narrow_terminal(env, firmware, columns):
    """How far each board is can be seen, and no line is longer than the terminal is wide."""
    text = shown_on_a_terminal([BUILD / 'kiln', 'flash', *ports(board('a'), board('longer')),
                                firmware], env, columns)
    bars = [line.decode() for line in re.split(rb'[\r\n]|\x1b\[\d*[A-Z]', text)
            if line.startswith(b'sim:') and b' %' in line]
    assert len(bars) > 2 and max(map(len, bars)) < columns
    for line in bars:
        assert re.match(rf'sim:a       {MAC}  \[=*>? *\] +\d+ %' if columns == 80 and line[4] == 'a'
                        else r'sim:\w+ .* +\d+ %', line), line
    one = shown_on_a_terminal([BUILD / 'kiln', 'flash', '--no-diff', '-p', board('a'), firmware], env,
                              columns)
    assert re.search(rb'\r\x1b\[K\[=+>? *\] +\d+ %  writ', one)


@pytest.mark.parametrize('words,code,stderr', [
    (['--all'], 3, "error: cannot tell which board: there are no serial ports\nhint: plug a board in "
                   "(some cables carry no data); 'kiln doctor' tells more; '-p sim:demo' is a virtual board\n"),
    (['--all', '-p', 'sim:a'], 2, "error: --all and --port exclude each other\n"
                                  "hint: 'kiln flash --help' shows what it takes\n"),
    (['-p', 'sim:a', '-p', 'sim:a'], 2, "error: 'sim:a' is named twice\n"),
    (['-p', 'sim:a', '-p', 'sim:b', '--log', 'no/such.csv'], 1,
     "error: cannot write the log 'no/such.csv': no such file or directory\n"),
    (['--retries', '1000', '-p', 'sim:a'], 2, "error: --retries may be 0 to 100\n"
                                              "hint: 'kiln flash --help' shows what it takes\n"),
])
def test_stopped_before_a_board_is_touched(run, env, firmware, words, code, stderr):
    done = run('kiln', 'flash', *words, firmware, check=code)
    assert (done.stdout, done.stderr) == ('', stderr)
    assert not os.path.exists(env['XDG_STATE_HOME'] + '/kiln')


def test_a_port_that_is_not_there(run, firmware):
    """The worst decides: a board that failed is worse than one that is not there."""
    done = run('kiln', 'flash', *ports('/dev/ttyNONE', board('a')), firmware, check=3)
    assert "error: cannot flash '/dev/ttyNONE'" in done.stderr
    assert done.stdout.endswith('\n1 of 2 boards are done\n')


def test_interrupted(env, firmware):
    """Ctrl-C ends all of them in order: each says its state, and the table is still printed."""
    flash = subprocess.Popen([BUILD / 'kiln', 'flash', '--json', *ports('sim:a', 'sim:b'), firmware],
                             env=env, stdout=subprocess.PIPE, text=True)
    events, writing = [], set()
    for line in flash.stdout:
        events.append(json.loads(line))
        if events[-1]['event'] == 'writing':
            writing.add(events[-1]['port'])
            if len(writing) == 2:
                writing.add('told')
                flash.send_signal(signal.SIGINT)
    assert flash.wait(30) == 130
    assert events[-1] == {'event': 'summary', 'boards': 2, 'verified': 0, 'failed': 2}
    ends = [e for e in events if e['event'] == 'board']
    assert [e['error']['code'] for e in ends] == ['KILN_E_CANCELLED'] * 2
    assert all('incomplete' in e['error']['hint'] for e in ends)
    assert sum(e['event'] == 'reset' for e in events) == 2  # none is left in the loader


def test_interrupted_when_all_is_done(env, firmware, tmp_path):
    """What was verified is on record as that, also if nobody waits for its prompt."""
    # without an interpreter its prompt is waited for until there is time for an interrupt
    flash = subprocess.Popen([BUILD / 'kiln', 'flash', '--json', '--log', tmp_path / 'log.json',
                              *ports('sim:a'), firmware], env={**env, 'KILN_NODE': '/nonexistent'}, stdout=subprocess.PIPE, text=True)
    events = []
    for line in flash.stdout:
        events.append(json.loads(line))
        if events[-1]['event'] == 'reset':
            flash.send_signal(signal.SIGINT)
    assert flash.wait(30) == 0
    assert events[-1] == {'event': 'summary', 'boards': 1, 'verified': 1, 'failed': 0}
    record = json.loads((tmp_path / 'log.json').read_text())
    assert (record['result'], record['runs'], record['error']) == ('verified', None, None)
