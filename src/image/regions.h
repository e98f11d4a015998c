/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_REGIONS_H
#define KILN_IMAGE_REGIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <kiln/err.h>

#include "base/buf.h"

/*
 * Bytes at addresses with gaps between: what an Intel HEX or UF2 file holds. Regions are collected
 * in any order; kiln_regions_join() then sorts them and makes one of those that touch.
 */
struct kiln_region {
	uint32_t address;
	unsigned line; /* of the file that it came from: line or block, counted from 1 */
	struct kiln_buf data;
};

struct kiln_regions {
	struct kiln_region *items;
	size_t n, cap, bytes;
};

enum { KILN_REGIONS_MAX = 65536, KILN_REGIONS_MAX_BYTES = 128 << 20 };

/* Add bytes; those that follow the region before become part of it. Fails with: E_TOO_BIG (too
 * many, or beyond 4 GB), E_NOMEM. */
KILN_CHECK kiln_code kiln_regions_add(struct kiln_regions *r, uint32_t address,
				      struct kiln_span data, unsigned line);
/* Sort and join. Fails with: E_OVERLAP (*ret_line: of the later one in the file), E_NOMEM. */
KILN_CHECK kiln_code kiln_regions_join(struct kiln_regions *r, uint32_t *ret_address,
				       unsigned *ret_line);
void kiln_regions_done(struct kiln_regions *r);

/* Bytes that somebody else owns, for writers. */
struct kiln_piece {
	uint32_t address;
	struct kiln_span data;
};

#endif
