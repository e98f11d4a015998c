/* SPDX-License-Identifier: Apache-2.0 */
#include "discover/orphans.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "discover/sources.h"
#include "discover/vendors.h"

/* USB class codes that serial drivers take: communications, CDC data, vendor specific. */
static bool is_serial_class(const char *interface)
{
	char line[8];
	unsigned long class;

	if (!kiln_sysfs_line(interface, "bInterfaceClass", line, sizeof(line)))
		return false;
	class = strtoul(line, NULL, 16);
	return class == 0x02 || class == 0x0A || class == 0xFF;
}

/* Does an interface of the device wait for a serial driver? They stand beside it as "NAME:x.y". */
static bool lacks_driver(const char *devices, const char *name)
{
	const size_t n = strlen(name);
	char path[PATH_MAX], driver[PATH_MAX];
	DIR *dir = opendir(devices);
	bool lacks = false;

	if (!dir)
		return false;
	for (struct dirent *e; !lacks && (e = readdir(dir));) {
		if (strncmp(e->d_name, name, n) != 0 || e->d_name[n] != ':' ||
		    !kiln_text_format(path, sizeof(path), "%s/%s", devices, e->d_name) ||
		    !kiln_text_format(driver, sizeof(driver), "%s/driver", path))
			continue;
		lacks = is_serial_class(path) && access(driver, F_OK) != 0;
	}
	closedir(dir);
	return lacks;
}

/* A port's location is the device's, or that of one of its interfaces. */
static bool has_port(const struct kiln_port_list *ports, const char *name)
{
	const size_t n = strlen(name);

	for (size_t i = 0; i < ports->n; i++) {
		const char *location = ports->ports[i].location;

		if (strncmp(location, name, n) == 0 && (location[n] == '\0' || location[n] == ':'))
			return true;
	}
	return false;
}

static bool describe(const char *devices, const char *name, struct kiln_usb_orphan *ret_orphan)
{
	struct kiln_usb_orphan o = { .vid = 0 };
	char path[PATH_MAX], line[16];

	if (!kiln_text_format(path, sizeof(path), "%s/%s", devices, name) ||
	    !kiln_sysfs_line(path, "idVendor", line, sizeof(line)))
		return false;
	o.vid = (uint16_t)strtoul(line, NULL, 16);
	if (!kiln_board_vendor(o.vid))
		return false;
	kiln_text_copy(o.vendor, sizeof(o.vendor), kiln_board_vendor(o.vid));
	if (kiln_sysfs_line(path, "idProduct", line, sizeof(line)))
		o.pid = (uint16_t)strtoul(line, NULL, 16);
	(void)kiln_sysfs_line(path, "product", o.product, sizeof(o.product));
	kiln_text_copy(o.location, sizeof(o.location), name);
	o.without_driver = lacks_driver(devices, name);
	*ret_orphan = o;
	return true;
}

void kiln_usb_orphans(const char *root, const struct kiln_port_list *ports,
		      void (*found)(void *user, const struct kiln_usb_orphan *orphan), void *user)
{
	struct kiln_usb_orphan orphan;
	char devices[PATH_MAX];
	DIR *dir = NULL;

	if (kiln_text_format(devices, sizeof(devices), "%s/bus/usb/devices", root))
		dir = opendir(devices);
	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] != '.' && !strchr(e->d_name, ':') && !has_port(ports, e->d_name) &&
		    describe(devices, e->d_name, &orphan))
			found(user, &orphan);
	}
	closedir(dir);
}
