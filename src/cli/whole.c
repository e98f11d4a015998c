/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { BLOCK = 64 * 1024, PLAIN_MODE = 0666 };

static kiln_code read_fd(int fd, const char *path, struct kiln_buf *data, struct kiln_err *err)
{
	uint8_t block[BLOCK];

	for (;;) {
		const ssize_t n = read(fd, block, sizeof(block));
		kiln_code code;

		if (n == 0)
			return KILN_OK;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kiln_fail_errno(err, KILN_E_IO, errno, "cannot read '%s'", path);
		code = kiln_buf_append(data, block, (size_t)n);
		if (code)
			return kiln_fail(err, code, "cannot read '%s'", path);
	}
}

kiln_code whole_read(const char *path, struct kiln_buf *ret_data, struct kiln_err *err)
{
	kiln_code code;
	int fd;

	if (strcmp(path, "-") == 0)
		return read_fd(STDIN_FILENO, "standard input", ret_data, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", path);
	code = read_fd(fd, path, ret_data, err);
	close(fd);
	return code;
}

static kiln_code write_fd(int fd, const char *path, struct kiln_span data, struct kiln_err *err)
{
	while (data.n) {
		const ssize_t n = write(fd, data.p, data.n);
		struct kiln_span done;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
		(void)kiln_span_take(&data, (size_t)n, &done);
	}
	return KILN_OK;
}

static kiln_code write_in_place(const char *path, struct kiln_span data, struct kiln_err *err)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, PLAIN_MODE);
	kiln_code code;

	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
	code = write_fd(fd, path, data, err);
	if (close(fd) != 0 && code == KILN_OK)
		code = kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
	return code;
}

/* mkostemp makes files that only their owner reads; give what open() would have given. */
static void take_usual_mode(int fd)
{
	const mode_t mask = umask(0);

	(void)umask(mask);
	(void)fchmod(fd, PLAIN_MODE & ~mask);
}

static kiln_code write_beside(const char *path, struct kiln_span data, struct kiln_err *err)
{
	char beside[4096];
	kiln_code code;
	int fd;

	if (!kiln_text_format(beside, sizeof(beside), "%s.XXXXXX", path))
		return kiln_fail_errno(err, KILN_E_IO, ENAMETOOLONG, "cannot write '%s'", path);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
	take_usual_mode(fd);
	code = write_fd(fd, path, data, err);
	if (close(fd) != 0 && code == KILN_OK)
		code = kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
	if (code == KILN_OK && rename(beside, path) != 0)
		code = kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
	if (code)
		(void)unlink(beside);
	return code;
}

kiln_code whole_write(const char *path, struct kiln_span data, struct kiln_err *err)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return write_fd(STDOUT_FILENO, "standard output", data, err);
	/* a link is followed: what it points to is not replaced by a plain file here */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return write_in_place(path, data, err);
	return write_beside(path, data, err);
}
