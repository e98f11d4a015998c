# SPDX-License-Identifier: Apache-2.0
"""A WebREPL (or, with an argument, tornado's WebSocket) whose REPL is a pty that echoes. Prints its
URL, serves until it is ended."""
import os
import pathlib
import pty
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'cli'))
from netboards import Folder, TornadoWebRepl, WebRepl  # noqa: E402

master, slave = pty.openpty()
kind = sys.argv[1]
if kind == 'tornado':
    server = TornadoWebRepl(os.ttyname(slave))
else:
    server = WebRepl(os.ttyname(slave), quirks=() if kind == 'plain' else (kind,),
                     folder=Folder())


def echo():
    while True:
        os.write(master, os.read(master, 1000))


threading.Thread(target=echo, daemon=True).start()
print(server.url, flush=True)
threading.Event().wait()
