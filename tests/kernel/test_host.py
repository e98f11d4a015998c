# SPDX-License-Identifier: Apache-2.0
"""%%host: cells for the host's Python, an ipykernel that the first of them starts."""
import os
import pathlib
import signal
import stat
import subprocess
import time

import pytest

from conftest import BUILD
from kernel_client import TIMEOUT, Kernel, kernel, plain  # noqa: F401 (a fixture)
from test_protocol import ask, gone


def make_env(folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith(('XDG_', 'JUPYTER_', 'JPY_'))}
    for name in ('STATE_HOME', 'CONFIG_HOME', 'RUNTIME_DIR'):
        (folder / name).mkdir(mode=0o700)
        env[f'XDG_{name}'] = str(folder / name)
    env.update(HOME=str(folder), KILN_SYSFS=str(folder), LC_ALL='C.UTF-8')
    return env


@pytest.fixture(scope='module')
def host(tmp_path_factory):
    """One kernel for all tests that don't harm its Python, which takes a second to start."""
    folder = tmp_path_factory.mktemp('host')
    env = make_env(folder)
    subprocess.run([BUILD / 'esptool.py', '-p', 'sim:h?clock=virtual', 'write_flash', '0x1000',
                    BUILD / 'demo-firmware.bin'], check=True, stdout=subprocess.DEVNULL, env=env)
    running = Kernel(env, folder, folder / 'kernel.log')
    running.folder = folder
    yield running
    running.shutdown()
    assert os.listdir(folder / 'RUNTIME_DIR') == []  # neither sockets nor keys stay


def children(pid):
    return [int(n) for n in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def test_it_starts_when_it_is_needed(host):
    assert host.run('!true').status == 'ok' and children(host.pid) == []
    shown = host.run('%%host\nx = 6\nprint("sum:", x)\nx * 7')
    assert shown.status == 'ok' and shown.stdout == 'sum: 6\n'
    result, = [c for t, c in shown.published if t == 'execute_result']
    assert result['data'] == {'text/plain': '42'}
    assert result['execution_count'] == shown.reply['execution_count']
    assert len(children(host.pid)) == 1
    assert host.run('%%host\nx').published[-1][1]['data']['text/plain'] == '6'


def test_its_key_is_nobodys_else(host):
    host.run('%%host\n0')
    folder, = (host.folder / 'RUNTIME_DIR').glob('kiln-host-*')
    assert stat.S_IMODE(folder.stat().st_mode) & 0o777 == 0o700
    assert stat.S_IMODE((folder / 'connection.json').stat().st_mode) == 0o600


def test_displays_pass_through(host):
    shown = host.run('%%host\n'
                     'from IPython.display import HTML, SVG, clear_output, display\n'
                     'print("before")\n'
                     'handle = display(HTML("<b>one</b>"), display_id=True)\n'
                     'print("between")\n'
                     'handle.update(HTML("<b>two</b>"))\n'
                     'clear_output(wait=True)\n'
                     'display(SVG("<svg xmlns=\'http://www.w3.org/2000/svg\'/>"), metadata={"m": 1})\n')
    kinds = [t for t, c in shown.published]
    assert kinds == ['execute_input', 'stream', 'display_data', 'stream', 'update_display_data',
                     'clear_output', 'display_data']
    first, second = shown.published[2][1], shown.published[4][1]
    assert first['data']['text/html'] == '<b>one</b>'
    assert first['transient'] == second['transient'] and first['transient']['display_id']
    assert shown.published[5][1] == {'wait': True}
    assert '<svg' in shown.published[6][1]['data']['image/svg+xml']
    assert shown.published[6][1]['metadata'] == {'m': 1}


def test_both_streams_and_all_of_them(host):
    shown = host.run('%%host\nimport os, sys\nprint("é" * 700000)\nprint("oops", file=sys.stderr)\n'
                     'print("nul \\0 too")')
    assert shown.stdout.count('é') == 700000
    assert shown.stderr == 'oops\n' and 'nul \0 too\n' in shown.stdout


def test_an_error_is_the_cells_error(host):
    shown = host.run('%%host\ndef f():\n    raise KeyError("k")\nf()')
    assert shown.status == 'error' and shown.reply['ename'] == 'KeyError'
    assert len(shown.errors) == 1
    assert shown.errors[0]['traceback'] == shown.reply['traceback']
    assert 'raise KeyError' in plain('\n'.join(shown.reply['traceback']))
    assert shown.errors[0]['evalue'] == "'k'"
    # the first waits, so that the second is queued when it fails
    cells = [host.start(c) for c in ('%%host\nimport time\ntime.sleep(1)\n1/0', '!echo never')]
    assert [host.finish(c)[0]['status'] for c in cells] == ['error', 'aborted']


def test_magics_shell_and_help(host):
    assert host.run('%%host\n!echo $((6 * 7))').stdout.strip() == '42'
    page, = host.run('%%host\nstr.split?').reply['payload']
    assert page['source'] == 'page' and 'sep' in page['data']['text/plain']
    more, = host.run('%%host\nget_ipython().set_next_input("y = 1")').reply['payload']
    assert more['source'] == 'set_next_input' and more['text'] == '%%host\ny = 1'


def test_input_asks_the_front_end(host):
    msg_id = host.start('%%host\nimport getpass\nname = input("Who? ")\n'
                        'word = getpass.getpass("Word: ")\nprint(name, len(word))', allow_stdin=True)
    for prompt, password, answer in (('Who? ', False, 'Zoë'), ('Word: ', True, 'secret')):
        msg = host.client.get_stdin_msg(timeout=TIMEOUT)
        assert msg['content'] == {'prompt': prompt, 'password': password}
        assert msg['parent_header']['msg_id'] == msg_id
        host.client.input(answer)
    reply, published = host.finish(msg_id)
    assert reply['status'] == 'ok'
    assert [c['text'] for t, c in published if t == 'stream'][-1].endswith('Zoë 6\n')
    failed = host.run('%%host\ninput()', allow_stdin=False)
    assert failed.reply['ename'] == 'StdinNotImplementedError'


@pytest.mark.parametrize('code', ['while True: pass', 'import time\ntime.sleep(60)', 'input()'])
@pytest.mark.parametrize('how', ['message', 'signal'])
def test_interrupt(host, code, how):
    msg_id = host.start(f'%%host\nkept = 7\nprint("on", flush=True)\n{code}', allow_stdin=True)
    host.message(msg_id, 'stream')
    if code == 'input()':
        host.client.get_stdin_msg(timeout=TIMEOUT)
    if how == 'signal':
        os.kill(host.pid, signal.SIGINT)
    else:
        assert host.interrupt() == {'status': 'ok'}
    reply, _ = host.finish(msg_id)
    assert reply['status'] == 'error' and reply['ename'] == 'KeyboardInterrupt'
    assert host.run('%%host\nprint(kept)').stdout == '7\n'


def test_an_early_interrupt_is_not_lost(host):
    msg_id = host.start('%%host\nimport time\ntime.sleep(60)')
    host.message(msg_id, 'execute_input')
    host.interrupt()
    assert host.finish(msg_id)[0]['ename'] == 'KeyboardInterrupt'


@pytest.mark.parametrize('after', [0, 0.1, 0.3, 0.6])
def test_an_interrupt_while_it_starts(host, after):
    assert host.run('%%host\nimport os\nos._exit(0)').status == 'error'
    msg_id = host.start('%%host\nimport time\ntime.sleep(600)')
    host.message(msg_id, 'execute_input')
    time.sleep(after)
    host.interrupt()
    assert host.finish(msg_id)[0]['ename'] == 'KeyboardInterrupt'
    assert host.run('%%host\nprint("here")').stdout == 'here\n'


def test_an_interrupt_that_breaks_nothing_off(host):
    """Another thread takes the signal: so sleep() goes on, as it does when a signal comes just before it."""
    msg_id = host.start('%%host\nimport signal, threading, time\n'
                        'threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n'
                        'signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n'
                        'print("on", flush=True)\n'
                        'try:\n  time.sleep(600)\n'
                        'finally:\n  signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])')
    host.message(msg_id, 'stream')
    host.interrupt()
    assert host.finish(msg_id)[0]['ename'] == 'KeyboardInterrupt'


def test_an_interrupt_that_takes_the_reply_along(host):
    """It hit ipykernel's own code, so there is none."""
    msg_id = host.start('%%host\nimport time\nkernel = get_ipython().kernel\n'
                        'def hit(*args):\n  del kernel.finish_metadata\n  raise KeyboardInterrupt\n'
                        'kernel.finish_metadata = hit\n'
                        'print("on", flush=True)\ntime.sleep(600)')
    host.message(msg_id, 'stream')
    host.interrupt()
    assert host.finish(msg_id)[0]['ename'] == 'KeyboardInterrupt'
    assert host.run('%%host\nprint("here")').stdout == 'here\n'


def test_values_cross_both_ways(host):
    assert host.run('%connect -q sim:h').status == 'ok'
    assert host.run('seen = {"t": [1.5, None, "é😀"], "n": (1, 2)}\n%store seen').status == 'ok'
    assert eval(host.run('%%host\nprint(seen)').stdout) == {'t': [1.5, None, 'é😀'], 'n': [1, 2]}
    # what the host does with it is not undone by the next cell
    assert host.run('%%host\nseen["t"].append(9)\nreply = [len(seen["t"]), {"a": -0.5}]\n'
                    '%store reply').status == 'ok'
    kept = host.run('%%host\nprint(seen["t"][-1])\n%store').stdout.splitlines()
    assert kept[0] == '9' and kept[1] == "reply -> [4, {'a': -0.5}]" and kept[2].startswith('seen -> {')
    # the board kept its variables meanwhile, and takes the host's
    shown = host.run('%store -r reply\nprint(seen["n"], reply)')
    assert shown.stdout == "(1, 2) [4, {'a': -0.5}]\n"
    # a new value on the board is a new value on the host
    assert host.run('seen = 5\n%store seen').status == 'ok'
    assert host.run('%%host\nprint(seen)').stdout == '5\n'


def test_store_on_the_host(host):
    assert host.run('%store -z').status == 'ok'
    assert host.run('%%host\na, b = 1, "two"\n%store a b').status == 'ok'
    assert host.run('%store').stdout == "a -> 1\nb -> 'two'\n"
    assert host.run('%%host\na = 8\n%store -r a\nprint(a)\n%store -d b').stdout == '1\n'
    assert host.run('%store').stdout == 'a -> 1\n'
    for code, said in (('f = print\n%store f', "cannot store 'f': JSON can't hold it"),
                       ('n = float("nan")\n%store n', "cannot store 'n': JSON can't hold it"),
                       ('d = []\nfor _ in range(40): d = [d]\n%store d', "cannot store 'd': JSON can't hold it"),
                       ('%store nobody', "name 'nobody' isn't defined"),
                       ('%store -d nobody', "no variable 'nobody' is stored"),
                       ('%store -r -d a', 'usage: %store'),
                       ('big = 1 << 70\n%store big', "cannot store 'big': JSON can't hold it")):
        shown = host.run(f'%%host\n{code}')
        assert said in shown.stderr, shown
    assert host.run('%%host\n%store -z').status == 'ok'
    assert host.run('%store').stdout == ''


def test_it_works_where_cd_went(host):
    (host.folder / 'éa').mkdir()
    assert host.run(f'%cd {host.folder}/éa').status == 'ok'
    assert host.run('%%host\nimport os\nprint(os.getcwd())').stdout == f'{host.folder}/éa\n'
    assert host.run('%cd ..').status == 'ok'


def complete(kernel, code, cursor=None):
    msg_id = ask(kernel, 'shell', 'complete_request',
                 {'code': code, 'cursor_pos': len(code) if cursor is None else cursor})
    return kernel.finish(msg_id)[0]


def test_completion_in_a_cell(host):
    host.run('%%host\nimport textwrap')
    code = '%%host\nä = "é😀"; textwrap.inde'
    reply = complete(host, code)
    assert reply['status'] == 'ok' and 'indent' in {m.split('.')[-1] for m in reply['matches']}
    assert code[reply['cursor_start']:reply['cursor_end']] in ('inde', 'textwrap.inde')
    for item in reply['metadata'].get('_jupyter_types_experimental', []):
        assert item['start'] == reply['cursor_start'] and item['end'] == reply['cursor_end']
    assert complete(host, '%%ho')['matches'] == ['%%host']  # this line is the kernel's own


def inspect(kernel, code, detail=0):
    msg_id = ask(kernel, 'shell', 'inspect_request',
                 {'code': code, 'cursor_pos': len(code), 'detail_level': detail})
    return kernel.finish(msg_id)[0]


def test_help_in_a_cell(host):
    reply = inspect(host, '%%host\nstr.split')
    assert reply['found'] and 'maxsplit' in reply['data']['text/plain']
    host.run('%%host\ndef mine():\n    return 41 + 1')
    assert '41 + 1' in plain(inspect(host, '%%host\nmine', 1)['data']['text/plain'])
    assert inspect(host, '%%host\nno_such_name') == \
        {'status': 'ok', 'found': False, 'data': {}, 'metadata': {}}


def test_a_comm_with_buffers_goes_both_ways(host):
    shown = host.run('''%%host
from ipykernel.comm import Comm
comm = Comm(target_name='test', data={'v': 1}, buffers=[b'\\x00\\xff'])
@comm.on_msg
def back(msg):
    print('got', msg['content']['data'])
    comm.send({'twice': msg['content']['data'] * 2}, buffers=[bytes(b)[::-1] for b in msg['buffers']])
''')
    opened, = [c for t, c in shown.published if t == 'comm_open']
    comm_id = opened['comm_id']
    assert opened['target_name'] == 'test' and opened['data'] == {'v': 1}
    info = host.reply(ask(host, 'shell', 'comm_info_request', {}))
    assert info['comms'] == {comm_id: {'target_name': 'test'}}
    info = host.reply(ask(host, 'shell', 'comm_info_request', {'target_name': 'other'}))
    assert info['comms'] == {}

    session = host.client.session
    msg = session.msg('comm_msg', {'comm_id': comm_id, 'data': 21})
    session.send(host.client.shell_channel.socket, msg, buffers=[b'abc', b'\x00\x01'])
    msg_id, seen = msg['header']['msg_id'], []
    while not seen or seen[-1]['content'].get('execution_state') != 'idle':
        seen.append(host.message(msg_id))
    assert [m['msg_type'] for m in seen] == ['status', 'stream', 'comm_msg', 'status'] or \
        [m['msg_type'] for m in seen] == ['status', 'comm_msg', 'stream', 'status']
    answer, = [m for m in seen if m['msg_type'] == 'comm_msg']
    assert answer['content']['data'] == {'twice': 42}
    assert [bytes(b) for b in answer['buffers']] == [b'cba', b'\x01\x00']
    assert host.run('%%host\ncomm.close()').published[-1][0] == 'comm_close'
    assert host.reply(ask(host, 'shell', 'comm_info_request', {}))['comms'] == {}


def test_late_output_belongs_to_its_cell(host):
    msg_id = host.start('%%host\nimport threading, time\n'
                        'threading.Thread(target=lambda: (time.sleep(0.3), print("late"))).start()')
    assert host.finish(msg_id)[0]['status'] == 'ok'
    assert host.message(msg_id, 'stream')['content']['text'] == 'late\n'


def test_silent_and_expressions(host):
    assert host.run('%%host\nprint("x"); 5', silent=True).published == []
    shown = host.run('%%host\nv = 3', user_expressions={'double': 'v * 2', 'bad': '1/0'})
    assert shown.reply['user_expressions']['double']['data']['text/plain'] == '6'
    assert shown.reply['user_expressions']['bad']['ename'] == 'ZeroDivisionError'


def test_connect_runs_on_the_host_first(host):
    shown = host.run('%%connect --host sim:h\nimport sys\nprint(sys.implementation.name)')
    assert plain(shown.stdout) == '\n----- host\ncpython\n\n----- sim:h\nmicropython\n'
    shown = host.run('%%connect -q --host sim:h\nimport sys\nprint(sys.implementation.name)\nsys.nothing')
    assert shown.status == 'error'
    assert plain(shown.stdout) == 'cpython\nmicropython\n'
    assert plain(shown.stderr).count('AttributeError') >= 2


def test_its_death_is_said(host):
    shown = host.run('%%host\nimport os\nprint("last words", flush=True)\nos.kill(os.getpid(), 9)')
    assert shown.reply['ename'] == 'KILN_E_IO'
    assert "the host's Python has died: signal 9" in shown.reply['evalue']
    assert shown.stdout in ('', 'last words\n')  # ipykernel itself may have kept them
    child = int(host.run("%%host\nprint('os' in dir())\nimport os\n"
                         'print(os.getpid())').stdout.split()[1])
    os.kill(child, signal.SIGKILL)
    assert gone(child)
    shown = host.run('%%host\nprint("anew")')
    assert shown.stdout == 'anew\n' and 'a new one starts' in shown.stderr


@pytest.mark.parametrize('kill', [False, True])
def test_it_ends_with_the_kernel(kernel, kill):
    kernel.run('%%host\n0')
    child, = children(kernel.pid)
    if kill:
        os.kill(kernel.pid, signal.SIGKILL)
    else:
        ask(kernel, 'control', 'shutdown_request', {'restart': False})
    assert gone(kernel.pid) and gone(child)


def test_a_shutdown_ends_its_endless_loop(kernel):
    msg_id = kernel.start('%%host\nimport signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n'
                          'print("on", flush=True)\nwhile True: pass')
    kernel.message(msg_id, 'stream')
    child, = children(kernel.pid)
    ask(kernel, 'control', 'shutdown_request', {'restart': False})
    assert gone(kernel.pid) and gone(child)


def test_no_ipykernel(env, tmp_path):
    bare = tmp_path / 'python-bare'
    bare.write_text('#!/bin/sh\nexec /usr/bin/python3 -S -E "$@"\n')
    bare.chmod(0o755)
    for program, why in ((bare, 'has no ipykernel'), (tmp_path / 'nowhere', 'there is no')):
        running = Kernel({**env, 'KILN_PYTHON': str(program)}, tmp_path, tmp_path / 'kernel.log')
        try:
            shown = running.run('%%host\n1')
            assert shown.reply['ename'] == 'KILN_E_NOT_FOUND'
            assert "cannot start the host's Python" in shown.reply['evalue'] and why in shown.reply['evalue']
            hint = plain(shown.reply['traceback'][-1])
            assert hint.startswith('hint: ') and 'apt install python3-ipykernel' in hint
            assert 'KILN_PYTHON' in hint
            assert running.run('!echo alive').stdout == 'alive\n'
        finally:
            running.shutdown()
