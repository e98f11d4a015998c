/* SPDX-License-Identifier: Apache-2.0 */
#include "link/holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"

static bool is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Does one of the process's descriptors point to the device? */
static bool has_open(const char *pid, const struct stat *device)
{
	char path[64];
	struct stat st;
	bool found = false;
	DIR *dir;

	kiln_text_format(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	for (struct dirent *e; !found && (e = readdir(dir));) {
		/* follows the link: the device itself, whatever name it was opened by */
		found = is_number(e->d_name) && fstatat(dirfd(dir), e->d_name, &st, 0) == 0 &&
			S_ISCHR(st.st_mode) && st.st_rdev == device->st_rdev;
	}
	closedir(dir);
	return found;
}

static int find_by_open_files(const struct stat *device)
{
	int pid = 0;
	DIR *dir = opendir("/proc");

	if (!dir)
		return 0;
	for (struct dirent *e; pid == 0 && (e = readdir(dir));) {
		if (!is_number(e->d_name))
			continue;
		pid = (int)strtol(e->d_name, NULL, 10);
		if (pid == getpid() || !has_open(e->d_name, device))
			pid = 0;
	}
	closedir(dir);
	return pid;
}

/* /proc/locks: "1: FLOCK  ADVISORY  WRITE 1234 00:05:678 0 EOF" with the device's own inode. */
static int find_by_lock(const struct stat *device)
{
	FILE *f = fopen("/proc/locks", "re");
	char line[256];
	int found = 0;

	while (f && !found && fgets(line, sizeof(line), f)) {
		unsigned major_id, minor_id;
		unsigned long inode;
		int pid;

		/* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
		if (sscanf(line, "%*s %*s %*s %*s %d %x:%x:%lu", &pid, &major_id, &minor_id,
			   &inode) == 4 &&
		    pid > 0 && pid != getpid() && inode == device->st_ino &&
		    major_id == major(device->st_dev) && minor_id == minor(device->st_dev))
			found = pid;
	}
	if (f)
		fclose(f);
	return found;
}

static void read_name(int pid, char *name, size_t size)
{
	char path[64], text[64];
	size_t n = 0;
	FILE *f;

	kiln_text_format(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, sizeof(text), f);
		fclose(f);
	}
	while (n > 0 && text[n - 1] == '\n')
		n--;
	kiln_text_copy_untrusted(name, size, text, n);
}

bool kiln_port_holder(const char *device, struct kiln_holder *ret_holder)
{
	struct kiln_holder holder = { 0 };
	struct stat st;

	if (stat(device, &st) != 0)
		return false;
	holder.pid = find_by_open_files(&st);
	if (!holder.pid)
		holder.pid = find_by_lock(&st);
	if (!holder.pid)
		return false;
	read_name(holder.pid, holder.name, sizeof(holder.name));
	*ret_holder = holder;
	return true;
}
