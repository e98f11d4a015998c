# SPDX-License-Identifier: Apache-2.0
"""Passwords of boards on the network: where they come from, and that nobody sees them."""
import pathlib
import subprocess
import time

from conftest import BUILD
from netboards import WebRepl


def test_passwords(run, pty_board, env, tmp_path):
    server = WebRepl(pty_board, password='a@b:c')
    at = server.url.replace('ws://', '')
    # nothing that is printed, at any level, has the password in it
    for url in (f'ws://:a%40b%3ac@{at}', f'ws://a%40b%3ac@{at}/'):
        done = run('kiln', '-vvv', 'exec', '-p', url, 'print(1)', check=0)
        assert done.stdout == '1\n'
        assert 'a@b' not in done.stderr and 'a%40b' not in done.stderr
    config = tmp_path / 'xdg/config/kiln'
    config.mkdir()
    (config / 'config.yaml').write_text('ports: []\nwebrepl_password: "a@b:c"\n')
    assert run('kiln', 'exec', '-p', server.url, 'print(2)', check=0).stdout == '2\n'
    (config / 'config.yaml').unlink()
    secrets = tmp_path / 'secrets.py'
    secrets.write_text("wifi = 'x'\nwebrepl_pwd = 'a@b:c'  # the bench\n")
    assert run('kiln', 'exec', '-p', server.url, 'print(3)', check=0,
               IOT_SECRETS=str(secrets)).stdout == '3\n'
    assert run('kiln', 'exec', '-p', server.url, 'print(1)', check=1).stderr == (
        f"error: cannot open '{server.url}': its WebREPL asks for a password\n"
        "hint: set KILN_WEBREPL_PASSWORD, or 'webrepl_password:' in "
        '~/.config/kiln/config.yaml\n')
    done = run('kiln', 'exec', '-p', f'ws://:guess@{at}', 'print(1)', check=1)
    assert done.stderr == (
        f"error: cannot open '{server.url}': its WebREPL does not take this password\n"
        'hint: it is the one that webrepl_setup asked for, 4 to 9 characters; it stands in '
        'webrepl_cfg.py on the board\n')
    server.password = 63 * 'x'  # the longest that is kept
    assert run('kiln', 'exec', '-p', server.url, 'print(4)', check=0,
               KILN_WEBREPL_PASSWORD=server.password).stdout == '4\n'
    server.close()


def test_a_password_in_a_url_is_used_and_never_shown(run, pty_board, tmp_path, env):
    """Wherever the URL stands, and whatever prints or keeps it."""
    server = WebRepl(pty_board, password='hush')
    at = server.url.replace('ws://', '')
    url = f'ws://:hush@{at}'
    # no ports but those that are named
    env.update(KILN_SYSFS=str(tmp_path / 'sys'), XDG_RUNTIME_DIR=str(tmp_path))
    (tmp_path / 'a.py').write_text('x = 1\n')

    def said(*words, check=None, **more):
        done = run(*words, check=check, **more)
        assert 'hush' not in done.stdout + done.stderr, (words, done)
        return done.stdout + done.stderr

    listed = (('discover', '-a'), ('discover', '-a', '--json'), ('discover', '-v'),
              ('discover', '--json'), ('doctor',), ('doctor', '--json'),
              ('mpremote', 'connect', 'list'), ('mip', 'list', '-p', 'all'))
    for words in listed:
        assert at in said('kiln', *words, KILN_PORTS=url) or words[0] == 'mip', words
    # a port of the list opens with the password that stands there
    assert said('kiln', 'exec', '-p', server.url, 'print(6 * 7)', check=0, KILN_PORTS=url) == '42\n'
    assert said('kiln', 'mpremote', 'connect', server.url, 'exec', 'print(8)', check=0,
                KILN_PORTS=url) == '8\n'
    config = tmp_path / 'xdg/config/kiln'
    config.mkdir()
    (config / 'config.yaml').write_text(f'ports:\n  - /dev/none\n  - "{url}"\n')
    assert at in said('kiln', 'discover', '-a')
    assert said('kiln', 'exec', '-p', server.url, 'print(5)', check=0) == '5\n'
    (config / 'config.yaml').unlink()

    for words in (('-p', url), (f'-p{url}',), (f'--port={url}',), ('--port', url)):
        assert said('kiln', 'exec', *words, 'print(7)', check=0) == '7\n'
        # not flashed: there are no lines to reset it by; its tables and errors name the port
        said('kiln', 'flash', *words, tmp_path / 'a.py')
        said('kiln', 'flash', '--json', *words, tmp_path / 'a.py')
        said('kiln', 'doctor', *words)
    said('kiln', 'mpremote', 'connect', url, 'ls', check=0)
    said('kiln', 'sync', '-n', '-p', url, '-p', url, tmp_path, ':')
    said('kiln', 'esptool', '-p', url, 'chip_id')
    said('kiln', '-vvv', 'exec', '-p', url.replace('hush', 'hush!'), '1', check=1)
    for wrong in ('ws://:hush@', 'wss://:hush@h', 'ws://:hush@h:0', 'ws://:hu/hush@h:x',
                  'ws://:hush@' + 'h' * 300, 'socket://u:hush@127.0.0.1:x',
                  'rfc2217://u:hush@127.0.0.1:x'):
        said('kiln', 'exec', '-p', wrong, '1', check=None)
        said('kiln', 'discover', '-v', KILN_PORTS=wrong)
    (tmp_path / 'words').write_text(f'-p {url} chip_id\n')
    said('esptool.py', '@words')
    (tmp_path / 'words').unlink()
    # nor does ps
    with subprocess.Popen([BUILD / 'kiln', 'exec', '-p', url, 'input()'], env=env, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        words = pathlib.Path(f'/proc/{running.pid}/cmdline')
        while b'exec' not in words.read_bytes() or b'hush' in words.read_bytes():
            assert running.poll() is None
            time.sleep(0.01)
        assert at.encode() in words.read_bytes()
        running.terminate()
    server.close()
    # and nothing that is kept has it
    for path in tmp_path.rglob('*'):
        assert not path.is_file() or b'hush' not in path.read_bytes(), path
