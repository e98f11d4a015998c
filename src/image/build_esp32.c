/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image of an ESP32 and all later chips. The MMU maps whole pages of the flash, so a segment
 * that runs from flash must stand in the file at the same offset within a page as in memory. The
 * room before it is filled with pieces of segments for RAM, which may stand anywhere; when those
 * are used up, with a segment of zeros for address 0, which loaders skip.
 */
#include "image/build_impl.h"

enum {
	CHECKSUM_AT_END = 16,              /* the row that the checksum ends */
	SPACE_V1 = 32 + 4 + 64 + 12,       /* digest, then what Secure Boot V1's signing adds */
	SPACE_V2 = KILN_IMAGE_DIGEST_SIZE, /* V2's signature stands in a sector of its own */
	LAST_PAGE_BUG = 0x24,
	WP_PIN_DISABLED = 0xEE,
};

static void move_to_front(struct kiln_build_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		struct kiln_build_segment *s = list->items[i];

		if (strcmp(s->name, name) != 0)
			continue;
		for (; i > 0; i--)
			list->items[i] = list->items[i - 1];
		list->items[0] = s;
		return;
	}
}

void kiln_build_pick(struct kiln_build *b, bool flash, struct kiln_build_list *ret_list)
{
	ret_list->n = 0;
	for (size_t i = 0; i < b->n_segments; i++) {
		struct kiln_build_segment *s = &b->segments[i];
		size_t at = ret_list->n;

		if (kiln_build_maps_flash(b, s->address) != flash)
			continue;
		for (; at > 0 && ret_list->items[at - 1]->address > s->address; at--)
			ret_list->items[at] = ret_list->items[at - 1];
		ret_list->items[at] = s;
		ret_list->n++;
	}
}

kiln_code kiln_build_check_pages(const struct kiln_build_list *flash, uint32_t page_size,
				 struct kiln_err *err)
{
	for (size_t i = 1; i < flash->n; i++) {
		const uint32_t last = flash->items[i - 1]->address, next = flash->items[i]->address;

		if (last / page_size == next / page_size)
			return kiln_build_bad(err,
					      "the parts for 0x%08x and 0x%08x need the same %u KB "
					      "page of the flash",
					      last, next, page_size / 1024);
	}
	return KILN_OK;
}

static kiln_code put_extended_header(struct kiln_build *b, struct kiln_err *err)
{
	const struct kiln_build_options *o = b->options;
	uint8_t h[16] = { WP_PIN_DISABLED };

	kiln_put_le16(h + 4, b->chip->image_id);
	h[6] = o->min_rev;
	kiln_put_le16(h + 7, o->min_rev_full);
	kiln_put_le16(h + 9, o->max_rev_full);
	h[15] = b->digest;
	return kiln_build_put(b, h, sizeof(h), err);
}

/* Bytes of padding, its own header not counted, that bring the next segment to its place. */
static size_t padding_before(const struct kiln_build *b, uint32_t address)
{
	const int64_t page = b->page_size;
	const int64_t past = address % page - KILN_SEGMENT_HEADER;
	int64_t n = page - (int64_t)(b->out->len % (size_t)page) + past;

	if (n == 0 || n == page)
		return 0;
	n -= KILN_SEGMENT_HEADER;
	return (size_t)(n < 0 ? n + page : n);
}

/*
 * The second-stage bootloader of the ESP32 does not map the last page of a segment that has less
 * than 0x24 bytes in it (ESP-IDF, bootloader_support); so the segment gets more.
 */
static kiln_code lengthen(struct kiln_build *b, struct kiln_build_segment *s, struct kiln_err *err)
{
	const size_t end = b->out->len + KILN_SEGMENT_HEADER + s->data.len;
	static const uint8_t zeros[LAST_PAGE_BUG];
	kiln_code code = KILN_OK;

	if (b->chip->image_id == 0 && end % b->page_size < LAST_PAGE_BUG)
		code = kiln_buf_append(&s->data, zeros, LAST_PAGE_BUG - end % b->page_size);
	return code ? kiln_fail(err, code, "cannot make an image of the ELF file") : KILN_OK;
}

static kiln_code put_flash_segment(struct kiln_build *b, struct kiln_build_segment *s,
				   uint8_t *checksum, struct kiln_err *err)
{
	KILN_TRY(lengthen(b, s, err));
	return kiln_build_put_segment(b, s->address, kiln_build_rest(s), checksum, err);
}

/* The first n bytes of a segment for RAM, which then is that much shorter. */
static kiln_code put_piece(struct kiln_build *b, struct kiln_build_segment *s, size_t n,
			   struct kiln_err *err)
{
	struct kiln_span rest = kiln_build_rest(s);

	if (rest.n > n)
		rest.n = n;
	KILN_TRY(kiln_build_put_segment(b, s->address, rest, &b->checksum, err));
	s->taken += rest.n;
	s->address += (uint32_t)rest.n;
	return KILN_OK;
}

static kiln_code put_padding(struct kiln_build *b, struct kiln_build_list *ram, size_t *next_ram,
			     size_t n, struct kiln_err *err)
{
	struct kiln_build_segment *s;

	if (*next_ram == ram->n || n <= KILN_SEGMENT_HEADER)
		return kiln_build_put_zeros(b, n, &b->checksum, err);
	s = ram->items[*next_ram];
	KILN_TRY(put_piece(b, s, n, err));
	if (kiln_build_rest(s).n == 0)
		++*next_ram;
	return KILN_OK;
}

static kiln_code put_all(struct kiln_build *b, struct kiln_build_list *flash,
			 struct kiln_build_list *ram, struct kiln_err *err)
{
	size_t next_ram = 0;

	for (size_t i = 0; i < flash->n;) {
		const size_t n = padding_before(b, flash->items[i]->address);

		if (n)
			KILN_TRY(put_padding(b, ram, &next_ram, n, err));
		else
			KILN_TRY(put_flash_segment(b, flash->items[i++], &b->checksum, err));
	}
	for (; next_ram < ram->n; next_ram++) {
		struct kiln_build_segment *s = ram->items[next_ram];

		KILN_TRY(kiln_build_put_segment(b, s->address, kiln_build_rest(s), &b->checksum,
						err));
	}
	return KILN_OK;
}

/*
 * Only the RAM segments are counted and covered by the checksum, so that the ROM boots them at
 * once; the flash segments follow, where their addresses want them once the image stands at the
 * chip's boot offset.
 */
static kiln_code put_ram_first(struct kiln_build *b, struct kiln_build_list *flash,
			       struct kiln_build_list *ram, struct kiln_err *err)
{
	const uint32_t page = b->page_size, boot = b->chip->bootloader_offset;

	for (size_t i = 0; i < ram->n; i++)
		KILN_TRY(kiln_build_put_segment(b, ram->items[i]->address,
						kiln_build_rest(ram->items[i]), &b->checksum, err));
	KILN_TRY(kiln_build_put_checksum(b, b->checksum, err));
	for (size_t i = flash->n; i-- > 0;) {
		const uint32_t headers = (uint32_t)b->out->len + 2 * KILN_SEGMENT_HEADER;
		/* page sizes are powers of two: the modulo survives the wrap */
		uint32_t n = (flash->items[i]->address - headers) % page;

		if (n < boot)
			n += page;
		KILN_TRY(kiln_build_put_zeros(b, n - boot, NULL, err));
		KILN_TRY(put_flash_segment(b, flash->items[i], NULL, err));
	}
	return KILN_OK;
}

/* Zeros, so that the signed image ends with a page and all that is mapped was verified. */
static kiln_code put_secure_padding(struct kiln_build *b, struct kiln_err *err)
{
	const bool v1 = b->options->secure_pad && b->chip->image_id == 0;
	const uint32_t space = b->options->secure_pad_v2 ? SPACE_V2 : SPACE_V1;
	const uint32_t used = ((uint32_t)b->out->len + KILN_SEGMENT_HEADER) % b->page_size;

	if (!v1 && !b->options->secure_pad_v2)
		return KILN_OK;
	if (!b->digest) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot pad the image for signing");
		kiln_why(err, "it has no SHA-256 digest, and only one that has can be signed");
		kiln_hint(err, "leave out --dont-append-digest and --ram-only-header");
		return KILN_E_INVALID;
	}
	return kiln_build_put_zeros(b,
				    (b->page_size - used - CHECKSUM_AT_END - space) % b->page_size,
				    &b->checksum, err);
}

static kiln_code check_count(const struct kiln_build *b, struct kiln_err *err)
{
	if (b->written <= KILN_IMAGE_MAX_SEGMENTS)
		return KILN_OK;
	(void)kiln_build_bad(err, "with what pads them it has %u segments, and a ROM takes %d",
			     b->written, KILN_IMAGE_MAX_SEGMENTS);
	return KILN_E_IMAGE;
}

static kiln_code put_segments(struct kiln_build *b, struct kiln_err *err)
{
	struct kiln_build_list flash, ram;
	const bool ram_only = b->options->ram_only_header;

	kiln_build_pick(b, true, &flash);
	kiln_build_pick(b, false, &ram);
	move_to_front(&flash, ".flash.appdesc");
	move_to_front(&ram, ".dram0.bootdesc");
	KILN_TRY(kiln_build_check_pages(&flash, b->page_size, err));
	KILN_TRY(ram_only ? put_ram_first(b, &flash, &ram, err) : put_all(b, &flash, &ram, err));
	KILN_TRY(put_secure_padding(b, err));
	KILN_TRY(check_count(b, err));
	b->out->data[1] = (uint8_t)(ram_only ? ram.n : b->written);
	return ram_only ? KILN_OK : kiln_build_put_checksum(b, b->checksum, err);
}

kiln_code kiln_build_esp32(struct kiln_build *b, struct kiln_err *err)
{
	KILN_TRY(kiln_build_put_header(b, KILN_IMAGE_MAGIC, 0, err));
	KILN_TRY(put_extended_header(b, err));
	KILN_TRY(put_segments(b, err));
	if (b->digest)
		KILN_TRY(kiln_build_put_digest(b, err));
	return kiln_build_pad_to(b, b->options->pad_to_size, err);
}
