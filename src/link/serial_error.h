/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_SERIAL_ERROR_H
#define KILN_LINK_SERIAL_ERROR_H

#include <stdbool.h>

#include <kiln/err.h>

/* Why a serial port can't be opened, for people: which group, which process, what to do. */
kiln_code kiln_serial_open_failed(const char *path, int sys, struct kiln_err *err);
kiln_code kiln_serial_busy(const char *path, struct kiln_err *err);

/* Name of the group that the device belongs to, and whether this user is one of its members by
 * the group file (in a session that began earlier that has no effect yet). */
struct kiln_port_group {
	char name[64];
	char user[64];
	bool may_write; /* the group has the right to read and write the device */
	bool member;
};
bool kiln_port_group(const char *path, struct kiln_port_group *ret_group);

#endif
