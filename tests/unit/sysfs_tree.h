/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_SYSFS_TREE_H
#define KILN_TESTS_SYSFS_TREE_H

#include "unit.h"

#include "discover/sources.h"

/* A folder of its own that looks like /sys. */
extern char tree_root[64];

void tree_begin(void);
void tree_end(void);

void tree_file(const char *folder, const char *name, const char *content);
/* A link at `path`, to a place in the tree. */
void tree_link(const char *path, const char *target);
/* The tty `name`, whose device stands at `device` and belongs to `subsystem`. */
void tree_tty(const char *name, const char *device, const char *subsystem, const char *driver);
void tree_usb_device(const char *device, const char *vid, const char *pid, const char *interfaces);
/* The ports of the one on the page that shows "%discover --all". */
void tree_raspberry_pi(void);

struct kiln_port_set tree_scan(void);

#endif
