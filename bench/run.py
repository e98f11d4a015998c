#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run every benchmark, print one table, and exit non-zero where a stated limit is missed.

Usage: run.py BUILD [NAME...]

A benchmark is an executable bench/*_bench.py (given BUILD) or BUILD/bench/*_bench. It prints JSON,
one object a line: {"case": "...", "value": 1.03, "unit": "x wire"} and, where a limit is
promised, "limit" with "op" ("<=" or ">="); of a whole job also "more": bytes both ways, round trips,
virtual seconds, the host's CPU and heap at most (these two for people, they differ between runs; of other
tools seconds are real, and memory is all that is resident). Figures are ratios within one run, counts, or virtual
time: none depends on how busy the machine is.
"""
import json
import operator
import pathlib
import subprocess
import sys

OPS = {'<=': operator.le, '>=': operator.ge}


def benchmarks(build, names):
    here = pathlib.Path(__file__).resolve().parent
    found = [[sys.executable, str(p), str(build)] for p in sorted(here.glob('*_bench.py'))]
    found += [[str(p), str(build)] for p in sorted((build / 'bench').glob('*_bench')) if p.is_file()]
    return [c for c in found if not names or any(n in ' '.join(c) for n in names)]


def verdict(figure):
    if 'limit' not in figure:
        return '', False
    good = OPS[figure['op']](figure['value'], figure['limit'])
    return f"{figure['op']} {figure['limit']:g}", not good


def columns(more):
    """Of a whole job: what it cost."""
    if not more:
        return ''
    return (f"{more['bytes']:>10} {more['turns']:>11} {more['s']:>9.2f} {more['cpu_ms']:>7}"
            f" {more['heap_kb']:>9}")


HEAD = (f'{"case":68} {"figure":>9} {"of what":13} {"promised":15}{"bytes":>10} {"round trips":>11}'
        f' {"seconds":>9} {"CPU ms":>7} {"memory KB":>9}')


def show(figure):
    text, bad = verdict(figure)
    line = (f"{figure['case']:68} {figure['value']:>9.4g} {figure['unit']:13} {text:15}"
            f"{columns(figure.get('more'))}")
    print(line.rstrip() + ('   MISSED' if bad else ''), flush=True)
    return bad


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    commands = benchmarks(build, sys.argv[2:])
    missed = 0
    if not commands:
        print('there is no such benchmark, or nothing is built', file=sys.stderr)
        return 1
    print(HEAD, flush=True)
    for command in commands:
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        for line in run.stdout.splitlines():
            missed += show(json.loads(line))
        if run.returncode:
            print(f'{command[-2]}: failed with {run.returncode}', flush=True)
            missed += 1
    if missed:
        print(f'{missed} missed', flush=True)
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
