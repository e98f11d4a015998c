# SPDX-License-Identifier: Apache-2.0
"""%plot and %%plot: printed numbers become a chart while the code runs."""
import xml.etree.ElementTree as ET

from kernel_client import kernel  # noqa: F401 (a fixture)
from boards import alone, connected, uid  # noqa: F401 (fixtures)
from test_board import LOOP


def charts(shown):
    found = [(t, c) for t, c in shown.published if t in ('display_data', 'update_display_data')]
    assert [t for t, _ in found] == ['display_data'] + ['update_display_data'] * (len(found) - 1)
    assert len({c['transient']['display_id'] for _, c in found}) == 1
    for _, content in found:
        ET.fromstring(content['data']['image/svg+xml'])
    return [c['data'] for _, c in found]


def test_a_cell(connected):
    shown = connected.run('%%plot -l x,square -t "A <title>"\n'
                          'print("begin")\nfor i in range(50): print(i, i * i)\nprint("end")')
    assert (shown.status, shown.stdout, shown.stderr) == ('ok', 'begin\nend\n', '')
    last = charts(shown)[-1]
    assert last['text/plain'] == '50 points: x 0 to 49, square 0 to 2401'
    texts = ''.join(ET.fromstring(last['image/svg+xml']).itertext())
    assert 'A <title>' in texts and 'square' in texts


def test_the_rest_of_a_cell(connected):
    shown = connected.run('print(1)\n%plot -p -w 2\nfor i in range(5): print("t:%d" % i)')
    assert shown.stdout == '1\n' + ''.join(f't:{i}\n' for i in range(5))
    assert charts(shown)[-1]['text/plain'] == '5 points: t 3 to 4'
    after = connected.run('print(2)')  # it ended with its cell
    assert after.stdout == '2\n' and [t for t, _ in after.published] == ['execute_input', 'stream']


def test_it_moves_while_the_code_runs(connected):
    code = '%plot\n' + LOOP.replace('n += 1', 'n += 1\n    print(n)')
    msg_id = connected.start(code)
    connected.message(msg_id, 'display_data')
    for _ in range(3):
        connected.message(msg_id, 'update_display_data')
    connected.interrupt()
    reply, published = connected.finish(msg_id)
    assert reply['ename'] == 'KeyboardInterrupt'
    assert connected.run('print("on")').stdout == 'on\n'


def test_the_last_points_are_drawn_while_nothing_more_comes(connected):
    msg_id = connected.start('%plot\nprint(1)\nprint(2)\nprint(3)\nimport time\n'
                             'while True: time.sleep(0.1)')
    while True:
        kind, data = (lambda m: (m['msg_type'], m['content'].get('data')))(
            connected.message(msg_id))
        if kind in ('display_data', 'update_display_data') and \
                data['text/plain'].startswith('3 points'):
            break
    connected.interrupt()
    assert connected.finish(msg_id)[0]['ename'] == 'KeyboardInterrupt'


def test_nothing_to_plot(connected):
    shown = connected.run('%%plot\nprint("no numbers", end="")')
    assert shown.stdout == 'no numbers' and [t for t, _ in shown.published] == \
        ['execute_input', 'stream']
    shown = connected.run('%%plot\nprint(5)\n1 / 0')
    assert shown.reply['ename'] == 'ZeroDivisionError'
    assert charts(shown)[-1]['text/plain'] == '1 point: 1 5 to 5'
    shown = connected.run('%%plot\nprint("x" * 10000)')
    assert shown.stdout == 'x' * 10000 + '\n'


def test_bad_arguments(kernel):
    for window in ('0', '10001', 'x'):
        assert kernel.run(f'%plot -w {window}').stderr.endswith(
            f"%plot: error: argument -w/--window: from 1 to 10000 points, not '{window}'\n")
    assert kernel.run('%%plot\nx').stderr == 'no device connected\n'
