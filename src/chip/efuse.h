/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CHIP_EFUSE_H
#define KILN_CHIP_EFUSE_H

#include "chip/chip.h"

/*
 * What chips after the ESP32 say of themselves in their eFuses, as data: where a field is, and what
 * its values mean. Sources: the eFuse chapters of the technical reference manuals and ESP-IDF's
 * esp_efuse_table.csv of each chip.
 *
 * Words are counted from the one that the MAC begins in: BLOCK1 of most chips, BLOCK2 of the C2.
 */
struct kiln_efuse_field {
	uint8_t word, low, width; /* width 0: the chip has no such field, and its value is 0 */
};

/* Names by value; a value without a name has `unknown`'s, or says nothing if that is NULL too. */
struct kiln_efuse_names {
	const char *const *names;
	unsigned n;
	const char *unknown;
};

struct kiln_efuse_feature {
	const char *text;                    /* of a feature that all chips of the family have */
	struct kiln_efuse_field field, high; /* `high`: bits above those of `field` */
	const struct kiln_efuse_names *names;
	struct kiln_efuse_field vendor; /* said in brackets behind a name */
	const struct kiln_efuse_names *vendors;
};

struct kiln_chip_efuse {
	uint32_t mac_reg;
	uint16_t words;   /* bit mask of those that are read */
	bool has_mac_ext; /* the upper half of word 1 makes an EUI-64 of the MAC */
	struct kiln_efuse_field package, major, major_high, minor, minor_high;
	const struct kiln_efuse_names *packages;
	const struct kiln_efuse_feature *features; /* ended by one without text and names */
	/* Where names and fields are not enough; `word` is indexed as above. NULL: they are. */
	const char *(*describe)(const uint32_t *word);
	unsigned (*revision)(const uint32_t *word, unsigned plain);
};

enum { KILN_EFUSE_WORDS = 11 };

extern const struct kiln_chip_efuse kiln_efuse_esp32s2, kiln_efuse_esp32s3, kiln_efuse_esp32c2,
	kiln_efuse_esp32c3, kiln_efuse_esp32c5, kiln_efuse_esp32c6, kiln_efuse_esp32c61,
	kiln_efuse_esp32e22, kiln_efuse_esp32h2, kiln_efuse_esp32h21, kiln_efuse_esp32h4,
	kiln_efuse_esp32p4, kiln_efuse_esp32s31;

/* struct kiln_chip's read_info for the chips that have such a table. */
kiln_code kiln_efuse_read_info(const struct kiln_chip *chip, const struct kiln_chip_reader *reader,
			       struct kiln_chip_info *ret_info, struct kiln_err *err);

/* Crystal in MHz by the divider that the ROM has set for the baud that it found. */
kiln_code kiln_chip_read_crystal(const struct kiln_chip *chip,
				 const struct kiln_chip_reader *reader, unsigned *ret_mhz,
				 struct kiln_err *err);

/* struct kiln_chip's correct_rom_baud: ROMs that take the crystal for another one. */
kiln_code kiln_esp32c2_correct_rom_baud(const struct kiln_chip *chip,
					const struct kiln_chip_reader *reader, unsigned baud,
					unsigned *ret_baud, struct kiln_err *err);
kiln_code kiln_esp32c5_correct_rom_baud(const struct kiln_chip *chip,
					const struct kiln_chip_reader *reader, unsigned baud,
					unsigned *ret_baud, struct kiln_err *err);

#endif
