/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

#define BIGGEST ((size_t)256 << 20) /* twice the largest flash that a chip's header can name */
#define SECTOR 4096u

static kiln_code read_all(int fd, const char *path, struct kiln_buf *buf, struct kiln_err *err)
{
	for (;;) {
		if (kiln_buf_reserve(buf, 64 * 1024) != KILN_OK) {
			const kiln_code code = buf->max - buf->len < 64 * 1024 ? KILN_E_TOO_BIG
									       : KILN_E_NOMEM;
			return kiln_fail(err, code, "cannot read '%s'", path);
		}
		const ssize_t n = read(fd, buf->data + buf->len, 64 * 1024);

		if (n == 0)
			return KILN_OK;
		if (n > 0)
			kiln_buf_grew(buf, (size_t)n);
		else if (errno != EINTR)
			return kiln_fail_errno(err, KILN_E_IO, errno, "cannot read '%s'", path);
	}
}

static kiln_code check_kind(int fd, const char *path, struct kiln_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot read '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot read '%s'", path);
	kiln_why(err, "it is a folder");
	return KILN_E_INVALID;
}

static kiln_code read_file(const char *path, struct kiln_buf *buf, struct kiln_err *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	kiln_code code;

	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", path);
	code = check_kind(fd, path, err);
	if (code == KILN_OK)
		code = read_all(fd, path, buf, err);
	close(fd);
	if (code == KILN_OK && buf->len == 0) {
		code = kiln_fail(err, KILN_E_INVALID, "cannot use '%s'", path);
		kiln_why(err, "the file is empty");
	}
	return code;
}

static kiln_code append(struct files *files, const struct kiln_flash_file *file,
			struct kiln_err *err)
{
	struct kiln_flash_file *items = realloc(files->items,
						(files->n + 1) * sizeof(*files->items));

	if (!items)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read '%s'", file->name);
	items[files->n++] = *file;
	files->items = items;
	return KILN_OK;
}

kiln_code files_add(struct files *files, uint32_t address, const char *path, struct kiln_err *err)
{
	struct kiln_buf buf = KILN_BUF_INIT(BIGGEST);
	struct kiln_flash_file file = { .address = address, .name = path };
	kiln_code code = read_file(path, &buf, err);

	if (code != KILN_OK) {
		kiln_buf_done(&buf);
		return code;
	}
	file.data = (const uint8_t *)kiln_buf_detach(&buf, &file.size);
	code = append(files, &file, err);
	if (code != KILN_OK)
		free((void *)(uintptr_t)file.data);
	return code;
}

void files_done(struct files *files)
{
	/* the engine borrows them as const; they are ours */
	for (size_t i = 0; i < files->n; i++)
		free((void *)(uintptr_t)files->items[i].data);
	free(files->items);
	*files = (struct files){ 0 };
}

void files_sort(struct files *files)
{
	/* by insertion: a few files, and those at the same address keep their order */
	for (size_t i = 1; i < files->n; i++) {
		const struct kiln_flash_file file = files->items[i];
		size_t at = i;

		for (; at > 0 && files->items[at - 1].address > file.address; at--)
			files->items[at] = files->items[at - 1];
		files->items[at] = file;
	}
}

kiln_code files_check(const struct files *files, struct kiln_err *err)
{
	uint64_t free_from = 0; /* the first sector that no file uses yet */

	for (size_t i = 0; i < files->n; i++) {
		const struct kiln_flash_file *f = &files->items[i];
		const uint64_t end = (uint64_t)f->address + f->size;

		if (end > (uint64_t)1 << 32) {
			(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot write '%s' at 0x%x", f->name,
					f->address);
			kiln_why(err, "its %zu bytes end behind the address space", f->size);
			return KILN_E_TOO_BIG;
		}
		if (f->address / SECTOR < free_from) {
			(void)kiln_fail(err, KILN_E_OVERLAP, "cannot write '%s' at 0x%x", f->name,
					f->address);
			kiln_why(err,
				 "it overlaps '%s', which ends at 0x%llx (flash is erased in "
				 "sectors of 0x%x)",
				 f[-1].name, (unsigned long long)f[-1].address + f[-1].size,
				 SECTOR);
			return KILN_E_OVERLAP;
		}
		free_from = (end + SECTOR - 1) / SECTOR;
	}
	return KILN_OK;
}

kiln_code files_address(const char *text, uint32_t *ret_address, struct kiln_err *err)
{
	uint64_t value;

	if (!kiln_text_to_u64(text, &value)) {
		(void)kiln_fail(err, KILN_E_INVALID, "bad address: '%s'", text);
		kiln_why(err, "not a number (use 0x1000 or 4096)");
		return KILN_E_INVALID;
	}
	if (value > UINT32_MAX) {
		(void)kiln_fail(err, KILN_E_INVALID, "bad address: '%s'", text);
		kiln_why(err, "it does not fit into 32 bits");
		return KILN_E_INVALID;
	}
	*ret_address = (uint32_t)value;
	return KILN_OK;
}
