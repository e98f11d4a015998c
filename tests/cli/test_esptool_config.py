# SPDX-License-Identifier: Apache-2.0
"""esptool's configuration: files, variables of the environment, and which ports are tried."""
import re

import pytest

BOARD = 'sim:conf?clock=virtual'
NORESET = 'D0|R1|W0.1|R0'  # a reset that leads into the flash


def config(tmp_path, text, name='esptool.cfg'):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize('name', ['esptool.cfg', 'setup.cfg', 'tox.ini', '.config/esptool/esptool.cfg',
                                  '.config/esptool/tox.ini'])
def test_places(run, tmp_path, name):
    """HOME is the folder that it runs in, too."""
    path = config(tmp_path, '[esptool]\nconnect_attempts = 2\n', name)
    done = run('esptool', 'version', check=0)
    assert done.stdout.split('\n')[1] == f'Loaded custom configuration from {path}'
    done = run('esptool.py', 'version', check=0)
    assert done.stdout.split('\n')[1] == f'Loaded custom configuration from {path}'


def test_named_file_comes_first(run, tmp_path):
    config(tmp_path, '[esptool]\n')
    path = config(tmp_path, '[esptool]\n', 'other.ini')
    done = run('esptool', 'version', check=0, ESPTOOL_CFGFILE='other.ini')
    assert f'\nLoaded custom configuration from {path} (set with ESPTOOL_CFGFILE)\n' in done.stdout
    path.write_text('[tool]\n')  # not for us: the usual places
    done = run('esptool', 'version', check=0, ESPTOOL_CFGFILE='other.ini')
    assert f'\nLoaded custom configuration from {tmp_path}/esptool.cfg\n' in done.stdout


def test_files_of_others_and_broken_ones(run, tmp_path):
    config(tmp_path, '[metadata]\nname = x\n', 'setup.cfg')
    assert 'configuration' not in run('esptool', 'version', check=0).stdout
    config(tmp_path, 'timeout = 3\n')
    done = run('esptool', 'version', check=0)
    assert 'Note: Ignoring invalid config file ./esptool.cfg: line 1 stands before the first section\n' in done.stdout
    config(tmp_path, '[esptool]\nspeed = 9\ntimeout = 5\nColour = red\n')
    done = run('esptool', 'version', check=0)
    assert '\nNote: Ignoring unknown config file options: speed, colour\nLoaded custom ' in done.stdout
    config(tmp_path, '[esptool]\nspeed = 9\n')
    done = run('esptool.py', 'version', check=0)
    assert '\nWARNING: Ignoring unknown config file option: speed\nLoaded custom ' in done.stdout


@pytest.mark.parametrize('line', ['timeout = soon', 'sync_timeout = -1', 'connect_attempts = many',
                                  'open_port_attempts = 1.5', 'reset_delay = 0x10s', 'max_timeout = nan'])
def test_wrong_values(run, tmp_path, line):
    config(tmp_path, f'[esptool]\n{line}\n')
    key, value = line.split(' = ')
    done = run('esptool', 'version', check=2)
    assert done.stderr.startswith(f"\nA fatal error occurred: cannot use './esptool.cfg': invalid value for '{key}': '{value}'")


def test_reset_sequences(run, tmp_path):
    config(tmp_path, f'[esptool]\ncustom_reset_sequence = {NORESET}\nconnect_attempts = 1\n')
    done = run('esptool', '-p', BOARD, 'read-mac', check=2)
    assert 'wrong boot mode' in done.stderr
    config(tmp_path, '[esptool]\ncustom_reset_sequence = U1,1|U0,1|W0.1|U1,0|W0.05|U0,0\n'
                     'custom_hard_reset_sequence = R1|W0.2|R0\n')
    run('esptool', '-p', BOARD, 'read-mac', check=0)
    config(tmp_path, '[esptool]\ncustom_reset_sequence = D0|Z1\n')
    done = run('esptool', '-p', BOARD, 'read-mac', check=2)
    assert done.stderr == ("\nA fatal error occurred: cannot use the reset sequence: 'Z1' is no part of one\n"
                           "hint: parts are D0, D1, R0, R1, U0,1 and W0.1, with '|' between them\n")


def tries(done):
    return len(re.search(r'Connecting\.\.\.(\.*)', done.stdout)[1])


def test_connect_attempts(run, tmp_path):
    """The line counts more than the environment, and that more than the file."""
    deaf = 'sim:deaf?clock=virtual&fault=no-sync'
    one = tries(run('esptool', '-p', deaf, '--connect-attempts', '1', 'read-mac', check=2))
    assert tries(run('esptool', '-p', deaf, 'read-mac', check=2)) == 7 * one
    config(tmp_path, '[esptool]\nconnect_attempts = 3\n')
    assert tries(run('esptool', '-p', deaf, 'read-mac', check=2)) == 3 * one
    assert tries(run('esptool', '-p', deaf, 'read-mac', check=2, ESPTOOL_CONNECT_ATTEMPTS='2')) == 2 * one
    assert tries(run('esptool', '-p', deaf, '--connect-attempts', '1', 'read-mac', check=2,
                     ESPTOOL_CONNECT_ATTEMPTS='2')) == one


def test_time_limits(run, tmp_path):
    """A board that stalls for two seconds: within the usual patience, and not within a short one."""
    stalls = BOARD + '&fault=stall@12000:2000'
    run('esptool', '-p', stalls, 'read-mac', check=0)
    config(tmp_path, '[esptool]\ntimeout = 0.2\n')
    done = run('esptool', '-p', stalls, '--no-stub', 'dump-mem', '0x40000000', '64k', 'out', check=2)
    assert 'does not answer READ_REG' in done.stderr


def test_environment(run, tmp_path):
    done = run('esptool', 'read-mac', check=0, ESPTOOL_PORT=BOARD, ESPTOOL_CHIP='esp32', ESPTOOL_BAUD='460800',
               ESPTOOL_BEFORE='default_reset', ESPTOOL_AFTER='no-reset')
    assert f'Serial port {BOARD}:\nConnecting' in done.stdout and 'Detecting' not in done.stdout
    assert 'Changing baud rate to 460800...' in done.stdout and done.stdout.endswith('Staying in bootloader.\n')
    (tmp_path / 'a.bin').write_bytes(bytes(16))
    for name, value in (('ESPTOOL_FM', 'fast'), ('ESPTOOL_FF', '1m'), ('ESPTOOL_FS', 'huge'), ('ESPTOOL_AFTER', 'x'),
                        ('ESPTOOL_BAUD', 'x'), ('ESPTOOL_CHIP', 'z80'), ('ESPTOOL_STUB_VERSION', '3')):
        done = run('esptool', '-p', BOARD, 'write-flash', '0x10000', 'a.bin', check=2, **{name: value})
        assert value in done.stderr and 'invalid value for --' in done.stderr, (name, done.stderr)
    done = run('esptool', '-p', BOARD, '--stub-version', '1', 'read-mac', check=0)
    assert 'Warning: Only version 2 of the flasher stub is included, and is used.\n' in done.stdout


def test_pre_connection_note(run):
    run('esptool', '-p', BOARD, '--after', 'no-reset', 'read-mac', check=0)
    text = ' Pre-connection option "%s" was selected. Connection may fail if the chip is not in bootloader or flasher stub mode.\n'
    done = run('esptool', '-p', 'sim:off?clock=virtual', '--before', 'no-reset', '--connect-attempts', '1', 'read-mac', check=2)
    assert 'Note:' + text % 'no-reset' in done.stdout
    done = run('esptool.py', '-p', 'sim:off?clock=virtual', '--before', 'no-reset', '--connect-attempts', '1', 'read_mac', check=2)
    assert 'WARNING:' + text % 'no_reset' in done.stdout


def test_port_is_opened_again(run):
    line = ['-p', '/dev/ttyNOPE', '--chip', 'esp32', 'read-mac']
    done = run('esptool', *line, check=2, ESPTOOL_OPEN_PORT_ATTEMPTS='3')
    assert done.stdout.endswith("cannot open '/dev/ttyNOPE': no such port\nRetrying failed connection\n")
    done = run('esptool', *line, check=2)
    assert 'Retrying' not in done.stdout
    done = run('esptool', '-p', '/dev/ttyNOPE', 'read-mac', check=2, ESPTOOL_OPEN_PORT_ATTEMPTS='0')
    assert ('Warning: The ESPTOOL_OPEN_PORT_ATTEMPTS (open_port_attempts) option can only be used with --port and '
            '--chip arguments.\n') in done.stdout
    done = run('esptool', *line, check=2, ESPTOOL_OPEN_PORT_ATTEMPTS='x')
    assert 'Invalid value for ESPTOOL_OPEN_PORT_ATTEMPTS.' in done.stderr


PORTS = {'KILN_PORTS': 'sim:one?clock=virtual&fault=no-sync sim:two?clock=virtual'}


def test_all_ports_are_tried(run):
    done = run('esptool', '--connect-attempts', '1', 'read-mac', check=0, **PORTS)
    assert done.stdout.split('\n')[1] == 'Found 2 serial ports...'
    assert 'Connected to ESP32 on sim:two?clock=virtual:\n' in done.stdout
    assert re.search(r'^sim:one\S* failed to connect: ', done.stderr) or 'sim:one' not in done.stdout
    done = run('esptool.py', '--connect-attempts', '1', 'read_mac', check=0, **PORTS)
    assert done.stdout.split('\n')[1] == 'Found 2 serial ports' and done.stderr == ''


@pytest.mark.parametrize('words, n', [(['name=two'], 1), (['name=one', 'name=two'], 2), (['name=three'], 0),
                                      (['vid=0x303a'], 0), (['name=two', 'serial=x'], 0)])
@pytest.mark.parametrize('separate', [False, True])
def test_port_filter(run, words, n, separate):
    """All words up to the command (version 5), or one at a time (version 4)."""
    line = [part for word in words for part in ('--port-filter', word)] if separate else ['--port-filter', *words]
    done = run('esptool', *line, '--connect-attempts', '1', 'read-mac', **PORTS)
    assert f'\nFound {n} serial ports...\n' in done.stdout
    assert done.returncode == (0 if n else 2)
    if not n:
        assert done.stderr.startswith('\nA fatal error occurred: Could not connect to an Espressif device on any of '
                                      'the 0 available serial ports.\n')


@pytest.mark.parametrize('word, why', [('vid', 'it is no key=value'), ('vid=x', 'the value is not a number'),
                                       ('bus=1', 'there is no such key')])
def test_wrong_filter(run, word, why):
    done = run('esptool', '--port-filter', word, 'read-mac', check=2)
    assert f"Error: invalid value for --port-filter: '{word}': {why}\nhint: a filter is vid=NUMBER" in done.stderr
