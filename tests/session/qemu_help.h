/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_QEMU_HELP_H
#define KILN_TESTS_QEMU_HELP_H

#include <stdbool.h>
#include <sys/types.h>

/* The micro:bit's MicroPython 1.9.2 (Debian's firmware-microbit-micropython) in qemu. */
struct microbit {
	pid_t pid;
	int held;      /* keeps its pty open: qemu looks only once a second who opened it */
	char port[64]; /* "/dev/pts/3" */
};

/* False: there is no qemu, or no firmware, on this machine. */
bool microbit_begin(struct microbit *m);
void microbit_end(struct microbit *m);

#endif
