/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_DELTA_H
#define KILN_FLASH_DELTA_H

#include "flash/plan.h"

/*
 * What of a file stands in the flash already. The chip is asked for digests, of 64 KB blocks and
 * of the sectors of those that differ; what is left is written in runs of sectors.
 *
 *	kiln_delta_find(f, file, &delta, &err);     asks
 *	kiln_delta_round(&delta, file, &wire);      pure: whole blocks where that is quicker
 *	while (kiln_delta_next(&delta, file, &run)) runs to write or to erase
 *	kiln_delta_done(&delta);
 */
typedef enum kiln_sector_state {
	KILN_SECTOR_SEND = 0,
	KILN_SECTOR_SAME,
	KILN_SECTOR_BLANK, /* only FF in the file, something else in the flash: erasing does it */
} kiln_sector_state;

struct kiln_delta {
	uint8_t *states; /* kiln_sector_state of each sector that the file touches */
	size_t n, at;    /* at: next one for kiln_delta_next */
	bool useless;    /* nothing is alike, or it could not be asked: write the whole file */
	bool blank;      /* the file's first sector is blank in the flash */
};

struct kiln_delta_run {
	kiln_sector_state state; /* SEND or BLANK */
	size_t from, size;       /* bytes of the file */
};

/* A chip that can't be asked makes the delta useless. Fails with: E_NOMEM, E_CANCELLED, link's. */
kiln_code kiln_delta_find(struct kiln_flasher *f, const struct kiln_plan_file *file,
			  struct kiln_delta *ret_delta, struct kiln_err *err);
/*
 * The same by what the board was last written with. *ret_good: it knew some of it, and was right
 * about a few sectors; else there is nothing to free. Fails with: as find.
 */
struct kiln_flash_recall;
kiln_code kiln_delta_guess(struct kiln_flasher *f, const struct kiln_plan_file *file,
			   const struct kiln_flash_recall *recall, struct kiln_delta *ret_delta,
			   bool *ret_good, struct kiln_err *err);
void kiln_delta_done(struct kiln_delta *delta);

/* delta_plan.c, pure */

/* The part of the file in sectors first up to (not with) end. */
void kiln_delta_part(const struct kiln_plan_file *file, size_t first, size_t end, size_t *ret_from,
		     size_t *ret_size);
size_t kiln_delta_sectors(const struct kiln_plan_file *file);
/* Only FF, and all of its sector is the file's. */
bool kiln_delta_is_blank(const struct kiln_plan_file *file, size_t sector);
/* What a file's bytes take on their way. */
struct kiln_delta_wire {
	unsigned baud;
	size_t block_size;   /* of a frame */
	size_t bytes_of_64k; /* that 64 KB are, packed */
};

/*
 * A block of 64 KB is erased in a fraction of the time that its sectors take. So all of it is
 * written where that is quicker, with what stands before and behind it.
 */
void kiln_delta_round(struct kiln_delta *delta, const struct kiln_plan_file *file,
		      const struct kiln_delta_wire *wire);
bool kiln_delta_next(struct kiln_delta *delta, const struct kiln_plan_file *file,
		     struct kiln_delta_run *ret_run);
/* Bytes of the file in sectors that are the same. */
size_t kiln_delta_same(const struct kiln_delta *delta, const struct kiln_plan_file *file);

#endif
