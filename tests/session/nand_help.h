/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_NAND_HELP_H
#define KILN_TESTS_NAND_HELP_H

#include "flash_help.h"

#include "flash/nand.h"

/* A board with a NAND flash, and what its chip holds. */
#define NAND_BOARD "clock=virtual&chip=esp32s3&nand=w25n01gv"
#define NAND_AT_ITS_PINS               \
	.nand = true, .baud = 2000000, \
	.wiring = { .kind = KILN_WIRING_PINS, .pins = { 12, 13, 11, 9, 10 } }

enum { NAND_BLOCK = KILN_NAND_BLOCK, NAND_RAW_PAGE = 2048 + 64 };

struct kiln_flasher_options nand_options(struct story *story);
struct kiln_flasher *nand_open(struct story *story, const struct kiln_host *host, const char *url);

/* A page as the chip holds it, spare area and all. */
void nand_raw_page(const char *board, uint32_t page, uint8_t raw[NAND_RAW_PAGE]);
/* Does the block hold these bytes, and FF behind them? */
bool nand_block_holds(const char *board, uint32_t block, const uint8_t *want, size_t n);
uint8_t nand_mark_of(const char *board, uint32_t block);

/* malloc'd, as all that is read or made here */
struct nand_sink {
	uint8_t *data;
	size_t n, size;
};

kiln_code nand_read_all(struct kiln_flasher *f, uint32_t address, uint32_t size,
			struct nand_sink *ret_sink, struct kiln_err *err);
uint8_t *some_bytes(size_t n, unsigned seed);

#endif
