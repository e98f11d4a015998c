/* SPDX-License-Identifier: Apache-2.0 */
/* Reading NAND flash: the good blocks of it, one after the other. */
#include "flash/nand.h"

#include <stdlib.h>

#include "flash/comeback.h"
#include "flash/reading.h"

/* The plugin can't be stopped in the middle of what it was asked for, so that is not much. */
enum { PIECE = 32 * 1024 };

/* Reading a page takes no time, and says nothing but whether it can be read. */
static kiln_code first_unreadable(struct kiln_flasher *f, uint32_t address, size_t size,
				  uint32_t *ret_page, struct kiln_err *err)
{
	const uint32_t last = (uint32_t)(address + size - 1) / KILN_NAND_PAGE;

	for (*ret_page = address / KILN_NAND_PAGE; *ret_page < last; ++*ret_page) {
		const struct kiln_request request = kiln_request_nand_page(KILN_OP_NAND_READ_PAGE,
									   *ret_page);
		const kiln_code code = kiln_loader_ask(&f->loader, &request, KILN_LOADER_TIMEOUT,
						       NULL, err);

		if (code == KILN_E_REFUSED)
			break;
		if (code != KILN_OK)
			return code;
	}
	return KILN_OK;
}

static kiln_code unreadable(struct kiln_reading *r, uint32_t address, size_t size,
			    struct kiln_err *err)
{
	struct kiln_flasher *f = r->f;
	uint32_t page;

	if (r->asked) /* for what comes behind, already */
		KILN_TRY(kiln_reading_give_up(r, r->asked, err));
	KILN_TRY(first_unreadable(f, address, size, &page, err));
	(void)kiln_fail(err, KILN_E_IO, "cannot read NAND flash at 0x%08x", address);
	kiln_why(err, "page %u (block %u) holds more wrong bits than its ECC can correct", page,
		 page / KILN_NAND_BLOCK_PAGES);
	kiln_hint(err, "what stood there is lost: write that block again; if that fails it is "
		       "marked bad");
	return KILN_E_IO;
}

static kiln_code read_piece_here(struct kiln_reading *r, uint32_t address, uint8_t *data,
				 size_t size, struct kiln_err *err)
{
	kiln_code code;

	r->poisoned = false;
	code = kiln_reading_piece(r, address, data, size, err);
	return code != KILN_OK && r->poisoned ? unreadable(r, address, size, err) : code;
}

/* Within one block, and no more than a piece; what was right before stays so if the port goes. */
static kiln_code read_piece(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			    struct kiln_err *err)
{
	struct kiln_err fault = KILN_ERR_INIT;
	kiln_code code = read_piece_here(r, address, data, size, &fault);

	while (kiln_flasher_may_come_back(r->f, code)) {
		r->asked = 0;
		code = kiln_nand_come_back(r->f, &fault);
		if (code == KILN_OK)
			code = read_piece_here(r, address, data, size, &fault);
	}
	if (code == KILN_OK)
		kiln_flasher_progressed(r->f);
	else if (err)
		*err = fault;
	return code;
}

static struct kiln_reading reading_of(struct kiln_flasher *f)
{
	return (struct kiln_reading){
		.f = f,
		.op = KILN_OP_NAND_READ_FLASH,
		.piece = kiln_reading_by_stub,
		.quiet = true, /* addresses are counted otherwise here */
		.stubborn = true,
	};
}

static size_t at_most(size_t n, size_t most)
{
	return n < most ? n : most;
}

/* --- for a file --- */

struct nand_copy {
	struct kiln_reading reading;
	uint8_t *piece;
	uint32_t first, size, done; /* first: address, of which bad blocks are not counted on */
	kiln_flash_taker take;
	void *user;
};

static kiln_code copy_piece(struct nand_copy *c, uint32_t address, size_t n, size_t behind,
			    struct kiln_err *err)
{
	c->reading.next_address = (uint32_t)(address + n);
	c->reading.next_size = at_most(behind, PIECE);
	KILN_TRY(read_piece(&c->reading, address, c->piece, n, err));
	kiln_flasher_emit(c->reading.f, (struct kiln_flash_event){ .stage = KILN_FLASH_READING,
								   .address = c->first + c->done,
								   .done = c->done + n,
								   .before = c->done,
								   .total = c->size });
	c->done += (uint32_t)n;
	return c->take(c->user, c->piece, n, err);
}

/* What of a block is wanted, from `address` on. */
static kiln_code copy_block(struct nand_copy *c, uint32_t address, struct kiln_err *err)
{
	const size_t all = at_most(KILN_NAND_BLOCK - address % KILN_NAND_BLOCK, c->size - c->done);

	for (size_t at = 0, n; at < all; at += n) {
		n = at_most(all - at, PIECE);
		KILN_TRY(copy_piece(c, (uint32_t)(address + at), n, all - at - n, err));
	}
	return KILN_OK;
}

static kiln_code copy_good(struct nand_copy *c, uint32_t address, struct kiln_err *err)
{
	while (c->done < c->size) {
		const uint32_t block = address / KILN_NAND_BLOCK;
		bool bad;

		KILN_TRY(kiln_nand_is_bad(c->reading.f, block, &bad, err));
		if (bad) { /* what was to stand there stands as far inside of the next one */
			kiln_flasher_emit(c->reading.f,
					  (struct kiln_flash_event){ .stage = KILN_FLASH_BAD_BLOCK,
								     .address = address,
								     .total = KILN_NAND_READS });
			address += KILN_NAND_BLOCK;
			continue;
		}
		KILN_TRY(copy_block(c, address, err));
		address = (block + 1) * KILN_NAND_BLOCK;
	}
	return KILN_OK;
}

/* Are there enough good blocks? */
static kiln_code check_room(struct kiln_flasher *f, uint32_t address, uint32_t size, uint32_t end,
			    struct kiln_err *err)
{
	const uint32_t first = address / KILN_NAND_BLOCK, blocks = kiln_nand_blocks(end);
	const uint32_t within = address % KILN_NAND_BLOCK;
	const uint32_t needed = kiln_nand_blocks((uint64_t)within + size);
	uint32_t good;

	KILN_TRY(kiln_nand_count_good(f, first, blocks, needed, &good, err));
	if (good >= needed)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot read %u bytes of NAND flash at 0x%08x", size,
			address);
	kiln_why(err, "need %u good blocks of %d KB before 0x%08x, found %u", needed,
		 KILN_NAND_BLOCK / 1024, end, good);
	if (good > 0)
		kiln_hint(err, "up to %u bytes can be read from there",
			  good * KILN_NAND_BLOCK - within);
	return KILN_E_TOO_BIG;
}

kiln_code kiln_nand_read_to(struct kiln_flasher *f, uint32_t address, uint32_t size, uint32_t end,
			    kiln_flash_taker take, void *user, struct kiln_err *err)
{
	struct nand_copy copy = {
		.reading = reading_of(f), .first = address, .size = size, .take = take, .user = user
	};
	kiln_code code;

	if (size == 0)
		return KILN_OK;
	KILN_TRY(check_room(f, address, size, end, err));
	copy.piece = malloc(PIECE);
	if (!copy.piece)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read NAND flash at 0x%08x", address);
	code = copy_good(&copy, address, err);
	free(copy.piece);
	return code;
}

/* --- for comparing --- */

kiln_code kiln_nand_compare(struct kiln_flasher *f, uint32_t address, const uint8_t *want, size_t n,
			    size_t *ret_n, size_t *ret_first, struct kiln_err *err)
{
	struct kiln_reading reading = reading_of(f);
	uint8_t *piece = malloc(PIECE);
	size_t differ = 0, first = n;
	kiln_code code = KILN_OK;

	if (!piece)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read NAND flash at 0x%08x", address);
	for (size_t at = 0, m; code == KILN_OK && at < n; at += m) {
		m = at_most(n - at, PIECE);
		reading.next_address = (uint32_t)(address + at + m);
		reading.next_size = at_most(n - at - m, PIECE);
		code = read_piece(&reading, (uint32_t)(address + at), piece, m, err);
		for (size_t i = 0; code == KILN_OK && i < m; i++) {
			if (piece[i] == want[at + i])
				continue;
			first = first < at + i ? first : at + i;
			differ++;
		}
	}
	free(piece);
	*ret_n = differ;
	*ret_first = first;
	return code;
}
