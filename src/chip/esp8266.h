/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CHIP_ESP8266_H
#define KILN_CHIP_ESP8266_H

#include "chip/chip.h"

/* The ESP8266's answers to struct kiln_chip's questions. */
kiln_code kiln_esp8266_read_info(const struct kiln_chip *chip,
				 const struct kiln_chip_reader *reader,
				 struct kiln_chip_info *ret_info, struct kiln_err *err);
uint32_t kiln_esp8266_rom_erase_size(uint32_t address, uint32_t size);

#endif
