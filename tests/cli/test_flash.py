# SPDX-License-Identifier: Apache-2.0
"""kiln flash: the whole way in one command, and what stops it before it touches a board."""
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys

import pytest
from conftest import BUILD, SOURCE, put_back
from terminal import shown_on_a_terminal

BOARD = 'sim:flash?clock=virtual'
MAC = r'(?:[0-9a-f]{2}:){5}[0-9a-f]{2}'


@pytest.fixture(scope='module')
def firmware(tmp_path_factory):
    path = tmp_path_factory.mktemp('firmware') / 'firmware.bin'
    subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', path, '--size', '300000'],
                   check=True)
    return path


def flash_of(env, name='flash'):
    return open(os.path.join(env['XDG_STATE_HOME'], 'kiln', 'sim', name + '.flash'), 'rb').read()


def test_the_whole_way(run, env, firmware):
    """In a pipe: a line for each thing that is done, then MicroPython's own words."""
    done = run('kiln', 'flash', '-p', BOARD, '--erase', firmware, check=0)
    assert done.stderr == ''
    assert re.fullmatch(
        rf'port     {re.escape(BOARD)}\n'
        rf'chip     ESP32-D0WDQ6 \(revision 1\), crystal 40MHz, MAC {MAC}\n'
        r'erased   in [\d.]+ s\n'
        rf'( \d5 %    writing {re.escape(str(firmware))} at 0x[0-9a-f]{{8}}\n| 50 %    .*\n){{3}}'
        r'wrote    300000 bytes at 0x00001000 in [\d.]+ s \([\d.]+ kbit/s\)\n'
        r'verified\n'
        rf'runs     micropython \d+\.\d+\.\d+.*, {MAC}\n'
        r"\(name='micropython', version=\(.*\n", done.stdout)
    flash = flash_of(env)
    assert flash[0x1000:0x1000 + 300000] == firmware.read_bytes()
    assert set(flash[:0x1000]) | set(flash[0x1000 + 300000:]) == {0xff}


def test_json(run, firmware):
    lines = run('kiln', 'flash', '-p', BOARD, '--json', firmware, check=0).stdout.splitlines()
    events = [json.loads(line) for line in lines]
    names = [event['event'] for event in events]
    assert names[0] == 'connecting' and names[-1] == 'running'
    chip = events[names.index('chip')]
    assert chip['chip'] == 'esp32' and re.fullmatch(MAC, chip['mac'])
    writing = [event for event in events if event['event'] == 'writing']
    assert writing[0]['address'] == 0x1000 and writing[-1]['done'] == writing[-1]['total']
    assert writing[0]['file'] == str(firmware)
    assert events[names.index('wrote')]['total'] == 300000
    assert events[-1]['implementation'] == 'micropython' and events[-1]['uid'] == chip['mac']


def test_only_what_differs(run, env, firmware, tmp_path):
    run('kiln', 'flash', '-p', BOARD, firmware, check=0)
    again = run('kiln', 'flash', '-p', BOARD, firmware, check=0).stdout
    assert 'same     300000 of 300000 bytes at 0x00001000 stand there already\nverified\n' in again
    assert 'wrote' not in again
    assert 'wrote    300000 ' in run('kiln', 'flash', '-p', BOARD, '--no-diff', firmware,
                                     check=0).stdout
    other = bytearray(firmware.read_bytes())
    other[-70000] ^= 1
    data = tmp_path / 'data.bin'
    data.write_bytes(other)
    events = [json.loads(line) for line in run(
        'kiln', 'flash', '-p', BOARD, '--json', '--at', '0x100000', firmware, check=0).stdout.splitlines()]
    assert 'compared' not in [event['event'] for event in events]
    assert 'wrote    4096 ' in run('kiln', 'flash', '-p', BOARD, '--at', '0x100000', data,
                                   check=0).stdout
    assert flash_of(env)[0x100000:0x100000 + 300000] == bytes(other)


def memory_of(env):
    [path] = pathlib.Path(env['XDG_CACHE_HOME'], 'kiln', 'boards').iterdir()
    return path


def fifo(path):
    path.unlink()
    os.mkfifo(path)


def folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize('spoil', [
    lambda path: path.write_bytes(os.urandom(900)), lambda path: os.truncate(path, 100),
    lambda path: os.truncate(path, 1 << 32), lambda path: path.write_bytes(b''), fifo, folder,
], ids=['garbage', 'cut', 'huge', 'empty', 'fifo', 'folder'])
def test_a_memory_that_is_spoilt(run, env, firmware, spoil):
    """What a board was last written with is a guess: without it the board is asked."""
    run('kiln', 'flash', '-p', BOARD, firmware, check=0)
    spoil(memory_of(env))
    again = run('kiln', 'flash', '-p', BOARD, firmware, check=0)
    assert 'same     300000 of 300000 bytes at 0x00001000 stand there already\nverified\n' in again.stdout
    assert again.stderr == ''


def test_no_place_for_a_memory(run, firmware, tmp_path):
    (tmp_path / 'file').touch()
    for _ in range(2):
        done = run('kiln', 'flash', '-p', BOARD, firmware, check=0, XDG_CACHE_HOME=str(tmp_path / 'file'))
        assert 'verified\n' in done.stdout and done.stderr == ''


def test_json_errors(run):
    done = run('kiln', 'flash', '-p', BOARD, '--json', 'nope.bin', check=1)
    assert done.stderr == ''
    assert json.loads(done.stdout) == {
        'event': 'error', 'code': 'E_NOT_FOUND', 'what': "cannot open 'nope.bin'",
        'why': 'no such file or directory',
        'hint': 'it is looked for in this folder; where was it downloaded to?', 'exit': 1}
    done = run('kiln', 'flash', '--json', '--prot', check=2)
    assert json.loads(done.stdout)['hint'] == "did you mean '--port'?"


def test_bar_on_a_terminal(env, firmware):
    text = shown_on_a_terminal([BUILD / 'kiln', 'flash', '-p', BOARD, firmware], env)
    assert re.search(rb'\r\x1b\[K\[=*>? *\] +\d+ %  writing ', text)
    assert b'100 %' in text
    # what stays: each bar is erased before a line that stays
    lines = [line for line in re.sub(rb'\r\x1b\[K[^\r\n]*(?=\r\x1b\[K)', b'', text).split(b'\r\n')]
    assert any(re.fullmatch(rb'\r\x1b\[Kwrote    300000 bytes .*', line) for line in lines)
    assert b'verified' in text and b"(name='micropython'" in text


def test_the_only_board_is_found(run, firmware):
    done = run('kiln', 'flash', firmware, check=0, KILN_PORTS='sim:one?clock=virtual')
    assert done.stdout.startswith('port     sim:one?clock=virtual\n')


def test_no_board(run, firmware):
    done = run('kiln', 'flash', firmware, check=3)
    assert done.stdout == ''
    assert done.stderr == (
        'error: cannot tell which board: there are no serial ports\n'
        "hint: plug a board in (some cables carry no data); 'kiln doctor' tells more; "
        "'-p sim:demo' is a virtual board\n")


def test_several_boards(run, firmware):
    done = run('kiln', 'flash', firmware, check=3, KILN_PORTS='sim:one sim:two')
    assert (done.stdout, done.stderr) == (
        '', 'error: cannot tell which board: there are 2\n'
        'hint: name one with -p: sim:one, sim:two\n')


def bare_application(path):
    """An image whose first segment begins with an application's descriptor."""
    data = b'\x32\x54\xcd\xab' + bytes(252)
    image = bytes([0xe9, 1, 2, 0x20]) + struct.pack('<I', 0x40080000) + bytes(16)
    image += struct.pack('<II', 0x3f400020, len(data)) + data
    image += bytes(15 - len(image) % 16)
    checksum = 0xef
    for byte in data:
        checksum ^= byte
    path.write_bytes(image + bytes([checksum]))


def strangers(folder, firmware):
    """What people have instead of firmware."""
    flipped = bytearray(firmware)
    flipped[100000] ^= 1
    esp8266 = struct.pack('<BBBBI', 0xe9, 1, 0, 0x40, 0x40100000) + struct.pack('<II', 0x40100000, 4)
    for name, data in {
            'empty.bin': b'', 'page.bin': b'\n<!DOCTYPE html>\n<html><head>', 'fw.zip': b'PK\3\4' + bytes(50),
            'fw.bin.gz': b'\x1f\x8b\x08' + bytes(50), 'fw.uf2': b'UF2\nWQ]\x9e' + bytes(504),
            'fw.elf': b'\x7fELF' + bytes(100), 'fw.hex': b':020000040000FA\n:00000001FF\n',
            'main.py': b'print("h\xc3\xa9llo")\n', 'cut-app.bin': firmware[:150000],
            'cut-early.bin': firmware[:40000], 'flipped.bin': flipped,
            'esp8266.bin': esp8266 + b'abcd' + bytes(11) + bytes([0xef ^ 0x61 ^ 0x62 ^ 0x63 ^ 0x64]),
    }.items():
        (folder / name).write_bytes(data)


@pytest.mark.parametrize('words,stderr', [
    ([], "error: no file given\nhint: 'kiln flash --help' shows what it takes\n"),
    (['nope.bin'], "error: cannot open 'nope.bin': no such file or directory\n"
     'hint: it is looked for in this folder; where was it downloaded to?\n'),
    (['~/nope.bin'], "error: cannot open '~/nope.bin': no such file or directory\n"
     'hint: between quotes the shell does not replace ~: write out the path\n'),
    (['/nowhere/nope.bin'], "error: cannot open '/nowhere/nope.bin': no such file or directory\n"
     'hint: check the path; the TAB key completes names\n'),
    (['empty.bin'], "error: cannot use 'empty.bin': the file is empty\n"
     'hint: download it again; is the disk full?\n'),
    (['page.bin'], "error: cannot flash 'page.bin': it is a web page: the link led to the page of the "
     'download\nhint: open the page in a browser, and download the .bin itself\n'),
    (['fw.zip'], "error: cannot flash 'fw.zip': it is a ZIP archive\n"
     'hint: unpack it, and flash the .bin that is in it\n'),
    (['fw.bin.gz'], "error: cannot flash 'fw.bin.gz': it is compressed (gzip)\n"
     'hint: unpack it: gunzip FILE\n'),
    (['fw.uf2'], "error: cannot flash 'fw.uf2': it is a UF2 file\n"
     'hint: boards that take it show up as a USB drive: copy it there; for this one get the .bin\n'),
    (['fw.elf'], "error: cannot flash 'fw.elf': it is a program as the linker made it (ELF)\n"
     'hint: flash the .bin beside it, or make one: kiln esptool elf2image FILE\n'),
    (['fw.hex'], "error: cannot flash 'fw.hex': it is an Intel HEX file, which is for other boards\n"
     'hint: boards that take it show up as a USB drive: copy it there; for this one get the .bin\n'),
    (['main.py'], "error: cannot flash 'main.py': it is a text file\n"
     'hint: to put a Python program on a board that runs MicroPython: kiln cp FILE :\n'),
    (['cut-app.bin'], "error: cannot flash 'cut-app.bin': its application is not whole: "
     'it is cut short within a segment\n'
     'hint: download it again, and compare its size (150000 bytes) with that of the original\n'),
    (['cut-early.bin'], "error: cannot flash 'cut-early.bin': its application is not whole: "
     'it ends where no application has begun yet\n'
     'hint: download it again, and compare its size (40000 bytes) with that of the original\n'),
    (['flipped.bin'], "error: cannot flash 'flipped.bin': its application is not whole: "
     'its checksum does not match: the file is damaged\n'
     'hint: download it again, and compare its size (300000 bytes) with that of the original\n'),
    (['esp8266.bin'], "error: cannot flash 'esp8266.bin': it looks like firmware for an ESP8266\n"
     'hint: say where it goes: kiln flash --at 0 FILE\n'),
    (['data.bin'],
     "error: cannot flash 'data.bin': it does not begin as a firmware image does\n"
     'hint: get the .bin for your board from micropython.org/download, or say with --at ADDR where '
     'else this file belongs\n'),
    (['app.bin'],
     "error: cannot flash 'app.bin': it is an application without a bootloader\n"
     'hint: get the file that has both, or use --at with the address of an application partition '
     '(often 0x10000)\n'),
    (['cut.bin'], "error: cannot flash 'cut.bin': its bootloader is not whole: it "
     'is cut short within a segment\n'
     'hint: download it again, and compare its size (3000 bytes) with that of the original\n'),
    (['0x1000'], "error: no file given for address '0x1000'\n"),
    (['--at', 'x', 'data.bin'],
     "error: bad address: 'x': not a number (use 0x1000 or 4096)\n"),
    (['--at', '0', '--at', '1', 'data.bin'], 'error: 1 files but 2 addresses (--at)\n'),
    (['0x1000', 'data.bin', '0x1004', 'data.bin'],
     "error: cannot write 'data.bin' at 0x00001004: it overlaps 'data.bin', which ends at "
     '0x00001100\nhint: flash is erased by sectors of 0x1000 bytes: files must not share one\n'),
    (['--baud', '1', 'data.bin'],
     "error: no port has a speed of '1'\nhint: 'kiln flash --help' shows what it takes\n"),
], ids=lambda x: ' '.join(x)[:30] if isinstance(x, list) else '')
def test_stopped_before_a_board_is_touched(run, env, tmp_path, firmware, words, stderr):
    (tmp_path / 'data.bin').write_bytes(bytes(range(256)))
    (tmp_path / 'cut.bin').write_bytes(firmware.read_bytes()[:3000])
    bare_application(tmp_path / 'app.bin')
    strangers(tmp_path, firmware.read_bytes())
    done = run('kiln', 'flash', '-p', BOARD, *words)
    assert (done.stdout, done.stderr) == ('', stderr) and done.returncode in (1, 2)
    assert not os.path.exists(env['XDG_STATE_HOME'] + '/kiln')


def test_the_speed_is_found_and_remembered(run, env, firmware):
    """Up while it holds; the next job begins there. A speed that was asked for is kept."""
    def bauds(*words, board=BOARD + '&fault=too-fast@1000000'):
        done = run('kiln', 'flash', '-p', board, '--json', '--no-diff', *words, firmware, check=0)
        return [e['total'] for e in map(json.loads, done.stdout.splitlines()) if e['event'] == 'baud']
    assert bauds() == [460800, 921600, 1500000, 921600]
    state = pathlib.Path(env['XDG_STATE_HOME'], 'kiln', 'adapters.json')
    assert json.loads(state.read_text())['sim:flash']['baud'] == 921600
    assert bauds() == [921600]
    assert bauds('--baud', '230400') == [230400]
    state.write_text('damaged')
    assert bauds()[0] == 460800
    assert json.loads(state.read_text())['sim:flash']['baud'] == 921600


def test_other_files_at_addresses(run, env, tmp_path, firmware):
    (tmp_path / 'data.bin').write_bytes(bytes(range(256)))
    done = run('kiln', 'flash', '-p', BOARD, firmware, '0x200000', 'data.bin', check=0)
    assert done.stdout.count('verified\n') == 2
    flash = flash_of(env)
    assert flash[0x200000:0x200100] == bytes(range(256))
    assert flash[0x1000:0x1000 + 300000] == firmware.read_bytes()


def test_what_does_not_boot_is_said(run, tmp_path):
    """Verified but useless: the boot log's words, and no success."""
    (tmp_path / 'data.bin').write_bytes(bytes(range(256)))
    done = run('kiln', 'flash', '-p', BOARD, '--at', '0x10000', 'data.bin', check=1)
    assert 'verified\n' in done.stdout
    assert done.stderr == (
        f"error: '{BOARD}' was written and verified, but does not boot: it says again and again: "
        'invalid header: 0xffffffff\n'
        'hint: flash firmware that is made for this board, with --erase\n')


def test_unplugged(run, env, firmware):
    """It does not come back in time: what state the board is in, and what to do."""
    board = BOARD + '&fault=unplug@90000:5000'
    done = run('kiln', 'flash', '-p', board, '--wait', '1', firmware, check=1)
    assert done.stdout.endswith(f'\ngone     {board}: waiting for it to come back (up to 1.0 s)\n')
    assert done.stderr == (
        f"error: cannot write '{firmware}' at 0x00001000: '{board}' went away: it did not come back "
        'within 1 second\n'
        'hint: flash from 0x00001000 to 0x0004afff is incomplete, and the board may not start; check '
        'the cable, then run the same command again\n')
    put_back(env, 'flash')
    run('kiln', 'flash', '-p', BOARD, firmware, check=0)
    assert flash_of(env)[0x1000:0x1000 + 300000] == firmware.read_bytes()


def test_unplugged_and_back(run, env, firmware):
    """Said once, and what was written before is not written again."""
    board = BOARD + '&fault=unplug@150000:700'
    done = run('kiln', 'flash', '-p', board, '--no-diff', firmware, check=0)
    assert done.stderr == ''
    assert done.stdout.count(f'gone     {board}: waiting for it to come back (up to 30.0 s)\n'
                             f'back     {board}\n') == 1
    assert re.search(r'\nsame     \d+ of 300000 bytes at 0x00001000 stand there already\n', done.stdout)
    assert int(re.search(r'\nwrote    (\d+) bytes', done.stdout)[1]) < 200000
    assert flash_of(env)[0x1000:0x1000 + 300000] == firmware.read_bytes()
    events = [json.loads(line) for line in run('kiln', 'flash', '-p', board, '--no-diff', '--json',
                                               firmware, check=0).stdout.splitlines()]
    assert {'event': 'gone', 'port': board, 'elapsed_ms': 30000} in events
    assert {'event': 'back', 'port': board} in events and events[-1]['event'] == 'running'


def test_a_server_that_is_started_again(env, firmware):
    """The same over the network: the port is waited for as a cable is."""
    def serve(port):
        server = subprocess.Popen([BUILD / 'kiln', 'sim', 'net', '--rfc2217', port, '--json'],
                                  env=env, stdout=subprocess.PIPE, text=True)
        return server, json.loads(server.stdout.readline())['url']
    server, url = serve('0')
    flash = subprocess.Popen([BUILD / 'kiln', 'flash', '-p', url, '--json', firmware], env=env,
                             stdout=subprocess.PIPE, text=True)
    events = []
    for line in flash.stdout:
        events.append(json.loads(line))
        name = events[-1]['event']
        if name == 'writing' and events[-1]['done'] > 50000 and server.poll() is None and \
                not any(e['event'] == 'gone' for e in events):
            server.kill()
            server.wait()
        elif name == 'gone':
            server, again = serve(url.split(':')[2].split('/')[0].split('?')[0])
            assert again == url
    assert flash.wait(60) == 0, events[-1]
    server.terminate()
    server.wait()
    names = [e['event'] for e in events]
    assert names.count('gone') == names.count('back') == 1 and names[-1] == 'running'
    assert flash_of(env, 'net')[0x1000:0x1000 + 300000] == firmware.read_bytes()


@pytest.mark.parametrize('comes_back', [True, False])
def test_a_port_that_goes_with_the_reset(env, firmware, comes_back):
    """As a chip's own USB does: what was verified is no failure, whatever the port does then."""
    def serve(port):
        server = subprocess.Popen([BUILD / 'kiln', 'sim', 'own', '--rfc2217', port, '--json'],
                                  env=env, stdout=subprocess.PIPE, text=True)
        return server, json.loads(server.stdout.readline())['url']
    server, url = serve('0')
    flash = subprocess.Popen([BUILD / 'kiln', 'flash', '-p', url, '--json', firmware], env=env,
                             stdout=subprocess.PIPE, text=True)
    events = []
    for line in flash.stdout:
        events.append(json.loads(line))
        if events[-1]['event'] == 'verified':
            server.kill()
            server.wait()
            if comes_back:
                server, _ = serve(url.split(':')[2].split('/')[0].split('?')[0])
    assert flash.wait(60) == 0, events[-1]
    server.kill()
    server.wait()
    assert events[-1]['event'] == 'running'
    if comes_back:
        assert events[-1]['implementation'] == 'micropython'
    else:
        assert events[-1] == {'event': 'running', 'text': None, 'gone': True}


@pytest.mark.parametrize('board,words,stderr', [
    ('sim:c3?clock=virtual&chip=esp32c3', ['{fw}'],
     "error: cannot write '{fw}' at 0x00001000: it is firmware for the ESP32, but the chip is an ESP32-C3\n"
     'hint: get the firmware that is made for this chip; nothing was written\n'),
    ('sim:small?clock=virtual&size=256KB', ['{fw}'],
     "error: cannot write '{fw}' at 0x00001000: it ends at 0x0004a3e0, but the flash does at 0x00040000\n"
     'hint: check the address and the size of the flash; take firmware that is smaller\n'),
    ('sim:locked?clock=virtual&reg=0x3ff5a018:0x10', ['{fw}'],
     'error: cannot write to the flash: Secure Boot V1 detected, writing to flash regions < 0x8000 is '
     'disabled to protect the bootloader\n'
     "hint: this board is locked (its eFuses say so) for firmware of whoever locked it; 'kiln esptool "
     "write-flash --force' writes all the same, and may leave it unusable\n"),
    ('sim:deaf?clock=virtual&fault=no-sync', ['{fw}'],
     "error: cannot connect to the chip at 'sim:deaf?clock=virtual&fault=no-sync': the chip says that it is "
     'in download mode, but does not answer: what is sent does not reach it (boot:0x3)\n'
     "hint: check the wire from the adapter's TX to the chip's RX, and that nothing else drives that pin\n"),
    ('/dev/ttyNONE', ['{fw}'],
     "error: cannot open '/dev/ttyNONE': no such port\n"
     "hint: 'kiln discover -a' lists the ports there are; is the board plugged in with a cable that "
     'carries data?\n'),
    ('/dev/null', ['{fw}'], "error: cannot open '/dev/null': not a serial port\n"
     "hint: 'kiln discover -a' lists the ports there are\n"),
], ids=['chip', 'size', 'locked', 'deaf', 'missing', 'null'])
def test_what_a_board_refuses(run, firmware, board, words, stderr):
    """What happened, why, and what to do; nothing is written."""
    done = run('kiln', 'flash', '-p', board, *[word.format(fw=firmware) for word in words])
    assert done.returncode in (1, 2, 3)
    assert done.stderr == stderr.format(fw=firmware)
    assert 'wrote' not in done.stdout


def test_a_board_that_runs_instead_of_listening(env, run, firmware):
    """A port that can't reset it: which buttons to press."""
    server = subprocess.Popen([BUILD / 'kiln', 'sim', 'hand', '--json'], env=env, stdout=subprocess.PIPE,
                              text=True)
    port = json.loads(server.stdout.readline())['port']
    done = run('kiln', 'flash', '-p', port, firmware, check=1)
    server.terminate()
    server.wait()
    assert done.stdout == (
        f'port     {port}\n'
        'warning: the port has no DTR and RTS lines: the board is not reset; bring it to download mode by '
        'hand (hold BOOT, press EN)\n')
    assert done.stderr == (
        f"error: cannot connect to the chip at '{port}': wrong boot mode: the chip runs what is in its "
        'flash instead of waiting for a download (boot:0x13)\n'
        "hint: hold the board's BOOT button (IO0 to GND), press and release EN (RESET), release BOOT, then "
        'run the command again\n')


def test_interrupted_while_it_waits(env, firmware):
    flash = subprocess.Popen([BUILD / 'kiln', 'flash', '-p', BOARD + '&fault=unplug@90000:60000', '--json',
                              firmware], env=env, stdout=subprocess.PIPE, text=True)
    events = []
    for line in flash.stdout:
        events.append(json.loads(line))
        if events[-1]['event'] == 'gone':
            flash.send_signal(signal.SIGINT)
    assert flash.wait(30) == 130
    assert events[-1]['code'] == 'E_CANCELLED' and 'incomplete' in events[-1]['hint']


def test_bad_sector(run, firmware):
    """Flash that does not hold what is written is found by the verification."""
    done = run('kiln', 'flash', '-p', BOARD + '&fault=bad-sector@0x5000', firmware, check=1)
    assert 'verified' not in done.stdout
    assert done.stderr.startswith('error: ') and '\nhint: ' in done.stderr


def test_interrupted(run, env, firmware):
    """Ctrl-C in mid-write: exit code 130, what state the board is in, and it can be used again."""
    flash = subprocess.Popen([BUILD / 'kiln', 'flash', '-p', 'sim:flash', '--json', firmware],
                             env=env, stdout=subprocess.PIPE, text=True)
    events = []
    for line in flash.stdout:
        events.append(json.loads(line))
        if events[-1]['event'] == 'writing':
            flash.send_signal(signal.SIGINT)
    assert flash.wait(30) == 130
    assert events[-1]['event'] == 'error' and events[-1]['code'] == 'E_CANCELLED'
    assert events[-1]['exit'] == 130 and 'incomplete' in events[-1]['hint']
    assert events[-2]['event'] == 'reset'  # the board is not left in the loader
    run('kiln', 'flash', '-p', BOARD, firmware, check=0)


def test_interrupted_when_all_is_done(env, firmware):
    """What the board has is said, and that is not what the interrupt is about."""
    # without an interpreter its prompt is waited for until there is time for an interrupt
    flash = subprocess.Popen([BUILD / 'kiln', 'flash', '-p', 'sim:flash', '--json', firmware],
                             env={**env, 'KILN_NODE': '/nonexistent'}, stdout=subprocess.PIPE, text=True)
    events = []
    for line in flash.stdout:
        events.append(json.loads(line))
        if events[-1]['event'] == 'reset':
            flash.send_signal(signal.SIGINT)
    assert flash.wait(30) == 130
    assert events[-1]['what'] == "'sim:flash' was written and verified, but what runs on it is not known"
