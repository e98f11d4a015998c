# SPDX-License-Identifier: Apache-2.0
"""As esptool, version 5: its words for each command, on a pipe and on a terminal."""
import os
import pty
import random
import re
import subprocess
import sys

import pytest
from conftest import BUILD, SOURCE

BOARD = 'sim:five?clock=virtual'
MAC = r'(?:[0-9a-f]{2}:){5}[0-9a-f]{2}'
CHIP = (f'esptool VERSION\nSerial port {BOARD}:\nConnecting...\nDetecting chip type... ESP32\n'
        f'Connected to ESP32 on {BOARD}:\n'
        'Chip type:          ESP32-D0WDQ6 (revision v1.0)\n'
        'Features:           Wi-Fi, BT, Dual Core + LP Core, Coding Scheme None\n'
        'Crystal frequency:  40MHz\n'
        'MAC:                MAC\n\n')
STUB = 'Uploading stub flasher...\nRunning stub flasher...\nStub flasher running.\n'
FAST = 'Changing baud rate to 460800...\nChanged.\n'
NOT_SMALLER = ("Note: Cannot compress file 'table.bin' more than the original size, will flash uncompressed. "
               'Compressed size 3011 bytes >= uncompressed 3000 bytes.\n')
RESET = '\nHard resetting via RTS pin...\n'


def normal(text):
    for pattern, replacement in ((r'esptool v5\.3\.1 \(kiln \S+\)', 'esptool VERSION'), (MAC, 'MAC'),
                                 (r'Connecting\.{3,}', 'Connecting...'),
                                 (r'in [\d.]+ seconds', 'in TIME seconds'),
                                 (r'\([\d.]+ kbit/s\)', '(SPEED)'),
                                 (r'(Compressed \d+ bytes to) \d+', r'\1 N'),
                                 (r'\(\d+ compressed\)', '(N compressed)')):
        text = re.sub(pattern, replacement, text)
    return text


def bars(text):
    """The progress lines of a text, and the text with one line for all of them.

    Each begins with a carriage return, which is a line's end for a text file.
    """
    pattern = r'\n(Writing at|Reading from|Dumping from) 0x[0-9a-f]{8} \[([=> ]{30})\] ([ \d.]{5})% (\d+)/(\d+) bytes\.\.\. \n'
    return (re.findall(pattern, text), re.sub(f'({pattern})+', '\nPROGRESS\n', text).replace('\n\nPROGRESS', '\nPROGRESS'))


@pytest.fixture
def tool(run):
    """What a command prints between the connection and the reset."""
    def tool(*args, check=0, board=BOARD, **env):
        done = run('esptool', '-p', board, '-b', '460800', *args, check=check, **env)
        text = normal(done.stdout)
        head, foot = CHIP + STUB + FAST + '\n', RESET
        assert text.startswith(head) and text.endswith(foot), done.stdout
        return text[len(head):-len(foot)], done.stderr
    return tool


@pytest.fixture
def files(tmp_path):
    """Three files: one that boots and packs, one that does not pack, one of a few bytes."""
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', 'boot.bin', '--size', '26000',
                    '--bare'], check=True, cwd=tmp_path)
    (tmp_path / 'app.bin').write_bytes(b'kiln' * 10000)
    (tmp_path / 'table.bin').write_bytes(random.Random(5).randbytes(3000))
    return tmp_path


def test_write_one_file(tool, files):
    text, stderr = tool('write-flash', '0x10000', 'app.bin')
    steps, text = bars(text)
    assert (text, stderr) == ('Configuring flash size...\n'
                              'Flash will be erased from 0x00010000 to 0x00019fff...\n'
                              'Compressed 40000 bytes to N...\nPROGRESS\n'
                              'Wrote 40000 bytes (N compressed) at 0x00010000 in TIME seconds (SPEED).\n'
                              'Verifying written data...\nHash of data verified.\n', '')
    assert steps[0][:3] == ('Writing at', ' ' * 30, '  0.0') and steps[0][3] == '0'
    assert steps[-1][1:3] == ('=' * 30, '100.0') and steps[-1][3] == steps[-1][4]


def test_write_three_files(tool, files):
    """Each file has its part of the text, in order of address; underscores are taken silently."""
    text, stderr = tool('write_flash', '-z', '--flash_mode', 'dio', '--flash-freq', '80m', '-fs', 'detect',
                        '0x10000', 'app.bin', '0x1000', 'boot.bin', '0x9000', 'table.bin')
    steps, text = bars(text)
    verified = 'Verifying written data...\nHash of data verified.\n'
    wrote = 'in TIME seconds (SPEED).\n' + verified
    assert (text, stderr) == (
        'Configuring flash size...\nAuto-detected flash size: 4MB\n\n'
        "Writing 'boot.bin' at 0x00001000...\n"
        'Flash parameters set to 0x022f.\nSHA digest in image updated.\n'
        'Flash will be erased from 0x00001000 to 0x00007fff...\n'
        f'Compressed 26000 bytes to N...\nPROGRESS\nWrote 26000 bytes (N compressed) at 0x00001000 {wrote}\n'
        "Writing 'table.bin' at 0x00009000...\nFlash will be erased from 0x00009000 to 0x00009fff...\n"
        f"{NOT_SMALLER}PROGRESS\nWrote 3000 bytes at 0x00009000 {wrote}\n"
        "Writing 'app.bin' at 0x00010000...\nFlash will be erased from 0x00010000 to 0x00019fff...\n"
        f'Compressed 40000 bytes to N...\nPROGRESS\nWrote 40000 bytes (N compressed) at 0x00010000 {wrote}', '')


def test_write_plain_erased_and_quiet(tool, files):
    text, _ = tool('write-flash', '-u', '0x10000', 'app.bin')
    assert bars(text)[1] == ('Configuring flash size...\nFlash will be erased from 0x00010000 to 0x00019fff...\n'
                             'PROGRESS\nWrote 40000 bytes at 0x00010000 in TIME seconds (SPEED).\n'
                             'Verifying written data...\nHash of data verified.\n')
    assert [step[3:] for step in bars(text)[0]] == [
        ('0', '40000'), ('16384', '40000'), ('32768', '40000'), ('40000', '40000')]
    text, _ = tool('write-flash', '-e', '--no-progress', '0x10000', 'app.bin')
    assert text.startswith('Configuring flash size...\nErasing flash memory (this may take a while)...\n'
                           'Flash memory erased successfully in TIME seconds.\nCompressed 40000 bytes to N...\nWrote ')


def test_read_and_verify(tool, files):
    tool('write-flash', '0x10000', 'app.bin')
    text, _ = tool('read-flash', '0x10000', '40000', 'out.bin')
    steps, text = bars(text)
    assert text == ('Configuring flash size...\nPROGRESS\nRead 40000 bytes from 0x00010000 in TIME seconds '
                    "(SPEED) to 'out.bin'.\n")
    assert steps[0] == ('Reading from', '==>' + ' ' * 27, ' 10.2', '4096', '40000')
    assert steps[-1] == ('Reading from', '=' * 30, '100.0', '40000', '40000')
    assert (files / 'out.bin').read_bytes() == b'kiln' * 10000
    text, _ = tool('read-flash', '-p', '0x3f0000', 'all', 'out.bin')
    assert text == ('Detected flash size: 4MB\nConfiguring flash size...\nRead 65536 bytes from 0x003f0000 in TIME '
                    "seconds (SPEED) to 'out.bin'.\n")
    asked = "bytes at 0x00010000 in flash against 'app.bin'...\n"
    assert tool('verify-flash', '0x10000', 'app.bin') == (
        f'Configuring flash size...\nVerifying 0x9c40 (40000) {asked}'
        'Verification successful (digest matched).\n', '')
    (files / 'app.bin').write_bytes(b'kiln' * 9999 + b'Kiln')
    text, stderr = tool('verify-flash', '--diff', '0x10000', 'app.bin', check=2)
    assert text == (f'Configuring flash size...\nVerifying 0x9c40 (40000) {asked}'
                    'Verification failed: 1 differences, first at 0x00019c3c:\n   0x00019c3c 6b 4b\n')
    assert stderr == ('\nA fatal error occurred: Verification failed.\n'
                      'hint: write the file again with write-flash; --diff shows the bytes\n')
    text, _ = tool('verify-flash', '0x10000', 'app.bin', check=2)
    assert text.endswith('Verification failed (digest mismatch).\n')


@pytest.mark.parametrize('command, said', [
    ('erase-flash', 'Erasing flash memory (this may take a while)...\n'
                    'Flash memory erased successfully in TIME seconds.\n'),
    ('erase-region 0x1000 8k', 'Erasing flash memory region (this may take a while depending on size)...\n'
                               'Flash memory region erased successfully in TIME seconds.\n'),
    ('flash-id', 'Flash Memory Information:\n=========================\n'
                 'Manufacturer: c8\nDevice: 4016\nDetected flash size: 4MB\n'
                 'Flash voltage set by a strapping pin: 3.3V\n'),
    ('read-mac', 'MAC:                MAC\n'),
    ('chip-id', 'Warning: ESP32 has no chip ID. Reading MAC address instead.\nMAC:                MAC\n'),
    ('run', ''),
    ('read-flash-status', 'Flash memory status: 0x0000\n'),
    ('write-flash-status --bytes 1 0x1c', 'Initial flash memory status: 0x00\n'
                                          'Setting flash memory status: 0x1c\n'
                                          'After flash memory status:   0x1c\n'),
    ('read-mem 0x40001000', '0x40001000 = 0x00f01d83\n'),
    ('write-mem 0x3ffe0000 0x12345678', 'Wrote 0x12345678 with mask 0xffffffff to 0x3ffe0000.\n'),
    ('write_mem 0x3ffe0000 1 0xff', 'Wrote 0x00000001 with mask 0x000000ff to 0x3ffe0000.\n'),
    ('dump-mem 0x40001000 1028 out.bin',
     "Dumping 1028 bytes from 0x40001000 to file 'out.bin'...\n"
     '\nDumping from 0x400013fc [============================> ]  99.6% 1024/1028 bytes... \n'
     '\nDumping from 0x40001400 [==============================] 100.0% 1028/1028 bytes... \n'
     "Dumped 1028 bytes from 0x40001000 in TIME seconds (SPEED) to 'out.bin'.\n"),
])
def test_commands(tool, command, said):
    assert tool(*command.split()) == (said, '')


def test_verify_with_another_header(tool, files):
    """What would have been written is what is looked for, and said as when it is written."""
    tool('write-flash', '-fm', 'dio', '-ff', '80m', '0x1000', 'boot.bin')
    text, _ = tool('verify-flash', '-fm', 'dio', '-ff', '80m', '0x1000', 'boot.bin')
    assert text == ('Configuring flash size...\nFlash parameters set to 0x022f.\nSHA digest in image updated.\n'
                    "Verifying 0x6590 (26000) bytes at 0x00001000 in flash against 'boot.bin'...\n"
                    'Verification successful (digest matched).\n')


def test_address_within_a_sector(tool, files):
    text, _ = tool('write-flash', '0x10100', 'table.bin')
    assert ('\nNote: Flash address 0x00010100 is not aligned to a 0x1000 byte flash sector. 0x100 bytes before this '
            'address will be erased.\nFlash will be erased from 0x00010000 to 0x00010fff...\n') in text


def test_without_a_stub(run, files):
    """The ROM erases before it takes data, and says how long that took; with -z it unpacks."""
    def text(compat, *args):
        out = run('esptool', '--compat', compat, '-p', BOARD, '--no-stub', 'write_flash', *args, check=0).stdout
        out = re.sub(r'Took \d+\.\d\ds', 'Took TIMEs', normal(out))
        out = bars(out)[1] if compat == '5' else re.sub(r'(Writing at .*\n)+', 'PROGRESS\n', out)
        return re.sub(r'(?s).*(Configuring flash size)', r'\1', out)
    erased = 'Flash will be erased from 0x00010000 to 0x00010fff...\n'
    wrote = 'PROGRESS\nWrote 3000 bytes at 0x00010000 in TIME seconds '
    v5 = 'Configuring flash size...\nNote: In case of failure, please set a specific flash size.\n' + erased
    took = 'Erasing flash...\nTook TIMEs to erase flash block'
    end = '(SPEED).\nVerifying written data...\nHash of data verified.\n' + RESET
    assert text('5', '0x10000', 'table.bin') == f'{v5}{took}.\n{wrote}{end}'
    assert text('5', '-z', '0x10000', 'table.bin') == f'{v5}{NOT_SMALLER}{took}.\n{wrote}{end}'
    assert ('Erasing flash...\nCompressed 40000 bytes to N...\nTook TIMEs to erase flash block.\nPROGRESS\n'
            in text('5', '-z', '0x10000', 'app.bin'))
    assert 'In case of failure' not in text('5', '-fs', '4MB', '0x10000', 'table.bin')
    end = '(SPEED)...\nHash of data verified.\n\nLeaving...' + RESET
    warned = 'WARNING: In case of failure, please set a specific --flash_size.\n'
    assert text('3', '0x10000', 'table.bin') == f'Configuring flash size...\n{erased}{took}\n{wrote}{end}'
    assert text('4', '0x10000', 'table.bin') == f'Configuring flash size...\n{warned}{erased}{took}\n{wrote}{end}'
    assert '\nCompressed 3000 bytes to ' in text('4', '-z', '0x10000', 'table.bin')
    within = text('4', '0x10100', 'table.bin')
    assert ('WARNING: Flash address 0x00010100 is not aligned to a 0x1000 byte flash sector. 0x100 bytes before '
            'this address will be erased.\nFlash will be erased from 0x00010000') in within
    assert within.count('not aligned') == 1


def test_chip_that_is_named(run):
    done = run('esptool', '--chip', 'esp32', '-p', BOARD, 'read-mac', check=0)
    assert normal(done.stdout) == (CHIP.replace('Detecting chip type... ESP32\n', '') + STUB +
                                   '\nMAC:                MAC\n' + RESET)


def test_no_stub_and_resets(run):
    done = run('esptool', '-p', BOARD, '--no-stub', '--after', 'no-reset', 'read-mac', check=0)
    assert normal(done.stdout) == CHIP + '\nMAC:                MAC\n\nStaying in bootloader.\n'
    for after, said in (('no_reset', 'Staying in bootloader.'), ('no-reset-stub', 'Staying in flasher stub.')):
        done = run('esptool', '-p', BOARD, '--after', after, 'read-mac', check=0)
        assert done.stdout.endswith(f'\n\n{said}\n')


def test_chip_with_a_long_mac(run):
    """The ESP32-C6 has an EUI-64, and the parts it is made of are said too."""
    done = run('esptool', '-p', 'sim:long?clock=virtual&chip=esp32c6', 'read-mac', check=0)
    lines = re.search(r'\n\n(MAC: .*\n)(BASE MAC: .*\n)(MAC_EXT: .*\n)\n', done.stdout)
    assert lines, done.stdout
    long, base, ext = [line[20:].strip() for line in lines.groups()]
    assert base[:9] + ext + base[8:] == long
    done = run('esptool.py', '-p', 'sim:long?clock=virtual&chip=esp32c6', 'read_mac', check=0)
    assert f'\nMAC: {long}\nBASE MAC: {base}\nMAC_EXT: {ext}\n' in done.stdout


def test_errors_go_to_stderr(run, env, files):
    done = run('esptool', '-p', BOARD, 'write-flash', '0x3ff000', 'app.bin', check=2)
    assert done.stderr == (
        "\nA fatal error occurred: cannot write 'app.bin' at 0x003ff000: it ends at 0x00408c40, but the "
        'flash does at 0x00400000\n'
        'hint: check the address and the size of the flash; take firmware that is smaller\n')
    assert done.stdout.endswith('Configuring flash size...\n' + RESET)
    done = run('esptool', '-p', '/dev/ttyNOPE', 'read-mac', check=2)
    assert done.stderr.startswith("\nA fatal error occurred: cannot open '/dev/ttyNOPE': no such port\nhint: ")
    assert normal(done.stdout) == 'esptool VERSION\nSerial port /dev/ttyNOPE:\n'


def test_silent_and_verbose(run, files):
    done = run('esptool', '--silent', '-p', BOARD, 'write-flash', '0x10000', 'app.bin', check=0)
    assert (done.stdout, done.stderr) == ('', '')
    done = run('esptool', '-s', '-p', BOARD, 'write-flash', '0x3ff000', 'app.bin', check=2)
    assert done.stdout == '' and done.stderr.startswith('\nA fatal error occurred: ')
    done = run('esptool', '-s', 'image-info', 'boot.bin', check=0)
    assert (done.stdout, done.stderr) == ('', '')
    for other in ('-v', '-t'):
        done = run('esptool', '-s', other, '-p', BOARD, 'read-mac', check=2)
        assert 'exclude each other' in done.stderr


def on_terminal(env, folder, *args, **more):
    """What a terminal is sent."""
    master, slave = pty.openpty()
    tool = subprocess.Popen([BUILD / 'esptool', *args], env={**env, **more}, cwd=folder, stdout=slave,
                            stderr=slave, stdin=slave)
    os.close(slave)
    data = b''
    try:
        while piece := os.read(master, 65536):
            data += piece
    except OSError:
        pass  # all have closed it
    os.close(master)
    return tool.wait(60), data.decode().replace('\r\n', '\n')


def shown(text):
    """What stands there in the end: lines that were taken back are gone."""
    lines = ['']
    for part in re.findall(r'\x1b\[1A|\x1b\[2K|\x1b\[K|\x1b\[[\d;]*m|\r|\n|[^\x1b\r\n]+', text):
        if part == '\x1b[1A':
            lines.pop()
        elif part in ('\x1b[2K', '\x1b[K', '\r'):
            lines[-1] = ''
        elif part == '\n':
            lines.append('')
        elif not part.startswith('\x1b'):
            lines[-1] += part
    return '\n'.join(lines)


def test_terminal_takes_lines_back(env, files):
    line = ['-p', BOARD, 'write-flash', '0x10000', 'app.bin']
    code, text = on_terminal(env, files, *line, TERM='xterm')
    assert code == 0 and '\r\x1b[KWriting at 0x00010000 [' in text
    assert normal(shown(text)) == (
        'esptool VERSION\n' + CHIP[CHIP.index('Connected'):] + 'Stub flasher running.\n\n'
        'Configuring flash size...\nFlash will be erased from 0x00010000 to 0x00019fff...\n'
        'Wrote 40000 bytes (N compressed) at 0x00010000 in TIME seconds (SPEED).\n'
        'Hash of data verified.\n' + RESET)
    for plain in ({'TERM': 'dumb'}, {'TERM': 'xterm', 'flag': '-v'}):
        flag = [plain.pop('flag')] if 'flag' in plain else []
        code, text = on_terminal(env, files, *flag, *line, **plain)
        assert code == 0 and '\x1b' not in text and 'Uploading stub flasher...\n' in text


def test_colour_on_a_terminal_only(run, env, files):
    line = ['-p', BOARD, '--chip', 'esp8266', 'read-mac']
    code, text = on_terminal(env, files, *line, TERM='xterm')
    assert code == 2 and '\x1b[1;31m\nA fatal error occurred: ' in text
    assert '\nConnecting...' in shown(text)  # what led to the error stays
    code, text = on_terminal(env, files, *line, TERM='xterm', NO_COLOR='1')
    assert code == 2 and '\nA fatal error occurred: ' in text and '\x1b[1;31m' not in text
    code, text = on_terminal(env, files, '-p', BOARD, 'chip-id', TERM='xterm')
    assert '\x1b[0;33mWarning:\x1b[0m ESP32 has no chip ID' in text
    done = run('esptool', *line, check=2, TERM='xterm')
    assert '\x1b' not in done.stdout + done.stderr


@pytest.mark.parametrize('args, v5', [
    (['esptool'], True), (['esptool.py'], False), (['kiln', 'esptool'], True),
    (['esptool', '--compat', '4'], False), (['esptool.py', '--compat=5'], True)])
def test_which_dialect(run, args, v5):
    done = run(*args, 'version', check=0)
    name = 'esptool' if v5 else 'esptool.py'
    assert re.fullmatch(rf'{re.escape(name)} v(\S+) \(kiln \S+\)\n\1\n', done.stdout)
    done = run(*args, 'read_mac', '--frob', check=2)
    assert ('read-mac' in done.stderr) == v5 and ('\nError: no such option: --frob' in done.stderr) == v5


def test_version_4(run):
    done = run('esptool', '--compat', '4', '-p', BOARD, 'read_mac', check=0)
    assert 'Chip is ESP32-D0WDQ6 (revision v1.0)\n' in done.stdout and 'Stub running...\n' in done.stdout
    done = run('esptool', '--compat', '3', '-p', BOARD, 'read_mac', check=0)
    assert 'Chip is ESP32-D0WDQ6 (revision 1)\n' in done.stdout


def test_dialect_by_environment(run):
    assert run('esptool', 'version', KILN_ESPTOOL_COMPAT='4').stdout.startswith('esptool.py v4.8.1 ')
    assert run('esptool', '--compat', '5', 'version', KILN_ESPTOOL_COMPAT='4').stdout.startswith('esptool v')


def test_prefixes_are_of_the_old_dialect(run):
    assert run('esptool.py', '--conn', '1', 'version').returncode == 0
    done = run('esptool', '--conn', '1', 'version', check=2)
    assert 'no such option: --conn' in done.stderr


def test_no_arguments(run):
    done = run('esptool', check=0)
    assert done.stdout.startswith('Usage: esptool ') and '\n  write-flash ' in done.stdout
    done = run('esptool.py', check=1)
    assert done.stdout.startswith('usage: esptool.py ') and '\n  write_flash ' in done.stdout
