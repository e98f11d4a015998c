/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_HOLDER_H
#define KILN_LINK_HOLDER_H

#include <stdbool.h>

/* A process that has a device open. */
struct kiln_holder {
	int pid;
	char name[64]; /* of its program; untrusted, control characters replaced */
};

/*
 * Find a process other than this one that has `device` open, or a lock on it. Looks through /proc,
 * where the open files of other users' processes are hidden from us, but not their locks.
 */
bool kiln_port_holder(const char *device, struct kiln_holder *ret_holder);

#endif
