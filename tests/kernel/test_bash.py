# SPDX-License-Identifier: Apache-2.0
"""%%bash cells and ! lines."""
import os
import time

from conftest import BUILD
from kernel_client import kernel  # noqa: F401 (a fixture)


def test_output_of_both_streams(kernel):
    shown = kernel.run('%%bash\necho out\necho err >&2')
    assert (shown.status, shown.stdout, shown.stderr) == ('ok', 'out\n', 'err\n')


def test_lines_come_as_they_are_written(kernel):
    """Each line is shown before the next is written: bash waits for a file that we make."""
    msg_id = kernel.start('%%bash\nfor i in 1 2 3; do echo $i; '
                          'until [ -e go$i ]; do sleep 0.05; done; done')
    for i in (1, 2, 3):
        assert kernel.message(msg_id, 'stream')['content']['text'] == f'{i}\n'
        open(os.path.join(os.readlink(f'/proc/{kernel.pid}/cwd'), f'go{i}'), 'w').close()
    assert kernel.finish(msg_id)[0]['status'] == 'ok'


def test_carriage_returns_pass(kernel):
    assert kernel.run("%%bash\nprintf '10%%\\r20%%\\r\\n'").stdout == '10%\r20%\r\n'


def test_text_that_is_cut_between_writes(kernel):
    shown = kernel.run("%%bash\nprintf '\\xc3'; sleep 0.2; printf '\\xa9\\xff\\xe2\\x82'")
    assert shown.stdout == 'é\ufffd\ufffd\ufffd'


def test_a_failing_cell(kernel):
    shown = kernel.run('%%bash\necho before\nexit 3')
    assert shown.stdout == 'before\n'
    assert shown.stderr == 'bash: exit status 3\n'
    assert shown.errors == []  # it was said once
    assert shown.reply['status'] == 'error'
    assert shown.reply['ename'] == 'CalledProcessError'
    assert shown.reply['evalue'] == 'bash: exit status 3'
    assert shown.reply['traceback'] == []


def test_a_cell_that_dies(kernel):
    assert 'ended by signal 9' in kernel.run('%%bash\nkill -9 $$').reply['evalue']


def test_a_command_that_does_not_exist(kernel):
    shown = kernel.run('!no-such-command-here')
    assert 'command not found' in shown.stderr
    assert shown.reply['evalue'] == 'bash: exit status 127'


def test_the_cell_ends_at_the_line_that_fails(kernel):
    shown = kernel.run('!echo a\n!false\n!echo b')
    assert shown.stdout == 'a\n' and shown.status == 'error'


def test_a_line_may_go_on_with_a_backslash(kernel):
    assert kernel.run('!echo a \\\n  b').stdout == 'a b\n'


def test_input_is_empty(kernel):
    assert kernel.run('!cat; read x; echo $?').stdout == '1\n'


def test_arguments_and_bad_arguments(kernel):
    assert kernel.run('%%bash -h\n').stdout.startswith('usage: %%bash [-h]\n')
    shown = kernel.run('%%bash --fast\nls')
    assert shown.stderr == ('usage: %%bash [-h]\n'
                            '%%bash: error: unrecognized arguments: --fast\n')


def test_a_script_that_is_too_long(kernel):
    shown = kernel.run('%%bash\n' + '#' * 200000)
    assert shown.reply['ename'] == 'KILN_E_TOO_BIG'
    assert 'write the script to a file' in shown.reply['traceback'][1]


def test_interrupt_ends_all_that_bash_started(kernel):
    msg_id = kernel.start('%%bash\nsleep 77 & echo $!\nsleep 78')
    child = int(kernel.message(msg_id, 'stream')['content']['text'])
    kernel.interrupt()
    reply, published = kernel.finish(msg_id)
    assert reply['ename'] == 'KeyboardInterrupt'
    assert ('stream', {'name': 'stderr', 'text': 'bash: interrupted\n'}) in published
    # bash gives background jobs of a script no SIGINT (POSIX); nothing else is left
    assert os.path.exists(f'/proc/{child}')
    os.kill(child, 9)
    assert kernel.run('!echo fine').stdout == 'fine\n'


def test_a_cell_that_ignores_the_interrupt_is_ended_all_the_same(kernel):
    msg_id = kernel.start('%%bash\ntrap "" INT\necho on; while :; do sleep 0.1; done')
    kernel.message(msg_id, 'stream')
    kernel.interrupt()
    assert kernel.finish(msg_id)[0]['ename'] == 'KeyboardInterrupt'


def test_a_background_child_does_not_hold_the_cell(kernel, tmp_path):
    """...nor does it die of writing when the cell has ended."""
    shown = kernel.run('%%bash\n(for i in $(seq 100); do echo $i; sleep 0.02; done; '
                       'touch done) &\necho started')
    assert 'started\n' in shown.stdout
    assert not (tmp_path / 'done').exists()
    for _ in range(1200):
        if (tmp_path / 'done').exists():
            break
        time.sleep(0.05)
    assert (tmp_path / 'done').exists()


def test_background_children_end_with_the_kernel(kernel):
    child = int(kernel.run('%%bash\nsleep 99 & echo $!').stdout)
    kernel.manager.shutdown_kernel()
    for _ in range(1200):
        if not os.path.exists(f'/proc/{child}'):
            break
        time.sleep(0.05)
    assert not os.path.exists(f'/proc/{child}')


def test_tools_are_on_the_path(kernel):
    if (BUILD / 'esptool.py').exists():
        assert kernel.run('!command -v esptool.py').stdout == f'{BUILD}/esptool.py\n'


def test_descriptors_do_not_leak(kernel):
    """bash sees its three standard descriptors and nothing of the kernel's sockets."""
    # ls itself opens the folder
    assert kernel.run('!ls /proc/self/fd | wc -l').stdout.strip() == '4'
    before = len(os.listdir(f'/proc/{kernel.pid}/fd'))
    for _ in range(5):
        kernel.run('!true')
    assert len(os.listdir(f'/proc/{kernel.pid}/fd')) == before
