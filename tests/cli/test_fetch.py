# SPDX-License-Identifier: Apache-2.0
"""`kiln fetch`: downloads, the cache behind them, and servers that misbehave."""
import hashlib
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import threading

import pytest
from conftest import BUILD
from http_server import TLS, server, tls_server  # noqa: F401 (fixtures)

NOISE = random.Random(5).randbytes(300000)


@pytest.fixture
def fetch(run):
    def fetch(*args, **more):
        return run('kiln', 'fetch', *args, **more)
    return fetch


def kept(env):
    return sorted(p.name.split('.', 1)[1]
                  for p in pathlib.Path(env['XDG_CACHE_HOME'], 'kiln/downloads').iterdir())


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_a_file_and_what_is_kept(fetch, server, env, tmp_path):
    server.files['/fw.bin'] = NOISE
    done = fetch('--json', server.url + '/fw.bin', check=0)
    assert json.loads(done.stdout) == {
        'event': 'fetched', 'url': server.url + '/fw.bin', 'file': 'fw.bin', 'size': 300000,
        'sha256': sha256(NOISE), 'kept': False}
    assert (tmp_path / 'fw.bin').read_bytes() == NOISE and done.stderr == ''
    assert kept(env) == ['data', 'json']
    # asked for again, with its tag: 304
    again = json.loads(fetch('--json', server.url + '/fw.bin', check=0).stdout)
    assert again['kept'] and server.requests[1][1]['If-None-Match'] == server.tag(NOISE)
    # it has changed
    server.files['/fw.bin'] = NOISE[1:]
    again = json.loads(fetch('--json', server.url + '/fw.bin', check=0).stdout)
    assert not again['kept'] and again['size'] == 299999
    # one whose hash is known is not asked for at all
    fetch('--sha256', sha256(NOISE[1:])[:8], server.url + '/fw.bin', check=0)
    assert len(server.requests) == 3
    assert kept(env) == ['data', 'json']


def test_empty_file_and_names(fetch, server, tmp_path):
    server.files['/none'] = b''
    fetch(server.url + '/none', check=0)
    assert (tmp_path / 'none').read_bytes() == b''
    assert fetch('-o', '-', server.url + '/none', check=0).stdout == ''
    done = fetch(server.url + '/', check=2)
    assert done.stderr.splitlines() == [
        f"error: cannot name the file of '{server.url}/'",
        'hint: name it: -o FILE']
    assert server.paths() == ['/none', '/none']


def test_without_a_network_the_copy_is_used(fetch, server, tmp_path):
    server.files['/fw.bin'] = NOISE
    url = server.url + '/fw.bin'
    fetch(url, check=0)
    server.answers['/fw.bin'] = lambda h: h.send_error(503)
    done = fetch(url, check=0)
    day = done.stderr.split(' copy of ')[1].split(' ')[0]
    host = server.url.split('/')[2]
    assert done.stderr == (f"warning: '{host}' has an error of its own (503): "
                           f"using the copy of {day} of '{url}'\n")
    server.stop()
    server.stop = lambda: None
    (tmp_path / 'fw.bin').unlink()
    done = fetch(url, check=0)
    assert done.stderr == (f"warning: '{host}' does not take connections: "
                           f"using the copy of {day} of '{url}'\n")
    assert (tmp_path / 'fw.bin').read_bytes() == NOISE
    done = fetch('--offline', url, check=0)
    assert done.stderr == f"warning: offline: using the copy of {day} of '{url}'\n"
    done = fetch('--offline', url + '2', check=1)
    assert done.stderr.splitlines() == [
        f"error: cannot download '{url}2': offline, and no copy of it is kept",
        "hint: download it once with the network: 'kiln fetch' keeps it"]


def test_a_copy_that_was_damaged_is_not_used(fetch, server, env):
    server.files['/fw.bin'] = NOISE
    url = server.url + '/fw.bin'
    fetch(url, check=0)
    data, = pathlib.Path(env['XDG_CACHE_HOME'], 'kiln/downloads').glob('*.data')
    data.write_bytes(NOISE[:-1] + b'!')
    fetch('--offline', url, check=1)
    fetch(url, check=0)
    data.write_bytes(NOISE[:-1] + b'!')
    fetch('--sha256', sha256(NOISE), url, check=0)
    assert data.read_bytes() == NOISE


def test_a_connection_that_breaks_goes_on(fetch, server, env, tmp_path):
    server.files['/fw.bin'] = NOISE
    server.cut['/fw.bin'] = [100000, 50000, 0]
    done = fetch('-v', server.url + '/fw.bin', check=0)
    assert (tmp_path / 'fw.bin').read_bytes() == NOISE
    assert done.stderr.count('broke') == 3
    assert [r[1].get('Range') for r in server.requests] == [
        None, 'bytes=100000-', 'bytes=150000-', 'bytes=150000-']
    assert kept(env) == ['data', 'json']


def test_the_next_run_goes_on(fetch, server, tmp_path):
    server.files['/fw.bin'] = NOISE
    server.cut['/fw.bin'] = [1000, 1000, 1000, 1000]
    done = fetch(server.url + '/fw.bin', check=1)
    host = server.url.split('/')[2]
    assert done.stderr.splitlines()[-2:] == [
        f"error: cannot download '{server.url}/fw.bin': the connection with '{host}' broke "
        'after 4000 of 300000 bytes',
        'hint: try again: it goes on where it stopped']
    assert not (tmp_path / 'fw.bin').exists()
    fetch(server.url + '/fw.bin', check=0)
    assert (tmp_path / 'fw.bin').read_bytes() == NOISE
    assert server.requests[-1][1]['Range'] == 'bytes=4000-'
    # what was begun is not what is there now: from the beginning
    server.files['/two'] = NOISE
    server.cut['/two'] = [1000] * 4
    fetch(server.url + '/two', check=1)
    server.files['/two'] = NOISE[::-1]
    fetch(server.url + '/two', check=0)
    assert (tmp_path / 'two').read_bytes() == NOISE[::-1]


def test_without_a_validator_it_begins_anew(fetch, server, tmp_path):
    lengths = [5000, 300000]

    def plain(h):
        h.send_response(200)
        h.send_header('Content-Length', '300000')
        h.end_headers()
        h.wfile.write(NOISE[:lengths.pop(0)])
        h.close_connection = True
    server.answers['/fw.bin'] = plain
    fetch(server.url + '/fw.bin', check=0)
    assert (tmp_path / 'fw.bin').read_bytes() == NOISE
    assert all('Range' not in headers for _, headers in server.requests)
    (tmp_path / 'fw.bin').unlink()
    fetch('--offline', server.url + '/fw.bin', check=0)
    assert (tmp_path / 'fw.bin').read_bytes() == NOISE


def test_a_range_that_is_another_one(fetch, server, tmp_path):
    """A server that answers a Range with other bytes must not make a wrong file."""
    server.files['/fw.bin'] = NOISE
    server.cut['/fw.bin'] = [1000]

    def wrong(h):
        if 'Range' not in h.headers:
            server.serve(h)
            return
        h.send_response(206)
        h.send_header('Content-Range', f'bytes 500-{len(NOISE) - 1}/{len(NOISE)}')
        h.send_header('Content-Length', str(len(NOISE) - 500))
        h.end_headers()
        h.wfile.write(NOISE[500:])
    server.answers['/fw.bin'] = wrong
    fetch(server.url + '/fw.bin', check=0)
    assert (tmp_path / 'fw.bin').read_bytes() == NOISE


def loop(h):
    h.send_response(302)
    h.send_header('Location', '/loop')
    h.send_header('Content-Length', '0')
    h.end_headers()


def endless(h):
    h.send_response(200)
    h.end_headers()  # no length: to the end of the connection
    try:
        while True:
            h.wfile.write(bytes(65536))
    except OSError:
        h.close_connection = True


def huge(h):
    h.send_response(200)
    h.send_header('Content-Length', str(1 << 50))
    h.end_headers()
    h.wfile.write(b'x')


def to_file(h):
    h.send_response(302)
    h.send_header('Location', 'file:///etc/hostname')
    h.send_header('Content-Length', '0')
    h.end_headers()


def status(code):
    return lambda h: h.send_error(code)


BAD = {
    'missing': (None, 1, "'HOST' has no such file (404)", 'check the address'),
    'loop': (loop, 1, "'HOST' redirects in a circle", 'use the address of the file itself'),
    'denied': (status(403), 1, "'HOST' does not give it out (403)",
               'check the address; some servers refuse for a while after many requests'),
    'broken': (status(500), 1, "'HOST' has an error of its own (500)", 'try again later'),
    'teapot': (status(418), 1, "'HOST' answers 418", 'check the address'),
    'huge': (huge, 1, 'it is more than the 268435456 bytes that may come', 'check the address'),
    'to-file': (to_file, 2, 'it is no address of a file on HOST',
                'an address looks like https://HOST/PATH'),
}


@pytest.mark.parametrize('name', BAD)
def test_servers_that_misbehave(fetch, server, env, name):
    answer, code, why, hint = BAD[name]
    if answer:
        server.answers['/' + name] = answer
    done = fetch(f'{server.url}/{name}', check=code)
    host = server.url.split('/')[2]
    assert done.stderr.splitlines() == [
        f"error: cannot download '{server.url}/{name}': {why.replace('HOST', host)}",
        f'hint: {hint}']
    assert kept(env) == []


def test_endless(fetch, server, env):
    server.answers['/endless'] = endless
    done = fetch('--max', '1_000_000', server.url + '/endless', check=1)
    assert 'it is more than the 1000000 bytes that may come' in done.stderr
    assert kept(env) == []


def test_wrong_hash(fetch, server, env, tmp_path):
    server.files['/fw.bin'] = NOISE
    done = fetch('--sha256', '00' * 32, server.url + '/fw.bin', check=1)
    assert done.stderr.splitlines() == [
        f"error: cannot use '{server.url}/fw.bin': its SHA-256 is {sha256(NOISE)[:16]}..., "
        'not 0000000000000000...',
        'hint: what came is not what was announced: try again later, and tell whoever keeps that '
        'server if it stays so']
    assert kept(env) == [] and not (tmp_path / 'fw.bin').exists()


def test_addresses_that_are_none(fetch):
    for url in 'ftp://h/x', 'https:/h', 'fw.bin', 'http://h/a b', 'http://h/' + 'x' * 3000:
        assert 'it is no http:, https: or file: address' in fetch('-o', 'x', url, check=2).stderr
    assert "its hash is not" in fetch('--sha256', '12', 'http://h/x', check=2).stderr
    done = fetch('http://nowhere.invalid/x', check=1)
    assert done.stderr.splitlines()[0] == (
        "error: cannot download 'http://nowhere.invalid/x': no address is known for "
        "'nowhere.invalid'")
    # a password is not shown
    done = fetch('http://me:secret@127.0.0.1:1/x', check=1)
    assert 'secret' not in done.stderr and "'http://127.0.0.1:1/x'" in done.stderr


def test_files_of_this_computer(fetch, tmp_path):
    (tmp_path / 'a b.bin').write_bytes(NOISE)
    fetch('-o', 'copy', f'file://{tmp_path}/a%20b.bin', check=0)
    assert (tmp_path / 'copy').read_bytes() == NOISE
    assert fetch('-o', 'x', f'file://{tmp_path}/none', check=1).stderr.splitlines()[0] == (
        f"error: cannot read '{tmp_path}/none': no such file or directory")
    fetch('-o', 'x', f'file://{tmp_path}', check=1)
    fetch('-o', 'x', 'file://other/etc/hostname', check=2)


def test_https(fetch, tls_server, tmp_path):
    tls_server.files['/fw.bin'] = NOISE
    url = tls_server.url + '/fw.bin'
    done = fetch(url, check=1)
    host = url.split('/')[2]
    assert done.stderr.startswith(f"error: cannot download '{url}': no secure connection with "
                                  f"'{host}': ")
    assert '\nhint: check this computer' in done.stderr
    fetch(url, check=0, SSL_CERT_FILE=str(TLS / 'server.pem'))
    assert (tmp_path / 'fw.bin').read_bytes() == NOISE


def test_from_https_to_http_is_refused(fetch, tls_server, server):
    server.files['/fw.bin'] = NOISE

    def down(h):
        h.send_response(302)
        h.send_header('Location', server.url + '/fw.bin')
        h.send_header('Content-Length', '0')
        h.end_headers()
    tls_server.answers['/fw.bin'] = down
    fetch(tls_server.url + '/fw.bin', check=2, SSL_CERT_FILE=str(TLS / 'server.pem'))
    assert server.requests == []


def test_disk_full(env, server, tmp_path):
    server.files['/fw.bin'] = NOISE
    done = subprocess.run(
        [BUILD / 'kiln', 'fetch', server.url + '/fw.bin'], env=env, cwd=tmp_path, text=True,
        capture_output=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000)))
    assert done.returncode == 1
    folder = env['XDG_CACHE_HOME'] + '/kiln/downloads'
    assert done.stderr.splitlines() == [
        f"error: cannot download '{server.url}/fw.bin' to '{folder}': file too large",
        'hint: free some space there, or name another folder in $XDG_CACHE_HOME']


def test_a_home_that_cannot_be_written(fetch, server, env, tmp_path):
    server.files['/fw.bin'] = NOISE
    (tmp_path / 'temporary').mkdir()
    fetch(server.url + '/fw.bin', check=0, XDG_CACHE_HOME='/proc/nothing',
          TMPDIR=str(tmp_path / 'temporary'))
    assert (tmp_path / 'fw.bin').read_bytes() == NOISE
    assert os.listdir(tmp_path / 'temporary') == []


def test_interrupted(env, server, tmp_path):
    begun, go_on = threading.Event(), threading.Event()

    def slow(h):
        if 'Range' in h.headers:
            server.serve(h)
            return
        h.send_response(200)
        h.send_header('Content-Length', str(len(NOISE)))
        h.send_header('ETag', server.tag(NOISE))
        h.end_headers()
        h.wfile.write(NOISE[:20000])
        h.wfile.flush()
        begun.set()
        go_on.wait(60)
    server.files['/fw.bin'] = NOISE
    server.answers['/fw.bin'] = slow
    child = subprocess.Popen([BUILD / 'kiln', 'fetch', server.url + '/fw.bin'], env=env,
                             cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert begun.wait(60)
    part = pathlib.Path(env['XDG_CACHE_HOME'], 'kiln/downloads')
    while not any(p.stat().st_size == 20000 for p in part.glob('*.part')):
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 130
    assert child.stderr.read().splitlines() == [
        f"error: cannot download '{server.url}/fw.bin': interrupted",
        'hint: what came is kept: the next download goes on from there']
    go_on.set()
    done = subprocess.run([BUILD / 'kiln', 'fetch', server.url + '/fw.bin'], env=env, cwd=tmp_path,
                          timeout=60)
    assert done.returncode == 0 and (tmp_path / 'fw.bin').read_bytes() == NOISE
    assert server.requests[-1][1]['Range'] == 'bytes=20000-'


def test_two_at_once(env, server, tmp_path):
    """Neither spoils the other's file."""
    barrier = threading.Barrier(2)

    def together(h):
        h.send_response(200)
        h.send_header('Content-Length', str(len(NOISE)))
        h.send_header('ETag', server.tag(NOISE))
        h.end_headers()
        h.wfile.write(NOISE[:100000])
        h.wfile.flush()
        barrier.wait(60)
        h.wfile.write(NOISE[100000:])
    server.answers['/fw.bin'] = together
    children = [subprocess.Popen([BUILD / 'kiln', 'fetch', '-o', f'{i}', server.url + '/fw.bin'],
                                 env=env, cwd=tmp_path) for i in range(2)]
    assert [c.wait(60) for c in children] == [0, 0]
    assert [(tmp_path / f'{i}').read_bytes() == NOISE for i in range(2)] == [True, True]
    assert kept(env) == ['data', 'json']


def test_the_command_line_does_not_load_libcurl():
    for program in 'kiln', 'kiln-kernel':
        libraries = subprocess.run(['ldd', BUILD / program], capture_output=True, text=True,
                                   check=True).stdout
        assert 'libcurl' not in libraries
    assert 'libcurl' in subprocess.run(['ldd', BUILD / 'kiln-fetch'], capture_output=True,
                                       text=True, check=True).stdout
