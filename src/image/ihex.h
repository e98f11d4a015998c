/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_IHEX_H
#define KILN_IMAGE_IHEX_H

#include "image/regions.h"

/*
 * Intel HEX (Intel, "Hexadecimal Object File Format Specification", revision A, 1988). A line is a
 * record:
 *
 *	: length | offset (big-endian) | type | data | checksum: the sum of all bytes is 0
 *	type 00 data, 01 end, 02 segment base / 16, 03 CS:IP, 04 upper 16 bits, 05 entry address
 */
struct kiln_ihex {
	struct kiln_regions regions; /* sorted and joined */
	bool has_entry;
	uint32_t entry; /* of record 05, or 03's CS * 16 + IP */
};

/* Does the file begin as one does? */
bool kiln_ihex_is(struct kiln_span file);

/*
 * Read a file; it must have an end record, or half of it may be missing. Fails with: E_IMAGE,
 * E_OVERLAP, E_TOO_BIG (each with the line), E_NOMEM.
 */
KILN_CHECK kiln_code kiln_ihex_read(struct kiln_span file, struct kiln_ihex *ret_hex,
				    struct kiln_err *err);
void kiln_ihex_done(struct kiln_ihex *hex);

/*
 * Append a file of pieces in the order of their addresses; none may overlap. Records have up to 16
 * bytes, and begin where a piece begins. Fails with: E_TOO_BIG, E_NOMEM.
 */
KILN_CHECK kiln_code kiln_ihex_write(const struct kiln_piece *pieces, size_t n,
				     struct kiln_buf *out, struct kiln_err *err);

#endif
