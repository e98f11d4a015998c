/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_RECALL_H
#define KILN_FLASH_RECALL_H

#include "base/buf.h"
#include "flash/delta.h"

/*
 * What was last written where: a digest for each sector. As it is kept:
 *
 *	"KILNREC1" | sector number le32, digest 8 bytes | ...     in order of sectors
 *
 * A digest is of the part of the sector that the file had (the first 8 bytes of its MD5). Nobody
 * has to trust it: what it says is tried on a few sectors, and the whole file is verified.
 */
struct kiln_flash_recall {
	struct kiln_buf bytes;
};

/*
 * Sets the states of the file's sectors to SAME or SEND. Returns how many are the same by it.
 */
size_t kiln_recall_guess(const struct kiln_flash_recall *recall, const struct kiln_plan_file *file,
			 uint8_t *states);
/* The file stands in the flash. Fails with: E_NOMEM, E_TOO_BIG (then it is as before). */
kiln_code kiln_recall_note(struct kiln_flash_recall *recall, const struct kiln_plan_file *file,
			   struct kiln_err *err);
/* The flash was erased. */
void kiln_recall_forget(struct kiln_flash_recall *recall);

#endif
