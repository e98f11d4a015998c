/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_WRITE_H
#define KILN_FLASH_WRITE_H

#include "flash/flasher.h"
#include "flash/plan.h"
#include "flash/recall.h"

/* Send one file, block by block. Fails with: E_REFUSED, E_TIMEOUT, E_PORT_GONE, E_CANCELLED. */
kiln_code kiln_flasher_write_file(struct kiln_flasher *f, const struct kiln_plan_file *file,
				  bool compress, struct kiln_err *err);

/* The same in a job: say what is erased for it. */
kiln_code kiln_flasher_write_whole(struct kiln_flasher *f, const struct kiln_plan *plan,
				   const struct kiln_plan_file *file, struct kiln_err *err);

/*
 * Write only what differs from the flash: asks, then erases and sends sectors. Notes in `f` if the
 * whole file stood there already, or a part of it was left out.
 */
kiln_code kiln_flasher_write_difference(struct kiln_flasher *f, const struct kiln_plan_file *file,
					bool compress, struct kiln_err *err);

/* Compare digests of the flash and the file. Fails with: E_VERIFY (why: where they differ). */
kiln_code kiln_flasher_verify_file(struct kiln_flasher *f, const struct kiln_plan_file *file,
				   struct kiln_err *err);

/* Say that it is verified, of a file that is known to be. */
kiln_code kiln_flasher_tell_verified(struct kiln_flasher *f, const struct kiln_plan_file *file);

/* Does the flash hold these very bytes? By one digest. */
kiln_code kiln_flasher_holds_file(struct kiln_flasher *f, const struct kiln_plan_file *file,
				  bool *ret_same, struct kiln_err *err);

#endif
