# SPDX-License-Identifier: Apache-2.0
"""Completion, help on names, and history."""
import json
import os
import pathlib
import stat

from kernel_client import Kernel, kernel  # noqa: F401 (kernel is a fixture)
from boards import alone, connected, uid  # noqa: F401 (fixtures)


def ask(kernel, msg_type, **content):
    msg = kernel.client.session.msg(msg_type, content)
    kernel.client.shell_channel.send(msg)
    return kernel.finish(msg['header']['msg_id'])[0]


def complete(kernel, code):
    """The reply for `code`, with | at the cursor."""
    at = code.index('|')
    return ask(kernel, 'complete_request', code=code.replace('|', ''), cursor_pos=at)


def types(reply):
    return {t['text']: t['type'] for t in reply['metadata']['_jupyter_types_experimental']}


def test_magics_and_keywords_need_no_board(kernel):
    reply = complete(kernel, '%conn|')
    assert (reply['matches'], reply['cursor_start'], reply['cursor_end']) == (['%connect'], 0, 5)
    assert types(reply) == {'%connect': 'magic'}
    assert '--quiet' in complete(kernel, '%connect --q|')['matches']
    assert complete(kernel, 'whil|')['matches'] == ['while']
    assert types(complete(kernel, 'prin|')) == {'print': 'function'}
    # what MicroPython's documents know, as long as no board says more
    reply = complete(kernel, 'machine.Pi|')
    assert reply['matches'] == ['Pin'] and types(reply) == {'Pin': 'function'}
    item, = reply['metadata']['_jupyter_types_experimental']
    assert item['signature'].startswith('(id, mode=-1') and (item['start'], item['end']) == (8, 10)
    assert complete(kernel, 'import mach|')['matches'] == ['machine']
    assert complete(kernel, 'nothing.|')['matches'] == []
    assert ask(kernel, 'complete_request', code=5)['matches']


def test_files_of_the_host(kernel, tmp_path):
    (tmp_path / 'one.py').touch()
    (tmp_path / 'onto').mkdir()
    (tmp_path / 'onto' / '.hidden').touch()
    assert complete(kernel, '!cat on|')['matches'] == ['one.py', 'onto/']
    assert complete(kernel, '%%bash\ncat ./on|')['matches'] == ['./one.py', './onto/']
    assert complete(kernel, '!ls onto/|')['matches'] == []
    assert complete(kernel, '!ls onto/.|')['matches'] == ['onto/.hidden']


def test_names_of_the_board(connected):
    connected.run('import machine\nmy_number = 5\ndef my_function(): pass\nclass MyClass:\n    a = 1')
    reply = complete(connected, 'print(my_|')
    assert types(reply) == {'my_number': 'instance', 'my_function': 'function'}
    assert (reply['cursor_start'], reply['cursor_end']) == (6, 9)
    assert types(complete(connected, 'MyC|')) == {'MyClass': 'class'}
    assert types(complete(connected, 'mach|')) == {'machine': 'module'}
    assert 'reset' in complete(connected, 'machine.|')['matches']
    assert complete(connected, 'MyClass.|')['matches'] == ['a']
    assert complete(connected, 'nope.|')['matches'] == []
    connected.run('my_other = 1')
    assert 'my_other' in complete(connected, 'my_|')['matches']
    assert connected.run('[n for n in globals() if "kiln" in n]').published[-1][1]['data'] == \
        {'text/plain': '[]'}


def test_positions_are_code_points(connected):
    connected.run('abcdef = 1')
    reply = complete(connected, '"e\u0301😀"; abc|')
    assert (reply['matches'], reply['cursor_start'], reply['cursor_end']) == (['abcdef'], 7, 10)


def test_files_of_the_board(connected):
    connected.run('open("data.txt", "w").close()')
    reply = complete(connected, 'open("da|')
    assert reply['matches'] == ['data.txt']


def test_words_of_magics(connected, tmp_path):
    connected.run('import os\nopen("onboard.txt", "w").close()\n'
                  'if "sub" not in os.listdir(): os.mkdir("sub")\n'
                  'open("sub/deep.txt", "w").close()\nmy_value = 1')
    assert complete(connected, '%cat onb|')['matches'] == ['onboard.txt']
    assert complete(connected, '%rm -r sub/|')['matches'] == ['sub/deep.txt']
    assert complete(connected, '%cp :onb|')['matches'] == [':onboard.txt']
    assert complete(connected, '%cp :sub/de|')['matches'] == [':sub/deep.txt']
    assert ':onboard.txt' in complete(connected, '%cp :|')['matches']
    assert complete(connected, '%cp kernel.l|')['matches'] == ['kernel.log']
    assert complete(connected, '%connect sim:|')['matches'] == ['sim:demo']
    assert complete(connected, '%%connect 24|')['matches'] == ['24:0a:c4:12:87:7c']
    assert complete(connected, '%store my_v|')['matches'] == ['my_value']
    assert complete(connected, '%loglevel DE|')['matches'] == ['DEBUG']
    assert complete(connected, '%loglevel DEBUG lo|')['matches'] == ['loader']


def test_inspect(connected):
    connected.run('x = [1, 2]\ndef area(w, h=2):\n    """Of a rectangle."""\n    return w * h')
    code = 'area(3)'
    for at in (0, 2, 4, 5):
        reply = ask(connected, 'inspect_request', code=code, cursor_pos=at, detail_level=0)
        assert reply['found'] is True
        text = reply['data']['text/plain']
        assert 'Signature: def area(w, h=2)\n' in text and 'Docstring: Of a rectangle.' in text
        assert 'Type:      function' in text
    text = ask(connected, 'inspect_request', code='x', cursor_pos=1)['data']['text/plain']
    assert text == 'Type:      list\nValue:     [1, 2]\n'
    assert ask(connected, 'inspect_request', code='nope', cursor_pos=1) == \
        {'status': 'ok', 'found': False, 'data': {}, 'metadata': {}}


def inspect(kernel, code, detail=0):
    return ask(kernel, 'inspect_request', code=code, cursor_pos=len(code),
               detail_level=detail)['data'].get('text/plain')


def test_help_needs_no_board(kernel):
    assert inspect(kernel, 'time.sleep_ms') == \
        'Signature: time.sleep_ms(ms)\nDocstring: Wait so many milliseconds.\n'
    assert inspect(kernel, 'print(').startswith('Signature: print(*values, ')
    assert inspect(kernel, 'machine') == \
        'Docstring: The hardware of the board: pins, buses, timers, resets.\n'
    assert inspect(kernel, 'sleep_ms') is None  # whose that is, only a board can say


def test_help_is_about_what_the_board_has(connected):
    connected.run('import sys\nfrom json import loads\nx = []\ntime = 5\nabs = "mine"\n'
                  'def f(a):\n    b = a\n    return b\nclass Pin:\n    def on(self): pass\np = Pin()')
    assert 'Signature: json.loads(text)' in inspect(connected, 'loads')
    assert 'Signature: list.append(item)' in inspect(connected, 'x.append')
    assert 'Docstring: Name of the port' in inspect(connected, 'sys.platform')
    for own in ('time', 'abs'):
        assert 'Docstring' not in inspect(connected, own)
    assert inspect(connected, 'p.on').startswith('Signature: def on(self)\n')
    assert 'return b' not in inspect(connected, 'f')
    assert inspect(connected, 'f', 1).endswith('Source:\ndef f(a):\n    b = a\n    return b\n')
    [page] = connected.run('f??').reply['payload']
    assert page['data']['text/plain'].endswith('return b\n')


def test_question_mark(connected):
    connected.run('x = 5')
    shown = connected.run('x?')
    [page] = shown.reply['payload']
    assert page['source'] == 'page' and 'int' in page['data']['text/plain']
    shown = connected.run('nope?')
    assert (shown.status, shown.stderr) == ('error', 'Object `nope` not found.\n')


def history(kernel, kind, **content):
    return ask(kernel, 'history_request', hist_access_type=kind, raw=True,
               **{'output': False, **content})['history']


def test_history(alone):
    alone.run('1 + 1')
    alone.run('x = 5')
    alone.run('x = 5')
    alone.run('secret', silent=True, stop_on_error=False)
    alone.run('y = 6', store_history=False)
    tail = history(alone, 'tail', n=2)
    assert [(n, code) for _, n, code in tail] == [(3, 'x = 5'), (4, 'x = 5')]
    session = tail[0][0]
    assert history(alone, 'range', session=session, start=2, stop=3) == [[session, 2, '1 + 1']]
    assert history(alone, 'range', session=0, start=2, stop=3, output=True) == \
        [[session, 2, ['1 + 1', '2']]]
    assert history(alone, 'search', pattern='x*', n=5, unique=True) == [[session, 4, 'x = 5']]
    assert len(history(alone, 'search', pattern='x*', n=5)) == 2
    assert history(alone, 'search', pattern='nothing like this') == []
    assert history(alone, 'unheard of') == []


def test_history_is_kept(env, tmp_path):
    path = pathlib.Path(env['XDG_STATE_HOME']) / 'kiln' / 'history'
    for number in (1, 2):
        kernel = Kernel(env, tmp_path, tmp_path / 'kernel.log')
        try:
            kernel.run(f'# number {number}')
            assert [e[2] for e in history(kernel, 'tail', n=9)] == ['# number 1', '# number 2'][:number]
        finally:
            kernel.shutdown()
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        with path.open('a') as file:
            file.write('{"damaged\n[]\n')
    assert history_sessions(path) == [1, 2]
    path.write_text('[9, 1, "%s", null]\n' % ('x' * 60000) * 60)
    kernel = Kernel(env, tmp_path, tmp_path / 'kernel.log')
    try:
        assert history(kernel, 'tail', n=1)[0][0] == 9
        assert path.stat().st_size < 512 * 1024
    finally:
        kernel.shutdown()


def history_sessions(path):
    entries = [json.loads(line) for line in path.read_text().splitlines()
               if line.startswith('[') and line != '[]']
    return sorted({entry[0] for entry in entries})
