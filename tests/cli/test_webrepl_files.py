# SPDX-License-Identifier: Apache-2.0
"""Files over ws://: WebREPL carries them in binary messages, beside the REPL. The server's files are the
board's."""
from webrepl_files import noise, on_board, serve  # noqa: F401 (serve is a fixture)


def test_all_commands_take_this_way(run, serve, tmp_path):
    board = serve()
    tree = tmp_path / 'tree'
    (tree / 'lib/sub').mkdir(parents=True)
    files = {'lib/sub/big.bin': noise(6000), 'lib/a.py': b'a = 1\n', 'empty': b'',
             'gr\u00fc\u00df e.txt': b'\x00\x03\x04\x1d'}
    for name, data in files.items():
        (tree / name).write_bytes(data)
    run('kiln', 'put', '-p', board.url, '-r', 'tree', ':/', check=0)
    stored = on_board(tmp_path)
    stored.pop('boot.py')
    assert stored == {f'tree/{name}': data for name, data in files.items()}
    # but for the empty one, which old boards never answer to
    assert sorted(board.log) == sorted(('put', f'/tree/{name}.kiln-part') for name in files if
                                       name != 'empty')
    board.log.clear()
    run('kiln', 'get', '-p', board.url, '-r', ':/tree', 'back', check=0)
    assert {str(p.relative_to(tmp_path / 'back')): p.read_bytes()
            for p in (tmp_path / 'back').rglob('*') if p.is_file()} == files
    assert board.log == [('get', '/tree/lib/sub/big.bin')]  # the small ones in one go by the REPL
    board.log.clear()
    (tree / 'lib/a.py').write_text('a = 2\n')
    done = run('kiln', 'sync', '-p', board.url, 'tree', ':/tree', check=0)
    assert done.stdout.endswith('0 added, 1 updated (6 bytes), 0 deleted, 3 the same\n')
    (tmp_path / 'm.py').write_text('m = 1\n')
    run('mpremote', 'connect', board.url, 'fs', 'cp', 'm.py', ':m.py', check=0)
    run('kiln', 'cp', '-p', board.url, 'm.py', ':n.py', check=0)
    assert board.log == [('put', f'{name}.kiln-part') for name in ('/tree/lib/a.py', 'm.py', 'n.py')]
    # what a program there says of them
    done = run('kiln', 'exec', '-p', board.url, "import m, n; print(m.m + n.m); print(sorted("
               "k for k in globals() if k[0] != '_'))", check=0)
    assert done.stdout == "2\n['m', 'n']\n"


def test_names_that_are_too_long_for_it(run, serve, tmp_path):
    board = serve()
    for n in (53, 54):  # with .kiln-part it has room for 63
        (tmp_path / ('x' * n)).write_bytes(noise(5000))
    run('kiln', 'put', '-p', board.url, 'x' * 53, 'x' * 54, ':', check=0)
    assert board.log == [('put', 'x' * 53 + '.kiln-part')]
    assert on_board(tmp_path)['x' * 53] == on_board(tmp_path)['x' * 54] == noise(5000)


def cost(server, run, *words):
    before = server.bytes_in + server.bytes_out, server.turns
    run(*words, check=0)
    return server.bytes_in + server.bytes_out - before[0], server.turns - before[1]


def test_what_it_costs(run, serve, tmp_path):
    """Against the REPL's way, which a board that refuses is given."""
    (tmp_path / 'big').write_bytes(noise(8000))
    (tmp_path / 'many').mkdir()
    for i in range(10):
        (tmp_path / f'many/{i}').write_bytes(noise(300, i))
    board, other = serve(), serve('refuses')
    bare = cost(board, run, 'kiln', 'ls', '-p', board.url)[1]  # to find the prompt, and the like
    for words in (('put', 'big', ':'), ('put', '-r', 'many', ':')):
        by_link = cost(board, run, 'kiln', words[0], '-p', board.url, *words[1:])
        by_repl = cost(other, run, 'kiln', words[0], '-p', other.url, *words[1:])
        assert by_link[0] < by_repl[0], (words, by_link, by_repl)
        assert 2 * (by_link[1] - bare) < by_repl[1] - bare, (words, bare, by_link, by_repl)


def test_a_folder_where_a_file_is(run, serve, tmp_path):
    board = serve()
    (tmp_path / 'd').mkdir()
    (tmp_path / 'd/a').write_bytes(b'a')
    (tmp_path / 'f').write_bytes(b'f')
    run('kiln', 'put', '-p', board.url, 'f', ':d', check=0)
    done = run('kiln', 'put', '-p', board.url, '-r', 'd', ':', check=1)
    assert done.stderr.startswith("error: cannot put ':d': file exists\n")
    done = run('kiln', 'get', '-p', board.url, ':nix', '.', check=1)
    assert done.stderr.startswith("error: cannot look at ':nix': no such file or directory\n")
