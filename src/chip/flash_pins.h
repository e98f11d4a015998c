/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CHIP_FLASH_PINS_H
#define KILN_CHIP_FLASH_PINS_H

#include <stddef.h>

#include "chip/chip.h"

/*
 * A flash chip at pins of one's own choice: CLK, Q, D, HD, CS, in that order. In the ROM's
 * SPI_ATTACH they stand in one word:
 *
 *	hd << 24 | cs << 18 | d << 12 | q << 6 | clk
 *
 * Source: esptool documentation, "Serial Protocol", SPI Attach Command.
 */
enum { KILN_PIN_CLK, KILN_PIN_Q, KILN_PIN_D, KILN_PIN_HD, KILN_PIN_CS, KILN_PINS };

/*
 * Has the chip these pins? *ret_warning is set if some of them are its USB port's.
 * Fails with: E_INVALID, E_UNSUPPORTED (it can't be told pins).
 */
kiln_code kiln_flash_pins_check(const struct kiln_chip *chip, const uint8_t pins[KILN_PINS],
				const char **ret_warning, struct kiln_err *err);
uint32_t kiln_flash_pins_word(const uint8_t pins[KILN_PINS]);
/* "CLK:6, Q:17, D:8, HD:11, CS:16" */
void kiln_flash_pins_text(uint32_t word, char *ret_text, size_t size);

#endif
