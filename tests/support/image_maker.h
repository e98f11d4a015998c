/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_IMAGE_MAKER_H
#define KILN_TESTS_IMAGE_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes firmware images for tests, written from the format's description and not with the code
 * under test. The caller frees.
 */
struct image_spec {
	uint16_t chip_id, min_rev_full, max_rev_full;
	uint8_t min_rev, mode, size_freq;
	unsigned n_segments;
	size_t segment_size; /* a multiple of 4; contents are pseudo-random */
	bool digest;
	bool is_short; /* the ESP8266's header of 8 bytes */
	size_t tail;   /* bytes FF behind it, as merged files have them */
	unsigned seed;
};

uint8_t *image_make(const struct image_spec *spec, size_t *ret_size);

/* Bytes that compress about as firmware does (to some 60 %). */
void image_fill(uint8_t *dst, size_t n, unsigned seed);

#endif
