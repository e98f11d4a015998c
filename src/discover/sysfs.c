/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports as the kernel shows them in sysfs (Documentation/ABI/testing/sysfs-tty, sysfs-bus-usb):
 *
 *	class/tty/ttyUSB0 -> ../../devices/.../1-1.3/1-1.3:1.0/ttyUSB0/tty/ttyUSB0
 *	        USB device (idVendor, serial) --^      |         ^-- its `device`, of usb-serial
 *	 USB interface (bInterfaceNumber, interface) --^
 *	class/tty/ttyACM0   its `device` is the interface: subsystem usb
 *	class/tty/ttyAMA0   it is fe201000.serial, of amba or platform; since Linux 6.5
 *	                    fe201000.serial:0/fe201000.serial:0.0 below that
 *
 * What is put into hwid and location is what pyserial puts there, for its users know it so. Files
 * may vanish at any moment with their device: what can't be read is not known.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "discover/sources.h"
#include "discover/vendors.h"

#define MAX_LEVELS 8

struct where {
	char device[PATH_MAX];    /* the tty's own device */
	char interface[PATH_MAX]; /* USB interface; empty if it is not USB */
	char usb[PATH_MAX];       /* USB device */
	char subsystem[32];
};

bool kiln_sysfs_line(const char *folder, const char *file, char *line, size_t size)
{
	char path[PATH_MAX], bytes[512];
	const char *begin = bytes;
	ssize_t n;
	size_t len;
	int fd;

	if (!kiln_text_format(path, sizeof(path), "%s/%s", folder, file))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, bytes, sizeof(bytes) - 1);
	close(fd);
	if (n <= 0)
		return false;
	bytes[n] = '\0';
	begin += strspn(begin, " \t");
	len = strcspn(begin, "\n");
	while (len > 0 && (begin[len - 1] == ' ' || begin[len - 1] == '\t'))
		len--;
	(void)kiln_text_copy_untrusted(line, size, begin, len); /* a cut one is fine too */
	return len > 0;
}

static bool exists(const char *folder, const char *file)
{
	char path[PATH_MAX];

	return kiln_text_format(path, sizeof(path), "%s/%s", folder, file) &&
	       access(path, F_OK) == 0;
}

static unsigned read_number(const char *folder, const char *file, int base)
{
	char line[32];

	return kiln_sysfs_line(folder, file, line, sizeof(line))
		       ? (unsigned)strtoul(line, NULL, base)
		       : 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The last part of where a link points to: "usb-serial" of `subsystem`, "cp210x" of `driver`. */
static void read_link_name(const char *folder, const char *file, char *name, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n = -1;

	name[0] = '\0';
	if (kiln_text_format(path, sizeof(path), "%s/%s", folder, file))
		n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	(void)kiln_text_copy_untrusted(name, size, last_part(target), strlen(last_part(target)));
}

static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static void find_usb(struct where *w)
{
	char at[PATH_MAX];

	kiln_text_copy(at, sizeof(at), w->device);
	for (int level = 0; level < MAX_LEVELS; level++) {
		if (exists(at, "bInterfaceNumber"))
			kiln_text_copy(w->interface, sizeof(w->interface), at);
		if (exists(at, "idVendor")) {
			kiln_text_copy(w->usb, sizeof(w->usb), at);
			return;
		}
		if (!go_up(at))
			return;
	}
}

/* False if the tty has no device (a console, a pty), or it went away. */
static bool locate(const char *root, const char *name, struct where *w)
{
	char link[PATH_MAX];

	memset(w, 0, sizeof(*w));
	if (!kiln_text_format(link, sizeof(link), "%s/class/tty/%s/device", root, name) ||
	    !realpath(link, w->device))
		return false;
	read_link_name(w->device, "subsystem", w->subsystem, sizeof(w->subsystem));
	for (int level = 0; level < 2 && strcmp(w->subsystem, "serial-base") == 0; level++) {
		if (!go_up(w->device))
			return false;
		read_link_name(w->device, "subsystem", w->subsystem, sizeof(w->subsystem));
	}
	if (strncmp(w->subsystem, "usb", 3) == 0)
		find_usb(w);
	return true;
}

static void describe_usb(const struct where *w, struct kiln_port *port)
{
	const char *part = w->usb;

	port->is_usb = true;
	port->vid = (uint16_t)read_number(w->usb, "idVendor", 16);
	port->pid = (uint16_t)read_number(w->usb, "idProduct", 16);
	(void)kiln_sysfs_line(w->usb, "serial", port->serial, sizeof(port->serial));
	(void)kiln_sysfs_line(w->usb, "manufacturer", port->manufacturer,
			      sizeof(port->manufacturer));
	(void)kiln_sysfs_line(w->usb, "product", port->product, sizeof(port->product));
	if (w->interface[0])
		(void)kiln_sysfs_line(w->interface, "interface", port->interface,
				      sizeof(port->interface));
	/* a device with several interfaces may have several ports: they differ in this */
	if (w->interface[0] && read_number(w->usb, "bNumInterfaces", 10) > 1)
		part = w->interface;
	kiln_text_copy(port->location, sizeof(port->location), last_part(part));
	kiln_text_format(port->hwid, sizeof(port->hwid), "USB VID:PID=%04X:%04X%s%s LOCATION=%s",
			 port->vid, port->pid, port->serial[0] ? " SER=" : "", port->serial,
			 port->location);
}

static void describe_other(const struct where *w, struct kiln_port *port)
{
	const char *name = last_part(w->device);

	if (strcmp(w->subsystem, "pnp") == 0 &&
	    kiln_sysfs_line(w->device, "id", port->hwid, sizeof(port->hwid)))
		return;
	(void)kiln_text_copy_untrusted(port->hwid, sizeof(port->hwid), name, strlen(name));
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/*
 * The 8250 driver makes nodes for ports that might be added later. Their type is PORT_UNKNOWN (0),
 * and they have neither an I/O port nor mapped memory.
 */
static bool is_phantom(const char *root, const char *name)
{
	char folder[PATH_MAX], line[32];

	if (!begins_with(name, "ttyS") ||
	    !kiln_text_format(folder, sizeof(folder), "%s/class/tty/%s", root, name))
		return false;
	if (kiln_sysfs_line(folder, "type", line, sizeof(line)))
		return strtoul(line, NULL, 10) == 0;
	return read_number(folder, "port", 16) == 0 && read_number(folder, "iomem_base", 16) == 0;
}

static enum kiln_port_rank rank_of(const char *name, const struct kiln_port *port)
{
	if (port->likely_board)
		return KILN_RANK_USB_BOARD;
	if (port->is_usb || begins_with(name, "rfcomm"))
		return KILN_RANK_USB;
	return begins_with(name, "ttyS") ? KILN_RANK_PC : KILN_RANK_PLATFORM;
}

/* The kernel writes '!' in sysfs for a '/' of the node's name. */
static void node_name(const char *name, char node[NAME_MAX + 1])
{
	kiln_text_copy(node, NAME_MAX + 1, name);
	for (char *c = node; *c; c++) {
		if (*c == '!')
			*c = '/';
	}
}

static kiln_code add_tty(const char *root, const char *dev, const char *name,
			 struct kiln_port_set *set, struct kiln_err *err)
{
	struct kiln_port port = { 0 };
	struct where w;
	char node[NAME_MAX + 1];

	node_name(name, node);
	if (dev && !exists(dev, node))
		return KILN_OK;
	/* a Bluetooth port has a node as long as it is bound, and a device only while connected */
	if (!locate(root, name, &w) && !begins_with(name, "rfcomm"))
		return KILN_OK;
	if (is_phantom(root, name))
		return KILN_OK;
	if (!kiln_text_format(port.device, sizeof(port.device), "/dev/%s", node) ||
	    !kiln_text_format(port.url, sizeof(port.url), "serial:///dev/%s", node))
		return KILN_OK;
	if (w.usb[0])
		describe_usb(&w, &port);
	else if (w.device[0])
		describe_other(&w, &port);
	if (w.device[0])
		read_link_name(w.device, "driver", port.driver, sizeof(port.driver));
	if (w.device[0] && access(w.device, F_OK) != 0) /* it vanished while we looked at it */
		return KILN_OK;
	port.likely_board = port.is_usb && kiln_board_vendor(port.vid);
	return kiln_port_set_add(set, &port, rank_of(name, &port), err);
}

kiln_code kiln_sysfs_scan(const char *root, const char *dev, struct kiln_port_set *set,
			  struct kiln_err *err)
{
	char folder[PATH_MAX];
	kiln_code code = KILN_OK;
	DIR *dir = NULL;

	if (kiln_text_format(folder, sizeof(folder), "%s/class/tty", root))
		dir = opendir(folder);
	if (!dir) /* a container without sysfs has no ports of its own */
		return KILN_OK;
	for (struct dirent *e; code == KILN_OK && (e = readdir(dir));) {
		if (e->d_name[0] != '.')
			code = add_tty(root, dev, e->d_name, set, err);
	}
	closedir(dir);
	return code;
}
