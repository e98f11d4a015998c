/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_BOOT_H
#define KILN_SIM_BOOT_H

#include "base/buf.h"
#include "sim/flash.h"
#include "sim/model.h"

/*
 * What the ROM does with the flash when it may boot from it: it looks for an image at the chip's
 * boot offset, loads its segments, compares its checksum, and tells all that on the UART.
 *
 *	E9 | segments | mode | size,freq | entry le32 | 16 bytes, the last: digest appended
 *	then for each segment: address le32 | length le32 | data
 *	then zeros up to a checksum byte that ends 16 bytes, then perhaps a SHA-256 of all that
 */
typedef enum sim_boot_result {
	SIM_BOOT_OK = 0,
	SIM_BOOT_NO_IMAGE, /* no header: the ROM looks again until its watchdog bites */
	SIM_BOOT_BAD,      /* an image, but a damaged one: the ROM stops until the watchdog bites */
} sim_boot_result;

/* Appends to `out` what the ROM prints. */
sim_boot_result sim_boot_load(const struct sim_flash *flash, const struct sim_model *model,
			      struct kiln_buf *out);

/* The second stage: true if there is no partition table, or a whole application in it. */
bool sim_boot_app(const struct sim_flash *flash, struct kiln_buf *out);

#endif
