/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CHIP_SECURITY_H
#define KILN_CHIP_SECURITY_H

#include "chip/chip.h"

/*
 * What a chip's eFuses say of secure boot and flash encryption: what may be written to the flash,
 * and in which form. Sources: the eFuse chapters of the technical reference manuals and ESP-IDF's
 * esp_efuse_table.csv of each chip.
 */
struct kiln_chip_guards {
	bool secure_boot;        /* of any version: an image's header must stay as it was signed */
	bool secure_boot_v1;     /* the ESP32's first: a new bootloader would not be accepted */
	bool encrypts;           /* what stands in the flash is decrypted as it is read */
	bool no_encrypted_write; /* the loader may not encrypt what it writes */
	bool has_key;            /* there is a key to encrypt with */
	bool key_manager;        /* it is made by the key manager, which keeps notes in the flash */
	uint8_t crypt_config;    /* ESP32: which address bits the key is mixed with; 15 elsewhere */
};

/* Encrypted writes begin at multiples of this. */
unsigned kiln_chip_encrypted_align(const struct kiln_chip *chip);

/*
 * Chips without such eFuses have nothing set. Not in secure download mode. `with_key`: has_key and
 * crypt_config too, which costs more reads.
 */
kiln_code kiln_chip_read_guards(const struct kiln_chip *chip, unsigned revision, bool with_key,
				const struct kiln_chip_reader *reader,
				struct kiln_chip_guards *ret_guards, struct kiln_err *err);

/*
 * What a key of this purpose is for: "XTS_AES_128_KEY", "UNKNOWN"; NULL if the chip's keys have
 * no purposes. *ret_keys: how many keys it has.
 */
const char *kiln_chip_key_purpose(const struct kiln_chip *chip, unsigned purpose,
				  unsigned *ret_keys);

#endif
