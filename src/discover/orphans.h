/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_DISCOVER_ORPHANS_H
#define KILN_DISCOVER_ORPHANS_H

#include <kiln/port.h>

/*
 * USB devices of board makers that have no serial port: no driver has taken them, or they are in a
 * mode of their boot loader that shows something else. For `kiln doctor`.
 */
struct kiln_usb_orphan {
	char location[64]; /* "1-1.3" */
	char vendor[64];   /* of the table of vendors */
	char product[128]; /* as the device says; may be empty */
	uint16_t vid, pid;
	/* An interface that a serial driver could take has no driver at all. */
	bool without_driver;
};

/*
 * Call `found` for each that is not behind one of `ports`. `root` is "/sys".
 */
void kiln_usb_orphans(const char *root, const struct kiln_port_list *ports,
		      void (*found)(void *user, const struct kiln_usb_orphan *orphan), void *user);

#endif
