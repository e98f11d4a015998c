/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kiln/fetch.h>

#include "base/buf.h"
#include "base/text.h"
#include "image/ihex.h"

#define BIGGEST ((size_t)256 << 20) /* twice the largest flash that a chip's header can name */

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

static kiln_code read_file(const char *path, bool may_be_empty, struct kiln_buf *buf,
			   struct kiln_err *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	kiln_code code;

	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", path);
	code = check_kind(fd, path, err);
	if (code == KILN_OK)
		code = read_all(fd, path, buf, err);
	close(fd);
	if (code == KILN_OK && buf->len == 0 && !may_be_empty) {
		code = kiln_fail(err, KILN_E_INVALID, "cannot use '%s'", path);
		kiln_why(err, "the file is empty");
		kiln_hint(err, "download it again; is the disk full?");
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

static kiln_code fetch(const struct files *files, struct kiln_flash_file *file,
		       struct kiln_err *err)
{
	void *data;

	KILN_TRY(files->source->get(files->source->user, file->name, &data, &file->size, err));
	file->data = data;
	if (file->size > 0)
		return KILN_OK;
	free(data);
	(void)kiln_fail(err, KILN_E_INVALID, "cannot use '%s'", file->name);
	kiln_why(err, "the file is empty");
	return KILN_E_INVALID;
}

static kiln_code read_whole(const struct files *files, struct kiln_flash_file *file,
			    struct kiln_err *err)
{
	struct kiln_buf buf = KILN_BUF_INIT(BIGGEST);
	const kiln_code code = read_file(file->name, files->may_be_empty, &buf, err);

	if (code == KILN_OK)
		file->data = (const uint8_t *)kiln_buf_detach(&buf, &file->size);
	kiln_buf_done(&buf);
	return code;
}

kiln_code files_add(struct files *files, uint32_t address, const char *path, struct kiln_err *err)
{
	struct kiln_flash_file file = { .address = address, .name = path };
	kiln_code code;

	if (files->source && kiln_fetch_is_url(path))
		KILN_TRY(fetch(files, &file, err));
	else
		KILN_TRY(read_whole(files, &file, err));
	code = append(files, &file, err);
	if (code != KILN_OK)
		free((void *)(uintptr_t)file.data);
	return code;
}

static kiln_code append_pieces(struct files *files, const char *name, struct kiln_ihex *hex,
			       struct kiln_err *err)
{
	for (size_t i = 0; i < hex->regions.n; i++) {
		struct kiln_region *region = &hex->regions.items[i];
		struct kiln_flash_file file = { .address = region->address, .name = name };
		kiln_code code;

		file.data = (const uint8_t *)kiln_buf_detach(&region->data, &file.size);
		code = append(files, &file, err);
		if (code != KILN_OK) {
			free((void *)(uintptr_t)file.data);
			return code;
		}
	}
	return KILN_OK;
}

/* Bytes may begin with a colon by chance; who named a file so means the format. */
static bool is_called_hex(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot &&
	       (!strcasecmp(dot, ".hex") || !strcasecmp(dot, ".ihex") || !strcasecmp(dot, ".ihx"));
}

kiln_code files_split_hex(struct files *files, struct kiln_err *err)
{
	const struct kiln_flash_file file = files->items[files->n - 1];
	struct kiln_ihex hex;
	kiln_code code;

	if (!kiln_ihex_is(kiln_span(file.data, file.size)))
		return KILN_OK;
	code = kiln_ihex_read(kiln_span(file.data, file.size), &hex, err);
	if (code == KILN_E_IMAGE && !is_called_hex(file.name))
		return KILN_OK;
	if (code != KILN_OK) {
		kiln_because(err, "cannot use '%s'", file.name);
		return code;
	}
	files->n--;
	code = append_pieces(files, file.name, &hex, err);
	free((void *)(uintptr_t)file.data);
	kiln_ihex_done(&hex);
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
