# SPDX-License-Identifier: Apache-2.0
"""Virtual boards for the kernel's tests: flashed once, copied to where a test wants them."""
import contextlib
import functools
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

from conftest import BUILD, make_env
from kernel_client import Kernel

sys.path.append(str(pathlib.Path(__file__).parents[1] / 'cli'))
from netboards import Dupterm, WebRepl  # noqa: E402

FIRMWARE = BUILD / 'demo-firmware.bin'
MAC = '24:0a:c4:12:87:7c'


def sims(env):
    return pathlib.Path(env['XDG_STATE_HOME']) / 'kiln/sim'


@functools.cache
def flashed(name, mac):
    """A folder with the state of a board that was flashed and never started."""
    folder = tempfile.TemporaryDirectory(prefix='kiln-boards-')
    env = make_env(pathlib.Path(folder.name))
    subprocess.run([BUILD / 'esptool.py', '-p', f'sim:{name}?clock=virtual&mac={mac}',
                    'write_flash', '0x1000', FIRMWARE], env=env, check=True,
                   stdout=subprocess.DEVNULL)
    return folder, sims(env)  # the folder goes with its object, at the end of all tests


def copy_board(env, name, mac=MAC):
    """Give the environment a flashed board; its uid, which is its MAC."""
    _, made = flashed(name, mac)
    shutil.copytree(made, sims(env), dirs_exist_ok=True)
    return mac


def make_board(run, name, mac=MAC):
    return copy_board(run.env, name, mac)


@pytest.fixture
def uid(run):
    return make_board(run, 'demo')


@contextlib.contextmanager
def on_the_network(env, password):
    """A flashed board's WebREPL that wants the password. It is at a port of this computer too,
    which the environment names: what one hears, the other does."""
    copy_board(env, 'net')
    runtime = pathlib.Path(env['HOME']) / 'served'
    runtime.mkdir(mode=0o700)
    with contextlib.ExitStack() as stack:
        # announced elsewhere: nobody else reads its pty
        server = stack.enter_context(subprocess.Popen(
            [BUILD / 'kiln', 'sim', 'net', '--pty', '--json'], stdout=subprocess.PIPE, text=True,
            env={**env, 'XDG_RUNTIME_DIR': str(runtime)}))
        stack.callback(server.terminate)
        both = stack.enter_context(contextlib.closing(
            Dupterm(json.loads(server.stdout.readline())['port'])))
        env['KILN_PORTS'] = both.ports[0]
        yield stack.enter_context(contextlib.closing(WebRepl(both.ports[1], password=password)))


@contextlib.contextmanager
def held(env):
    """Somebody else has the board's port; his process."""
    holder = subprocess.Popen([BUILD / 'kiln', 'exec', '-p', 'sim:demo',
                               'import time\nprint("on")\ntime.sleep(60)'], env=env,
                              stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == 'on\n'
        yield holder
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def start_shared(request, tmp_path_factory):
    """One kernel for all tests of a file that asks for it."""
    module = request.node.getparent(pytest.Module)
    if not hasattr(module, 'kiln_kernel'):
        folder = tmp_path_factory.mktemp('shared')
        env = make_env(folder)
        copy_board(env, 'demo')
        module.kiln_kernel = Kernel(env, folder, folder / 'kernel.log')
        module.addfinalizer(module.kiln_kernel.shutdown)
    return module.kiln_kernel


@pytest.fixture
def connected(request, tmp_path_factory):
    """A kernel with a board that has no variables. Its state goes on to the file's next test."""
    shared = start_shared(request, tmp_path_factory)
    shown = shared.run('%connect -q sim:demo\n%softreset -q\n%rm -f main.py')
    assert (shown.status, shown.stdout) == ('ok', ''), shown
    return shared


@pytest.fixture
def alone(kernel, uid):
    """A kernel and a board of its own, for tests that break them or look at files."""
    assert kernel.run('%connect -q sim:demo').status == 'ok'
    return kernel
