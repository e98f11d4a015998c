# SPDX-License-Identifier: Apache-2.0
"""display() and clear_output() on the board."""
import base64

from kernel_client import kernel  # noqa: F401 (a fixture)
from boards import connected, uid  # noqa: F401 (fixtures)


def shown(cell):
    return [(t, c) for t, c in cell.published if t not in ('execute_input', 'stream')]


def test_an_object_shows_itself(connected):
    cell = connected.run('class Lamp:\n'
                         '    def _repr_html_(self): return "<b>on \\u00e9</b>"\n'
                         '    def _repr_png_(self): return b"\\x89PNG\\x1e"\n'
                         '    def _repr_svg_(self): return None\n'
                         'print("before")\ndisplay(Lamp(), 5)\nprint("after")')
    assert [t for t, c in cell.published] == ['execute_input', 'stream', 'display_data', 'display_data',
                                              'stream']
    (_, lamp), (_, five) = shown(cell)
    assert lamp['data']['text/html'] == '<b>on é</b>'
    assert base64.b64decode(lamp['data']['image/png']) == b'\x89PNG\x1e'
    assert set(lamp['data']) == {'text/html', 'image/png', 'text/plain'}
    assert five['data'] == {'text/plain': '5'} and five['transient'] == {}


def test_a_display_is_updated_and_cleared(connected):
    cell = connected.run('for i in range(2):\n'
                         '    display({"text/html": "<i>%d</i>" % i}, raw=True, display_id="d", update=i > 0)\n'
                         'clear_output(wait=True)\nclear_output()')
    assert [t for t, c in shown(cell)] == ['display_data', 'update_display_data', 'clear_output', 'clear_output']
    contents = [c for t, c in shown(cell)]
    assert contents[0]['transient'] == contents[1]['transient'] == {'display_id': 'd'}
    assert contents[1]['data'] == {'text/html': '<i>1</i>'}
    assert contents[2:] == [{'wait': True}, {'wait': False}]


def test_what_cannot_be_shown_is_said(connected):
    cell = connected.run('display({"no type": "x", "a/b": 5}, raw=True)')
    assert shown(cell) == [] and "display(): this can't be shown" in cell.stderr
    assert connected.run('display()').status == 'ok'


def test_only_a_cell_that_asks_shows_html(connected):
    connected.run('def sly(): display({"text/html": "<script>"}, raw=True)')
    assert shown(connected.run('sly()')) == []
    assert connected.run('print(1)').stdout == '1\n'


def test_it_is_there_again_after_a_reset(connected):
    connected.run('display(1)')
    connected.run('%softreset -q')
    assert [t for t, c in shown(connected.run('display(2)'))] == ['display_data']
