/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_READING_H
#define KILN_FLASH_READING_H

#include "flash/flasher.h"

/*
 * Reading by a stub, of whichever flash chip: one request brings blocks on end, each of which is
 * acknowledged, and their digest. What did not arrive whole is read again.
 */
enum {
	KILN_READ_BLOCK = 0x1000,
	KILN_READ_IN_FLIGHT = 64,
	/* What is read by one request, and again if it breaks. A stub may send all of it without
	 * an answer from here, so it can always be drained. */
	KILN_READ_PIECE = KILN_READ_BLOCK * KILN_READ_IN_FLIGHT,
};

/* One reading, in pieces. */
struct kiln_reading {
	struct kiln_flasher *f;
	kiln_op op;     /* READ_FLASH, or what has its form */
	uint32_t first; /* address */
	uint64_t total;
	kiln_code (*piece)(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			   struct kiln_err *err);
	uint32_t next_address; /* what comes after the piece at hand; */
	size_t next_size;      /* 0: nothing, or it is not known yet */
	bool quiet;            /* nobody is told */
	bool stubborn;         /* what was asked for is sent to the end, whatever is said */
	size_t asked;          /* that many bytes were asked for already; or 0 */
	bool poisoned;         /* the digest says that the chip could not read all of the piece */
};

void kiln_reading_tell(const struct kiln_reading *r, uint32_t address, size_t n);
/* Fails always, with: E_VERIFY. */
kiln_code kiln_reading_broken(struct kiln_err *err, uint32_t address, const char *why);

/* One piece, once. Fails with: E_VERIFY, and what the wire fails with. */
kiln_code kiln_reading_by_stub(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			       struct kiln_err *err);
/* Bring a loader that was left in mid-reading back to where it answers. */
kiln_code kiln_reading_give_up(struct kiln_reading *r, size_t size, struct kiln_err *err);
/* r->piece, again and in parts while it is the wire that breaks it. */
kiln_code kiln_reading_piece(struct kiln_reading *r, uint32_t address, uint8_t *data, size_t size,
			     struct kiln_err *err);

#endif
