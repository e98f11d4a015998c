/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_HOST_SCRIPT_H
#define KILN_KERNEL_HOST_SCRIPT_H

#include <stddef.h>

/* host_start.py, embedded at build time. */
struct embedded_file {
	const char *name;
	const unsigned char *data;
	size_t size;
};

extern const struct embedded_file kiln_host_script[];

#endif
