# SPDX-License-Identifier: Apache-2.0
"""As esptool.py: whole outputs against the page that shows them, and what bad input is told."""
import os
import pty
import re
import signal
import socket
import subprocess
import sys

import pytest
from conftest import BUILD, SOURCE, put_back
from terminal import shown_on_a_terminal

PAGE = (SOURCE / 'tests/data/flashing-page.txt').read_text()
BOARD = 'sim:page?clock=virtual'
MAC = r'([0-9a-f]{2}:){5}[0-9a-f]{2}'
NORMAL = [  # what differs from board to board and from run to run
    (r'(esptool\.py v3\.2) \(kiln \S+\)', r'\1'),
    (r'Serial port .*', 'Serial port PORT'),
    (r'Connecting\.{3,}', 'Connecting...'),  # a dot for each try without an answer
    (r'MAC: ' + MAC, 'MAC: MAC'),
    (r'in [\d.]+( ?s)', r'in TIME\1'),
    (r'effective [\d.]+', 'effective SPEED'),
    (r'(Compressed \d+ bytes to) \d+', r'\1 N'),
    (r'\(\d+ compressed\)', '(N compressed)'),
    (r'(Writing at ADDRESS\.\.\. \(PERCENT %\)\n)+', r'\1'),
]


def normal(text):
    text = re.sub(r'Writing at 0x[0-9a-f]{8}\.\.\. \(\d+ %\)', 'Writing at ADDRESS... (PERCENT %)',
                  text)
    for pattern, replacement in NORMAL:
        text = re.sub(pattern, replacement, text)
    return text


def page_jobs():
    """The two outputs of the page's first cell: erase_flash, write_flash."""
    first = PAGE.index('esptool.py v3.2\n')
    second = PAGE.index('esptool.py v3.2\n', first + 1)
    return PAGE[first:second], PAGE[second:PAGE.index('\nThe device is now available')]


def make_firmware(path, size, *options):
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', path, '--size', str(size),
                    *options], check=True)
    return path


@pytest.fixture(scope='module')
def firmware(tmp_path_factory):
    """As large as the page's."""
    return make_firmware(tmp_path_factory.mktemp('firmware') / 'firmware.bin', 1555136)


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    return make_firmware(tmp_path_factory.mktemp('firmware') / 'small.bin', 30000, '--bare')


def flash_of(env, name):
    return open(os.path.join(env['XDG_STATE_HOME'], 'kiln', 'sim', name + '.flash'), 'rb').read()


def test_the_page(run, env, firmware):
    """The page's cell, on a virtual board: the same text, and the firmware is in the flash."""
    erased, written = page_jobs()
    done = run('esptool.py', '-p', BOARD, 'erase_flash', check=0)
    assert (normal(done.stdout), done.stderr) == (normal(erased), '')
    done = run('esptool.py', '-p', BOARD, '-b', '460800', 'write_flash', '-z', '0x1000', firmware,
               check=0)
    assert (normal(done.stdout), done.stderr) == (normal(written), '')
    data, flash = firmware.read_bytes(), flash_of(env, 'page')
    assert flash[:0x1000] == b'\xff' * 0x1000
    assert flash[0x1000:0x1000 + len(data)] == data
    assert set(flash[0x1000 + len(data):]) == {0xff}


def test_writing_lines_count_blocks(run, firmware):
    """One line a block of 16 KiB, percent of blocks as on the page, addresses rising."""
    out = run('esptool.py', '-p', BOARD, 'write_flash', '0x1000', firmware, check=0).stdout
    blocks = -(-int(re.search(r'bytes to (\d+)\.\.\.', out)[1]) // 0x4000)
    lines = re.findall(r'^Writing at (0x[0-9a-f]{8})\.\.\. \((\d+) %\)$', out, re.M)
    addresses = [int(address, 16) for address, _ in lines]
    assert [int(percent) for _, percent in lines] == [100 * (i + 1) // blocks
                                                      for i in range(blocks)]
    assert addresses[0] == 0x1000 and addresses == sorted(set(addresses))
    on_page = re.findall(r'^Writing at 0x[0-9a-f]{8}\.\.\. \((\d+) %\)$', page_jobs()[1], re.M)
    assert [int(p) for p in on_page] == [100 * (i + 1) // 63 for i in range(63)]


def test_lines_stream(env, firmware):
    """Each line leaves the program by itself: nothing waits in a buffer for the next one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    tool = subprocess.Popen([BUILD / 'esptool.py', '-p', BOARD, 'write_flash', '0x1000', firmware],
                            env=env, stdout=theirs)
    theirs.close()
    writes = []
    while data := ours.recv(65536):
        writes.append(data.decode())
    assert tool.wait() == 0
    progress = [w for w in writes if 'Writing at' in w]
    assert len(progress) > 20
    assert all(re.fullmatch(r'Writing at 0x[0-9a-f]{8}\.\.\. \(\d+ %\)\n', w) for w in progress)
    assert 'Uploading stub...\n' in writes and 'Hash of data verified.\n' in writes


def test_terminal_overwrites(env, small):
    """On a terminal progress stays on one line."""
    text = shown_on_a_terminal([BUILD / 'esptool.py', '-p', BOARD, 'write_flash', '0x1000',
                                small], env)
    assert re.search(rb'\(\d+ %\)\rWriting at 0x[0-9a-f]{8}\.\.\. \(100 %\)\rWrote 30000 bytes', text)


def test_many_files_uncompressed_and_without_stub(run, env, small, tmp_path):
    other = tmp_path / 'other.bin'
    other.write_bytes(bytes(range(256)) * 20)
    for options, line in (
            (['-u'], 'Wrote 5120 bytes at 0x00010000 in'),
            (['--no-compress', '-p'], 'Wrote 5120 bytes at 0x00010000 in'),
            ([], 'Wrote 5120 bytes (')):
        out = run('esptool.py', '-p', BOARD, 'write_flash', *options, '0x10000', other, '0x1000',
                  small, check=0).stdout
        assert out.index('erased from 0x00001000') < out.index('erased from 0x00010000')
        assert line in out and out.count('Hash of data verified.') == 2
        assert ('Writing at' in out) == ('-p' not in options)
        flash = flash_of(env, 'page')
        assert flash[0x1000:0x1000 + 30000] == small.read_bytes()
        assert flash[0x10000:0x10000 + 5120] == other.read_bytes()
    out = run('esptool.py', '-p', BOARD, '--no-stub', 'write_flash', '0x10000', other,
              check=0).stdout
    assert 'stub' not in out.lower() and 'Wrote 5120 bytes at 0x00010000' in out


def test_erase_all_and_parameters(run, env, small):
    out = run('esptool.py', '-p', BOARD, 'write_flash', '--erase-all', '-fm', 'qio', '-ff=80m',
              '--flash_size', 'detect', '0x1000', small, check=0).stdout
    assert 'Erasing flash (this may take a while)...\nChip erase completed' in out
    assert 'Flash will be erased' not in out
    assert 'Auto-detected Flash size: 4MB\n' in out
    assert 'Flash params set to 0x002f\nSHA digest in image updated\n' in out
    assert flash_of(env, 'page')[0x1000:0x1004] == small.read_bytes()[:2] + b'\x00\x2f'


def test_spellings(run, small):
    """Hyphens, underscores, prefixes, glued values: all as good as the other."""
    for line in (['-p' + BOARD, '-b460800', 'erase-flash'],
                 ['--por', BOARD, '--baud=460800', '--af', 'no-reset', 'erase_flash'],
                 ['--chip', 'ESP32', '--port', BOARD, '--after', 'no_reset', 'erase_flash'],
                 ['-c', 'auto', '-p', BOARD, 'write-flash', '--no-comp', '--verify', '4096',
                  small]):
        run('esptool.py', *line, check=0)
    out = run('esptool.py', 'erase_flash', check=0, ESPTOOL_PORT=BOARD, ESPTOOL_CHIP='esp32',
              ESPTOOL_AFTER='no_reset', ESPTOOL_BAUD='921600').stdout
    assert 'Detecting chip type' not in out and 'Changing baud rate to 921600\nChanged.\n' in out
    assert out.endswith('Staying in bootloader.\n')


def test_small_commands(run):
    out = run('esptool.py', '-p', BOARD, 'read_mac', check=0).stdout
    assert len(set(re.findall(MAC, out))) == 1 and len(re.findall('MAC: ', out)) == 2
    out = run('esptool.py', '-p', BOARD, 'chip_id', check=0).stdout
    assert 'Warning: ESP32 has no Chip ID. Reading MAC instead.\nMAC: ' in out
    assert run('esptool.py', '-p', BOARD, 'run', check=0).stdout.endswith(
        'Hard resetting via RTS pin...\n')
    out = run('esptool.py', '-p', BOARD, 'erase_region', '0x2000', '0x1000', check=0).stdout
    assert 'Erasing region (may be slow depending on size)...\nErase completed successfully' in out
    lines = run('esptool.py', 'version', check=0).stdout.splitlines()
    assert lines[1] == '3.2' and re.fullmatch(r'esptool\.py v3\.2 \(kiln [\d.]+\)', lines[0])


def test_port_is_found(run, env):
    """Without -p the ports are tried in turn."""
    out = run('esptool.py', 'erase_flash', check=0,
              KILN_PORTS='socket://127.0.0.1:1 sim:found?clock=virtual').stdout
    assert re.search(r'^Found \d+ serial ports$', out, re.M)
    assert 'Serial port sim:found?clock=virtual\nConnecting...' in out
    assert out.endswith('Hard resetting via RTS pin...\n')


def test_names(run):
    """The program is the tool under each of its names, and as a command of kiln."""
    for program, *words in (['esptool'], ['kiln', 'esptool']):
        assert run(program, *words, 'version', check=0).stdout.startswith('esptool v')
    assert run('esptool.py', check=1).stdout.startswith('usage: esptool.py [OPTIONS] COMMAND')
    out = run('esptool.py', 'write-flash', '-h', check=0).stdout
    assert out.startswith('usage: esptool.py [OPTIONS] write_flash ')
    assert '-fm, --flash_mode MODE' in out and 'keep, qio, qout, dio, dout' in ' '.join(out.split())


# Wrong lines are said on stderr as argparse does, before a port is opened; exit code 2.
USAGE = [
    (['write_flash', '0x1000', 'nope.bin'],
     "esptool.py: error: cannot open 'nope.bin': no such file or directory\n"),
    (['write_flash', '0x1000', 'SMALL', '0x2000', 'SMALL'],
     "esptool.py: error: cannot write 'small.bin' at 0x00002000: it overlaps 'small.bin', which "
     "ends at 0x00008530\n"
     "hint: flash is erased by sectors of 0x1000 bytes: files must not share one\n"),
    (['write_flash', '12z', 'SMALL'],
     "esptool.py: error: bad address: '12z': not a number (use 0x1000 or 4096)\n"),
    (['write_flash', '0x123456789', 'SMALL'],
     "esptool.py: error: bad address: '0x123456789': it does not fit into 32 bits\n"),
    (['write_flash', '0x1000'],
     "esptool.py: error: no file given for address '0x1000': <address> <file> ...\n"),
    (['write_flash'], 'esptool.py: error: no files given: <address> <file> ...\n'),
    (['write_flash', '0x1000', '/'], "esptool.py: error: cannot read '/': it is a folder\n"),
    (['write_flash', '-z', '-u', '0x1000', 'SMALL'],
     'esptool.py: error: --compress and --no-compress exclude each other\n'),
    (['write_flash', '--flash_mode', 'fast', '0', 'SMALL'],
     "esptool.py: error: invalid value for --flash_mode: 'fast': it takes one of: keep, qio, qout, "
     "dio, dout\n"),
    (['erase_flash', 'now'], 'esptool.py: error: unrecognized arguments: now\n'),
    (['erase_flash', '-b', '9600'],
     'esptool.py: error: no such option: -b\nhint: this option stands before the command\n'),
    (['erase_region', '0x2001', '0x1000'],
     'esptool.py: error: cannot erase 0x1000 bytes at 0x2001: flash is erased in sectors: both must '
     'be multiples of 4096\n'),
    (['erase_flsh'],
     "esptool.py: error: no such command: 'erase_flsh'\nhint: did you mean 'erase_flash'?\n"),
    (['--prot', 'x', 'erase_flash'],
     "esptool.py: error: no such option: --prot\nhint: did you mean '--port'?\n"),
    (['--nope', 'erase_flash'], 'esptool.py: error: no such option: --nope\n'),
    (['--b', '1', 'erase_flash'],
     'esptool.py: error: ambiguous option: --b could match --baud, --before\n'),
    (['-b'], 'esptool.py: error: option --baud needs a value: BAUD\n'),
    (['-b', 'fast', 'erase_flash'],
     "esptool.py: error: invalid value for --baud: 'fast': not a number (use 4096, 0x1000 or "
     "0b1)\n"),
    (['--connect-attempts', 'many', 'erase_flash'],
     "esptool.py: error: invalid value for --connect-attempts: 'many': not a number\n"),
    (['--before', 'prayer', 'erase_flash'],
     "esptool.py: error: invalid value for --before: 'prayer': it takes one of: default_reset, "
     "usb_reset, no_reset, no_reset_no_sync\n"),
]


@pytest.mark.parametrize('line,expected', USAGE, ids=lambda x: ' '.join(x)[:40] if x else '')
def test_wrong_lines(run, env, small, tmp_path, line, expected):
    (tmp_path / 'small.bin').write_bytes(small.read_bytes())
    words = ['small.bin' if word == 'SMALL' else word for word in line]
    done = run('esptool.py', '-p', BOARD, *words, check=2)
    assert done.stdout == ''
    usage, error = done.stderr.split('\n', 1)
    assert usage.startswith('usage: esptool.py [OPTIONS] ') and error == expected
    assert not os.path.exists(env['XDG_STATE_HOME'] + '/kiln')  # no board was touched


def fatal(done):
    """The last words of a run, on stdout as everything."""
    assert done.stderr == ''
    return done.stdout[done.stdout.index('\nA fatal error occurred: ') + 1:]


def test_wrong_environment(run):
    done = run('esptool.py', 'erase_flash', ESPTOOL_BAUD='fast', check=2)
    assert "cannot use the environment variable ESPTOOL_BAUD: invalid value for --baud" in done.stderr


def test_no_firmware(run, env, tmp_path):
    (tmp_path / 'page.html').write_text('<html>not found, whatever was asked for</html>')
    line = ['-p', BOARD, 'write_flash', '0x1000', 'page.html']
    assert fatal(run('esptool.py', *line, check=2)) == (
        "A fatal error occurred: cannot write 'page.html' at 0x00001000: the ESP32 boots from "
        'there, and this is no firmware: it does not begin with E9\n'
        'hint: check the file and its address; --force writes it all the same\n')
    assert set(flash_of(env, 'page')) == {0xff}  # nothing was written
    run('esptool.py', *line, '--force', check=0)
    assert flash_of(env, 'page')[0x1000:].startswith(b'<html>')


def test_too_large(run, env, tmp_path):
    (tmp_path / 'large.bin').write_bytes(bytes(5000000))
    done = run('esptool.py', '-p', BOARD, 'write_flash', '0x10000', 'large.bin', check=2)
    assert fatal(done) == (
        "A fatal error occurred: cannot write 'large.bin' at 0x00010000: it ends at 0x004d4b40, but "
        'the flash does at 0x00400000\n'
        'hint: check the address and the size of the flash; take firmware that is smaller\n')
    assert set(flash_of(env, 'page')) == {0xff}


def test_parameter_that_the_chip_has_not(run, small):
    done = run('esptool.py', '-p', BOARD, 'write_flash', '-ff', '12m', '0x1000', small, check=2)
    assert fatal(done).startswith('A fatal error occurred: cannot set flash frequency 12m: the '
                                  'header of an ESP32 image has no such value\n')


def test_port_missing(run):
    done = run('esptool.py', '-p', '/dev/ttyNOPE', 'erase_flash', check=1)
    text = fatal(done)
    assert text.startswith("A fatal error occurred: cannot open '/dev/ttyNOPE': no such port\nhint: ")
    assert done.stdout.startswith('esptool.py v')


def test_port_busy(run, env):
    """A second process on the same board is told so, and does no harm to the first."""
    first = subprocess.Popen([BUILD / 'esptool.py', '-p', 'sim:busy', 'erase_flash'], env=env,
                             stdout=subprocess.PIPE, text=True)
    try:
        for line in first.stdout:
            if line.startswith('Erasing flash'):  # this takes its time: the clock is real
                break
        done = run('esptool.py', '-p', 'sim:busy', 'erase_flash', check=1)
        assert fatal(done).startswith("A fatal error occurred: cannot open 'sim:busy': ")
        assert 'busy' in fatal(done) and first.poll() is None
    finally:
        first.send_signal(signal.SIGINT)
        first.stdout.close()
        assert first.wait(30) == 130


def test_port_without_rights(env):
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    os.chmod(path, 0)
    who = {'user': 65534, 'group': 65534, 'extra_groups': []} if os.geteuid() == 0 else {}
    try:
        done = subprocess.run([BUILD / 'esptool.py', '-p', path, 'erase_flash'], env=env,
                              capture_output=True, text=True, cwd='/', **who)
    except PermissionError:
        pytest.skip('this build folder is not for other users')
    finally:
        os.close(master)
        os.close(slave)
    if done.returncode == 127 or 'error while loading' in done.stderr or \
            done.stderr.startswith('profiling:'):  # coverage can't be counted then
        pytest.skip('this build folder is not for other users')
    assert done.returncode == 1, done
    assert fatal(done).startswith(f"A fatal error occurred: cannot open '{path}': ")
    assert 'hint: ' in fatal(done)


def test_never_syncs(run):
    done = run('esptool.py', '-p', 'sim:deaf?clock=virtual&fault=no-sync', '--connect-attempts', '2',
               'erase_flash', check=2)
    assert re.search(r'\nConnecting\.{4,}\n\nA fatal error occurred: cannot connect', done.stdout)
    assert 'download mode, but does not answer' in fatal(done)
    assert '\nhint: ' in fatal(done)


def test_unplugged(run, env, firmware, small):
    """Pulled in mid-write: it says what state the board is in, and the same command mends it."""
    line = ['write_flash', '0x1000', firmware]
    run('esptool.py', '-p', BOARD, 'write_flash', '0x1000', small, check=0)
    done = run('esptool.py', '-p', BOARD + '&fault=unplug@200000:10000', *line, check=1)
    text = fatal(done)
    assert done.stdout.count('\nLost connection, retrying...\nWaiting for the chip to reconnect\n') == 1
    assert 'did not come back within 7 seconds' in text
    assert text.startswith(f"A fatal error occurred: cannot write '{firmware}' at 0x00001000: ")
    assert 'incomplete' in text and 'run the same command again' in text
    assert 'Hard resetting' not in done.stdout
    put_back(env, 'page')
    run('esptool.py', '-p', BOARD, *line, check=0)
    assert flash_of(env, 'page')[0x1000:0x1000 + 1555136] == firmware.read_bytes()


def test_unplugged_for_a_moment(run, env, firmware, tmp_path):
    """The originals wait for a while too; here what was written before is not written again."""
    done = run('esptool.py', '-p', BOARD + '&fault=unplug@500000:300', '-b', '921600', 'write_flash',
               '0x1000', firmware, check=0)
    again = done.stdout.count('\nLost connection, retrying...\nWaiting for the chip to reconnect\n')
    assert again >= 1 and done.stdout.count('\nUploading stub...\n') == 1 + again
    assert int(re.findall(r'\nWrote (\d+) bytes', done.stdout)[-1]) < 1555136
    assert done.stdout.endswith('\nHash of data verified.\n\nLeaving...\nHard resetting via RTS pin...\n')
    done = run('esptool.py', '-p', BOARD + '&fault=unplug@8800:300', '-b', '921600', 'read_flash',
               '0x1000', '0x100000', 'back.bin', check=0)
    assert 'Lost connection' in done.stdout
    assert (tmp_path / 'back.bin').read_bytes() == firmware.read_bytes()[:0x100000]


def test_interrupted(run, env, firmware):
    """Ctrl-C in mid-write ends at once with 130; the board is left so that it can be used again."""
    tool = subprocess.Popen([BUILD / 'esptool.py', '-p', 'sim:int', 'write_flash', '0x1000',
                             firmware], env=env, stdout=subprocess.PIPE, text=True)
    lines = []
    for line in tool.stdout:
        lines.append(line)
        if line.startswith('Writing at'):
            tool.send_signal(signal.SIGINT)
    assert tool.wait(30) == 130
    text = ''.join(lines)
    assert 'A fatal error occurred: ' in text and 'interrupted' in text
    run('esptool.py', '-p', 'sim:int?clock=virtual', 'read_mac', check=0)


def test_reader_leaves(env, firmware):
    """`esptool.py ... | head -1` must not leave half a firmware."""
    tool = subprocess.Popen([BUILD / 'esptool.py', '-p', BOARD, 'write_flash', '0x1000', firmware],
                            env=env, stdout=subprocess.PIPE)
    tool.stdout.readline()
    tool.stdout.close()
    tool.wait(60)
    assert flash_of(env, 'page')[0x1000:0x1000 + 1555136] == firmware.read_bytes()
