# SPDX-License-Identifier: Apache-2.0
"""kiln flash URL: firmware right from a server."""
import json

from conftest import BUILD
from http_server import server  # noqa: F401 (fixture)

BOARD = 'sim:url?clock=virtual'
FIRMWARE = (BUILD / 'demo-firmware.bin').read_bytes()


def test_from_a_url(run, server):
    server.files['/fw.bin'] = FIRMWARE
    url = server.url + '/fw.bin'
    done = run('kiln', 'flash', '-p', BOARD, url, check=0)
    assert done.stdout.startswith(f'fetched  {url} ({len(FIRMWARE)} bytes)\nport     {BOARD}\n')
    assert f'wrote    {len(FIRMWARE)} bytes at 0x00001000' in done.stdout and done.stderr == ''
    # two boards, one download that is kept; at an address of its own too
    done = run('kiln', 'flash', '-p', BOARD, '-p', 'sim:other?clock=virtual', '--json', url,
               '0x200000', url, check=0)
    first = json.loads(done.stdout.splitlines()[0])
    assert first['event'] == 'fetched' and first['kept'] and first['size'] == len(FIRMWARE)
    server.stop()
    server.stop = lambda: None
    done = run('kiln', 'flash', '-p', BOARD, '--offline', url, check=0)
    assert done.stderr.startswith('warning: offline: using the copy of ')


def test_what_is_no_firmware(run, server):
    """Said before a board is looked for: there is none."""
    server.files['/page'] = b'<!DOCTYPE html><html>' + b'x' * 1000
    server.files['/text'] = b'no firmware at all'
    server.files['/none'] = b''
    for path, code, text in (
            ('/page', 1, f"cannot use '{server.url}/page': it is a web page\nhint: use the address "
             "of the file itself: in a browser, that of the download link; on GitHub, the one "
             "behind 'Raw'\n"),
            ('/text', None, f"cannot flash '{server.url}/text'"),
            ('/none', 2, f"cannot use '{server.url}/none': the file is empty\n"),
            ('/missing', 1, f"cannot download '{server.url}/missing': ")):
        done = run('kiln', 'flash', server.url + path, check=code)
        assert done.returncode != 0 and done.stderr.startswith('error: ' + text), done.stderr
