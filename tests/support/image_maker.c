/* SPDX-License-Identifier: Apache-2.0 */
#include "support/image_maker.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

static unsigned next(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 16;
}

void image_fill(uint8_t *dst, size_t n, unsigned seed)
{
	unsigned state = seed * 2654435761u + 1;

	for (size_t i = 0; i < n;) {
		/* now and then a piece of what came before, as code has it */
		const size_t run = 4 + next(&state) % 12;
		const size_t back = 64 + next(&state) % 2000;
		const bool copy = i > back && next(&state) % 5 < 2;

		for (size_t k = 0; k < run && i < n; k++, i++)
			dst[i] = copy ? dst[i - back] : (uint8_t)next(&state);
	}
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v & 0xFFFF);
	put16(p + 2, v >> 16);
}

static void put_header(uint8_t *p, const struct image_spec *spec)
{
	p[0] = 0xE9;
	p[1] = (uint8_t)spec->n_segments;
	p[2] = spec->mode;
	p[3] = spec->size_freq;
	put32(p + 4, 0x400805cc);
	if (spec->is_short)
		return;
	p[8] = 0xEE;
	put16(p + 12, spec->chip_id);
	p[14] = spec->min_rev;
	put16(p + 15, spec->min_rev_full);
	put16(p + 17, spec->max_rev_full);
	p[23] = spec->digest;
}

uint8_t *image_make(const struct image_spec *spec, size_t *ret_size)
{
	const size_t header = spec->is_short ? 8 : 24;
	const size_t body = header + spec->n_segments * (8 + spec->segment_size);
	const size_t summed = (body / 16 + 1) * 16; /* at least one byte for the sum */
	const size_t whole = summed + (spec->digest ? 32 : 0) + spec->tail;
	uint8_t *p = calloc(1, whole), *at = p + header, sum = 0xEF;

	put_header(p, spec);
	for (unsigned i = 0; i < spec->n_segments; i++) {
		put32(at, 0x3fff0030 + i * 0x10000);
		put32(at + 4, (uint32_t)spec->segment_size);
		image_fill(at + 8, spec->segment_size, spec->seed + i);
		for (size_t k = 0; k < spec->segment_size; k++)
			sum ^= at[8 + k];
		at += 8 + spec->segment_size;
	}
	p[summed - 1] = sum;
	if (spec->digest)
		EVP_Digest(p, summed, p + summed, NULL, EVP_sha256(), NULL);
	memset(p + whole - spec->tail, 0xFF, spec->tail);
	*ret_size = whole;
	return p;
}
