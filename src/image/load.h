/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_LOAD_H
#define KILN_IMAGE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <kiln/chip.h>
#include <kiln/image.h>
#include <kiln/err.h>

#include "base/buf.h"
#include "image/build.h"

/*
 * Firmware images of any chip, with all that their headers say: for reports, and for tools that
 * change them. kiln_image_parse() (kiln/image.h) reads as the ROM of an ESP32 does; this reads as
 * esptool does: ESP8266 versions 1 and 2 too, and images of which parts are odd. Segments borrow
 * from the file.
 */
struct kiln_loaded_segment {
	uint32_t address;
	uint32_t length; /* as it is loaded: a multiple of 4 unless the address is 0 */
	size_t header_offset;
	struct kiln_span data;
};

struct kiln_loaded {
	const struct kiln_chip *chip;
	unsigned version; /* 2 for an ESP8266's EA image, else 1 */
	uint8_t mode, size_freq;
	uint32_t entry;
	struct kiln_loaded_segment segments[KILN_IMAGE_MAX_SEGMENTS];
	unsigned n_segments;
	uint8_t checksum, checksum_stored;

	/* of the extended header, which an ESP8266's has not */
	uint8_t wp_pin, drives[3];
	uint16_t chip_id;
	uint8_t min_rev;
	uint16_t min_rev_full, max_rev_full;
	bool has_digest, digest_matches;
	uint8_t digest[KILN_IMAGE_DIGEST_SIZE]; /* as it should be */
	size_t data_length;                     /* what the digest covers; 0 without one */
};

/*
 * Read an image for `chip`. What is odd goes to `text` as esptool's lines, if it is not NULL.
 * Fails with: E_IMAGE, E_NOMEM.
 */
KILN_CHECK kiln_code kiln_image_load(struct kiln_span file, const struct kiln_chip *chip,
				     kiln_dialect dialect, struct kiln_buf *text,
				     struct kiln_loaded *ret_image, struct kiln_err *err);

/*
 * Which chip an image is for, as its header tells: an ESP8266 if no other. Fails with: E_IMAGE
 * (empty, or no image).
 */
KILN_CHECK kiln_code kiln_image_guess_chip(struct kiln_span file, const struct kiln_chip **ret_chip,
					   struct kiln_err *err);

#endif
