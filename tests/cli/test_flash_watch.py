# SPDX-License-Identifier: Apache-2.0
"""kiln flash --watch: a bench, where boards come and go."""
import json
import os
import signal
import subprocess
import threading

from conftest import BUILD
from test_flash_many import SIZE, board, firmware, flash_of  # noqa: F401 (a fixture)


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

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        rest = self.process.stdout.read().splitlines()
        self.guard.cancel()
        return self.process.wait(), json.loads(rest[-1])


def test_watch(env, firmware):
    bench = Bench(env, firmware, '--all')
    try:
        first = bench.next('board')
        assert (first['port'], first['result']) == (board('there'), 'verified')
        bench.plug('there', 'one', 'two')
        assert {bench.next('board')['port'] for _ in range(2)} == {board('one'), board('two')}
        assert bench.stop() == (130, {'event': 'summary', 'boards': 3, 'verified': 3, 'failed': 0})
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
        assert bench.stop() == (130, {'event': 'summary', 'boards': 4, 'verified': 3, 'failed': 1})
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
