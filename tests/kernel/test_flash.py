# SPDX-License-Identifier: Apache-2.0
"""%flash: firmware from a cell, with a bar that moves, a map, and the board connected."""
import re
import xml.etree.ElementTree as ET

from conftest import BUILD
from kernel_client import kernel, plain  # noqa: F401 (kernel is a fixture)
from boards import make_board
from http_server import server  # noqa: F401 (fixture)

FIRMWARE = BUILD / 'demo-firmware.bin'
MAC = r'(?:[0-9a-f]{2}:){5}[0-9a-f]{2}'
BLANK = 'sim:blank?clock=virtual'


def displays(shown):
    return [(t, c) for t, c in shown.published if t in ('display_data', 'update_display_data')]


def test_the_whole_way(kernel, env):
    shown = kernel.run(f'%flash {FIRMWARE} --port {BLANK} --erase')
    assert shown.status == 'ok', shown
    size = FIRMWARE.stat().st_size
    assert re.fullmatch(
        rf'chip     ESP32-D0WDQ6 \(revision 1\), crystal 40MHz, MAC {MAC}\n'
        r'erased   in [\d.]+ s\n'
        rf'wrote    {size} bytes at 0x00001000 in [\d.]+ s\n'
        r'verified\n'
        rf'Connected to {MAC} @ {re.escape(BLANK)}\n', plain(shown.stdout)), shown.stdout
    *bars, (kind, picture) = displays(shown)
    assert kind == 'display_data' and picture['data']['text/plain'].startswith('written    0x001000')
    root = ET.fromstring(picture['data']['image/svg+xml'])
    assert root.tag == '{http://www.w3.org/2000/svg}svg'
    assert bars[0][0] == 'display_data' and {t for t, _ in bars[1:]} == {'update_display_data'}
    assert len({c['transient']['display_id'] for _, c in bars}) == 1
    last = bars[-1][1]['data']
    assert last['text/plain'] == '[' + '=' * 30 + '] 100 %  written and verified'
    assert 'width:100%' in last['text/html']
    for _, content in bars:
        ET.fromstring(content['data']['text/html'].replace('&nbsp;', ' '))
    assert kernel.run('print(1)').stdout == '1\n'


def test_the_connected_board_is_flashed(kernel, run):
    make_board(run, 'demo')
    kernel.run('%connect -q sim:demo?clock=virtual')
    shown = kernel.run(f'%flash {FIRMWARE}')
    assert shown.status == 'ok' and 'erased' not in shown.stdout
    assert displays(shown)[-1][1]['data']['text/plain'].endswith('left as it was')
    assert kernel.run('print(2)').stdout == '2\n'


def picture(shown):
    """What the map says, as text and as the texts of the picture."""
    data = displays(shown)[-1][1]['data']
    return data['text/plain'].splitlines(), ET.fromstring(data['image/svg+xml'])


def test_what_stands_there_already_is_left(kernel, run, tmp_path):
    make_board(run, 'demo')
    size = FIRMWARE.stat().st_size
    end = f'0x{0x1000 + size:06x}'
    url = 'sim:demo?clock=virtual'
    shown = kernel.run(f'%flash {FIRMWARE} -p {url}')
    lines = plain(shown.stdout).splitlines()
    assert lines[1:3] == [f'the same {size} bytes at 0x00001000: nothing to write', 'verified']
    text, _ = picture(shown)
    assert text[0] == f'unchanged  0x001000  {end}  {FIRMWARE}'
    assert 'partition  0x009000  0x00f000  nvs' in text and text[-1] == 'the rest   left as it was'

    changed = bytearray(FIRMWARE.read_bytes())
    changed[0x5000:0x5010] = bytes(16)  # no part of an image
    changed[0xa000:0xa010] = bytes(16)
    (tmp_path / 'changed.bin').write_bytes(changed)
    shown = kernel.run('%flash changed.bin')
    assert re.search(rf'the same {size - 8192} of {size} bytes\nwrote    8192 bytes at 0x00006000 in',
                     shown.stdout), shown.stdout
    text, svg = picture(shown)
    assert text[:3] == [f'unchanged  0x001000  {end}  changed.bin',
                        'written    0x006000  0x007000  changed.bin',
                        'written    0x00b000  0x00c000  changed.bin']
    titles = [e.text for e in svg.iter('{http://www.w3.org/2000/svg}title')]
    assert 'changed.bin, written: 0x006000 to 0x007000, 4096 bytes' in titles
    assert 'nvs, partition: 0x009000 to 0x00f000, 24576 bytes' in titles


def test_a_failure_stops_the_bar(kernel):
    shown = kernel.run(f"%flash {FIRMWARE} -p 'sim:x?clock=virtual&fault=unplug@20000'")
    assert shown.status == 'error' and shown.reply['ename'] == 'KILN_E_PORT_GONE', shown
    assert displays(shown)[-1][1]['data']['text/plain'].endswith(' %  failed')
    assert shown.errors[0]['traceback'][1].startswith('\x1b[33mhint:')


def test_a_port_that_comes_back(kernel):
    """The job goes on with what is missing, and the cell ends connected."""
    shown = kernel.run(f"%flash {FIRMWARE} -p 'sim:back?clock=virtual&fault=unplug@40000:700'")
    assert shown.status == 'ok', shown
    assert 'went away: waiting for it to come back (up to 30 s)\n' in shown.stderr
    assert 'back     sim:back' in shown.stdout and 'Connected to' in shown.stdout


def test_bad_input(kernel, tmp_path):
    def fails(code):
        shown = kernel.run(code)
        assert shown.status == 'error' and not displays(shown)
        return shown.reply['evalue']
    (tmp_path / 'text').write_text('no firmware')
    (tmp_path / 'none').touch()
    assert fails('%flash nope.bin -p sim:x') == "cannot open 'nope.bin': no such file or directory"
    assert fails('%flash text -p sim:x') == \
        "cannot flash 'text': it is a text file"
    assert fails('%flash . -p sim:x') == "cannot read '.': it is no file"
    assert 'none' in fails('%flash none --at 0 -p sim:x')
    assert fails('%flash text --at where -p sim:x') == "cannot use address 'where': invalid argument"
    assert fails(f'%flash {FIRMWARE} -b 5') == "no port has a speed of '5': invalid argument"
    assert fails(f'%flash {FIRMWARE}') == \
        'cannot choose a board to flash: there is no port with a board'
    shown = kernel.run(f'%flash {FIRMWARE} -p /dev/nothing-here')
    assert shown.reply['ename'] == 'KILN_E_PORT_MISSING'


def test_silent_shows_nothing(kernel):
    reply, published = kernel.finish(kernel.start(f'%flash {FIRMWARE} -p {BLANK}', silent=True))
    assert reply['status'] == 'ok' and published == []


def test_from_a_url(kernel, server):
    server.files['/fw.bin'] = FIRMWARE.read_bytes()
    url = server.url + '/fw.bin'
    shown = kernel.run(f'%flash {url} --port {BLANK}')
    assert shown.status == 'ok', shown
    assert shown.stdout.startswith(f'fetched  {url} ({len(server.files["/fw.bin"])} bytes)\n')
    assert kernel.run('print(1)').stdout == '1\n'
    shown = kernel.run(f'%flash {server.url}/missing --port {BLANK}')
    assert shown.reply['ename'] == 'KILN_E_NOT_FOUND'
    server.stop()
    server.stop = lambda: None
    shown = kernel.run(f'%flash {url} --offline --port {BLANK}')
    assert shown.status == 'ok' and shown.stderr.startswith('warning: offline: using the copy of ')
