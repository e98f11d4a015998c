# SPDX-License-Identifier: Apache-2.0
"""The same job by other tools in the same run, where they are on the PATH. Usage: others_bench.py BUILD

Each tool writes the same file to a virtual board of its own, served over RFC 2217 by `kiln sim`, in
real time and through a relay that counts what passes. So seconds hold the wire's speed, which is the
same for all, and each tool's own waits; only their ratio within this run says anything. esptool (any
version) flashes; mpremote copies a file. espflash can't open an RFC 2217 port, so it is not here.
"""
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

FLASH_SIZE, FILE_SIZE, BAUD = 300000, 30000, 460800


class Relay(threading.Thread):
    """Between a tool and the server: bytes each way, and how often the one waited for the other."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.to_board, self.to_host, self.turns = address, 0, 0, 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:  # some tools open the port more than once
            host, _ = self.listener.accept()
            board = socket.create_connection(self.address)
            for s in (host, board):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.carry(host, board)
            except OSError:  # one of them left in the middle
                pass
            host.close()
            board.close()

    def carry(self, host, board):
        asked = False
        while True:
            for s in select.select([host, board], [], [])[0]:
                data = s.recv(65536)
                if not data:
                    return
                if s is host:
                    board.sendall(data)
                    self.to_board += len(data)
                    asked = True
                else:
                    host.sendall(data)
                    self.to_host += len(data)
                    self.turns += asked
                    asked = False


class Board:
    def __init__(self, build, env, name):
        self.process = subprocess.Popen(
            [build / 'kiln', 'sim', name, '--rfc2217', '0', '--json'], env=env,
            stdout=subprocess.PIPE, text=True)
        url = json.loads(self.process.stdout.readline())['port']
        host, port = url.removeprefix('rfc2217://').rsplit(':', 1)
        self.relay = Relay((host, int(port)))
        self.relay.start()
        self.url = f'rfc2217://127.0.0.1:{self.relay.port}?ign_set_control'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def run(build, env, name, prepare, command):
    """What one tool's run on a new board cost, as the columns of the table."""
    with Board(build, env, name) as board:
        if prepare:
            subprocess.run([build / 'kiln', 'flash', '-p', board.url, prepare], env=env, check=True,
                           stdout=subprocess.DEVNULL)
            board.relay.to_board = board.relay.to_host = board.relay.turns = 0
        begun = time.monotonic()
        tool = subprocess.Popen([word.replace('URL', board.url) for word in command], env=env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(tool.pid, 0)
        tool.returncode = os.waitstatus_to_exitcode(status)
        if tool.returncode:
            raise subprocess.CalledProcessError(tool.returncode, command)
        return {'s': time.monotonic() - begun, 'turns': board.relay.turns,
                'bytes': board.relay.to_board + board.relay.to_host,
                'cpu_ms': round(1000 * (usage.ru_utime + usage.ru_stime)), 'heap_kb': usage.ru_maxrss}


def compare(case, ours, theirs):
    """Both are {name: columns}; the first of ours is what a user of the other tool would call."""
    for name, columns in (ours | theirs).items():
        print(json.dumps({'case': f'{case}: {name}', 'value': columns['s'], 'unit': 's', 'more': columns}))
    first = next(iter(ours))
    for name, columns in theirs.items():
        for what, words in (('s', 'time'), ('turns', 'round trips'), ('cpu_ms', 'CPU')):
            print(json.dumps({'case': f'{case}: {first} to {name}, {words}', 'unit': 'x', 'op': '<=',
                              'value': ours[first][what] / columns[what], 'limit': 1}))


def elsewhere(names, build):
    """Where a tool is that is not ours."""
    path = os.pathsep.join(p for p in os.environ['PATH'].split(os.pathsep)
                           if pathlib.Path(p).resolve() != build)
    for name in names:
        found = shutil.which(name, path=path)
        if found and pathlib.Path(found).resolve().name not in ('kiln', name + '-kiln'):
            return found
    return None


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    source = pathlib.Path(__file__).resolve().parent.parent
    kiln = str(build / 'kiln')
    tools = {'esptool': elsewhere(['esptool', 'esptool.py'], build),
             'mpremote': elsewhere(['mpremote'], build)}
    if not any(tools.values()):
        print('others: no other tool is on the PATH, nothing to compare with', file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {'XDG_STATE_HOME': home, 'XDG_CONFIG_HOME': home, 'XDG_RUNTIME_DIR': home}
        firmware, data = f'{home}/firmware.bin', f'{home}/data.bin'
        subprocess.run([sys.executable, source / 'tools/make-test-image', firmware, '--size',
                        str(FLASH_SIZE)], check=True)
        pathlib.Path(data).write_bytes(os.urandom(FILE_SIZE))
        if tools['esptool']:
            words = ['--port', 'URL', '--baud', str(BAUD), 'write_flash', '0x1000', firmware]
            compare('300 KB to a blank chip', {
                'kiln esptool': run(build, env, 'a', None, [str(build / 'esptool.py'), *words]),
                'kiln flash': run(build, env, 'b', None, [kiln, 'flash', '-p', 'URL', firmware]),
            }, {'esptool': run(build, env, 'c', None, [tools['esptool'], *words])})
        if tools['mpremote']:
            words = ['connect', 'URL', 'cp', data, ':data.bin']
            compare('a file of 30 KB', {
                'kiln mpremote': run(build, env, 'd', firmware, [kiln, 'mpremote', *words]),
            }, {'mpremote': run(build, env, 'e', firmware, [tools['mpremote'], *words])})


main()
