/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CHIP_CHIP_H
#define KILN_CHIP_CHIP_H

#include <kiln/chip.h>
#include <kiln/err.h>

#include "chip/layout.h"

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
	/* without mosi_dlen and miso_dlen the lengths stand in usr1, from bits 17 and 8 on */
	uint16_t cmd, addr, ctrl, usr, usr1, usr2, mosi_dlen, miso_dlen, w0;
	bool addr_msb; /* an address stands in the upper bits of its register */
};

/* How the chip layer reads a chip that it can't touch itself. */
struct kiln_chip_reader {
	kiln_code (*read_reg)(void *user, uint32_t address, uint32_t *ret_value,
			      struct kiln_err *err);
	void *user;
	unsigned baud; /* that the chip's UART runs at: the crystal is known by its divider */
};

/*
 * Watchdogs that a chip's own USB port does not stop as it enters the ROM's loader; the first can
 * also reset the chip on request. 0: the chip has no such register, or it is not known.
 */
struct kiln_chip_watchdogs {
	uint32_t config0, config1, protect; /* RTC or LP watchdog */
	uint32_t swd_config, swd_protect;   /* super watchdog */
	uint32_t swd_key, swd_auto_feed;    /* what unlocks it; the bit that calms it */
	bool can_reset;                     /* a reset by it brings the chip up well */
};

/* Pins and a flag that keep a chip in its loader after a reset over its own USB port. */
struct kiln_chip_force_download {
	uint32_t strap_reg, strap_mask;   /* clear: the pin asks for download mode */
	uint32_t option_reg, option_mask; /* set: the USB driver asks for it */
	bool clear_always;                /* the flag must go before any reset */
};

#define KILN_CHIP_NO_ID 0xFFFF /* the ESP8266: its images have no place for one */

struct kiln_chip {
	const char *name;   /* "ESP32-S3" */
	const char *option; /* "esp32s3" */
	uint32_t magic; /* what reading 0x40001000 gives; 0: the chip is known by its security info
			 */
	uint16_t image_id; /* chip id in image headers and security info, or KILN_CHIP_NO_ID */
	uint32_t uf2_family;
	uint32_t bootloader_offset;
	uint8_t rom_status_size;     /* bytes that end a ROM's reply: 4, or 2 on the ESP8266 */
	bool rom_has_encrypted_word; /* FLASH_BEGIN takes a fifth word in the ROM too */
	bool rom_is_old;     /* the ESP8266's: no attach, no sizes, no baud change, inflate, MD5 */
	bool over_16mb;      /* its stub reaches flash beyond 16 MB */
	uint8_t crystal_mhz; /* 0: worked out from the UART's divider */
	uint8_t uart_clock_divider; /* the UART runs at the crystal's frequency times this; 0: 1 */
	uint16_t usb_block;         /* largest block over the chip's own USB-OTG; 0: it has none */
	uint16_t stub_min_rev;      /* older chips run without a stub, or with `old_stub` */
	bool powers_flash;          /* some revisions need the flash's regulator switched on */
	const char *old_stub;       /* name of their stub */
	uint32_t secure_boot_reg, secure_boot_mask; /* such a chip runs no stub; or 0 */
	uint32_t stub_hook; /* pointer that its ROM calls: the way to a stub under secure boot; or 0
			     */
	struct kiln_chip_watchdogs watchdogs;
	struct kiln_chip_force_download force_download;
	const struct kiln_chip_efuse *efuse; /* for read_info's general form */
	uint32_t uart_clkdiv_reg;
	uint32_t uart_date_reg; /* read-only: writing to it is a delay */
	uint32_t efuse_read_base;
	uint32_t syscon_base; /* of the date register that tells the newest revision; or 0 */
	uint32_t sdio_conf_reg, strap_reg;        /* of the flash's regulator (ESP32); or 0 */
	uint32_t flash_type_reg, flash_type_mask; /* set: the flash has eight data lines; or 0 */
	uint32_t rtc_cali_reg; /* the ROM's own measure of the crystal (ESP32); or 0 */
	struct kiln_chip_spi spi;
	const struct kiln_chip_nibble *sizes; /* ended by a NULL name */
	const struct kiln_chip_nibble *freqs;
	const struct kiln_chip_layout *layout;

	/* The rest is for talking to a chip; read_info is NULL in rows that serve files only. */

	/* What this one chip says of itself: all of kiln_chip_info but the flash chip. */
	kiln_code (*read_info)(const struct kiln_chip *chip, const struct kiln_chip_reader *reader,
			       struct kiln_chip_info *ret_info, struct kiln_err *err);
	/* SPI_ATTACH's pins word for the ROM, which does not look for the flash by itself. */
	kiln_code (*read_spi_pins)(const struct kiln_chip *chip,
				   const struct kiln_chip_reader *reader, uint32_t *ret_pins,
				   struct kiln_err *err);
	/* What to ask the ROM for so that it runs at `baud` (its crystal may be misjudged). */
	kiln_code (*correct_rom_baud)(const struct kiln_chip *chip,
				      const struct kiln_chip_reader *reader, unsigned baud,
				      unsigned *ret_baud, struct kiln_err *err);
	/* What to ask the ROM to erase so that it erases `size`; NULL: just that. */
	uint32_t (*rom_erase_size)(uint32_t address, uint32_t size);
};

extern const struct kiln_chip kiln_chips[];
extern const unsigned kiln_n_chips;

/*
 * The register that tells ESP8266, ESP32 and ESP32-S2 apart, and its value's owner. NULL if nobody
 * has this value, or id, or if Kiln can't talk to the chip that has it.
 */
#define KILN_CHIP_MAGIC_REG 0x40001000u
const struct kiln_chip *kiln_chip_by_magic(uint32_t magic);
const struct kiln_chip *kiln_chip_by_image_id(uint16_t id);

/* The same for images: whichever chip they are for. NULL if nobody knows the id. */
const struct kiln_chip *kiln_chip_of_image(uint16_t id);
/* Its name, or NULL. */
const char *kiln_chip_name_of_image_id(uint16_t id);

/* The nibble for a size in bytes; false if headers of this chip can't say it. */
bool kiln_chip_size_nibble(const struct kiln_chip *chip, uint64_t bytes, uint8_t *ret_nibble);

#endif
