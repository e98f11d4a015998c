# SPDX-License-Identifier: Apache-2.0
"""Man pages and completion: they are what the commands say, they are well formed, they work."""
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from conftest import BUILD, SOURCE

PAGES = sorted((SOURCE / 'docs/man').glob('*.1'))


def test_files_are_what_the_commands_say():
    done = subprocess.run([sys.executable, SOURCE / 'tools/make-manual', '--check', BUILD],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which('groff'), reason='no groff')
@pytest.mark.parametrize('page', PAGES, ids=lambda p: p.name)
def test_pages_are_well_formed(page):
    done = subprocess.run(['groff', '-man', '-Tutf8', '-ww', '-z', page], capture_output=True,
                          text=True)
    assert (done.returncode, done.stderr) == (0, '')


def examples():
    """Command lines of the pages that need no hardware: those for the virtual board."""
    for page in PAGES:
        text = page.read_text().replace('\\-', '-').replace('\\(aq', "'").replace('\\e', '\\')
        for block in re.findall(r'\.nf\n(.*?)\n\.fi', text, re.S):
            if 'sim:' in block:
                yield block


@pytest.mark.parametrize('line', list(examples()))
def test_examples_run(env, tmp_path, line):
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', tmp_path / 'firmware.bin'],
                   check=True)
    (tmp_path / 'data.bin').write_bytes(b'data')
    # the same board, on a clock that takes no real time
    line = re.sub(r'sim:(\w+)', r"'sim:\1?clock=virtual'", line)
    done = subprocess.run(['bash', '-c', line], env=env, cwd=tmp_path, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, (done.stdout, done.stderr)


def completions(env, *words):
    """What bash offers for the last word."""
    script = (f'source {SOURCE}/data/completions/kiln.bash\n'
              f'COMP_WORDS=({" ".join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}\n'
              '_kiln; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(['bash', '-c', script], env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ''
    return done.stdout.split()


def test_bash_completion(env):
    assert {'flash', 'discover', 'esptool'} <= set(completions(env, 'kiln', ''))
    assert completions(env, 'kiln', 'fl') == ['flash']
    assert completions(env, 'kiln', '-v', 'fl') == ['flash']
    assert completions(env, 'kiln', 'flash', '--er') == ['--erase']
    assert completions(env, 'kiln', 'help', 'vers') == ['version']
    assert completions(env, 'kiln', 'flash', 'firm') == []  # files: bash's own
    named = env | {'KILN_PORTS': '/dev/ttyX7 /dev/ttyX8'}
    assert completions(named, 'kiln', 'flash', '-p', '/dev/') == ['/dev/ttyX7', '/dev/ttyX8']


def test_bash_completion_of_drop_ins(env):
    assert completions(env, 'kiln', 'esptool', 'erase') == ['erase-flash', 'erase-region']
    assert completions(env, 'esptool.py', '-b', '460800', 'write_f') == [
        'write_flash', 'write_flash_status']
    assert completions(env, '/usr/bin/esptool', 'write-flash', '--flash-m') == ['--flash-mode']
    assert completions(env, 'esptool.py', 'write_flash', '--flash_m') == ['--flash_mode']
    assert completions(env, 'esptool', '--after', 'no') == ['no-reset', 'no-reset-stub']
    assert completions(env, 'esptool.py', 'write_flash', '-fm', 'd') == ['dio', 'dout']
    assert completions(env, 'esptool.py', '--after', 'no') == ['no_reset', 'no_reset_stub']
    assert completions(env, 'esptool', '--chip', 'esp32c6') == ['esp32c6', 'esp32c61']
    # what an option takes is no command
    assert completions(env, 'esptool', '-b', '') == []
    assert completions(env, 'esptool', '-p', 'run', 'write-mem', '--h') == ['--help']


def test_zsh_completion_of_one_shell(env):
    """Each program has its own, not only the first that is completed."""
    if not shutil.which('zsh'):
        pytest.skip('no zsh')
    script = (f'fpath=({SOURCE}/data/completions $fpath); autoload -U _kiln\n'
              '_arguments() { print -r -- $funcstack[2]; }\n'
              'for service in esptool esptool.py mpremote kiln esptool; do _kiln; done')
    done = subprocess.run(['zsh', '-f', '-c', script], env=env, capture_output=True, text=True, check=True)
    assert done.stderr == '' and done.stdout.split() == [
        '_kiln_esptool', '_kiln_esptool.py', '_kiln_mpremote', '_kiln_main', '_kiln_esptool']


def test_fish_completion(env):
    if not shutil.which('fish'):
        pytest.skip('no fish')

    def offered(line):
        script = f'source {SOURCE}/data/completions/kiln.fish; complete -C "{line}"'
        done = subprocess.run(['fish', '-N', '-c', script], env=env, capture_output=True, text=True, check=True)
        return [word.split('\t')[0] for word in done.stdout.splitlines()]
    assert offered('kiln fla') == ['flash']
    assert offered('kiln esptool write-m') == offered('esptool write-m') == ['write-mem']
    assert offered('kiln esptool write-flash --flash-f') == ['--flash-freq']
    assert offered('esptool.py write_flash --flash_f') == ['--flash_freq']
    assert offered('esptool --chip esp32c6') == ['esp32c6', 'esp32c61']


@pytest.mark.parametrize('shell,name', [('bash', 'kiln.bash'), ('zsh', '_kiln'),
                                        ('fish', 'kiln.fish')])
def test_completion_is_well_formed(shell, name):
    if not shutil.which(shell):
        pytest.skip(f'no {shell}')
    subprocess.run([shell, '-n', SOURCE / 'data/completions' / name], check=True)
