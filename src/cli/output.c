/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { PLAIN_MODE = 0666 };

static kiln_code failed(const struct output *out, int sys, struct kiln_err *err)
{
	return kiln_fail_errno(err, KILN_E_IO, sys, "cannot write '%s'", out->path);
}

/* mkostemp makes files that only their owner reads; give what open() would have given. */
static void take_usual_mode(int fd)
{
	const mode_t mask = umask(0);

	(void)umask(mask);
	(void)fchmod(fd, PLAIN_MODE & ~mask);
}

kiln_code output_open(struct output *ret_out, const char *path, struct kiln_err *err)
{
	struct stat st;

	*ret_out = (struct output){ .path = path, .fd = -1 };
	/* a link is followed: what it points to is not replaced by a plain file here */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		ret_out->fd = open(
			path, O_WRONLY | O_CLOEXEC | (S_ISLNK(st.st_mode) ? O_CREAT | O_TRUNC : 0),
			PLAIN_MODE);
		return ret_out->fd < 0 ? failed(ret_out, errno, err) : KILN_OK;
	}
	if (!kiln_text_format(ret_out->beside, sizeof(ret_out->beside), "%s.XXXXXX", path)) {
		ret_out->beside[0] = '\0';
		return failed(ret_out, ENAMETOOLONG, err);
	}
	ret_out->fd = mkostemp(ret_out->beside, O_CLOEXEC);
	if (ret_out->fd < 0) {
		ret_out->beside[0] = '\0';
		return failed(ret_out, errno, err);
	}
	take_usual_mode(ret_out->fd);
	return KILN_OK;
}

kiln_code output_write(struct output *out, struct kiln_span piece, struct kiln_err *err)
{
	while (piece.n) {
		const ssize_t n = write(out->fd, piece.p, piece.n);
		struct kiln_span done;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(out, errno, err);
		(void)kiln_span_take(&piece, (size_t)n, &done);
	}
	return KILN_OK;
}

kiln_code output_finish(struct output *out, struct kiln_err *err)
{
	const int fd = out->fd;

	out->fd = -1;
	if (close(fd) != 0)
		return failed(out, errno, err);
	if (out->beside[0] && rename(out->beside, out->path) != 0)
		return failed(out, errno, err);
	out->beside[0] = '\0';
	return KILN_OK;
}

void output_done(struct output *out)
{
	if (out->fd >= 0)
		(void)close(out->fd);
	out->fd = -1;
	if (out->beside[0])
		(void)unlink(out->beside);
	out->beside[0] = '\0';
}
