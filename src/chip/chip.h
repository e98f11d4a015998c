/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CHIP_CHIP_H
#define KILN_CHIP_CHIP_H

#include <kiln/chip.h>

/*
 * Chip facts, one const row each (chips.c). Sources: the chips' technical reference manuals
 * (register summaries of UART, SPI, eFuse, RTC_CNTL) and ESP-IDF's soc headers.
 */

/* A size or frequency as it stands in an image header's nibble. */
struct kiln_chip_nibble {
	const char *name; /* "4MB", "40m" */
	uint64_t bytes;   /* sizes only */
	uint8_t nibble;
};

/* Offsets in the SPI controller that runs flash commands by hand ("user" mode). */
struct kiln_chip_spi {
	uint32_t base;
	uint16_t cmd, addr, ctrl, usr, usr1, usr2, mosi_dlen, miso_dlen, w0;
};

struct kiln_chip {
	const char *name;   /* "ESP32-S3" */
	const char *option; /* "esp32s3" */
	uint32_t magic; /* what reading 0x40001000 gives; 0: the chip is known by its security info
			 */
	uint16_t image_id; /* chip id in image headers and security info */
	uint32_t uf2_family;
	uint32_t bootloader_offset;
	uint8_t rom_status_size;     /* bytes that end a ROM's reply: 4, or 2 on the ESP8266 */
	bool rom_has_encrypted_word; /* FLASH_BEGIN takes a fifth word in the ROM too */
	uint32_t uart_clkdiv_reg;
	uint32_t uart_date_reg; /* read-only: writing to it is a delay */
	uint32_t efuse_read_base;
	struct kiln_chip_spi spi;
	const struct kiln_chip_nibble *sizes; /* ended by a NULL name */
	const struct kiln_chip_nibble *freqs;
};

extern const struct kiln_chip kiln_chips[];
extern const unsigned kiln_n_chips;

/* The register that tells ESP8266, ESP32 and ESP32-S2 apart, and its value's owner or NULL. */
#define KILN_CHIP_MAGIC_REG 0x40001000u
const struct kiln_chip *kiln_chip_by_magic(uint32_t magic);
const struct kiln_chip *kiln_chip_by_image_id(uint16_t id);

#endif
