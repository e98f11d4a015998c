/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "link/holder.h"
#include "link/serial_error.h"

static void user_name(char *name, size_t size)
{
	char memory[1024];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(geteuid(), &entry, memory, sizeof(memory), &found) == 0 && found)
		kiln_text_copy(name, size, found->pw_name);
	else
		kiln_text_copy(name, size, "$USER");
}

bool kiln_port_group(const char *path, struct kiln_port_group *ret_group)
{
	struct kiln_port_group g = { 0 };
	char memory[4096];
	struct group entry, *found = NULL;
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	g.may_write = (st.st_mode & (S_IRGRP | S_IWGRP)) == (S_IRGRP | S_IWGRP);
	user_name(g.user, sizeof(g.user));
	if (getgrgid_r(st.st_gid, &entry, memory, sizeof(memory), &found) == 0 && found) {
		kiln_text_copy(g.name, sizeof(g.name), found->gr_name);
		for (char **m = found->gr_mem; *m && !g.member; m++)
			g.member = strcmp(*m, g.user) == 0;
	} else {
		kiln_text_format(g.name, sizeof(g.name), "%u", (unsigned)st.st_gid);
	}
	*ret_group = g;
	return true;
}

static void hint_rights(const char *path, struct kiln_err *err)
{
	struct kiln_port_group g;

	if (!kiln_port_group(path, &g))
		return;
	if (g.may_write && g.member)
		kiln_hint(
			err,
			"you are in group '%s', but not in this session yet: log out and in again",
			g.name);
	else if (g.may_write)
		kiln_hint(err, "join its group: sudo usermod -aG %s %s, then log out and in again",
			  g.name, g.user);
	else
		kiln_hint(err, "only root may use it: see who made it so with ls -l %s", path);
}

static void hint_missing(const char *path, struct kiln_err *err)
{
	char full[300];
	const bool fits = kiln_text_format(full, sizeof(full), "/dev/%s", path);

	if (path[0] != '/' && fits && access(full, F_OK) == 0)
		kiln_hint(err, "did you mean '%s'?", full);
	else
		kiln_hint(err,
			  "'kiln discover -a' lists the ports there are; is the board plugged in "
			  "with a cable that carries data?");
}

kiln_code kiln_serial_busy(const char *path, struct kiln_err *err)
{
	struct kiln_holder holder;

	(void)kiln_fail(err, KILN_E_PORT_BUSY, "cannot open '%s'", path);
	if (kiln_port_holder(path, &holder)) {
		kiln_why(err, "port is busy: '%s' (process %d) holds it", holder.name, holder.pid);
		kiln_hint(err, "close '%s', then try again", holder.name);
	} else {
		kiln_why(err, "port is busy: another program holds it");
		kiln_hint(err, "close what uses it (Thonny, mpremote, screen...), then try again");
	}
	return KILN_E_PORT_BUSY;
}

kiln_code kiln_serial_open_failed(const char *path, int sys, struct kiln_err *err)
{
	switch (sys) {
	case EBUSY:
		return kiln_serial_busy(path, err);
	case EACCES:
	case EPERM:
		(void)kiln_fail_errno(err, KILN_E_PORT_DENIED, sys, "cannot open '%s'", path);
		hint_rights(path, err);
		return KILN_E_PORT_DENIED;
	case ENOENT:
	case ENOTDIR:
		(void)kiln_fail_errno(err, KILN_E_PORT_MISSING, sys, "cannot open '%s'", path);
		kiln_why(err, "no such port");
		hint_missing(path, err);
		return KILN_E_PORT_MISSING;
	case ENXIO:
	case ENODEV:
	case EIO:
		(void)kiln_fail_errno(err, KILN_E_PORT_MISSING, sys, "cannot open '%s'", path);
		kiln_why(err, "there is no hardware behind it");
		kiln_hint(err, "'kiln discover -a' lists the ports there are");
		return KILN_E_PORT_MISSING;
	case ENOTTY:
	case EINVAL:
	case EISDIR:
		(void)kiln_fail_errno(err, KILN_E_INVALID, sys, "cannot open '%s'", path);
		kiln_why(err, "not a serial port");
		kiln_hint(err, "'kiln discover -a' lists the ports there are");
		return KILN_E_INVALID;
	default:
		return kiln_fail_errno(err, KILN_E_IO, sys, "cannot open '%s'", path);
	}
}
