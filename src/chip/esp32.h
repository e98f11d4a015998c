/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CHIP_ESP32_H
#define KILN_CHIP_ESP32_H

#include "chip/chip.h"

/* The ESP32's answers to struct kiln_chip's questions. */
kiln_code kiln_esp32_read_info(const struct kiln_chip *chip, const struct kiln_chip_reader *reader,
			       struct kiln_chip_info *ret_info, struct kiln_err *err);
kiln_code kiln_esp32_read_spi_pins(const struct kiln_chip *chip,
				   const struct kiln_chip_reader *reader, uint32_t *ret_pins,
				   struct kiln_err *err);
kiln_code kiln_esp32_correct_rom_baud(const struct kiln_chip *chip,
				      const struct kiln_chip_reader *reader, unsigned baud,
				      unsigned *ret_baud, struct kiln_err *err);

#endif
