/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces that every image is made of: headers, segments, checksum, digest. */
#include "image/build_impl.h"

#include "base/text.h"
#include "image/digest.h"

enum { SEGMENT_MAX = 16 << 20, ELF_DIGEST_SIZE = KILN_IMAGE_DIGEST_SIZE };

kiln_code kiln_build_bad(struct kiln_err *err, const char *fmt, ...)
{
	char why[sizeof(err->why)];
	va_list args;

	va_start(args, fmt);
	(void)kiln_text_vformat(why, sizeof(why), fmt, args);
	va_end(args);
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot make an image of the ELF file");
	kiln_why(err, "%s", why);
	kiln_hint(err, "look at the linker script, and that the chip is the one it was built for");
	return KILN_E_IMAGE;
}

void kiln_memory_names(const struct kiln_chip *chip, uint32_t address, const char *comma,
		       char *ret_names, size_t size)
{
	size_t at = 0;

	ret_names[0] = '\0';
	for (const struct kiln_chip_memory *m = chip->layout->memory; m->name; m++) {
		if (address < m->start || address >= m->end)
			continue;
		(void)kiln_text_format(ret_names + at, size - at, "%s%s", at ? comma : "", m->name);
		at = strlen(ret_names);
	}
}

kiln_code kiln_build_put(struct kiln_build *b, const void *p, size_t n, struct kiln_err *err)
{
	const kiln_code code = kiln_buf_append(b->out, p, n);

	return code ? kiln_fail(err, code, "cannot make an image of the ELF file") : KILN_OK;
}

kiln_code kiln_build_put_header(struct kiln_build *b, uint8_t magic, uint8_t count,
				struct kiln_err *err)
{
	uint8_t h[8] = { magic, count, b->mode, b->size_freq };

	kiln_put_le32(h + 4, b->entry);
	return kiln_build_put(b, h, sizeof(h), err);
}

/* Where in a segment's data the ELF's digest goes; the image has it from offset `start` on. */
static kiln_code find_digest_place(const struct kiln_build *b, size_t start, struct kiln_span data,
				   bool *ret_here, size_t *ret_at, struct kiln_err *err)
{
	const size_t offset = b->elf_digest_offset;
	size_t at;

	*ret_here = b->elf_digest_wanted && offset >= start && offset < start + data.n;
	if (!*ret_here)
		return KILN_OK;
	at = offset - start;
	if (at < KILN_SEGMENT_HEADER || at + ELF_DIGEST_SIZE > data.n)
		return kiln_build_bad(err,
				      "the ELF's SHA-256 at 0x%zx would lie on the border of "
				      "a segment",
				      offset);
	*ret_at = at - KILN_SEGMENT_HEADER;
	for (size_t i = 0; i < ELF_DIGEST_SIZE; i++) {
		if (data.p[*ret_at + i])
			return kiln_build_bad(err,
					      "there are bytes already at 0x%zx, where the ELF's "
					      "SHA-256 should go",
					      offset);
	}
	return KILN_OK;
}

static uint8_t xor_of(const uint8_t *p, size_t n, uint8_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum ^= p[i];
	return sum;
}

static kiln_code check_length(size_t n, uint32_t address, struct kiln_err *err)
{
	if (n % 4)
		return kiln_build_bad(err,
				      "the segment for 0x%08x has %zu bytes, which is no "
				      "multiple of 4",
				      address, n);
	if (n >= SEGMENT_MAX)
		return kiln_build_bad(err,
				      "the segment for 0x%08x is longer than the 16 MB that "
				      "a ROM takes",
				      address);
	return KILN_OK;
}

kiln_code kiln_build_put_segment(struct kiln_build *b, uint32_t address, struct kiln_span data,
				 uint8_t *checksum, struct kiln_err *err)
{
	const size_t start = b->out->len;
	uint8_t h[KILN_SEGMENT_HEADER], *copy;
	bool digest_here;
	size_t digest_at = 0;

	KILN_TRY(check_length(data.n, address, err));
	KILN_TRY(find_digest_place(b, start, data, &digest_here, &digest_at, err));
	kiln_put_le32(h, address);
	kiln_put_le32(h + 4, (uint32_t)data.n);
	KILN_TRY(kiln_build_put(b, h, sizeof(h), err));
	KILN_TRY(kiln_build_put(b, data.p, data.n, err));
	copy = b->out->data + start + KILN_SEGMENT_HEADER;
	if (digest_here)
		memcpy(copy + digest_at, b->elf_digest, ELF_DIGEST_SIZE);
	if (checksum)
		*checksum = xor_of(copy, data.n, *checksum);
	b->written++;
	return KILN_OK;
}

static kiln_code put_fill(struct kiln_build *b, uint8_t byte, size_t n, struct kiln_err *err)
{
	const kiln_code code = kiln_buf_reserve(b->out, n);

	if (code)
		return kiln_fail(err, code, "cannot make an image of the ELF file");
	memset(b->out->data + b->out->len, byte, n);
	kiln_buf_grew(b->out, n);
	return KILN_OK;
}

kiln_code kiln_build_put_zeros(struct kiln_build *b, size_t n, uint8_t *checksum,
			       struct kiln_err *err)
{
	struct kiln_buf zeros = KILN_BUF_INIT(n);
	kiln_code code = kiln_buf_reserve(&zeros, n);

	if (code) {
		code = kiln_fail(err, code, "cannot make an image of the ELF file");
	} else {
		memset(zeros.data, 0, n);
		code = kiln_build_put_segment(b, 0, kiln_span(zeros.data, n), checksum, err);
	}
	kiln_buf_done(&zeros);
	return code;
}

kiln_code kiln_build_put_checksum(struct kiln_build *b, uint8_t checksum, struct kiln_err *err)
{
	const size_t zeros = KILN_CHECKSUM_ROW - 1 - b->out->len % KILN_CHECKSUM_ROW;

	KILN_TRY(put_fill(b, 0, zeros, err));
	return kiln_build_put(b, &checksum, 1, err);
}

kiln_code kiln_build_put_digest(struct kiln_build *b, struct kiln_err *err)
{
	uint8_t digest[KILN_IMAGE_DIGEST_SIZE];

	KILN_TRY(kiln_image_digest(b->out->data, b->out->len, digest, err));
	return kiln_build_put(b, digest, sizeof(digest), err);
}

kiln_code kiln_build_pad_to(struct kiln_build *b, uint64_t multiple, struct kiln_err *err)
{
	const uint64_t over = multiple ? b->out->len % multiple : 0;

	if (!over)
		return KILN_OK;
	if (multiple > KILN_IMAGE_MAX_BYTES) {
		(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot pad the image");
		kiln_why(err, "it would have more bytes than any flash");
		return KILN_E_TOO_BIG;
	}
	return put_fill(b, 0xFF, (size_t)(multiple - over), err);
}
