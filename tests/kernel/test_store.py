# SPDX-License-Identifier: Apache-2.0
"""%store: copies of the board's variables, kept on the host."""
import pytest
from boards import connected, uid  # noqa: F401 (fixtures)
from kernel_client import kernel  # noqa: F401 (fixture)


def test_store(connected, env, tmp_path):
    values = """a = 5
b = [1, 2.5, None, True, {'k': "it's", 'q': 'say "x"'}]
c = 'line\\nnext é' * 20
def f(): pass
"""
    assert connected.run(values + '%store a b c').status == 'ok'
    lines = connected.run('%store').stdout.splitlines()
    assert lines[:2] == ['a -> 5', """b -> [1, 2.5, None, True, {'k': "it's", 'q': 'say "x"'}]"""]
    assert lines[2].startswith("c -> 'line\\nnext é") and lines[2].endswith('...')
    assert 60 < len(lines[2]) <= 75 and len(lines) == 3
    shown = connected.run('%store f')
    assert shown.stderr == "cannot store 'f': JSON can't hold a function\n"
    assert connected.run('%store nothing').reply['ename'] == 'NameError'
    kept = connected.run('print(a, b, c)').stdout
    connected.run('%softreset -q')
    assert connected.run('%store -r a b\n%store -r\nprint(a, b, c)').stdout == kept
    assert connected.run('%store -d b\n%store -d nothing').stderr == \
        "no variable 'nothing' is stored\n"
    assert [line[0] for line in connected.run('%store').stdout.splitlines()] == ['a', 'c']
    assert connected.run('%store -z\n%store').stdout == ''


@pytest.mark.parametrize('value, kind', [
    ('b"ab"', 'bytes'),
    ('[1, {"a": {1, 2}}]', 'set'),
    ('{1: 2}', 'dict with keys that are no str'),
    ('[print]', 'function'),
    ('(1, 2j)', 'complex'),
    ('float("nan")', 'value like this'),
    ('(lambda l: l.append(l) or l)([])', 'value that is nested too deeply'),
])
def test_what_json_cannot_hold(connected, value, kind):
    connected.run('%store -z')
    shown = connected.run(f'v = {value}\n%store v')
    assert (shown.status, shown.stderr) == ('error', f"cannot store 'v': JSON can't hold a {kind}\n")
    assert connected.run('%store').stdout == ''
    assert connected.run('print([n for n in globals() if "kiln" in n])').stdout == '[]\n'


def test_a_mark_in_a_text_deceives_nobody(connected):
    connected.run('v = "\\nkiln-bad x\\nkiln-store 5"\n%store v')
    assert connected.run('w = v\n%store -r v\nprint(v == w)').stdout == 'True\n'
    connected.run('%store -z')


def test_names_are_padded(connected):
    connected.run('%store -z\na = 1\nlonger = 2\n%store a longer')
    assert connected.run('%store').stdout == 'a      -> 1\nlonger -> 2\n'
    connected.run('%store -z')
