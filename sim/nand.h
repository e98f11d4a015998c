/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_NAND_H
#define KILN_SIM_NAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>

#include "sim/clock.h"
#include "sim/fault.h"

/*
 * A serial NAND flash, by the datasheet of Winbond's W25N01GV (revision O): 1024 blocks of 64 pages
 * of 2048 + 64 bytes, behind a buffer of one page. A page is read into the buffer and programmed
 * from it; programming only clears bits, and only the erase of a block sets them.
 *
 *	block   page 0      2048 data | 64 spare, of which byte 0 is FF unless the block is bad
 *	        page 1..63  2048 data | 64 spare
 *	spare   4 x { 2 marker | 6 of the user's | 6 parity of 512 bytes of data | 2 of the user's }
 *
 * With ECC enabled the parity is the chip's own: it is made when a page is programmed, and looked
 * at when one is read. It is programmed like the rest, so data that was written over without an
 * erase can't be corrected any more, and the status says so.
 */
enum {
	SIM_NAND_PAGE = 2048,
	SIM_NAND_SPARE = 64,
	SIM_NAND_RAW = SIM_NAND_PAGE + SIM_NAND_SPARE,
	SIM_NAND_BLOCK_PAGES = 64,
	SIM_NAND_BLOCKS = 1024,
	SIM_NAND_PAGES = SIM_NAND_BLOCKS * SIM_NAND_BLOCK_PAGES,
};

/* Its commands and registers, and what bits of them mean. */
enum {
	SIM_NAND_RESET = 0xFF,
	SIM_NAND_READ_ID = 0x9F,
	SIM_NAND_READ_REGISTER = 0x0F,
	SIM_NAND_WRITE_REGISTER = 0x1F,
	SIM_NAND_WRITE_ENABLE = 0x06,
	SIM_NAND_PAGE_READ = 0x13,
	SIM_NAND_READ_BUFFER = 0x03,
	SIM_NAND_LOAD = 0x02, /* the rest of the buffer becomes FF */
	SIM_NAND_LOAD_MORE = 0x84,
	SIM_NAND_PROGRAM = 0x10,
	SIM_NAND_ERASE = 0xD8,

	SIM_NAND_PROTECT = 0xA0,
	SIM_NAND_CONFIG = 0xB0,
	SIM_NAND_STATUS = 0xC0,

	SIM_NAND_ECC = 1 << 4, /* of CONFIG */
	SIM_NAND_BUFFERED = 1 << 3,
	SIM_NAND_BUSY = 1 << 0, /* of STATUS */
	SIM_NAND_ENABLED = 1 << 1,
	SIM_NAND_ERASE_FAILED = 1 << 2,
	SIM_NAND_PROGRAM_FAILED = 1 << 3,
	SIM_NAND_BEYOND_REPAIR = 1 << 5,
};

struct sim_nand_part {
	const char *name; /* as in nand= */
	bool there;
	uint8_t id[3];
};
/* NULL: there is none. "none" is a part too, which is not there. */
const struct sim_nand_part *sim_nand_part_find(const char *name);

/* Blocks that the factory found bad. */
struct sim_nand_blocks {
	uint32_t bits[SIM_NAND_BLOCKS / 32];
};
/* "3,7,500". False if it is none. */
bool sim_nand_blocks_parse(const char *text, struct sim_nand_blocks *ret_blocks);

struct sim_nand {
	const struct sim_nand_part *part;
	uint8_t *cells; /* a mapped file, inverted: one that was just made is erased, and sparse */
	int fd;         /* -1: memory only */
	const struct sim_faults *faults; /* borrowed */
	uint8_t buffer[SIM_NAND_RAW];
	uint8_t protect, config, status;
};

/*
 * Map `path` (NULL: plain memory). A file that is made now is a new chip, in which the blocks
 * `bad` have the factory's mark. `part` that is not there maps nothing.
 * Fails with: E_INVALID (the file is no such chip), E_IO.
 */
kiln_code sim_nand_open(struct sim_nand *nand, const struct sim_nand_part *part, const char *path,
			const struct sim_nand_blocks *bad, const struct sim_faults *faults,
			struct kiln_err *err);
void sim_nand_close(struct sim_nand *nand);

/* One command as it goes over SPI. Returns how long that takes, and the chip is busy after it. */
struct sim_nand_transfer {
	uint8_t code;
	uint32_t address; /* page, column or register */
	const uint8_t *out;
	size_t n_out;
	uint8_t *in;
	size_t n_in;
};
sim_ns sim_nand_run(struct sim_nand *nand, const struct sim_nand_transfer *t);

#endif
