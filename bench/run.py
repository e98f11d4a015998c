#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run every benchmark, print one table, and exit non-zero where a stated limit is missed.

Usage: run.py BUILD [NAME...]

A benchmark is an executable bench/*_bench.py (given BUILD) or BUILD/bench/*_bench. It prints JSON,
one object a line: {"case": "...", "value": 1.03, "unit": "x wire"} and, where a limit is
promised, "limit" with "op" ("<=" or ">="); of a whole job also "more": bytes both ways, round trips,
virtual seconds, the host's CPU and heap (these two for people, they differ between runs). Figures are ratios within one run, counts, or virtual
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
    return f"{figure['op']} {figure['limit']:g}" + ('' if good else '   MISSED'), not good


def columns(more):
    """Of a whole job: what it cost."""
    if not more:
        return ''
    return (f"{more['bytes']:>10} bytes {more['turns']:>5} turns {more['s']:>8.2f} s"
            f" {more['cpu_ms']:>6} ms CPU {more['heap_kb']:>6} KB")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    missed = 0
    for command in benchmarks(build, sys.argv[2:]):
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if run.returncode:
            print(f'{command[-2] if len(command) > 2 else command[0]}: failed with {run.returncode}')
            missed += 1
        for line in run.stdout.splitlines():
            figure = json.loads(line)
            text, bad = verdict(figure)
            missed += bad
            print(f"{figure['case']:58} {figure['value']:>10.4g} {figure['unit']:13} {text:18}"
                  f"{columns(figure.get('more'))}".rstrip(), flush=True)
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
