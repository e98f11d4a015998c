/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_OLD_H
#define KILN_FLASH_OLD_H

#include "flash/write.h"

/*
 * A file of which somebody knows what was written before: only the sectors in which the two differ
 * are written. That the flash really holds the old one is seen from the digest at the end; if it
 * does not, the whole file is written.
 */
kiln_code kiln_flasher_write_over(struct kiln_flasher *f, const struct kiln_plan *plan,
				  const struct kiln_plan_file *file, struct kiln_err *err);

/*
 * The next run of sectors in which they differ: bytes [*at, *at + *ret_size) of the file, from
 * sector borders on. False if there is none from *at on. Pure.
 */
bool kiln_old_next(const struct kiln_plan_file *file, struct kiln_span old, size_t *at,
		   size_t *ret_size);

#endif
