/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_COMEBACK_H
#define KILN_FLASH_COMEBACK_H

#include "flash/flasher.h"

/*
 * A port that goes away in mid-job: a cable that slips, an adapter that resets itself, a hub's
 * hiccup. It is waited for, known again by what it is rather than by its name, and the board is
 * brought to where it was; what was being done is begun anew then, and asks what stands there.
 */

/* Is that why it failed, and is it to be waited for? */
bool kiln_flasher_may_come_back(const struct kiln_flasher *f, kiln_code code);

/*
 * Wait for the port, connect, and prepare the loader as before. What does not come back leaves the
 * flasher without a link.
 * Fails with: E_PORT_GONE (it did not come back, or goes again and again), E_WRONG_CHIP (it is
 * another board now), E_CANCELLED, and what connecting and preparing fail with.
 */
kiln_code kiln_flasher_come_back(struct kiln_flasher *f, struct kiln_err *err);

/* The job got further since: it may go as often again. */
void kiln_flasher_progressed(struct kiln_flasher *f);

#endif
