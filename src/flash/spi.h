/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FLASH_SPI_H
#define KILN_FLASH_SPI_H

#include "loader/session.h"

/*
 * A command of the flash chip's own, by hand through the SPI controller's "user" mode (ESP32
 * Technical Reference Manual, "SPI Controller"): code, address, dummy bits, data out, data in.
 * Commands: JEDEC-style NOR datasheets, such as Winbond W25Q32JV, "Instruction Set".
 */
struct kiln_spi_command {
	uint8_t code;
	uint8_t address_bits, dummy_bits;
	uint8_t bits_out, bits_in; /* at most 32 */
	uint32_t address, out;
};

enum {
	KILN_SPI_WRSR = 0x01,
	KILN_SPI_WRDI = 0x04,
	KILN_SPI_WREN = 0x06,
	KILN_SPI_WREN_VOLATILE = 0x50,
	KILN_SPI_RDSFDP = 0x5A,
	KILN_SPI_RESET_ENABLE = 0x66,
	KILN_SPI_RESET = 0x99,
	KILN_SPI_RDID = 0x9F,
};

/*
 * Run it; the controller's own settings are as before when it ends. `at_once`: all registers in
 * one request, for each would be a round trip of its own; not every loader takes several. `ret_in`
 * may be NULL. Fails with: E_TIMEOUT (the controller does not finish), and what requests fail with.
 */
kiln_code kiln_spi_run(struct kiln_loader *l, const struct kiln_spi_command *c, bool at_once,
		       uint32_t *ret_in, struct kiln_err *err);

/* Two commands without data, one right after the other. */
kiln_code kiln_spi_run_two(struct kiln_loader *l, uint8_t first, uint8_t second, bool at_once,
			   struct kiln_err *err);

/* 1 to 4 bytes of the flash chip's own description (JEDEC JESD216), the first in the low byte. */
kiln_code kiln_spi_read_sfdp(struct kiln_loader *l, uint32_t address, unsigned bytes, bool at_once,
			     uint32_t *ret_value, struct kiln_err *err);

#endif
