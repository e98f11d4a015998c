# SPDX-License-Identifier: Apache-2.0
# The virtual board's machine module: what is true of it, and nothing else.
import _kiln

_FREQS = (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000)
_freq = 160_000_000


def unique_id():
    return bytes(int(_kiln.uid[i : i + 2], 16) for i in range(0, len(_kiln.uid), 2))


def reset():
    _kiln.reset()


def soft_reset():
    raise SystemExit


def freq(hz=None):
    global _freq
    if hz is None:
        return _freq
    if hz not in _FREQS:
        raise ValueError('frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz')
    _freq = hz
