# SPDX-License-Identifier: Apache-2.0
"""bench/run.py, which `make bench` runs: one table, and no success where a limit is missed."""
import json
import subprocess
import sys

import pytest
from conftest import SOURCE

MORE = {'bytes': 1109880, 'turns': 90, 's': 24.95, 'cpu_ms': 173, 'heap_kb': 3760}


def bench(folder, *figures, exit_code=0):
    """The table of a build that has one benchmark, `made_up`; and run.py's exit code."""
    (folder / 'bench').mkdir(exist_ok=True)
    program = folder / 'bench' / 'made_up_bench'
    lines = '\n'.join(json.dumps(figure) for figure in figures)
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{lines}\nEND\nexit {exit_code}\n")
    program.chmod(0o755)
    done = subprocess.run([sys.executable, SOURCE / 'bench/run.py', folder, 'made_up'], text=True,
                          capture_output=True)
    return done.returncode, done.stdout.splitlines()


def figure(value, op='<=', limit=1.03, **more):
    return {'case': 'a case', 'value': value, 'unit': 'x limit', 'op': op, 'limit': limit, **more}


def test_one_table(tmp_path):
    code, lines = bench(tmp_path, figure(0.998, more=MORE),
                        {'case': 'no limit', 'value': 12, 'unit': 's'})
    assert code == 0
    assert lines[0].split() == ['case', 'figure', 'of', 'what', 'promised', 'bytes', 'round', 'trips',
                                'seconds', 'CPU', 'ms', 'memory', 'KB']
    assert lines[1].split() == ['a', 'case', '0.998', 'x', 'limit', '<=', '1.03', '1109880', '90', '24.95',
                                '173', '3760']
    assert lines[2].split() == ['no', 'limit', '12', 's']
    # each column ends where its heading does
    assert len(lines[0]) == len(lines[1])
    assert lines[1].index('1109880') + len('1109880') == lines[0].index('bytes') + len('bytes')


@pytest.mark.parametrize('bad', [figure(1.04), figure(0.96, '>=', 0.97), figure(float('nan'))],
                         ids=['above', 'below', 'no number'])
def test_a_limit_that_is_missed(tmp_path, bad):
    code, lines = bench(tmp_path, figure(1.03), bad, figure(0.97, '>=', 0.97))
    assert code == 1 and lines[-1] == '1 missed'
    assert [line.endswith('MISSED') for line in lines[1:-1]] == [False, True, False]


def test_a_benchmark_that_fails(tmp_path):
    """What it told before is shown, and it counts."""
    code, lines = bench(tmp_path, figure(1), exit_code=3)
    assert code == 1 and lines[1].startswith('a case') and lines[2].endswith('failed with 3')


def test_no_benchmark(tmp_path):
    done = subprocess.run([sys.executable, SOURCE / 'bench/run.py', tmp_path, 'no-such-bench'], text=True,
                          capture_output=True)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == 'there is no such benchmark, or nothing is built\n'
