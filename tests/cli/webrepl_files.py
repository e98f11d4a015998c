# SPDX-License-Identifier: Apache-2.0
"""A virtual board behind WebREPL, and what is on it."""
import random

import pytest
from netboards import WebRepl


def noise(n, seed=1):
    return random.Random(seed).randbytes(n)


@pytest.fixture
def serve(env, pty_board):
    """serve(quirk, ...): the board's WebREPL."""
    env['KILN_WEBREPL_PASSWORD'] = 'secret'
    servers = []

    def start(*quirks):
        servers.append(WebRepl(pty_board, quirks=quirks))
        return servers[-1]
    yield start
    for server in servers:
        server.close()


def on_board(tmp_path):
    folder = tmp_path / 'xdg/state/kiln/sim/board.files'
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob('*') if p.is_file()}
