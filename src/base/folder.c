/* SPDX-License-Identifier: Apache-2.0 */
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

bool kiln_folder_xdg(char *ret_path, size_t size, const char *folder, const char *home,
		     const char *usual, const char *below)
{
	if (folder && folder[0] == '/')
		return kiln_text_format(ret_path, size, "%s/%s", folder, below);
	return usual && home && home[0] == '/' &&
	       kiln_text_format(ret_path, size, "%s/%s/%s", home, usual, below);
}

bool kiln_folder_user(char *ret_path, size_t size, const char *variable, const char *usual,
		      const char *below)
{
	return kiln_folder_xdg(ret_path, size, getenv(variable), getenv("HOME"), usual, below);
}

static kiln_code fail(const char *path, int sys, struct kiln_err *err)
{
	return kiln_fail_errno(err, KILN_E_IO, sys, "cannot make the folder '%s'", path);
}

kiln_code kiln_folder_make(const char *path, mode_t mode, struct kiln_err *err)
{
	char part[PATH_MAX];
	struct stat st;

	if (strlen(path) >= sizeof(part))
		return fail(path, ENAMETOOLONG, err);
	for (const char *at = path; *at;) {
		at += strspn(at, "/");
		at += strcspn(at, "/");
		kiln_text_format(part, sizeof(part), "%.*s", (int)(at - path), path);
		if (mkdir(part, mode) != 0 && errno != EEXIST)
			return fail(part, errno, err);
	}
	/* what exists may be a file */
	if (stat(path, &st) != 0)
		return fail(path, errno, err);
	return S_ISDIR(st.st_mode) ? KILN_OK : fail(path, ENOTDIR, err);
}

kiln_code kiln_folder_make_for(const char *path, mode_t mode, struct kiln_err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	if (!slash || slash == path)
		return KILN_OK;
	if (!kiln_text_format(folder, sizeof(folder), "%.*s", (int)(slash - path), path))
		return fail(folder, ENAMETOOLONG, err);
	return kiln_folder_make(folder, mode, err);
}

int kiln_folder_open_locked(const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			    0600);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX) == 0)
		return fd;
	close(fd);
	return -1;
}
