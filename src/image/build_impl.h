/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_BUILD_IMPL_H
#define KILN_IMAGE_BUILD_IMPL_H

#include <kiln/image.h>

#include "chip/chip.h"
#include "image/build.h"

/* What build.c, build_esp32.c and build_esp8266.c share. */

enum {
	KILN_IMAGE_MAX_BYTES = 128 << 20, /* the largest flash that a header can name */
	KILN_SEGMENT_HEADER = 8,
	KILN_CHECKSUM_ROW = 16,
	KILN_CHECKSUM_SEED = 0xEF,
};

/* A segment that is being placed. Its data is its own: it is merged, padded and split. */
struct kiln_build_segment {
	char name[48];
	uint32_t address;
	struct kiln_buf data;
	size_t taken; /* bytes at the front that were given away as padding */
};

struct kiln_build {
	const struct kiln_build_options *options;
	const struct kiln_chip *chip; /* whose sizes and names hold: the ESP32's for version 3 */
	uint32_t page_size;
	uint32_t entry;
	uint8_t mode, size_freq;
	bool digest;
	bool elf_digest_wanted;
	uint32_t elf_digest_offset;
	uint8_t elf_digest[KILN_IMAGE_DIGEST_SIZE];
	struct kiln_build_segment *segments;
	size_t n_segments;

	struct kiln_buf *out;
	uint8_t checksum;
	unsigned written; /* segments, with those that only pad */
	struct kiln_buf *text;
};

/* Data that is left of a segment. */
static inline struct kiln_span kiln_build_rest(const struct kiln_build_segment *s)
{
	return kiln_span(s->data.data + s->taken, s->data.len - s->taken);
}

/* Memory's names at an address, joined by `comma`. */
void kiln_memory_names(const struct kiln_chip *chip, uint32_t address, const char *comma,
		       char *ret_names, size_t size);

/* Append to the image; each fails with E_TOO_BIG, E_NOMEM. */
kiln_code kiln_build_put(struct kiln_build *b, const void *p, size_t n, struct kiln_err *err);
kiln_code kiln_build_put_header(struct kiln_build *b, uint8_t magic, uint8_t count,
				struct kiln_err *err);
/*
 * A segment, with the ELF's digest in it if that belongs there. checksum may be NULL. Fails also
 * with: E_IMAGE.
 */
kiln_code kiln_build_put_segment(struct kiln_build *b, uint32_t address, struct kiln_span data,
				 uint8_t *checksum, struct kiln_err *err);
/* The same with zeros. */
kiln_code kiln_build_put_zeros(struct kiln_build *b, size_t n, uint8_t *checksum,
			       struct kiln_err *err);
kiln_code kiln_build_put_checksum(struct kiln_build *b, uint8_t checksum, struct kiln_err *err);
kiln_code kiln_build_put_digest(struct kiln_build *b, struct kiln_err *err);

/* FF up to a multiple; 0: none. */
kiln_code kiln_build_pad_to(struct kiln_build *b, uint64_t multiple, struct kiln_err *err);

/*
 * Pick the segments that are mapped from flash, or the others, in the order of their addresses;
 * those of the same address stay in their order.
 */
struct kiln_build_list {
	struct kiln_build_segment *items[KILN_IMAGE_MAX_SEGMENTS];
	size_t n;
};
void kiln_build_pick(struct kiln_build *b, bool flash, struct kiln_build_list *ret_list);
/* Does the chip run or read what is at `address` from flash? */
bool kiln_build_maps_flash(const struct kiln_build *b, uint32_t address);

/* "cannot make an image": E_IMAGE with a reason. */
kiln_code kiln_build_bad(struct kiln_err *err, const char *fmt, ...) KILN_PRINTF(2, 3);

/* Two segments must not need the same page of the flash. Fails with: E_IMAGE. */
kiln_code kiln_build_check_pages(const struct kiln_build_list *flash, uint32_t page_size,
				 struct kiln_err *err);

kiln_code kiln_build_esp32(struct kiln_build *b, struct kiln_err *err);
kiln_code kiln_build_esp8266_v1(struct kiln_build *b, struct kiln_buf *ret_irom,
				struct kiln_err *err);
kiln_code kiln_build_esp8266_v2(struct kiln_build *b, struct kiln_err *err);
kiln_code kiln_build_esp8266_v3(struct kiln_build *b, struct kiln_err *err);

/* The one segment that an ESP8266 runs from flash: *ret is NULL if there is none. */
kiln_code kiln_build_find_irom(struct kiln_build *b, struct kiln_build_segment **ret,
			       struct kiln_err *err);

#endif
