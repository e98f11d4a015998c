# SPDX-License-Identifier: Apache-2.0
"""%%ssh and %%service, with a fake ssh and docker: what they are told, and what is made of it."""
import pytest
from kernel_client import Kernel

FAKE = """#!/bin/bash
printf '%s\\n' "${0##*/}" "$@" > "$HOME/said"
echo "an error" >&2
bash -c "${!#}"
"""


@pytest.fixture
def fake(env, tmp_path):
    """fake('ssh'): a kernel in whose PATH there is only that, and bash."""
    bin_ = tmp_path / 'bin'
    bin_.mkdir()
    for tool in ('bash', 'sleep'):
        (bin_ / tool).symlink_to(f'/bin/{tool}')
    kernels = []

    def start(*programs):
        for name in programs:
            (bin_ / name).write_text(FAKE)
            (bin_ / name).chmod(0o755)
        kernels.append(Kernel({**env, 'PATH': str(bin_)}, tmp_path, tmp_path / 'kernel.log'))
        return kernels[-1]
    yield start
    for kernel in kernels:
        kernel.shutdown()


def said(tmp_path):
    return (tmp_path / 'said').read_text().splitlines()


def test_ssh(fake, tmp_path):
    kernel = fake('ssh')
    shown = kernel.run("%%ssh -p 2200 pi@garden\necho 'a  b'")
    assert (shown.status, shown.stdout, shown.stderr) == ('ok', 'a  b\n', 'an error\n')
    assert said(tmp_path) == ['ssh', '-T', '-o', 'BatchMode=yes', '-p', '2200', '--', 'pi@garden',
                              "echo 'a  b'"]
    shown = kernel.run('%%ssh garden\nexit 7')
    assert shown.reply['ename'] == 'CalledProcessError'
    assert shown.stderr == 'an error\nssh: exit status 7\n'
    assert said(tmp_path)[5:8] == ['22', '--', 'garden']


def test_output_into_variables(fake):
    kernel = fake('ssh')
    shown = kernel.run('%%ssh --out OUT --err=MORE pi@garden\nprintf "one\\ntwo\\n\\n"')
    assert (shown.status, shown.stdout, shown.stderr) == ('ok', '', '')
    assert kernel.run('!echo "<$OUT> <$MORE>"').stdout == '<one\ntwo> <an error>\n'
    shown = kernel.run('%%ssh --out OUT garden\necho kept; exit 3')
    assert shown.stderr == 'an error\nssh: exit status 3\n'
    assert kernel.run('!echo $OUT').stdout == 'kept\n'
    for bad in ('1', 'a-b', ''):
        assert kernel.run(f'%%ssh --out "{bad}" garden\nx').stderr.endswith(
            f"%%ssh: error: argument --out: '{bad}' is no name of a variable\n")
    shown = kernel.run('%%ssh --out OUT garden\nwhile :; do printf %2000s x; done | '
                       '(for i in {1..100}; do read -r -n 2000 line; printf %2000s x; done)')
    assert shown.reply['evalue'].startswith("cannot keep the output in 'OUT'")


def test_ssh_is_interrupted(fake):
    kernel = fake('ssh')
    msg_id = kernel.start('%%ssh garden\necho on; sleep 100')
    while kernel.message(msg_id, 'stream')['content']['name'] != 'stdout':
        pass
    kernel.interrupt()
    reply, _ = kernel.finish(msg_id)
    assert (reply['ename'], reply['evalue']) == ('KeyboardInterrupt', 'ssh: interrupted')


@pytest.mark.parametrize('engine', ['docker', 'podman'])
def test_service(fake, tmp_path, engine):
    kernel = fake(engine)
    shown = kernel.run('%%service esp-idf\necho "in it"')
    assert (shown.status, shown.stdout) == ('ok', 'in it\n')
    assert said(tmp_path) == [engine, 'exec', 'esp-idf', '/bin/bash', '-c', 'echo "in it"']
    kernel.run('%%service -u 1000 -s /bin/sh esp-idf\ntrue')
    assert said(tmp_path) == [engine, 'exec', '-u', '1000', 'esp-idf', '/bin/sh', '-c', 'true']


def test_docker_goes_before_podman(fake, tmp_path):
    fake('podman', 'docker').run('%%service x\ntrue')
    assert said(tmp_path)[0] == 'docker'


def test_what_is_not_installed(fake):
    kernel = fake()
    shown = kernel.run('%%ssh pi@garden\nls')
    assert shown.reply['evalue'] == "cannot run %%ssh: there is no program 'ssh'"
    assert shown.reply['traceback'][1].endswith('sudo apt install openssh-client')
    shown = kernel.run('%%service x\nls')
    assert shown.reply['evalue'] == 'cannot run %%service: there is neither docker nor podman'


def test_wrong_lines(fake):
    kernel = fake('ssh', 'docker')
    for port in ('0', '65536', 'x', '-1'):
        assert kernel.run(f'%%ssh -p{port} a\nx').stderr.endswith(
            f"%%ssh: error: argument -p/--port: invalid value: '{port}'\n")
    usage = 'usage: %%ssh [-h] [--out V] [--err V] [-p PORT] USER@HOST\n'
    assert kernel.run('%%ssh\nx').stderr == \
        usage + '%%ssh: error: the following arguments are required: USER@HOST\n'
    assert kernel.run('%%ssh -oProxyCommand=x a\nx').stderr == \
        usage + '%%ssh: error: unrecognized arguments: -oProxyCommand=x\n'
    assert kernel.run('%%service --\nx').stderr.endswith("no container is called '--'\n")
    assert 'too big' in kernel.run('%%ssh a\n#' + 'x' * 200000).reply['evalue']
