/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "discover/again.h"

/* "1-1.3:1.2" of a device with several ports: which of them it is. */
static const char *interface_of(const struct kiln_port *port)
{
	const char *colon = strchr(port->location, ':');

	return colon ? colon : "";
}

static bool same_device(const struct kiln_port *a, const struct kiln_port *b)
{
	return a->is_usb && b->is_usb && a->vid == b->vid && a->pid == b->pid &&
	       strcmp(a->serial, b->serial) == 0 && strcmp(interface_of(a), interface_of(b)) == 0;
}

const struct kiln_port *kiln_port_again(const struct kiln_port_list *list,
					const struct kiln_port *known)
{
	const struct kiln_port *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct kiln_port *port = &list->ports[i];

		if (!same_device(port, known))
			continue;
		if (strcmp(port->location, known->location) == 0)
			return port;
		found = port;
		n++;
	}
	/* adapters that all have the serial number "0001" are told by their place only */
	return n == 1 && known->serial[0] ? found : NULL;
}

const struct kiln_port *kiln_port_in_place(const struct kiln_port_list *list,
					   const struct kiln_port *known)
{
	const size_t n = strcspn(known->location, ":");

	for (size_t i = 0; known->is_usb && n > 0 && i < list->n; i++) {
		const struct kiln_port *port = &list->ports[i];

		if (port->is_usb && strcspn(port->location, ":") == n &&
		    memcmp(port->location, known->location, n) == 0)
			return port;
	}
	return NULL;
}
