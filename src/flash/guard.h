/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_GUARD_H
#define KILN_FLASH_GUARD_H

#include "chip/security.h"
#include "flash/flasher.h"

/*
 * May these files be written to this chip? One whose eFuses are burnt for secure boot or flash
 * encryption does not start again if the wrong thing is written, and some of that can't be undone.
 * *ret_guards: what the chip said; all false in secure download mode.
 * Fails with: E_DENIED (force overrides), E_UNSUPPORTED, and what reading fails with.
 */
kiln_code kiln_flasher_check_guards(struct kiln_flasher *f, const struct kiln_flash_job *job,
				    struct kiln_chip_guards *ret_guards, struct kiln_err *err);

#endif
