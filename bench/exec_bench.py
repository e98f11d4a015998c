#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `kiln exec` costs this computer on a local pty. Usage: exec_bench.py BUILD"""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1]
RUNS = 20


def figure(case, value, unit, op=None, limit=None):
    out = {'case': case, 'value': value, 'unit': unit}
    if op:
        out |= {'op': op, 'limit': limit}
    print(json.dumps(out), flush=True)


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def least_cpu(command, env):
    """Least CPU time of one run; the board's server is a child that still runs, and not counted."""
    best = None
    for _ in range(RUNS):
        before = spent()
        subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
        one = spent() - before
        best = one if best is None else min(best, one)
    return best * 1000


def main():
    build = pathlib.Path(sys.argv[1])
    kiln = str(build / 'kiln')
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {f'XDG_{x}': home for x in ('STATE_HOME', 'CONFIG_HOME', 'RUNTIME_DIR')}
        image = pathlib.Path(home, 'image.bin')
        subprocess.run([sys.executable, SOURCE / 'tools/make-test-image', image, '--size', '80000'],
                       check=True)
        subprocess.run([kiln, 'flash', '-q', '-p', 'sim:bench?clock=virtual', image], env=env,
                       check=True, stdout=subprocess.DEVNULL)
        server = subprocess.Popen([kiln, 'sim', 'bench', '--pty', '--json'], env=env, text=True,
                                  stdout=subprocess.PIPE)
        try:
            port = json.loads(server.stdout.readline())['port']
            subprocess.run([kiln, 'exec', '-p', port, 'pass'], env=env, check=True)  # it has started
            figure("kiln exec 'print(1)' on a pty: CPU",
                   least_cpu([kiln, 'exec', '-p', port, 'print(1)'], env), 'ms', '<=', 10)
        finally:
            server.terminate()
            server.wait()


main()
