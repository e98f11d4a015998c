/* SPDX-License-Identifier: Apache-2.0 */
#include "image/uf2.h"

#include <openssl/evp.h>

#include "base/text.h"

enum {
	FLAG_NOT_FLASH = 0x0001,
	FLAG_FAMILY = 0x2000,
	FLAG_MD5 = 0x4000,
	DATA_AT = 32,
	LAST_AT = 508,
	MD5_SIZE = 16,
};

static const uint32_t magic_1 = 0x0A324655, magic_2 = 0x9E5D5157, magic_last = 0x0AB16F30;

static kiln_code md5(struct kiln_span data, uint8_t ret[MD5_SIZE], struct kiln_err *err)
{
	if (EVP_Digest(data.p, data.n, ret, NULL, EVP_md5(), NULL) != 1)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compute an MD5 digest");
	return KILN_OK;
}

static void put_words(uint8_t *p, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kiln_put_le32(p + 4 * i, words[i]);
}

static kiln_code put_block(struct kiln_buf *out, const struct kiln_uf2_options *o,
			   const struct kiln_piece *piece, const uint32_t at[2],
			   struct kiln_err *err)
{
	uint8_t block[KILN_UF2_BLOCK] = { 0 };
	const uint32_t n = (uint32_t)piece->data.n;
	const uint32_t flags = FLAG_FAMILY | (o->no_md5 ? 0 : FLAG_MD5);
	const uint32_t head[] = { magic_1, magic_2, flags, piece->address,
				  n,       at[0],   at[1], o->family };
	const uint32_t sum_head[] = { piece->address, n };
	kiln_code code;

	put_words(block, head, 8);
	memcpy(block + DATA_AT, piece->data.p, n);
	if (!o->no_md5) {
		put_words(block + DATA_AT + n, sum_head, 2);
		KILN_TRY(md5(piece->data, block + DATA_AT + n + 8, err));
	}
	kiln_put_le32(block + LAST_AT, magic_last);
	code = kiln_buf_append(out, block, sizeof(block));
	return code ? kiln_fail(err, code, "cannot write the UF2 file") : KILN_OK;
}

static kiln_code check_chunk(size_t chunk, size_t max, struct kiln_err *err)
{
	if (chunk % 4 == 0 && chunk <= max)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot put %zu bytes into a UF2 block", chunk);
	kiln_why(err, "it takes a multiple of 4, up to %zu", max);
	return KILN_E_INVALID;
}

kiln_code kiln_uf2_write(const struct kiln_piece *pieces, size_t n,
			 const struct kiln_uf2_options *options, struct kiln_buf *out,
			 struct kiln_err *err)
{
	const size_t max = KILN_UF2_DATA - (options->no_md5 ? 0 : KILN_UF2_MD5);
	const size_t chunk = options->chunk ? options->chunk : max;

	KILN_TRY(check_chunk(chunk, max, err));
	for (size_t i = 0; i < n; i++) {
		struct kiln_span rest = pieces[i].data;
		uint32_t at[2] = { 0, (uint32_t)((rest.n + chunk - 1) / chunk) };

		for (struct kiln_piece block = pieces[i]; rest.n; at[0]++) {
			(void)kiln_span_take(&rest, rest.n < chunk ? rest.n : chunk, &block.data);
			KILN_TRY(put_block(out, options, &block, at, err));
			block.address += (uint32_t)block.data.n;
		}
	}
	return KILN_OK;
}

bool kiln_uf2_is(struct kiln_span file)
{
	return file.n >= 8 && kiln_get_le32(file.p) == magic_1 &&
	       kiln_get_le32(file.p + 4) == magic_2;
}

struct block {
	uint32_t flags, address, size, number, of, family;
	struct kiln_span data;
};

struct reader {
	struct kiln_regions *regions;
	unsigned count;    /* of blocks, from 1 */
	uint32_t next, of; /* number that the next block has, of how many */
	bool has_family;
	uint32_t family;
};

static kiln_code bad(const struct reader *r, kiln_code code, struct kiln_err *err, const char *why)
{
	(void)kiln_fail(err, code, "cannot read the UF2 file");
	kiln_why(err, "block %u: %s", r->count, why);
	kiln_hint(err, "the file is damaged or was cut; make or download it again");
	return code;
}

static kiln_code decode(const struct reader *r, const uint8_t *p, struct block *ret,
			struct kiln_err *err)
{
	if (kiln_get_le32(p) != magic_1 || kiln_get_le32(p + 4) != magic_2 ||
	    kiln_get_le32(p + LAST_AT) != magic_last)
		return bad(r, KILN_E_IMAGE, err, "it has not the marks of a UF2 block");
	*ret = (struct block){
		.flags = kiln_get_le32(p + 8),
		.address = kiln_get_le32(p + 12),
		.size = kiln_get_le32(p + 16),
		.number = kiln_get_le32(p + 20),
		.of = kiln_get_le32(p + 24),
		.family = kiln_get_le32(p + 28),
	};
	if (ret->size > KILN_UF2_DATA)
		return bad(r, KILN_E_IMAGE, err, "it says that it has more bytes than a block has");
	ret->data = kiln_span(p + DATA_AT, ret->size);
	return KILN_OK;
}

static kiln_code check_md5(const struct reader *r, const struct block *b, struct kiln_err *err)
{
	/* size <= 476, so the description begins within the block; it must end there as well */
	const uint8_t *p = b->data.p + b->size;
	uint8_t digest[MD5_SIZE];

	if (!(b->flags & FLAG_MD5))
		return KILN_OK;
	if (b->size > KILN_UF2_DATA - KILN_UF2_MD5)
		return bad(r, KILN_E_IMAGE, err,
			   "there is no room for the MD5 that it says it has");
	if (kiln_get_le32(p) != b->address || kiln_get_le32(p + 4) != b->size)
		return KILN_OK; /* a sum of a larger area, which only the whole flash can match */
	KILN_TRY(md5(b->data, digest, err));
	if (memcmp(digest, p + 8, sizeof(digest)) != 0)
		return bad(r, KILN_E_IMAGE, err, "its MD5 does not match its bytes");
	return KILN_OK;
}

static kiln_code check_order(struct reader *r, const struct block *b, struct kiln_err *err)
{
	char why[96];

	if (r->next == r->of) { /* a file begins: esptool counts each for itself */
		r->next = 0;
		r->of = b->of;
	}
	if (b->number != r->next || b->of != r->of) {
		(void)kiln_text_format(why, sizeof(why),
				       "it is number %u of %u where %u of %u "
				       "should be: one is missing",
				       b->number, b->of, r->next, r->of);
		return bad(r, KILN_E_IMAGE, err, why);
	}
	r->next++;
	return KILN_OK;
}

static kiln_code check_family(struct reader *r, const struct block *b, struct kiln_err *err)
{
	if (!(b->flags & FLAG_FAMILY))
		return KILN_OK;
	if (r->has_family && r->family != b->family)
		return bad(r, KILN_E_IMAGE, err, "it is for another chip than the blocks before");
	r->has_family = true;
	r->family = b->family;
	return KILN_OK;
}

static kiln_code take_block(struct reader *r, const uint8_t *p, struct kiln_err *err)
{
	struct block b;
	kiln_code code;

	r->count++;
	KILN_TRY(decode(r, p, &b, err));
	KILN_TRY(check_order(r, &b, err));
	if (b.flags & FLAG_NOT_FLASH)
		return KILN_OK;
	KILN_TRY(check_family(r, &b, err));
	KILN_TRY(check_md5(r, &b, err));
	code = kiln_regions_add(r->regions, b.address, b.data, r->count);
	if (code == KILN_E_TOO_BIG)
		return bad(r, code, err, "there are more bytes or gaps than any flash has");
	return code ? bad(r, code, err, "out of memory") : KILN_OK;
}

static kiln_code read_blocks(struct reader *r, struct kiln_span file, struct kiln_err *err)
{
	struct kiln_span block;
	uint32_t address;
	kiln_code code;

	while (kiln_span_take(&file, KILN_UF2_BLOCK, &block))
		KILN_TRY(take_block(r, block.p, err));
	r->count++;
	if (file.n || r->next != r->of || r->count == 1)
		return bad(r, KILN_E_IMAGE, err, "it is missing, or cut short");
	code = kiln_regions_join(r->regions, &address, &r->count);
	if (code == KILN_E_OVERLAP)
		return bad(r, code, err, "there are bytes for its addresses already");
	return code ? kiln_fail(err, code, "cannot read the UF2 file") : KILN_OK;
}

kiln_code kiln_uf2_read(struct kiln_span file, struct kiln_regions *ret_regions,
			uint32_t *ret_family, struct kiln_err *err)
{
	struct kiln_regions regions = { 0 };
	struct reader r = { .regions = &regions };
	const kiln_code code = read_blocks(&r, file, err);

	if (code) {
		kiln_regions_done(&regions);
		return code;
	}
	*ret_regions = regions;
	*ret_family = r.family;
	return KILN_OK;
}
