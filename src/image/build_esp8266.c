/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three images of an ESP8266:
 *
 * 1  what the ROM loads, and the code in flash as a file of its own
 * 2  for a bootloader in flash: EA 04 and the code in flash, then an image as in 1, then a CRC
 * 3  of the RTOS SDK: as an ESP32's, but without the extended header and without alignment
 */
#include "image/build_impl.h"

#include <libdeflate.h>

#include "image/digest.h"

enum { MAGIC_V2 = 0xEA, COUNT_V2 = 4, IROM_ROW_V2 = 16, SDK_SEGMENT_HEADER = 8 };

kiln_code kiln_build_find_irom(struct kiln_build *b, struct kiln_build_segment **ret,
			       struct kiln_err *err)
{
	struct kiln_build_segment *found = NULL;

	for (size_t i = 0; i < b->n_segments; i++) {
		if (!kiln_chip_in_range(&b->chip->layout->irom, b->segments[i].address))
			continue;
		if (found)
			return kiln_build_bad(err,
					      "the parts for 0x%08x and 0x%08x both run from "
					      "flash, where one may",
					      found->address, b->segments[i].address);
		found = &b->segments[i];
	}
	*ret = found;
	return KILN_OK;
}

static kiln_code put_loaded(struct kiln_build *b, const struct kiln_build_segment *irom,
			    struct kiln_err *err)
{
	const size_t n = b->n_segments - (irom ? 1 : 0);

	KILN_TRY(kiln_build_put_header(b, KILN_IMAGE_MAGIC, (uint8_t)n, err));
	for (size_t i = 0; i < b->n_segments; i++) {
		const struct kiln_build_segment *s = &b->segments[i];

		if (s != irom)
			KILN_TRY(kiln_build_put_segment(b, s->address, kiln_build_rest(s),
							&b->checksum, err));
	}
	return kiln_build_put_checksum(b, b->checksum, err);
}

kiln_code kiln_build_esp8266_v1(struct kiln_build *b, struct kiln_buf *ret_irom,
				struct kiln_err *err)
{
	struct kiln_build_segment *irom = NULL;
	kiln_code code = KILN_OK;

	KILN_TRY(kiln_build_find_irom(b, &irom, err));
	KILN_TRY(put_loaded(b, irom, err));
	if (irom)
		code = kiln_buf_append(ret_irom, irom->data.data, irom->data.len);
	return code ? kiln_fail(err, code, "cannot make an image of the ELF file") : KILN_OK;
}

static kiln_code put_irom_v2(struct kiln_build *b, struct kiln_build_segment *irom,
			     struct kiln_err *err)
{
	static const uint8_t zeros[IROM_ROW_V2];
	const kiln_code code = kiln_buf_append(&irom->data, zeros, -irom->data.len % IROM_ROW_V2);

	if (code)
		return kiln_fail(err, code, "cannot make an image of the ELF file");
	/* address 0: where it runs depends on where it is flashed */
	return kiln_build_put_segment(b, 0, kiln_build_rest(irom), NULL, err);
}

/* The SDK's bootloader has its own idea of a CRC-32: its sign is taken away. */
static uint32_t sdk_crc(struct kiln_span s)
{
	const uint32_t crc = libdeflate_crc32(0, s.p, s.n);

	return crc & 0x80000000 ? ~crc : crc + 1;
}

kiln_code kiln_build_esp8266_v2(struct kiln_build *b, struct kiln_err *err)
{
	struct kiln_build_segment *irom = NULL;
	uint8_t crc[4];

	KILN_TRY(kiln_build_find_irom(b, &irom, err));
	KILN_TRY(kiln_build_put_header(b, MAGIC_V2, COUNT_V2, err));
	if (irom)
		KILN_TRY(put_irom_v2(b, irom, err));
	KILN_TRY(put_loaded(b, irom, err));
	kiln_put_le32(crc, sdk_crc(kiln_buf_span(b->out)));
	return kiln_build_put(b, crc, sizeof(crc), err);
}

static kiln_code put_list(struct kiln_build *b, const struct kiln_build_list *list,
			  struct kiln_err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct kiln_build_segment *s = list->items[i];

		KILN_TRY(kiln_build_put_segment(b, s->address, kiln_build_rest(s), &b->checksum,
						err));
	}
	return KILN_OK;
}

/* The SDK's linker script leaves room for a segment header before its constants. */
static void drop_room_for_header(struct kiln_build_list *flash)
{
	for (size_t i = 0; i < flash->n; i++) {
		struct kiln_build_segment *s = flash->items[i];

		if (strcmp(s->name, ".flash.rodata") == 0)
			s->taken = s->data.len < SDK_SEGMENT_HEADER ? s->data.len
								    : SDK_SEGMENT_HEADER;
	}
}

kiln_code kiln_build_esp8266_v3(struct kiln_build *b, struct kiln_err *err)
{
	struct kiln_build_list flash, ram;

	KILN_TRY(kiln_build_put_header(b, KILN_IMAGE_MAGIC, 0, err));
	kiln_build_pick(b, true, &flash);
	kiln_build_pick(b, false, &ram);
	KILN_TRY(kiln_build_check_pages(&flash, b->page_size, err));
	drop_room_for_header(&flash);
	KILN_TRY(put_list(b, &flash, err));
	KILN_TRY(put_list(b, &ram, err));
	b->out->data[1] = (uint8_t)b->written;
	KILN_TRY(kiln_build_put_checksum(b, b->checksum, err));
	return kiln_build_put_digest(b, err);
}
