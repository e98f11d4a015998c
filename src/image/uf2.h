/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_UF2_H
#define KILN_IMAGE_UF2_H

#include "image/regions.h"

/*
 * UF2 files (github.com/microsoft/uf2): blocks of 512 bytes, each of which says where it goes.
 *
 *	0    0A324655 | 9E5D5157 | flags | address | size | number | of how many | family   (u32s)
 *	32   data (up to 476), then if flag 4000 is set: address | size | MD5 of the data
 *	508  0AB16F30
 */
enum { KILN_UF2_BLOCK = 512, KILN_UF2_DATA = 476, KILN_UF2_MD5 = 24 };

struct kiln_uf2_options {
	uint32_t family;
	size_t chunk; /* bytes of data in a block; 0: as many as fit */
	bool no_md5;
};

/*
 * Append blocks for each piece, each counted for itself as esptool does. Fails with: E_INVALID
 * (chunk), E_TOO_BIG, E_NOMEM.
 */
KILN_CHECK kiln_code kiln_uf2_write(const struct kiln_piece *pieces, size_t n,
				    const struct kiln_uf2_options *options, struct kiln_buf *out,
				    struct kiln_err *err);

bool kiln_uf2_is(struct kiln_span file);

/*
 * Read the blocks that are for the flash. `*ret_family` is 0 if no block names one; a file for
 * several families is refused. Every block must be there, and match its MD5. Fails with: E_IMAGE,
 * E_OVERLAP, E_TOO_BIG, E_NOMEM.
 */
KILN_CHECK kiln_code kiln_uf2_read(struct kiln_span file, struct kiln_regions *ret_regions,
				   uint32_t *ret_family, struct kiln_err *err);

#endif
