/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"

enum { BLOCK = 64 * 1024 };

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

kiln_code whole_write(const char *path, struct kiln_span data, struct kiln_err *err)
{
	struct output out = { .path = "standard output", .fd = STDOUT_FILENO };
	kiln_code code;

	if (strcmp(path, "-") == 0)
		return output_write(&out, data, err);
	KILN_TRY(output_open(&out, path, err));
	code = output_write(&out, data, err);
	if (code == KILN_OK)
		code = output_finish(&out, err);
	output_done(&out);
	return code;
}
