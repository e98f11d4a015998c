/* SPDX-License-Identifier: Apache-2.0 */
#include "image/load.h"

#include "base/text.h"
#include "chip/chip.h"
#include "image/digest.h"

enum {
	COMMON_HEADER = 8,
	MAGIC_V2 = 0xEA,
	COUNT_V2 = 4,
	CHECKSUM_SEED = 0xEF,
	CHECKSUM_ROW = 16,
	DIGEST_FLAG_AT = 23,
	CHIP_ID_AT = 12,

	/* what an ESP8266's ROM can load to; other places are worth a remark */
	ESP8266_RAM = 0x3FFE0000,
	ESP8266_CODE_END = 0x40200000,
	ESP8266_SEGMENT_MAX = 65536,
};

struct loader {
	struct kiln_span whole, rest;
	kiln_dialect dialect;
	struct kiln_buf *text;
	struct kiln_loaded image;
};

static kiln_code bad(struct kiln_err *err, const char *fmt, ...) KILN_PRINTF(2, 3);
static kiln_code bad(struct kiln_err *err, const char *fmt, ...)
{
	char why[sizeof(err->why)];
	va_list args;

	va_start(args, fmt);
	(void)kiln_text_vformat(why, sizeof(why), fmt, args);
	va_end(args);
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot read the image");
	kiln_why(err, "%s", why);
	return KILN_E_IMAGE;
}

static void warn(struct loader *l, const char *fmt, ...) KILN_PRINTF(2, 3);
static void warn(struct loader *l, const char *fmt, ...)
{
	va_list args;

	if (!l->text)
		return;
	(void)kiln_buf_puts(l->text, l->dialect == KILN_DIALECT_5 ? "Warning: " : "WARNING: ");
	va_start(args, fmt);
	(void)kiln_buf_vprintf(l->text, fmt, args);
	va_end(args);
	(void)kiln_buf_puts(l->text, "\n");
}

static size_t position(const struct loader *l)
{
	return l->whole.n - l->rest.n;
}

static kiln_code read_common(struct loader *l, uint8_t magic, uint8_t *ret_count,
			     struct kiln_err *err)
{
	struct kiln_span head;

	if (!kiln_span_take(&l->rest, COMMON_HEADER, &head))
		return bad(err, "it is cut short within its header");
	if (head.p[0] != magic)
		return bad(err, "its header begins with 0x%02x, not with 0x%02x", head.p[0], magic);
	*ret_count = head.p[1];
	l->image.mode = head.p[2];
	l->image.size_freq = head.p[3];
	l->image.entry = kiln_get_le32(head.p + 4);
	return KILN_OK;
}

static kiln_code read_extended(struct loader *l, struct kiln_err *err)
{
	struct kiln_loaded *image = &l->image;
	struct kiln_span s;

	if (!kiln_span_take(&l->rest, KILN_IMAGE_HEADER_SIZE - COMMON_HEADER, &s))
		return bad(err, "it is cut short within its header");
	image->wp_pin = s.p[0];
	memcpy(image->drives, s.p + 1, sizeof(image->drives));
	image->chip_id = kiln_get_le16(s.p + 4);
	image->min_rev = s.p[6];
	image->min_rev_full = kiln_get_le16(s.p + 7);
	image->max_rev_full = kiln_get_le16(s.p + 9);
	if (s.p[15] > 1)
		return bad(err, "byte 23 says neither that it has a digest nor that it has none");
	image->has_digest = s.p[15];
	if (image->chip_id == image->chip->image_id)
		return KILN_OK;
	if (l->dialect == KILN_DIALECT_5)
		warn(l,
		     "Unexpected chip ID in image. Expected %u but value was %u. Is this image "
		     "for a different chip model?",
		     image->chip->image_id, image->chip_id);
	else if (l->text)
		(void)kiln_buf_printf(l->text,
				      "Unexpected chip id in image. Expected %u but value was %u. "
				      "Is this image for a different chip model?\n",
				      image->chip->image_id, image->chip_id);
	return KILN_OK;
}

static bool is_esp8266(const struct loader *l)
{
	return l->image.chip->image_id == KILN_CHIP_NO_ID;
}

static void warn_of_place(struct loader *l, uint32_t address, uint32_t length)
{
	if (is_esp8266(l) &&
	    (address > ESP8266_CODE_END || address < ESP8266_RAM || length > ESP8266_SEGMENT_MAX))
		warn(l, "Suspicious segment 0x%x, length %u", address, length);
}

static kiln_code read_segment(struct loader *l, bool irom, struct kiln_err *err)
{
	const size_t at = position(l);
	struct kiln_loaded_segment *s;
	uint32_t address, length;

	if (l->image.n_segments == KILN_IMAGE_MAX_SEGMENTS)
		return bad(err, "it has more than %d segments", KILN_IMAGE_MAX_SEGMENTS);
	s = &l->image.segments[l->image.n_segments];
	if (!kiln_span_le32(&l->rest, &address) || !kiln_span_le32(&l->rest, &length))
		return bad(err, "it is cut short within a segment's header");
	if (!irom)
		warn_of_place(l, address, length);
	if (!kiln_span_take(&l->rest, length, &s->data))
		return bad(err,
			   "it is cut short within the segment for 0x%x: %zu of %u bytes are "
			   "there",
			   address, l->rest.n, length);
	/* an ESP8266 runs it from wherever it is flashed */
	s->address = irom ? 0 : address;
	s->length = address ? (length + 3) & ~3u : length;
	s->header_offset = at;
	l->image.n_segments++;
	for (size_t i = 0; i < length && !irom; i++)
		l->image.checksum ^= s->data.p[i];
	return KILN_OK;
}

static kiln_code read_checksum(struct loader *l, struct kiln_err *err)
{
	struct kiln_span row;

	if (!kiln_span_take(&l->rest, CHECKSUM_ROW - position(l) % CHECKSUM_ROW, &row))
		return bad(err, "it is cut short before its checksum");
	l->image.checksum_stored = row.p[row.n - 1];
	return KILN_OK;
}

static kiln_code read_digest(struct loader *l, struct kiln_err *err)
{
	struct kiln_loaded *image = &l->image;
	struct kiln_span stored;

	if (!image->has_digest)
		return KILN_OK;
	image->data_length = position(l);
	KILN_TRY(kiln_image_digest(l->whole.p, image->data_length, image->digest, err));
	image->digest_matches = kiln_span_take(&l->rest, KILN_IMAGE_DIGEST_SIZE, &stored) &&
				memcmp(stored.p, image->digest, KILN_IMAGE_DIGEST_SIZE) == 0;
	return KILN_OK;
}

static void compare_headers(struct loader *l, const struct kiln_loaded *first)
{
	const struct kiln_loaded *second = &l->image;

	if (first->mode != second->mode)
		warn(l,
		     "Flash mode value in first header (0x%02x) disagrees with second (0x%02x). "
		     "Using second value.",
		     first->mode, second->mode);
	if (first->size_freq != second->size_freq)
		warn(l,
		     "Flash size/freq value in first header (0x%02x) disagrees with second "
		     "(0x%02x). Using second value.",
		     first->size_freq, second->size_freq);
	if (first->entry != second->entry)
		warn(l,
		     "Entrypoint address in first header (0x%08x) disagrees with second header "
		     "(0x%08x). Using second value.",
		     first->entry, second->entry);
}

/* EA 04, the code in flash, and then an image as of version 1. */
static kiln_code read_v2_front(struct loader *l, struct kiln_err *err)
{
	struct kiln_loaded first;
	uint8_t count = 0;

	l->image.version = 2;
	KILN_TRY(read_common(l, MAGIC_V2, &count, err));
	if (count != COUNT_V2)
		warn(l, "V2 header has unexpected \"segment\" count %u (usually 4)", count);
	KILN_TRY(read_segment(l, true, err));
	first = l->image;
	KILN_TRY(read_common(l, KILN_IMAGE_MAGIC, &count, err));
	compare_headers(l, &first);
	l->rest = kiln_span(l->rest.p - COMMON_HEADER, l->rest.n + COMMON_HEADER);
	return KILN_OK;
}

static kiln_code load(struct loader *l, struct kiln_err *err)
{
	uint8_t count = 0;

	if (is_esp8266(l) && l->whole.n && l->whole.p[0] == MAGIC_V2)
		KILN_TRY(read_v2_front(l, err));
	KILN_TRY(read_common(l, KILN_IMAGE_MAGIC, &count, err));
	if (!is_esp8266(l))
		KILN_TRY(read_extended(l, err));
	for (unsigned i = 0; i < count; i++)
		KILN_TRY(read_segment(l, false, err));
	KILN_TRY(read_checksum(l, err));
	return read_digest(l, err);
}

kiln_code kiln_image_load(struct kiln_span file, const struct kiln_chip *chip, kiln_dialect dialect,
			  struct kiln_buf *text, struct kiln_loaded *ret_image,
			  struct kiln_err *err)
{
	struct loader l = {
		.whole = file,
		.rest = file,
		.dialect = dialect,
		.text = text,
		.image = { .chip = chip, .version = 1, .checksum = CHECKSUM_SEED },
	};

	KILN_TRY(load(&l, err));
	*ret_image = l.image;
	return KILN_OK;
}

kiln_code kiln_image_guess_chip(struct kiln_span file, const struct kiln_chip **ret_chip,
				struct kiln_err *err)
{
	const struct kiln_chip *chip = NULL;

	if (file.n == 0)
		return bad(err, "it is empty");
	if (file.p[0] != KILN_IMAGE_MAGIC && file.p[0] != MAGIC_V2)
		return bad(err, "it begins with 0x%02x, as no image does", file.p[0]);
	/* the low byte only: an ESP8266's image has code there, which says nothing */
	if (file.n >= KILN_IMAGE_HEADER_SIZE && file.p[DIGEST_FLAG_AT] <= 1)
		chip = kiln_chip_of_image(file.p[CHIP_ID_AT]);
	*ret_chip = chip ? chip : kiln_chip_by_option("esp8266");
	return KILN_OK;
}
