/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_H
#define KILN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/api.h>
#include <kiln/err.h>

/*
 * Firmware images as the ROM of an ESP32 and its successors boots them. Pure: bytes in, facts
 * out. Nothing is kept; `data` is only looked at during the call, unless a function says that it
 * changes it.
 *
 *	0    E9 | segments | mode | size << 4 | freq | entry (u32)
 *	8    wp_pin | 3 bytes of pin drives | chip id (u16) | min rev (u8) |
 *	     min rev full (u16) | max rev full (u16) | 4 bytes 0 | digest appended (u8, at 23)
 *	24   segments, each: load address (u32) | length (u32) | data
 *	...  zeros, so that the checksum byte ends a 16-byte row: EF xor all bytes of segment data
 *	...  SHA-256 of all before it, if byte 23 says so
 *
 * Source: ESP-IDF, "App Image Format"; esptool documentation, "Firmware Image Format".
 */
enum {
	KILN_IMAGE_MAGIC = 0xE9,
	KILN_IMAGE_HEADER_SIZE = 24,
	KILN_IMAGE_MAX_SEGMENTS = 16,
	KILN_IMAGE_DIGEST_SIZE = 32
};

struct kiln_image_segment {
	uint32_t load_address;
	uint32_t length;
	size_t offset; /* of the data in the file */
};

struct kiln_image {
	uint8_t mode;       /* 0 qio 1 qout 2 dio 3 dout */
	uint8_t size, freq; /* the header's nibbles */
	uint32_t entry;
	uint16_t chip_id;      /* 0: ESP32 */
	uint8_t min_rev;       /* old form: major revision */
	uint16_t min_rev_full; /* major * 100 + minor */
	uint16_t max_rev_full; /* 0 or FFFF: not limited */
	unsigned n_segments;
	struct kiln_image_segment segments[KILN_IMAGE_MAX_SEGMENTS];
	uint8_t checksum, checksum_stored;
	size_t data_length; /* up to and with the checksum: what the digest covers */
	bool has_digest;
	bool digest_matches;
	size_t length; /* data_length and the digest; a file may go on behind it */
};

/* True if the bytes begin as an image does; says nothing of the rest. */
KILN_API bool kiln_image_is(const void *data, size_t n);

/*
 * Read header and segments; checksum and digest are computed, not judged.
 * Fails with: E_IMAGE (no image, or it is cut), E_NOMEM.
 */
KILN_API KILN_CHECK kiln_code kiln_image_parse(const void *data, size_t n,
					       struct kiln_image *ret_image, struct kiln_err *err);

/* The same, and judge: a ROM would boot it. Fails with: E_IMAGE, E_NOMEM. */
KILN_API KILN_CHECK kiln_code kiln_image_verify(const void *data, size_t n,
						struct kiln_image *ret_image, struct kiln_err *err);

/* Flash parameters to set in a header; negative members are kept. */
struct kiln_image_params {
	int mode, freq, size; /* header values and nibbles */
};

/*
 * Set the parameters in the image at `data`, and compute its digest anew if it has one.
 * *ret_changed: the header differs now; *ret_redigested: the digest does.
 * Fails with: E_IMAGE (nothing was changed), E_NOMEM.
 */
KILN_API KILN_CHECK kiln_code kiln_image_patch(void *data, size_t n,
					       const struct kiln_image_params *params,
					       bool *ret_changed, bool *ret_redigested,
					       struct kiln_err *err);

#endif
