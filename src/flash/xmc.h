/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_XMC_H
#define KILN_FLASH_XMC_H

#include "flash/flasher.h"

/*
 * Flash chips by XMC may come up badly from a power-on: then their id is wrong, and so is what
 * they read. A sequence of power-down commands mends it. f->info.flash_id is the id that was read,
 * and is the right one afterwards.
 */
kiln_code kiln_flasher_wake_xmc(struct kiln_flasher *f, struct kiln_err *err);

/* An id that an XMC chip gives which came up well. Pure. */
bool kiln_jedec_is_xmc(uint32_t id);

#endif
