/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_NAND_H
#define KILN_FLASH_NAND_H

#include "flash/flasher.h"

/*
 * A NAND flash at pins of the user's choice, by a plugin of the stub (options.nand): the W25N01GV,
 * which is the only one that the plugin knows.
 *
 * Blocks that are marked bad are never written to, and only erased if the caller insists, since
 * that also takes the mark away: what is written goes around them, and what is read comes from the
 * others. So an address counts all blocks, a size only good ones.
 */
enum {
	KILN_NAND_PAGE = 2048,
	KILN_NAND_BLOCK_PAGES = 64,
	KILN_NAND_BLOCK = KILN_NAND_PAGE * KILN_NAND_BLOCK_PAGES,
	KILN_NAND_BLOCKS = 1024,
	KILN_NAND_PAGES = KILN_NAND_BLOCKS * KILN_NAND_BLOCK_PAGES,
	KILN_NAND_SIZE = KILN_NAND_BLOCKS * KILN_NAND_BLOCK,
};

/* How many blocks so many bytes take, of which the last may not be full. */
static inline uint32_t kiln_nand_blocks(uint64_t bytes)
{
	return (uint32_t)((bytes + KILN_NAND_BLOCK - 1) / KILN_NAND_BLOCK);
}

/* As the originals say what the chip's status tells. */
#define KILN_NAND_ERASE_FAILED "E_FAIL reported by NAND chip"
#define KILN_NAND_PROGRAM_FAILED "P_FAIL reported by NAND chip"

/* What met a bad block. */
typedef enum kiln_nand_work {
	KILN_NAND_WRITES,
	KILN_NAND_READS,
	KILN_NAND_VERIFIES,
	KILN_NAND_ERASES
} kiln_nand_work;

/* For a flasher that has options.nand: only some chips' stubs have the plugin, and none no ROM. */
kiln_code kiln_nand_choose_plugin(struct kiln_flasher *f, struct kiln_err *err);
void kiln_nand_tell_plugin(const struct kiln_flasher *f);
kiln_code kiln_nand_needs_stub(const char *why_none, struct kiln_err *err);

/*
 * Find the chip. All that follows does it too. Says WIRING.
 * Fails with: E_UNSUPPORTED (another chip; a stub that has no plugin), E_INVALID (pins),
 * E_NOT_FOUND (nothing answers there), and what the wire fails with.
 */
kiln_code kiln_nand_attach(struct kiln_flasher *f, struct kiln_err *err);
extern const char kiln_nand_name[];
/* The port went away: wait for it, and attach again. As kiln_flasher_come_back. */
kiln_code kiln_nand_come_back(struct kiln_flasher *f, struct kiln_err *err);

/* The first four bytes of a page's spare area, the mark in the lowest. */
kiln_code kiln_nand_read_spare(struct kiln_flasher *f, uint32_t page, uint32_t *ret_word,
			       struct kiln_err *err);
/* Program the mark of a block into its first page. `bad` false can't take one away. */
kiln_code kiln_nand_write_spare(struct kiln_flasher *f, uint32_t page, bool bad, uint32_t *ret_echo,
				struct kiln_err *err);

/* Which of the first `n` blocks are bad: 1 for each that is. */
kiln_code kiln_nand_scan(struct kiln_flasher *f, uint32_t n, uint8_t *ret_bad,
			 struct kiln_err *err);
kiln_code kiln_nand_is_bad(struct kiln_flasher *f, uint32_t block, bool *ret_bad,
			   struct kiln_err *err);
/* Good blocks in [first, end), counted up to `enough`. */
kiln_code kiln_nand_count_good(struct kiln_flasher *f, uint32_t first, uint32_t end,
			       uint32_t enough, uint32_t *ret_n, struct kiln_err *err);
/*
 * The first good block from *block on; bad ones are told, unless `quiet`. More than three in a row
 * are too many. Fails with: E_TOO_BIG (there is none before `end`).
 */
kiln_code kiln_nand_next_good(struct kiln_flasher *f, uint32_t *block, uint32_t end,
			      kiln_nand_work work, bool quiet, struct kiln_err *err);

/* Multiples of a block, within the chip. Pure. Fails with: E_INVALID, E_TOO_BIG. */
kiln_code kiln_nand_check_region(uint32_t address, uint32_t size, struct kiln_err *err);

struct kiln_nand_erased {
	unsigned erased, failed, skipped;
	kiln_ms elapsed_ms;
};
/* `all`: bad ones too. A block that fails is marked bad, and warned of. */
kiln_code kiln_nand_erase(struct kiln_flasher *f, uint32_t address, uint32_t size, bool all,
			  struct kiln_nand_erased *ret_erased, struct kiln_err *err);
/* Mark a block that failed, and warn of that; `what` failed is said first. */
kiln_code kiln_nand_condemn(struct kiln_flasher *f, uint32_t block, const char *what,
			    struct kiln_err *err);

/*
 * nand_read.c: `size` bytes of good blocks from `address` on, in pieces. It is looked first whether
 * there are so many before `end`. Says READING. Fails with: E_TOO_BIG, E_IO (why: which page has
 * more wrong bits than can be corrected), and as kiln_flasher_read_to.
 */
kiln_code kiln_nand_read_to(struct kiln_flasher *f, uint32_t address, uint32_t size, uint32_t end,
			    kiln_flash_taker take, void *user, struct kiln_err *err);
/* What differs between a block and bytes: how many, and the first. Reads in pieces, and quietly. */
kiln_code kiln_nand_compare(struct kiln_flasher *f, uint32_t address, const uint8_t *want, size_t n,
			    size_t *ret_n, size_t *ret_first, struct kiln_err *err);

/*
 * nand_write.c: files begin where blocks do, and fit; kiln_flash_check_files has seen to it that
 * none overlaps another. Pure. Fails with: E_INVALID, E_TOO_BIG.
 */
kiln_code kiln_nand_check_files(const struct kiln_flash_file *files, size_t n, uint32_t end,
				struct kiln_err *err);
/*
 * The same, and there are good blocks enough by the marks that are there now. Before anything is
 * written or erased. Fails with: E_INVALID, E_TOO_BIG, E_OVERLAP, and what the wire fails with.
 */
kiln_code kiln_nand_check_room(struct kiln_flasher *f, const struct kiln_flash_file *files,
			       size_t n, uint32_t end, struct kiln_err *err);
/*
 * Write files into good blocks before `end`; each block is erased, written and read
 * back, and one that fails is marked bad and left for the next one. Nothing is written before all
 * is known to fit. Says WRITING.., WROTE a block, BAD_BLOCK, WARNING, RETRY. Fails with: E_INVALID,
 * E_TOO_BIG, E_OVERLAP (nothing was written), and what the wire fails with (hint: what is written).
 */
kiln_code kiln_nand_write(struct kiln_flasher *f, const struct kiln_flash_file *files, size_t n,
			  uint32_t end, struct kiln_err *err);

#endif
