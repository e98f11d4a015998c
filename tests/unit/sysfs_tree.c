/* SPDX-License-Identifier: Apache-2.0 */
#include "sysfs_tree.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

char tree_root[64];

void tree_begin(void)
{
	kiln_text_copy(tree_root, sizeof(tree_root), "/tmp/kiln-sysfs-XXXXXX");
	assert_non_null(mkdtemp(tree_root));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void tree_end(void)
{
	assert_int_equal(nftw(tree_root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Make the folders above what is to be made at `path`. */
static void full_path(char *full, size_t size, const char *path)
{
	assert_true(kiln_text_format(full, size, "%s/%s", tree_root, path));
	for (char *slash = full + strlen(tree_root); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

void tree_file(const char *folder, const char *name, const char *content)
{
	char path[PATH_MAX], full[PATH_MAX];
	FILE *f;

	kiln_text_format(path, sizeof(path), "%s/%s", folder, name);
	full_path(full, sizeof(full), path);
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

void tree_link(const char *path, const char *target)
{
	char full[PATH_MAX], to[PATH_MAX];

	full_path(full, sizeof(full), path);
	kiln_text_format(to, sizeof(to), "%s/%s", tree_root, target);
	assert_true(symlink(to, full) == 0 || errno == EEXIST); /* two ttys of one device */
}

void tree_tty(const char *name, const char *device, const char *subsystem, const char *driver)
{
	char path[PATH_MAX], target[PATH_MAX];

	tree_file(device, "uevent", "");
	kiln_text_format(path, sizeof(path), "class/tty/%s/device", name);
	tree_link(path, device);
	kiln_text_format(path, sizeof(path), "%s/subsystem", device);
	kiln_text_format(target, sizeof(target), "bus/%s", subsystem);
	tree_link(path, target);
	kiln_text_format(path, sizeof(path), "%s/driver", device);
	kiln_text_format(target, sizeof(target), "bus/%s/drivers/%s", subsystem, driver);
	tree_link(path, target);
}

void tree_usb_device(const char *device, const char *vid, const char *pid, const char *interfaces)
{
	tree_file(device, "idVendor", vid);
	tree_file(device, "idProduct", pid);
	tree_file(device, "bNumInterfaces", interfaces);
}

void tree_raspberry_pi(void)
{
	static const char usb[] = "devices/platform/scb/fd500000.pcie/usb1/1-1/1-1.3";
	static const char iface[] = "devices/platform/scb/fd500000.pcie/usb1/1-1/1-1.3/1-1.3:1.0";
	char port[PATH_MAX];

	kiln_text_format(port, sizeof(port), "%s/ttyUSB0", iface);
	tree_usb_device(usb, "10c4\n", "ea60\n", " 1\n");
	tree_file(usb, "serial", "0163A3DA\n");
	tree_file(usb, "manufacturer", "Silicon Labs\n");
	tree_file(usb, "product", "CP2104 USB to UART Bridge Controller\n");
	tree_file(iface, "bInterfaceNumber", "00\n");
	tree_file(iface, "interface", "CP2104 USB to UART Bridge Controller\n");
	tree_tty("ttyUSB0", port, "usb-serial", "cp210x");
	tree_tty("ttyAMA0", "devices/platform/soc/fe201000.serial", "amba", "uart-pl011");
	tree_tty("ttyAMA1", "devices/platform/soc/fe201600.serial", "amba", "uart-pl011");
	tree_tty("ttyAMA2", "devices/platform/soc/fe201800.serial", "amba", "uart-pl011");
	tree_file("class/tty/tty0", "dev", "4:0\n"); /* a console: no device */
	tree_file("class/tty/ptmx", "dev", "5:2\n");
}

struct kiln_port_set tree_scan(void)
{
	struct kiln_port_set set = { 0 };
	struct kiln_err err = KILN_ERR_INIT;

	assert_int_equal(kiln_sysfs_scan(tree_root, NULL, &set, &err), KILN_OK);
	kiln_port_set_sort(&set);
	return set;
}
