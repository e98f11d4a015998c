# SPDX-License-Identifier: Apache-2.0
"""What all black-box tests share: the programs of the build, run in an empty home."""
import json
import os
import pathlib
import signal
import shutil
import subprocess
import sys

import pytest

# a test run under nohup must not hand that on: programs that are told to ignore SIGHUP do
signal.signal(signal.SIGHUP, signal.SIG_DFL)

BUILD = pathlib.Path(os.environ['KILN_BUILD'])
SOURCE = pathlib.Path(os.environ['KILN_SOURCE'])


def make_env(tmp_path):
    """An environment in which nothing of the user's is seen: state, config, ports, terminal.

    No ports of this machine either: $KILN_SYSFS is an empty folder.
    """
    clean = {k: v for k, v in os.environ.items()
             if not k.startswith(('XDG_', 'KILN_', 'ESPTOOL_', 'JUPYTER_')) and
             not k.lower().endswith('_proxy') and k not in ('CURL_CA_BUNDLE', 'SSL_CERT_FILE')}
    for name in ('state', 'config', 'runtime', 'data', 'cache'):
        folder = tmp_path / 'xdg' / name
        folder.mkdir(parents=True, mode=0o700)
        clean['XDG_' + {'runtime': 'RUNTIME_DIR'}.get(name, name.upper() + '_HOME')] = str(folder)
    (tmp_path / 'sysfs').mkdir()
    clean.update(HOME=str(tmp_path), KILN_SYSFS=str(tmp_path / 'sysfs'), TERM='dumb', LC_ALL='C.UTF-8',
                 PATH=f'{BUILD}:{os.environ["PATH"]}',
                 KILN_BUILD=str(BUILD), KILN_SOURCE=str(SOURCE))
    return clean


def put_back(env, name):
    """The cable of a virtual board that a fault pulled."""
    os.remove(os.path.join(env['XDG_STATE_HOME'], 'kiln', 'sim', name + '.away'))


@pytest.fixture
def env(tmp_path):
    return make_env(tmp_path)


@pytest.fixture
def run(env, tmp_path):
    """run('kiln', 'version'): the finished process, with its output as text."""
    def run_program(program, *args, timeout=60, check=None, input=None, **more_env):
        done = subprocess.run([str(BUILD / program), *map(str, args)], env={**env, **more_env},
                              cwd=tmp_path, stdin=subprocess.DEVNULL if input is None else None,
                              input=input, capture_output=True, text=True, timeout=timeout)
        if check is not None:
            assert done.returncode == check, (args, done.returncode, done.stdout, done.stderr)
        return done
    run_program.env = env
    return run_program


@pytest.fixture(scope='session')
def firmware_state(tmp_path_factory):
    """The state of a virtual board `sim:board` that was flashed once, to be copied."""
    home = tmp_path_factory.mktemp('flashed')
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', home / 'image.bin', '--size',
                    '80000'], check=True)
    subprocess.run([BUILD / 'kiln', 'flash', '-p', 'sim:board?clock=virtual', home / 'image.bin'],
                   check=True, capture_output=True,
                   env={**os.environ, 'XDG_STATE_HOME': str(home), 'HOME': str(home)})
    return home / 'kiln/sim'


@pytest.fixture
def flash_board(run, tmp_path):
    """flash_board('sim:NAME'): a virtual board of its own gets firmware."""
    def flash(port):
        image = tmp_path / 'image.bin'
        subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', image, '--size', '80000'],
                       check=True)
        run('kiln', 'flash', '-p', port + '?clock=virtual', image, check=0)
        return port
    return flash


@pytest.fixture
def flashed(env, firmware_state):
    """The port of a virtual board with firmware, whose time takes no time."""
    shutil.copytree(firmware_state, pathlib.Path(env['XDG_STATE_HOME']) / 'kiln/sim')
    return 'sim:board?clock=virtual'


@pytest.fixture
def pty_board(env, flashed):
    """That board, served on a pty: its name."""
    with subprocess.Popen([BUILD / 'kiln', 'sim', 'board', '--pty', '--json'], env=env, text=True,
                          stdout=subprocess.PIPE) as server:
        try:
            yield json.loads(server.stdout.readline())['port']
        finally:
            server.terminate()


@pytest.fixture
def kiln(run, flashed):
    """kiln(verb, *args) on a virtual board that was flashed."""
    def verb(name, *args, options='', **more):
        return run('kiln', name, '-p', flashed + options, *args, **more)
    return verb
