/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_SPEED_H
#define KILN_FLASH_SPEED_H

#include "flash/flasher.h"

/*
 * A speed that finds itself (kiln_flash_speed): up before much is sent, as long as each step
 * carries a reading with its digest; down when the wire fails what is being done.
 */

/* `wire`: bytes that are about to be sent. Does nothing unless options.speed is given and nothing
 * is known yet. Fails with: E_PORT_GONE, E_CANCELLED, and what connecting anew fails with. */
kiln_code kiln_flasher_climb(struct kiln_flasher *f, uint64_t wire, struct kiln_err *err);

/* May what failed so go another time, or at a lower speed? */
bool kiln_flasher_may_recover(const struct kiln_flasher *f, kiln_code code,
			      const struct kiln_err *fault);

/*
 * After the first fault at a speed get the chip to listen again; after the second go on at the
 * next lower speed; a chip that does not hear that is connected to anew. What was asked of it and
 * not done must be begun again. Fails with: as climb.
 */
kiln_code kiln_flasher_recover(struct kiln_flasher *f, const struct kiln_err *fault,
			       struct kiln_err *err);

/*
 * While the flasher is being prepared: the speed to begin with is one step lower, and the
 * chip is connected to anew.
 */
bool kiln_flasher_may_begin_slower(const struct kiln_flasher *f, kiln_code code,
				   const struct kiln_err *fault);
kiln_code kiln_flasher_begin_slower(struct kiln_flasher *f, const struct kiln_err *fault,
				    struct kiln_err *err);

/* The step above or below a speed; 0 if there is none. Pure. */
unsigned kiln_speed_above(unsigned baud);
unsigned kiln_speed_below(unsigned baud);

#endif
