/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_REPL_FIRMWARE_H
#define KILN_REPL_FIRMWARE_H

#include <stddef.h>

/*
 * Which firmware a line gives away, in words for "the board runs ...": "an Arduino program", "the
 * NodeMCU Lua firmware". NULL: any program may print it, MicroPython and its boot loader too. A
 * guess: a line is no proof. `line` is whole and without its end.
 */
const char *kiln_firmware_of(const char *line, size_t n);

#endif
