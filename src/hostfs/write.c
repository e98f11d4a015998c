/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/hostfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "hostfs/path.h"

bool kiln_host_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static kiln_code fail_name(const char *below, struct kiln_err *err)
{
	char clean[128];

	(void)kiln_fail(err, KILN_E_INVALID, "cannot write '%s'",
			kiln_path_clean(below, clean, sizeof(clean)));
	kiln_why(err, "the board's name for it would lead out of the folder");
	kiln_hint(err, "get the file by itself, under a name of your own");
	return KILN_E_INVALID;
}

/* Part of a path; false if there is none left. */
static bool next_part(const char **path, char *ret_part, size_t size)
{
	const char *p = *path;
	const size_t n = strcspn(p, "/");

	if (*p == '\0')
		return false;
	kiln_text_format(ret_part, size, "%.*s", (int)n, p);
	*path = p + n + (p[n] == '/');
	return true;
}

static bool is_plain_name(const char *part)
{
	return part[0] && strcmp(part, ".") != 0 && strcmp(part, "..") != 0;
}

static kiln_code fail_write(const char *below, int sys, struct kiln_err *err)
{
	char clean[128];

	(void)kiln_fail_errno(err, KILN_E_IO, sys, "cannot write '%s'",
			      kiln_path_clean(below, clean, sizeof(clean)));
	if (sys == ENOTDIR || sys == ELOOP) {
		kiln_why(err, "a part of that path is no folder, or a symbolic link");
		kiln_hint(err, "links in the target are not followed; move it out of the way");
	}
	return KILN_E_IO;
}

kiln_code kiln_host_check_below(const char *below, struct kiln_err *err)
{
	char part[256];

	if (below[0] == '\0')
		return fail_name(below, err);
	while (next_part(&below, part, sizeof(part))) {
		if (!is_plain_name(part))
			return fail_name(part, err);
	}
	return KILN_OK;
}

/* Go into a folder, which is made if it is missing; never through a link. */
static int enter(int at, const char *part)
{
	int fd;

	if (mkdirat(at, part, 0777) != 0 && errno != EEXIST)
		return -1;
	fd = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		const ssize_t done = write(fd, p, n);

		if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

static int write_file(int at, const char *name, const void *data, size_t n)
{
	char temporary[300];
	int fd, failed, sys;

	if (!kiln_text_format(temporary, sizeof(temporary), ".%s.kiln-part", name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	(void)unlinkat(at, temporary, 0); /* of a run that was killed */
	fd = openat(at, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	failed = write_all(fd, data, n);
	sys = errno;
	if (close(fd) != 0 && !failed) {
		failed = -1;
		sys = errno;
	}
	if (!failed && renameat(at, temporary, at, name) == 0)
		return 0;
	sys = failed ? sys : errno;
	(void)unlinkat(at, temporary, 0);
	errno = sys;
	return -1;
}

static kiln_code write_at(int at, const char *below, const void *data, size_t n,
			  struct kiln_err *err)
{
	const char *rest = below;
	char part[256], following[256];
	kiln_code code = KILN_OK;
	int fd = at;

	if (!next_part(&rest, part, sizeof(part)) || !is_plain_name(part))
		return fail_name(below, err);
	while (next_part(&rest, following, sizeof(following))) {
		const int inner = enter(fd, part);
		const int sys = errno;

		if (fd != at)
			close(fd);
		fd = inner;
		if (fd < 0)
			return fail_write(below, sys, err);
		memcpy(part, following, sizeof(part));
		if (!is_plain_name(part)) {
			code = fail_name(below, err);
			break;
		}
	}
	if (code == KILN_OK && data && write_file(fd, part, data, n) != 0)
		code = fail_write(below, errno, err);
	if (code == KILN_OK && !data) {
		const int made = enter(fd, part);

		code = made < 0 ? fail_write(below, errno, err) : KILN_OK;
		if (made >= 0)
			close(made);
	}
	if (fd != at && fd >= 0)
		close(fd);
	return code;
}

kiln_code kiln_host_write_below(const char *folder, const char *below, const void *data, size_t n,
				struct kiln_err *err)
{
	const int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kiln_code code;

	if (at < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open folder '%s'", folder);
	code = write_at(at, below, data, n, err);
	close(at);
	return code;
}
