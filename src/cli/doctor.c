/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "discover/orphans.h"
#include "link/holder.h"
#include "link/serial_error.h"

void findings_done(struct findings *list)
{
	free(list->items);
	*list = (struct findings){ 0 };
}

size_t findings_problems(const struct findings *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->items[i].level == DOCTOR_PROBLEM;
	return n;
}

void doctor_add(struct findings *list, doctor_level level, const char *subject, const char *check,
		const char *hint, const char *fmt, ...)
{
	struct finding *items = realloc(list->items, (list->n + 1) * sizeof(*items));
	struct finding *f;
	va_list args;

	if (!items) {
		list->failed = true;
		return;
	}
	list->items = items;
	f = &items[list->n++];
	*f = (struct finding){ .level = level, .check = check };
	kiln_text_copy(f->subject, sizeof(f->subject), subject);
	kiln_text_copy(f->hint, sizeof(f->hint), hint);
	va_start(args, fmt);
	kiln_text_vformat(f->what, sizeof(f->what), fmt, args);
	va_end(args);
}

static void check_virtual_boards(const struct cli *cli, struct findings *list)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (!cli->virtual_boards)
		return;
	if (cli->virtual_boards(&err) == KILN_OK)
		doctor_add(list, DOCTOR_OK, DOCTOR_COMPUTER, "virtual_board", "",
			   "virtual boards can run (-p sim:NAME)");
	else
		doctor_add(list, DOCTOR_NOTE, DOCTOR_COMPUTER, "virtual_board", err.hint,
			   "virtual boards can be flashed, but do not run: %s", err.why);
}

/* Is a program of this name running? */
static bool is_running(const char *name)
{
	char path[300], comm[32];
	bool running = false;
	DIR *dir = opendir("/proc");

	if (!dir)
		return false;
	for (struct dirent *e; !running && (e = readdir(dir));) {
		ssize_t n = -1;
		int fd;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		kiln_text_format(path, sizeof(path), "/proc/%s/comm", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			n = read(fd, comm, sizeof(comm));
			close(fd);
		}
		running = n == (ssize_t)strlen(name) + 1 && strncmp(comm, name, (size_t)n - 1) == 0;
	}
	closedir(dir);
	return running;
}

static void check_programs(struct findings *list)
{
	if (is_running("ModemManager"))
		doctor_add(list, DOCTOR_NOTE, DOCTOR_COMPUTER, "modem_manager",
			   "if you have no modem: sudo systemctl disable --now ModemManager",
			   "ModemManager runs: it takes each new port for some seconds, and what "
			   "it sends may disturb the board");
	if (is_running("brltty"))
		doctor_add(list, DOCTOR_NOTE, DOCTOR_COMPUTER, "brltty",
			   "if you have no Braille display: sudo apt remove brltty, then plug the "
			   "board in again",
			   "brltty runs: it takes bridges of CH340, CP210x and FTDI for Braille "
			   "displays, and their ports vanish");
}

/* Which module of the kernel drives the ports of a vendor; others follow the CDC ACM standard. */
static const struct {
	uint16_t vid;
	const char *module;
} modules[] = {
	{ 0x0403, "ftdi_sio" },
	{ 0x067B, "pl2303" },
	{ 0x10C4, "cp210x" },
	{ 0x1A86, "ch341" },
};

/* Boot loaders that show no serial port, and rightly so. */
static const struct {
	uint16_t vid, pid;
	const char *what, *hint;
} boot_modes[] = {
	{ 0x2E8A, 0x0003, "an RP2040 in BOOTSEL mode: it shows a drive instead of a port",
	  "copy a .uf2 file to the drive RPI-RP2, or plug it in again without holding BOOTSEL" },
	{ 0x2E8A, 0x000F, "an RP2350 in BOOTSEL mode: it shows a drive instead of a port",
	  "copy a .uf2 file to the drive RP2350, or plug it in again without holding BOOTSEL" },
	{ 0x0483, 0xDF11, "an STM32 in DFU mode: it has no port",
	  "reset it without the BOOT0 button or jumper to start its program" },
};

static bool add_boot_mode(struct findings *list, const struct kiln_usb_orphan *o)
{
	for (size_t i = 0; i < sizeof(boot_modes) / sizeof(boot_modes[0]); i++) {
		if (boot_modes[i].vid != o->vid || boot_modes[i].pid != o->pid)
			continue;
		doctor_add(list, DOCTOR_PROBLEM, DOCTOR_COMPUTER, "boot_mode", boot_modes[i].hint,
			   "USB %s: %s", o->location, boot_modes[i].what);
		return true;
	}
	return false;
}

static void add_orphan(void *user, const struct kiln_usb_orphan *o)
{
	struct findings *list = user;
	const char *module = "cdc_acm";
	char hint[200];

	if (add_boot_mode(list, o) || !o->without_driver)
		return;
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (modules[i].vid == o->vid)
			module = modules[i].module;
	}
	kiln_text_format(hint, sizeof(hint),
			 "load its driver: sudo modprobe %s (if brltty runs, it may have taken the "
			 "device)",
			 module);
	doctor_add(list, DOCTOR_PROBLEM, DOCTOR_COMPUTER, "driver", hint,
		   "USB %s: %s (%s %04X:%04X) has no serial port: no driver took it", o->location,
		   o->product[0] ? o->product : "a device", o->vendor, o->vid, o->pid);
}

void doctor_computer(const struct cli *cli, struct findings *list,
		     const struct kiln_port_list *ports)
{
	const char *sysfs = getenv("KILN_SYSFS");

	kiln_usb_orphans(sysfs ? sysfs : "/sys", ports, add_orphan, list);
	check_programs(list);
	check_virtual_boards(cli, list);
}

/* In the same words as when it is opened. */
static void add_unopenable(struct findings *list, const struct kiln_port *port, doctor_level level,
			   const char *check, int sys)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)kiln_serial_open_failed(port->device, sys, &err);
	doctor_add(list, level, port->device, check, err.hint, "%s: %s", err.what, err.why);
}

bool doctor_way(struct findings *list, const struct kiln_port *port, bool matters)
{
	const doctor_level bad = matters ? DOCTOR_PROBLEM : DOCTOR_NOTE;
	struct kiln_holder holder;

	if (port->driver[0])
		doctor_add(list, DOCTOR_OK, port->device, "driver", "", "driver %s", port->driver);
	if (access(port->device, F_OK) != 0) {
		add_unopenable(list, port, bad, "node", ENOENT);
		return false;
	}
	if (access(port->device, R_OK | W_OK) != 0) {
		add_unopenable(list, port, bad, "rights", EACCES);
		return false;
	}
	doctor_add(list, DOCTOR_OK, port->device, "rights", "", "you may read and write it");
	if (kiln_port_holder(port->device, &holder)) {
		char hint[128];

		kiln_text_format(hint, sizeof(hint), "close '%s', then try again", holder.name);
		doctor_add(list, bad, port->device, "busy", hint, "'%s' (process %d) holds it",
			   holder.name, holder.pid);
		return false;
	}
	doctor_add(list, DOCTOR_OK, port->device, "busy", "", "no other program holds it");
	return true;
}
