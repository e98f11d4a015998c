# SPDX-License-Identifier: Apache-2.0
"""A MicroPython that we did not write: the micro:bit's 1.9.2, in Debian's qemu."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tty

import pytest

FIRMWARE = pathlib.Path('/usr/share/firmware-microbit-micropython/firmware.hex')
QEMU = shutil.which('qemu-system-arm')

needs_microbit = pytest.mark.skipif(not QEMU or not FIRMWARE.exists(),
                                    reason='no qemu-system-arm or no micro:bit firmware here')


@contextlib.contextmanager
def fresh_microbit():
    """The pty on which it answers, and a descriptor of it."""
    qemu = subprocess.Popen(
        [QEMU, '-M', 'microbit', '-display', 'none', '-monitor', 'none', '-serial', 'pty',
         '-device', f'loader,file={FIRMWARE}'],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        name = re.search(r'/dev/pts/\d+', qemu.stdout.readline()).group()
        # qemu looks only once a second whether somebody has opened a pty that nobody had open
        held = os.open(name, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(held)
        yield name, held
        os.close(held)
    finally:
        qemu.kill()
        qemu.wait()
