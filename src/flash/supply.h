/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_SUPPLY_H
#define KILN_FLASH_SUPPLY_H

#include "flash/flasher.h"

/*
 * The voltage that the ESP32 feeds its flash chip with (VDD_SDIO), and what its eFuses say of the
 * flash. Sources: ESP32 Technical Reference Manual, "RTC_CNTL_SDIO_CONF_REG", "eFuse Controller".
 */

/* Set it as the options want it, until the next reset. Fails with: E_UNSUPPORTED (no ESP32). */
kiln_code kiln_flasher_override_supply(struct kiln_flasher *f, struct kiln_err *err);

/* "3.3V", and who set it: "a strapping pin". *ret_volts is NULL if this chip does not tell. */
kiln_code kiln_flasher_read_supply(struct kiln_flasher *f, const char **ret_volts,
				   const char **ret_source, struct kiln_err *err);

/* "quad (4 data lines)", or NULL if this chip does not tell. */
kiln_code kiln_flasher_read_flash_type(struct kiln_flasher *f, const char **ret_type,
				       struct kiln_err *err);

#endif
