# SPDX-License-Identifier: Apache-2.0
"""500 seeded runs in bad weather (tests/session/storm_session.c): how many end as they must not.

A run ends badly if a wrong image is reported as good, if an error does not name the state of the
board, or if the second run on a sound line fails. The usual 120 are in `make test`.
"""
import json
import os
import subprocess
import sys

RUNS, PARTS = 500, 10


def main():
    program = os.path.join(sys.argv[1], 'tests', 'session', 'storm_session')
    bad = 0
    for part in range(PARTS):
        first = 1000 + part * RUNS // PARTS
        done = subprocess.run([program], env={**os.environ, 'KILN_STORM': f'{first}:{RUNS // PARTS}'},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            bad += 1
            print(done.stdout, file=sys.stderr)
    print(json.dumps({'case': f'storm: {RUNS} seeded runs, parts that ended badly', 'value': bad,
                      'unit': f'of {PARTS}', 'limit': 0, 'op': '<='}))


main()
