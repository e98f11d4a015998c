# SPDX-License-Identifier: Apache-2.0
"""The main job as a notebook: examples/flashing.ipynb shows what the page shows."""
import functools
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from conftest import BUILD, SOURCE  # noqa: E402
from sysfs import raspberry_pi  # noqa: E402

PAGE = (SOURCE / 'tests/data/flashing-page.txt').read_text()
NOTEBOOK = SOURCE / 'examples/flashing.ipynb'
MAC = '24:0a:c4:12:87:7c'  # the virtual board's, as the notebook says
SIZES = {'download': 1555136, 'local': 1457072}  # the firmware that the page shows

NORMAL = [
    # what differs from board to board, and from run to run
    (r'\x1b\[[0-9;]*m', ''),
    (r'([0-9a-f]{2}:){5}[0-9a-f]{2}', 'MAC'),
    (r'(?<=[ @])(serial:///dev/ttyUSB0|sim:esp32)(?=(  )?$)', 'URL'),
    (r'(esptool\.py v3\.2) \(kiln \S+\)', r'\1'),
    (r"\(name='micropython', .*\)", 'IMPLEMENTATION'),
    (r'Serial port .*', 'Serial port PORT'),
    (r'Connecting\.+', 'Connecting...'),  # a dot for each try without an answer
    (r'in [\d.]+( ?s)', r'in TIME\1'),
    (r'effective [\d.]+', 'effective SPEED'),
    (r'bytes to \d+', 'bytes to N'),
    (r'\(\d+ compressed\)', '(N compressed)'),
    # one line a block: as many as the compressed bytes need
    (r'(Writing at 0x[0-9a-f]{8}\.\.\. \(\d+ %\)\n)+', 'Writing at ADDRESS... (PERCENT %)\n'),
    # curl draws over its own line; only the last state of each stays
    (r'[^\n]*\r(?!\n)', ''),
    (r'(100 1518k  100 1518k    0     0 ).*', r'\1 SPEED'),
]


def normal(text):
    for pattern, replacement in NORMAL:
        text = re.sub(pattern, replacement, text, flags=re.M)
    return text.strip('\n')


def between(start, end):
    return PAGE[PAGE.index(start) + len(start):PAGE.index(end, PAGE.index(start))]


def page_outputs():
    """What the page shows below each of its cells, by the id of the cell in the notebook."""
    local = PAGE.index('# local firmware')
    return {
        'find': between('%discover --all\n', 'A controller is installed'),
        'flash': between('Hide code cell output\n', '\nThe device is now available'),
        'discover': between('%discover\n', '%connect'),
        'connect': between('print(sys.implementation)\n', '\nTo flash firmware'),
        'local': PAGE[PAGE.index('Hide code cell output\n', local):].split('\n', 1)[1],
    }


@pytest.fixture
def firmware(tmp_path):
    """The two files of the page: one behind a web server, one in the home folder."""
    for name, size in SIZES.items():
        subprocess.run([sys.executable, SOURCE / 'tools/make-test-image',
                        tmp_path / f'{name}.bin', '--size', str(size)], check=True)
    (tmp_path / 'local.bin').rename(tmp_path / 'micropython.bin')
    web = tmp_path / 'web'
    web.mkdir()
    name = 'esp32-20220117-v1.18.bin'
    (tmp_path / 'download.bin').rename(web / name)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(web))
    handler.log_message = None
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    server.RequestHandlerClass.log_message = lambda *args: None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f'http://127.0.0.1:{server.server_port}/{name}', web / name
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def execute(run, env, tmp_path, monkeypatch):
    """Run a notebook through the kernel as it is installed."""
    run('kiln', 'kernel', 'install', '--prefix', tmp_path / 'prefix', check=0)
    work = tmp_path / 'work'
    work.mkdir()
    for key in set(os.environ) - set(env):
        monkeypatch.delenv(key)
    for key, value in env.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv('JUPYTER_PATH', str(tmp_path / 'prefix/share/jupyter'))
    monkeypatch.setenv('JUPYTER_DATA_DIR', str(tmp_path / 'data'))
    monkeypatch.setenv('PATH', os.environ['PATH'].replace(f'{BUILD}:', ''))

    def run_notebook(notebook):
        client = NotebookClient(notebook, kernel_name='kiln', timeout=60,
                                resources={'metadata': {'path': str(work)}})
        client.execute()
        return notebook
    run_notebook.folder = work
    return run_notebook


def text_of(cell):
    """As a console shows it."""
    assert {out.output_type for out in cell.outputs} <= {'stream', 'display_data'}, cell.outputs
    return ''.join(out.text if out.output_type == 'stream' else out.data['text/plain'] + '\n'
                   for out in cell.outputs)


@pytest.mark.skipif(not shutil.which('curl'), reason='no curl here')
def test_the_page(execute, env, firmware, tmp_path, monkeypatch):
    url, file = firmware
    monkeypatch.setenv('KILN_FIRMWARE_URL', url)
    monkeypatch.setenv('KILN_SYSFS', str(tmp_path / 'sys'))
    raspberry_pi(tmp_path / 'sys')
    # the download is as large as the page's, so that it can be found in the flash later
    image = file.read_bytes()
    notebook = nbformat.read(NOTEBOOK, 4)
    shown = {}
    state = pathlib.Path(env['XDG_STATE_HOME']) / 'kiln/sim/esp32.flash'

    cells = {cell.id: cell for cell in execute(notebook).cells if cell.cell_type == 'code'}
    for name, wanted in page_outputs().items():
        shown[name] = text_of(cells[name])
        assert normal(shown[name]) == normal(wanted), name

    # what the page shows exactly must be exact
    assert shown['find'] == page_outputs()['find']
    assert 'Flash will be erased from 0x00001000 to 0x0017cfff...\n' in shown['flash']
    assert 'Compressed 1555136 bytes to ' in shown['flash']
    assert f'MAC: {MAC}\n' in shown['flash']
    assert shown['discover'] == f'{MAC}  sim:esp32  \n'
    assert shown['connect'].startswith(
        f'\x1b[46m\x1b[30mConnected to {MAC} @ sim:esp32\x1b[0m\n(name=\'micropython\', version=(1, ')
    # the second firmware is in the flash, and nothing else
    local = (tmp_path / 'micropython.bin').read_bytes()
    flash = state.read_bytes()
    assert flash[:0x1000] == b'\xff' * 0x1000
    assert flash[0x1000:0x1000 + len(local)] == local
    assert set(flash[0x1000 + len(local):]) == {0xff}
    assert len(image) == SIZES['download'] and os.listdir(execute.folder) == []


def notebook_of(*codes):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])


@pytest.mark.parametrize('code, ename', [
    ('%%bash\nexit 7', 'CalledProcessError'),
    ('print(1)', 'KILN_E_NO_BOARD'),
    ('%nonsense', 'UsageError'),
])
def test_nbclient_stops_at_a_failure(execute, code, ename):
    notebook = notebook_of('!echo one', code, '!echo three')
    with pytest.raises(CellExecutionError) as failure:
        execute(notebook)
    assert failure.value.ename == ename
    assert text_of(notebook.cells[0]) == 'one\n'
    assert notebook.cells[2].outputs == []


def test_nbclient_stops_at_an_exception_on_the_board(execute, run, tmp_path):
    run('esptool.py', '-p', 'sim:b?clock=virtual', 'write_flash', '0x1000',
        BUILD / 'demo-firmware.bin', check=0)
    notebook = notebook_of('%connect sim:b', '1 / 0')
    with pytest.raises(CellExecutionError) as failure:
        execute(notebook)
    assert failure.value.ename == 'ZeroDivisionError'
    assert [out.output_type for out in notebook.cells[1].outputs] == ['error']
