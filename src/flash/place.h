/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_PLACE_H
#define KILN_FLASH_PLACE_H

#include <kiln/flash.h>

/*
 * Give a whole firmware file the address where its chip's ROM looks for it. The file is verified
 * before. Fails with: E_IMAGE (no firmware, or without a bootloader), E_WRONG_CHIP.
 */
KILN_CHECK kiln_code kiln_flash_place(struct kiln_flash_file *file, struct kiln_err *err);

#endif
