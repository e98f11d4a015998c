#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What it costs to start the command line: CPU time, instructions, libraries. Usage: start_bench.py BUILD"""
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

RUNS = 40
HEAVY = ('libzmq', 'libcurl')


def figure(case, value, unit, op=None, limit=None):
    out = {'case': case, 'value': value, 'unit': unit}
    if op:
        out |= {'op': op, 'limit': limit}
    print(json.dumps(out), flush=True)


def cpu_ms(command, env):
    """Least CPU time of one run: other load only ever adds."""
    best = None
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = spent if best is None else min(best, spent)
    return best * 1000


def libraries(command, env):
    out = subprocess.run(command, env=env | {'LD_DEBUG': 'files'}, capture_output=True, text=True).stderr
    return sorted(set(re.findall(r'calling init: \S*/(lib[\w+-]+)\.so', out)))


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as state:
        env = os.environ | {'XDG_STATE_HOME': state, 'XDG_CONFIG_HOME': state, 'XDG_RUNTIME_DIR': state}
        for words in (['version'], ['discover', '-a']):
            command = [str(build / 'kiln'), *words]
            name = ' '.join(['kiln', *words])
            figure(f'{name}: CPU', cpu_ms(command, env), 'ms', '<=', 5)
            heavy = [lib for lib in libraries(command, env) if lib.startswith(HEAVY)]
            figure(f'{name}: libzmq or libcurl loaded', len(heavy), 'libraries', '<=', 0)


main()
