/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_DEFLATE_H
#define KILN_FLASH_DEFLATE_H

#include <stddef.h>

#include <kiln/err.h>

#include "base/bytes.h"

/*
 * The zlib stream that goes to the chip, made whole before the first block leaves: libdeflate
 * packs tighter than zlib, and its stream is the same format with the same 32 KB window.
 */
kiln_code kiln_deflate(struct kiln_span plain, uint8_t **ret_data, size_t *ret_size,
		       struct kiln_err *err);
/* The same of what lies in several pieces: none of them is copied. */
kiln_code kiln_deflate_pieces(const struct kiln_span *pieces, size_t n, uint8_t **ret_data,
			      size_t *ret_size, struct kiln_err *err);

/* join.c. Returns the size of the stream; 0: it could not be made. */
struct libdeflate_compressor;
size_t kiln_deflate_join(struct libdeflate_compressor *c, const struct kiln_span *pieces, size_t n,
			 uint8_t *out, size_t room);
size_t kiln_deflate_bound(struct libdeflate_compressor *c, const struct kiln_span *pieces,
			  size_t n);

/*
 * How far a stream unpacks as its blocks arrive, as the chip sees it: where in the flash it
 * writes, and how long that takes. The unpacking is zlib's, so that a stream which only its own
 * packer could read is found out here and not on the board.
 */
struct kiln_inflater;
kiln_code kiln_inflater_new(struct kiln_inflater **ret_inflater, struct kiln_err *err);
void kiln_inflater_free(struct kiln_inflater *inflater);
/* *ret_n: bytes that came out of this block. Fails with: E_IMAGE (no zlib stream). */
kiln_code kiln_inflater_feed(struct kiln_inflater *inflater, struct kiln_span block, size_t *ret_n,
			     struct kiln_err *err);

#endif
