/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CHIP_H
#define KILN_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include <kiln/api.h>

/*
 * What Kiln knows of a chip family: one const table row each. Public are the facts that a program
 * needs to choose and to report; registers are in src/chip/chip.h.
 */
struct kiln_chip;

KILN_API const struct kiln_chip *kiln_chip_by_option(const char *option); /* "esp32", "ESP32-S3" */
KILN_API const char *kiln_chip_name(const struct kiln_chip *chip);        /* "ESP32-S3" */
KILN_API const char *kiln_chip_option(const struct kiln_chip *chip);      /* "esp32s3" */

/* Where in flash its ROM looks for the image that it boots, and where firmware for it goes. */
KILN_API uint32_t kiln_chip_boot_address(const struct kiln_chip *chip);

/* The chip's n-th row in the table, NULL after the last: for lists of what may be asked for. */
KILN_API const struct kiln_chip *kiln_chip_at(unsigned n);

/* False for a chip that Kiln makes and reads files for, but can't talk to yet. */
KILN_API bool kiln_chip_can_flash(const struct kiln_chip *chip);

/*
 * A flash size or frequency by name ("4MB", "40m"), as it stands in the chip's image headers.
 * False if the chip has none of that name. *ret_bytes may be NULL; it is 0 for a frequency.
 */
KILN_API bool kiln_chip_size_by_name(const struct kiln_chip *chip, const char *name,
				     uint64_t *ret_bytes, int *ret_nibble);
KILN_API bool kiln_chip_freq_by_name(const struct kiln_chip *chip, const char *name,
				     int *ret_nibble);
/* "4MB" for 4194304 bytes, NULL if the chip's headers have no such size. */
KILN_API const char *kiln_chip_size_name(const struct kiln_chip *chip, uint64_t bytes);

/* What one chip on one board said of itself. */
struct kiln_chip_info {
	const struct kiln_chip *chip;
	char description[64]; /* "ESP32-D0WDQ6" */
	unsigned revision;    /* major * 100 + minor */
	char features[160];   /* "WiFi, BT, Dual Core, Coding Scheme None" */
	unsigned crystal_mhz;
	uint8_t mac[6];
	bool has_mac_ext; /* chips with IEEE 802.15.4: mac and these make an EUI-64 */
	uint8_t mac_ext[2];
	const char *usb;   /* "USB-Serial/JTAG" or "USB-OTG" if the port is the chip's own; NULL */
	uint32_t flash_id; /* JEDEC: manufacturer in the low byte; 0 before it was asked for */
	uint64_t flash_size;  /* bytes; 0 if not known */
	bool secure_download; /* it says nothing else: MAC, revision and so on are not known */
};

#endif
