# SPDX-License-Identifier: Apache-2.0
"""kiln flash --watch: a bench, where boards come and go."""
import csv
import fcntl
import json
import os
import pathlib
import re
import signal
import subprocess
import threading

import pytest
from conftest import BUILD
from test_flash_many import MAC, SIZE, board, firmware, flash_of, ports  # noqa: F401 (a fixture)


class Bench:
    """kiln flash --watch, and a config file in which boards come and go."""

    def __init__(self, env, firmware, *words):
        self.config = os.path.join(env['XDG_CONFIG_HOME'], 'kiln', 'config.yaml')
        os.makedirs(os.path.dirname(self.config), exist_ok=True)
        self.plug('there')
        self.process = subprocess.Popen(
            [BUILD / 'kiln', 'flash', '--watch', '--json', *words, firmware], env=env,
            stdout=subprocess.PIPE, text=True)
        self.guard = threading.Timer(60, self.process.kill)
        self.guard.start()

    def plug(self, *boards):
        with open(self.config + '~', 'w') as f:
            f.write('ports:\n' + ''.join(f'  - "{b if ":" in b else board(b)}"\n' for b in boards))
        os.rename(self.config + '~', self.config)

    def next(self, name):
        for line in self.process.stdout:
            event = json.loads(line)
            if event['event'] == name:
                return event
        raise AssertionError('it ended')

    def end(self):
        self.guard.cancel()
        self.process.kill()
        self.process.wait()

    def stop(self, number=signal.SIGINT):
        """Exit code, and all that is told on the way."""
        self.process.send_signal(number)
        rest = [json.loads(line) for line in self.process.stdout]
        self.guard.cancel()
        return self.process.wait(), rest

    def stopped(self):
        code, rest = self.stop()
        return code, rest[-1]


def test_watch(env, firmware):
    bench = Bench(env, firmware, '--all')
    try:
        first = bench.next('board')
        assert (first['port'], first['result']) == (board('there'), 'verified')
        bench.plug('there', 'one', 'two')
        assert {bench.next('board')['port'] for _ in range(2)} == {board('one'), board('two')}
        assert bench.stopped() == (130, {'event': 'summary', 'boards': 3, 'verified': 3, 'failed': 0})
    finally:
        bench.end()
    assert all(flash_of(env, name) == firmware.read_bytes() for name in ('there', 'one', 'two'))


def test_watch_takes_only_what_is_plugged_in(env, firmware):
    bench = Bench(env, firmware)
    try:
        bench.next('watching')
        bench.plug('there', 'new')
        done = bench.next('board')
        assert (done['port'], done['result']) == (board('new'), 'verified')
        assert bench.stop()[0] == 130
    finally:
        bench.end()
    assert not os.path.exists(os.path.join(env['XDG_STATE_HOME'], 'kiln', 'sim', 'there.flash'))


def test_watch_two_at_once_and_one_again(env, firmware):
    """A bad one among two, and a board that is plugged in a second time."""
    bench = Bench(env, firmware)
    try:
        bench.next('watching')
        bench.plug('there', 'one', board('bad', '&fault=no-sync'))
        ends = [bench.next('board') for _ in range(2)]
        assert {end['port']: end['result'] for end in ends} == {
            board('one'): 'verified', board('bad', '&fault=no-sync'): 'failed'}
        bench.plug('there')
        assert {bench.next('unplugged')['port'] for _ in range(2)} == {end['port'] for end in ends}
        # without their options they are other URLs: plugged in once more, and one without its fault
        again = [bench.next('board') for _ in range(2)]
        assert {end['port']: (end['result'], end['written']) for end in again} == {
            'sim:one': ('verified', 0), 'sim:bad': ('verified', SIZE)}
        assert bench.stopped() == (130, {'event': 'summary', 'boards': 4, 'verified': 3, 'failed': 1})
    finally:
        bench.end()


def test_watch_another_board_in_its_place(env, firmware):
    """Pulled too early, and the next one plugged in where it was: both are told."""
    bench = Bench(env, firmware)
    state = os.path.join(env['XDG_STATE_HOME'], 'kiln', 'sim', 'place.json')
    place = board('place', '&fault=unplug@45000:20000')
    try:
        bench.next('watching')
        bench.plug('there', place)
        bench.next('gone')
        bench.plug('there')
        with open(state) as f:
            first = json.load(f)
        with open(state, 'w') as f:
            json.dump({**first, 'mac': '24:0a:c4:00:00:01'}, f)
        assert bench.next('unplugged')['port'] == place
        os.remove(state.replace('.json', '.away'))
        bench.plug('there', place)
        ends = [bench.next('board') for _ in range(2)]
        assert [end['result'] for end in ends] == ['failed', 'verified']
        assert ends[0]['mac'] == first['mac'] and ends[1]['mac'] == '24:0a:c4:00:00:01'
        assert 'another board is plugged in there now' in ends[0]['error']['why']
    finally:
        bench.end()
    assert flash_of(env, 'place') == firmware.read_bytes()


def hold(env, name):
    """As another program holds a board, until the file is closed."""
    path = pathlib.Path(env['XDG_STATE_HOME'], 'kiln', 'sim', name + '.lock')
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = open(path, 'w')
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def test_watch_a_board_that_is_busy_at_first(env, firmware):
    """What a system's own programs do to a port that has just come passes."""
    bench, holder = Bench(env, firmware, '--retries', '20'), hold(env, 'held')
    try:
        bench.next('watching')
        bench.plug('there', board('held'))
        assert bench.next('again')['what'] == "cannot open 'sim:held'"
        holder.close()
        end = bench.next('board')
        assert end['result'] == 'verified' and end['tries'] > 1
    finally:
        holder.close()
        bench.end()


def test_watch_a_board_that_was_never_opened(env, firmware):
    """Plugged in again at once it is flashed, for it was no reset that took it away."""
    bench, holder = Bench(env, firmware, '--retries', '0'), hold(env, 'held')
    try:
        bench.next('watching')
        bench.plug('there', board('held'))
        assert bench.next('board')['error']['code'] == 'KILN_E_PORT_BUSY'
        holder.close()
        bench.plug('there')
        bench.next('unplugged')
        bench.plug('there', board('held'))
        assert bench.next('board')['result'] == 'verified'
    finally:
        holder.close()
        bench.end()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['Ctrl-C', 'terminated'])
def test_watch_stopped_in_mid_write(run, env, firmware, tmp_path, number):
    """Who is at work says how the board is left, is recorded, and leaves no board in the loader."""
    log = tmp_path / 'log.csv'
    bench = Bench(env, firmware, '--log', log, '--baud', '115200')
    try:
        bench.next('watching')
        bench.plug('there', 'done')
        assert bench.next('board')['result'] == 'verified'
        bench.plug('there', 'done', 'sim:slow', 'sim:slower')
        writing = set()
        while writing != {'sim:slow', 'sim:slower'}:
            writing.add(bench.next('writing')['port'])
        code, rest = bench.stop(number)
    finally:
        bench.end()
    assert code == 130
    assert rest[-1] == {'event': 'summary', 'boards': 3, 'verified': 1, 'failed': 2}
    ends = [e for e in rest if e['event'] == 'board']
    assert {e['port'] for e in ends} == writing
    for end in ends:
        assert end['error']['code'] == 'KILN_E_CANCELLED' and end['tries'] == 1
        assert 'is incomplete, and the board may not start' in end['error']['hint']
        assert re.fullmatch(MAC, end['mac'])
    assert {e['port'] for e in rest if e['event'] == 'reset'} == writing
    with open(log, newline='') as f:
        rows = [(row['port'], row['result']) for row in csv.DictReader(f)]
    assert rows[0] == (board('done'), 'verified')
    assert set(rows[1:]) == {(port, 'failed') for port in writing}
    run('kiln', 'flash', *ports(*(f'{port}?clock=virtual' for port in writing)), firmware, check=0)
    assert all(flash_of(env, name) == firmware.read_bytes() for name in ('slow', 'slower'))
