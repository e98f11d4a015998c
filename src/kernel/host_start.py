# SPDX-License-Identifier: Apache-2.0
"""Run once in the host's Python, in a namespace of its own: what kiln's kernel does there.

prepare() is called before a cell when something has changed; %store speaks with the kernel by
displays of a type of its own, and is otherwise the one that board cells have.
"""
import json
import os
import signal

from IPython import get_ipython
from IPython.core.error import UsageError
from IPython.display import publish_display_data

REPR_MAX = 70
DEPTH_MAX = 32


def depth_of(value):
    """Deepest nesting; JSON has no cycles, json.dumps() has refused them."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth_of, parts), default=0)


def whole_number(digits):
    """More than 64 bits are no number for the kernel, and none for most boards."""
    if not -2**63 <= int(digits) < 2**63:
        raise ValueError(digits)
    return int(digits)


class Kiln:
    def __init__(self, shell):
        self.shell = shell
        self.texts = {}  # name: JSON

    def prepare(self, count=None, folder=None, stored=None):
        if count is not None:
            self.shell.execution_count = count
        if folder is not None:
            os.chdir(folder)
        if stored is not None:
            self.load(json.loads(stored))

    def load(self, values):
        """Variables appear by their names, and again when a board has stored another value."""
        texts = {name: json.dumps(value) for name, value in values.items()}
        for name, text in texts.items():
            if self.texts.get(name) != text and name.isidentifier():
                self.shell.user_ns[name] = json.loads(text)
        self.texts = texts

    def tell(self, **what):
        publish_display_data({'application/x-kiln-store+json': what})

    def known(self, names):
        for name in names:
            if name not in self.texts:
                raise UsageError(f"no variable '{name}' is stored")
        return names

    def keep(self, name):
        if name not in self.shell.user_ns:
            raise UsageError(f"name '{name}' isn't defined")
        try:
            text = json.dumps(self.shell.user_ns[name], allow_nan=False)
            good = depth_of(json.loads(text, parse_int=whole_number)) <= DEPTH_MAX
        except (TypeError, ValueError, RecursionError):
            good = False
        if not good:
            raise UsageError(f"cannot store '{name}': JSON can't hold it")
        self.texts[name] = text
        self.tell(set={name: text})

    def list(self):
        for name, text in sorted(self.texts.items()):
            shown = repr(json.loads(text))
            print(name, '->', shown if len(shown) <= REPR_MAX else shown[:REPR_MAX - 3] + '...')

    def store(self, line):
        """Keep copies of variables where %store on the board finds them.

        %store            list what is kept
        %store x y        keep x and y; a board cell gets them by %store -r x y
        %store -r [x]     variables as they were kept; without names: all
        %store -d x       delete the named copies
        %store -z         delete all copies
        """
        flags = [word for word in line.split() if word.startswith('-')]
        names = [word for word in line.split() if not word.startswith('-')]
        if len(flags) > 1 or not set(flags) <= {'-r', '-d', '-z'} or (flags == ['-d'] and not names):
            raise UsageError('usage: %store [-r] [-d] [-z] [VARIABLE ...]')
        if flags == ['-z']:
            self.texts = {}
            self.tell(clear=True)
        elif flags == ['-d']:
            for name in self.known(names):
                del self.texts[name]
            self.tell(delete=names)
        elif flags == ['-r']:
            for name in self.known(names) or self.texts:
                self.shell.user_ns[name] = json.loads(self.texts[name])
        elif names:
            for name in names:
                self.keep(name)
        else:
            self.list()


class Begin:
    """The last of IPython's steps before a cell's code: the kernel holds an interrupt back until here.

    Before, it would hit code of IPython or ipykernel, and take the reply along, or do nothing at all.
    """
    def visit(self, tree):
        publish_display_data({'application/x-kiln-begin': ''})
        return tree


# all that it does is to break off a system call, so that an interrupt before it is seen (host_call.c)
signal.signal(signal.SIGURG, lambda *_: None)
shell = get_ipython()
shell.kiln = Kiln(shell)
shell.register_magic_function(shell.kiln.store, 'line', 'store')
shell.ast_transformers.append(Begin())
