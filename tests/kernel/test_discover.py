# SPDX-License-Identifier: Apache-2.0
"""%discover: the lines, the table beside them, and what came and went."""
import shutil
import xml.etree.ElementTree as ET

from boards import MAC, alone, copy_board, held, sims, uid  # noqa: F401 (fixtures)
from kernel_client import kernel  # noqa: F401 (fixture)

OTHER = '24:0a:c4:00:00:02'


def table(shown):
    """The rows of the table, each a dictionary."""
    [data] = [c['data'] for t, c in shown.published if t == 'display_data']
    root = ET.fromstring(data['text/html'])
    head, *rows = [[cell.text or '' for cell in row] for row in root.iter('tr')]
    return [dict(zip(head, row)) for row in rows]


def test_a_table_stands_beside_the_lines(alone):
    shown = alone.run('%discover')
    [data] = [c['data'] for t, c in shown.published if t == 'display_data']
    assert data['text/plain'] == f'{MAC}  sim:demo  ' and shown.stdout == ''
    [row] = table(shown)
    version = alone.run('import sys\nprint("%d.%d.%d" % sys.implementation.version[:3])').stdout
    machine = alone.run('print(getattr(sys.implementation, "_machine", ""))').stdout.strip()
    assert row == {'Board': MAC, 'Port': 'sim:demo', 'Chip': machine,
                   'Firmware': f'micropython {version.strip()}', 'State': 'connected'}
    assert table(alone.run('%discover -v'))[0]['UID'] == MAC


def test_what_comes_and_goes(alone, env):
    assert [r['State'] for r in table(alone.run('%discover'))] == ['connected']
    copy_board(env, 'other', OTHER)
    shown = alone.run('%discover -v')
    assert [(r['Port'], r['State']) for r in table(shown)] == \
        [('sim:demo', 'connected'), ('sim:other', 'new')]
    assert shown.stderr == 'sim:other: new\n'
    assert [r['State'] for r in table(alone.run('%discover'))] == ['connected', 'ready']
    for path in sims(env).glob('other*'):
        path.unlink() if path.is_file() else shutil.rmtree(path)
    shown = alone.run('%discover -v')
    assert [(r['Board'], r['State']) for r in table(shown)] == \
        [(MAC, 'connected'), (OTHER, 'unplugged')]
    assert shown.stderr == 'sim:other: unplugged\n'
    copy_board(env, 'other', OTHER)
    assert [r['State'] for r in table(alone.run('%discover'))] == ['connected', 'new']


def test_one_that_is_gone_is_shown_once_more(alone, env):
    """When the list has forgotten it at once, as it does with one that was taken off by hand."""
    copy_board(env, 'other', OTHER)
    alone.run('%discover')
    for path in sims(env).glob('other*'):
        path.unlink() if path.is_file() else shutil.rmtree(path)
    alone.run(f'%unregister {OTHER}')
    shown = alone.run('%discover')
    assert shown.said == f'{MAC}  sim:demo  \n'
    assert [(r['Board'], r['State']) for r in table(shown)] == \
        [(MAC, 'connected'), (OTHER, 'unplugged')]
    assert [r['Board'] for r in table(alone.run('%discover'))] == [MAC]


def test_a_port_that_does_not_answer_says_why(kernel, uid, env):
    with held(env) as holder:
        shown = kernel.run('%discover')
    assert shown.said == 'No devices available\n'
    [row] = table(shown)
    assert (row['Board'], row['Port']) == ('', 'sim:demo') and str(holder.pid) in row['State']


def test_no_ports(kernel):
    shown = kernel.run('%discover')
    assert (shown.stdout, shown.html()) == ('No devices available\n', '')
