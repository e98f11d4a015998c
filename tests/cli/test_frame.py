# SPDX-License-Identifier: Apache-2.0
"""The frame of the command line: help, options, errors, exit codes."""
import json
import os
import re
import subprocess

import pytest
from conftest import BUILD


def test_help_lists_the_commands(run):
    text = run('kiln', 'help', check=0).stdout
    assert re.search(r'^  version +print the version$', text, re.M)
    assert run('kiln', '--help', check=0).stdout == text
    assert '__' not in text  # hidden ones stay hidden


def test_no_command_is_a_usage_error(run):
    done = run('kiln', check=2)
    assert done.stdout == ''
    assert done.stderr.startswith('usage: kiln ')


def test_help_of_a_command(run):
    text = run('kiln', 'help', 'version', check=0).stdout
    assert text.startswith('usage: kiln version [--json]\n')
    assert '--verbose' in text
    assert run('kiln', 'version', '-h', check=0).stdout == text


def test_version(run):
    text = run('kiln', 'version', check=0).stdout
    assert re.fullmatch(r'kiln \d+\.\d+\.\d+\S*\n', text)
    assert run('kiln', '--version', check=0).stdout == text
    assert json.loads(run('kiln', 'version', '--json', check=0).stdout) == {
        'program': 'kiln', 'version': text.split()[1]}


def test_wrong_command(run):
    done = run('kiln', 'versoin', check=2)
    assert (done.stdout, done.stderr) == (
        '', "error: no such command: 'versoin'\nhint: did you mean 'kiln version'?\n")
    assert run('kiln', 'rhubarb', check=2).stderr == (
        "error: no such command: 'rhubarb'\nhint: 'kiln help' lists the commands\n")


def test_wrong_option(run):
    assert run('kiln', 'version', '--jsno', check=2).stderr == (
        "error: no such option: --jsno\nhint: did you mean '--json'?\n")
    assert run('kiln', 'version', '-z', check=2).stderr == (
        "error: no such option: -z\nhint: 'kiln version --help' shows what it takes\n")
    assert run('kiln', '--rhubarb', check=2).stderr == (
        "error: no such option: --rhubarb\nhint: 'kiln help' shows what it takes\n")
    assert run('kiln', 'version', 'now', check=2).stderr.startswith(
        "error: it takes no arguments, not 'now'\n")


def test_common_options_stand_before_and_after_the_command(run):
    assert run('kiln', '-vv', 'version', check=0).stdout
    assert run('kiln', 'version', '-vv', '-q', check=0).stdout


@pytest.mark.parametrize('words', [['kiln', 'version'], ['kiln', 'help'],
                                   ['esptool.py', '-p', 'sim:full?clock=virtual', 'erase_flash']])
def test_full_disk_is_no_success(env, words):
    """Also when all was written and only nobody could read of it."""
    with open('/dev/full', 'w') as full:
        done = subprocess.run([BUILD / words[0], *words[1:]], env=env, stdout=full)
    assert done.returncode == 1


@pytest.mark.parametrize('words', [['version'], ['help'], ['discover', '--all'], ['esptool', 'version']])
def test_starts_light(run, words):
    """No library is loaded that the command does not need: it starts at once, on a Raspberry Pi too."""
    done = run('kiln', *words, check=0, LD_DEBUG='files')
    loaded = set(re.findall(r'calling init: \S*/(lib[a-z]+)', done.stderr))
    assert 'libc' in loaded
    assert not loaded & {'libzmq', 'libcurl', 'libpython', 'libsodium'}


def test_names_are_links(run):
    for name in ('esptool.py', 'esptool'):
        assert os.readlink(BUILD / name) == 'kiln'
