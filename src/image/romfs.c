/* SPDX-License-Identifier: Apache-2.0 */
#include "image/romfs.h"

#include <stdlib.h>
#include <string.h>

enum { KIND_UNUSED, KIND_PADDING, KIND_DATA, KIND_POINTER, KIND_FOLDER, KIND_FILE };
enum { HEADER = 3, NUMBER_MAX = 10 };

static const uint8_t magic[HEADER] = { 0xD2, 0xCD, 0x31 };

/* ---- building ---- */

static void put_number(struct kiln_buf *out, uint64_t value)
{
	uint8_t bytes[NUMBER_MAX];
	size_t n = 0;

	do {
		bytes[n] = (uint8_t)((value & 0x7F) | (n > 0 ? 0x80 : 0));
		n++;
		value >>= 7;
	} while (value > 0);
	while (n > 0)
		(void)kiln_buf_putc(out, bytes[--n]);
}

static void put_bytes(struct kiln_buf *out, const void *p, size_t n)
{
	if (n > 0)
		(void)kiln_buf_append(out, p, n);
}

static void put_record(struct kiln_buf *out, unsigned kind, const struct kiln_buf *payload)
{
	put_number(out, kind);
	put_number(out, payload->len);
	put_bytes(out, payload->data, payload->len);
	out->failed |= payload->failed;
}

static const char *name_of(const char *path, size_t *ret_n)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	*ret_n = strlen(name);
	return name;
}

static void put_name(struct kiln_buf *out, const char *path)
{
	size_t n;
	const char *name = name_of(path, &n);

	put_number(out, n);
	put_bytes(out, name, n);
}

static void put_file(struct kiln_buf *out, const struct kiln_romfs_item *item)
{
	struct kiln_buf payload = KILN_BUF_INIT(KILN_ROMFS_MAX);

	put_name(&payload, item->path);
	put_number(&payload, KIND_DATA);
	put_number(&payload, item->n);
	put_bytes(&payload, item->data, item->n);
	put_record(out, KIND_FILE, &payload);
	kiln_buf_done(&payload);
}

static kiln_code fail_item(const char *path, const char *why, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_INVALID, "cannot make an image with '%s'", path);
	kiln_why(err, "%s", why);
	return KILN_E_INVALID;
}

struct builder {
	const struct kiln_romfs_item *items;
	size_t n, at;
};

static bool is_in(const char *path, const char *folder, size_t n)
{
	return n == 0 || (strncmp(path, folder, n) == 0 && path[n] == '/');
}

static kiln_code put_folder(struct builder *b, struct kiln_buf *out, const char *folder,
			    unsigned depth, struct kiln_err *err);

static kiln_code put_item(struct builder *b, struct kiln_buf *out, unsigned depth,
			  struct kiln_err *err)
{
	const struct kiln_romfs_item *item = &b->items[b->at++];
	struct kiln_buf payload = KILN_BUF_INIT(KILN_ROMFS_MAX);
	kiln_code code;

	if (!item->folder) {
		put_file(out, item);
		return KILN_OK;
	}
	if (depth >= KILN_ROMFS_DEEPEST)
		return fail_item(item->path, "it is too deep", err);
	put_name(&payload, item->path);
	code = put_folder(b, &payload, item->path, depth + 1, err);
	put_record(out, KIND_FOLDER, &payload);
	kiln_buf_done(&payload);
	return code;
}

static kiln_code put_folder(struct builder *b, struct kiln_buf *out, const char *folder,
			    unsigned depth, struct kiln_err *err)
{
	const size_t n = strlen(folder);

	while (b->at < b->n && is_in(b->items[b->at].path, folder, n)) {
		const char *path = b->items[b->at].path;
		const char *below = path + n + (n > 0);

		if (strchr(below, '/') || below[0] == '\0')
			return fail_item(path, "its folder does not stand before it", err);
		KILN_TRY(put_item(b, out, depth, err));
	}
	return KILN_OK;
}

kiln_code kiln_romfs_build(struct kiln_buf *out, const struct kiln_romfs_item *items, size_t n,
			   struct kiln_err *err)
{
	struct kiln_buf records = KILN_BUF_INIT(KILN_ROMFS_MAX), length = KILN_BUF_INIT(NUMBER_MAX);
	struct builder b = { .items = items, .n = n };
	kiln_code code = put_folder(&b, &records, "", 0, err);

	put_number(&length, records.len);
	put_bytes(out, magic, sizeof(magic));
	/* data that is used in place stands at even addresses */
	if ((sizeof(magic) + length.len + records.len) % 2 == 1)
		(void)kiln_buf_putc(out, 0x80);
	put_bytes(out, length.data, length.len);
	put_bytes(out, records.data, records.len);
	if (code == KILN_OK && (out->failed || records.failed || length.failed))
		code = kiln_fail(err, KILN_E_TOO_BIG, "cannot make an image: it is over 64 MiB");
	kiln_buf_done(&records);
	kiln_buf_done(&length);
	return code;
}

/* ---- reading ---- */

static bool take_number(struct kiln_span *in, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < in->n && i < NUMBER_MAX; i++) {
		if (value >> 57)
			return false;
		value = (value << 7) | (in->p[i] & 0x7F);
		if (in->p[i] & 0x80)
			continue;
		*in = kiln_span(in->p + i + 1, in->n - i - 1);
		*ret_value = value;
		return true;
	}
	return false;
}

/* So many bytes off the input. */
static bool take_bytes(struct kiln_span *in, uint64_t n, struct kiln_span *ret)
{
	if (n > in->n)
		return false;
	*ret = kiln_span(in->p, (size_t)n);
	*in = kiln_span(in->p + n, in->n - (size_t)n);
	return true;
}

static bool take_record(struct kiln_span *in, uint64_t *ret_kind, struct kiln_span *ret_payload)
{
	uint64_t n;

	return take_number(in, ret_kind) && take_number(in, &n) && take_bytes(in, n, ret_payload);
}

struct reader {
	struct kiln_span image;
	void (*found)(void *user, const struct kiln_romfs_item *item);
	void *user;
	struct kiln_buf path;
};

static kiln_code fail_at(const struct reader *r, const uint8_t *at, const char *why,
			 struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot read the ROMFS image");
	kiln_why(err, "%s at byte %zu", why, (size_t)(at - r->image.p));
	return KILN_E_IMAGE;
}

/* The bytes of a file: in its own record, or elsewhere in the image. */
static bool find_data(const struct reader *r, struct kiln_span in, struct kiln_span *ret_data)
{
	uint64_t kind, n, offset;
	struct kiln_span payload;

	while (in.n > 0) {
		if (!take_record(&in, &kind, &payload))
			return false;
		if (kind == KIND_DATA) {
			*ret_data = payload;
			return true;
		}
		if (kind != KIND_POINTER)
			continue;
		if (!take_number(&payload, &n) || !take_number(&payload, &offset) ||
		    offset > r->image.n || n > r->image.n - offset)
			return false;
		*ret_data = kiln_span(r->image.p + offset, (size_t)n);
		return true;
	}
	return false;
}

/* The name at the beginning of an entry, appended to the path. */
static bool take_name(struct reader *r, struct kiln_span *in)
{
	struct kiln_span name;
	uint64_t n;

	if (!take_number(in, &n) || !take_bytes(in, n, &name) || n == 0 ||
	    memchr(name.p, '/', name.n) || memchr(name.p, 0, name.n))
		return false;
	if (r->path.len > 0)
		(void)kiln_buf_putc(&r->path, '/');
	return kiln_buf_append(&r->path, name.p, name.n) == KILN_OK;
}

static kiln_code read_folder(struct reader *r, struct kiln_span in, unsigned depth,
			     struct kiln_err *err);

static kiln_code read_entry(struct reader *r, bool folder, struct kiln_span payload, unsigned depth,
			    struct kiln_err *err)
{
	struct kiln_romfs_item item = { .folder = folder };
	struct kiln_span data = kiln_span(NULL, 0);
	const uint8_t *begin = payload.p;

	if (!take_name(r, &payload))
		return fail_at(r, begin, "there is no name", err);
	if (!folder && !find_data(r, payload, &data))
		return fail_at(r, begin, "a file has no bytes", err);
	item.path = kiln_buf_str(&r->path);
	item.data = data.p;
	item.n = data.n;
	r->found(r->user, &item);
	return folder ? read_folder(r, payload, depth + 1, err) : KILN_OK;
}

static kiln_code read_folder(struct reader *r, struct kiln_span in, unsigned depth,
			     struct kiln_err *err)
{
	const size_t n = r->path.len;

	if (depth > KILN_ROMFS_DEEPEST)
		return fail_at(r, in.p, "folders are too deep", err);
	while (in.n > 0) {
		const uint8_t *begin = in.p;
		struct kiln_span payload;
		uint64_t kind;

		if (!take_record(&in, &kind, &payload))
			return fail_at(r, begin, "a record is cut off", err);
		if (kind == KIND_FOLDER || kind == KIND_FILE)
			KILN_TRY(read_entry(r, kind == KIND_FOLDER, payload, depth, err));
		r->path.len = n;
		if (r->path.data)
			r->path.data[n] = '\0';
	}
	return KILN_OK;
}

/* The span behind the header is the records; false: no header. */
static bool take_header(struct kiln_span *in, uint64_t *ret_length)
{
	if (in->n < HEADER || memcmp(in->p, magic, HEADER) != 0)
		return false;
	*in = kiln_span(in->p + HEADER, in->n - HEADER);
	return take_number(in, ret_length);
}

uint64_t kiln_romfs_size(struct kiln_span data)
{
	struct kiln_span rest = data;
	uint64_t length;

	return take_header(&rest, &length) ? data.n - rest.n + length : 0;
}

kiln_code kiln_romfs_read(struct kiln_span data,
			  void (*found)(void *user, const struct kiln_romfs_item *item), void *user,
			  struct kiln_err *err)
{
	struct reader r = { .image = data, .found = found, .user = user };
	struct kiln_span rest = data, records;
	uint64_t length;
	kiln_code code;

	if (!take_header(&rest, &length))
		return fail_at(&r, data.p, "there is no header", err);
	if (!take_bytes(&rest, length, &records))
		return fail_at(&r, data.p + data.n, "it is cut off", err);
	kiln_buf_init(&r.path, 64 * 1024);
	code = read_folder(&r, records, 0, err);
	kiln_buf_done(&r.path);
	return code;
}
