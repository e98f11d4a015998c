/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One zlib stream of several pieces. libdeflate packs what lies in one piece only, and ends it with
 * a block that is marked as the last one. The mark is taken away, and the next piece goes on: what
 * is short as a stored block, which begins with three bits and goes on at a byte (RFC 1951, 3.2.3
 * and 3.2.4).
 */
#include <libdeflate.h>
#include <zlib.h>

#include "flash/deflate.h"

enum {
	SHORT = 256, /* it is stored */
	ZLIB_HEAD = 2,
	STORED_HEAD = 5, /* and the byte that the three bits may need */
	SCRATCH = 16 * 1024,
};

struct join {
	struct libdeflate_compressor *c;
	uint8_t *out;
	size_t bit, room; /* room: bytes of `out` */
	uint32_t adler;
};

/* Where the header of the last block begins, and where it ends, in bits. */
static bool find_last(const uint8_t *raw, size_t n, size_t *ret_last, size_t *ret_end)
{
	enum { UNUSED = 7, IS_LAST = 64, AT_BORDER = 128 };
	z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)raw, .avail_in = (uInt)n };
	uint8_t scratch[SCRATCH];
	bool ended = false;
	int result = Z_OK;

	*ret_last = 0;
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	while (!ended && result == Z_OK) {
		z.next_out = scratch;
		z.avail_out = sizeof(scratch);
		result = inflate(&z, Z_BLOCK);
		if (!(z.data_type & AT_BORDER))
			continue;
		ended = z.data_type & IS_LAST;
		*(ended ? ret_end : ret_last) = z.total_in * 8 - (size_t)(z.data_type & UNUSED);
	}
	inflateEnd(&z);
	return ended;
}

static void put_stored(struct join *j, struct kiln_span piece, bool last)
{
	uint8_t *p = j->out + j->bit / 8;

	if (j->bit % 8 == 0)
		*p = 0;
	*p |= (uint8_t)(last << j->bit % 8);
	if (j->bit % 8 > 5)
		*++p = 0;
	p++;
	kiln_put_le16(p, (uint16_t)piece.n);
	kiln_put_le16(p + 2, (uint16_t)~piece.n);
	if (piece.n)
		memcpy(p + 4, piece.p, piece.n);
	j->bit = (size_t)(p + 4 + piece.n - j->out) * 8;
}

static bool put_packed(struct join *j, struct kiln_span piece, bool last)
{
	size_t n, mark, end;
	uint8_t *p;

	if (j->bit % 8)
		put_stored(j, kiln_span(NULL, 0), false);
	p = j->out + j->bit / 8;
	n = libdeflate_deflate_compress(j->c, piece.p, piece.n, p, j->room - (size_t)(p - j->out));
	end = n * 8;
	if (n == 0 || (!last && !find_last(p, n, &mark, &end)))
		return false;
	if (!last)
		p[mark / 8] &= (uint8_t) ~(1u << mark % 8);
	j->bit += end;
	return true;
}

static bool put_all(struct join *j, const struct kiln_span *pieces, size_t n)
{
	uint8_t *end;

	j->out[0] = 0x78; /* RFC 1950: deflate, 32 KB, packed as well as it goes */
	j->out[1] = 0xDA;
	j->bit = ZLIB_HEAD * 8;
	j->adler = 1;
	for (size_t i = 0; i < n; i++) {
		j->adler = libdeflate_adler32(j->adler, pieces[i].p, pieces[i].n);
		if (pieces[i].n < SHORT)
			put_stored(j, pieces[i], i + 1 == n);
		else if (!put_packed(j, pieces[i], i + 1 == n))
			return false;
	}
	end = j->out + (j->bit + 7) / 8;
	for (int i = 0; i < 4; i++) /* the one number of all this that is big-endian */
		end[i] = (uint8_t)(j->adler >> (24 - 8 * i));
	j->bit = (size_t)(end + 4 - j->out) * 8;
	return true;
}

size_t kiln_deflate_join(struct libdeflate_compressor *c, const struct kiln_span *pieces, size_t n,
			 uint8_t *out, size_t room)
{
	struct join j = { .c = c, .out = out, .room = room };

	return put_all(&j, pieces, n) ? j.bit / 8 : 0;
}

size_t kiln_deflate_bound(struct libdeflate_compressor *c, const struct kiln_span *pieces, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += libdeflate_zlib_compress_bound(c, pieces[i].n) + 2 * STORED_HEAD;
	return total;
}
