/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_APPDESC_H
#define KILN_IMAGE_APPDESC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/*
 * What an app and a bootloader say of themselves, at the start of their first data segment.
 * Texts are what the image says: their control characters are replaced, they end in 0.
 * Source: ESP-IDF, esp_app_desc.h and esp_bootloader_desc.h.
 *
 *	0    ABCD5432 (u32) | secure version (u32) | 8 reserved
 *	16   version[32] | project[32] | time[16] | date[16] | ESP-IDF[32]
 *	144  SHA-256 of the ELF file[32]
 *	176  min, max revision of eFuse blocks (u16, u16) | log2 of the MMU page | reserved up to
 *256
 */
enum { KILN_APP_DESC_SIZE = 256, KILN_BOOT_DESC_SIZE = 80 };

struct kiln_app_desc {
	uint32_t secure_version;
	char version[36], project[36], time[20], date[20], idf[36];
	uint8_t elf_digest[32];
	uint16_t min_efuse_rev, max_efuse_rev; /* major * 100 + minor */
	uint8_t page_size_log2;                /* 0: does not say */
};

/*
 *	0   50 | 3 reserved | version (u32) | ESP-IDF[32] | date and time[24] | 16 reserved
 */
struct kiln_boot_desc {
	uint32_t version;
	char idf[36], date_time[28];
};

/* False if there is none. */
bool kiln_app_desc_read(struct kiln_span data, struct kiln_app_desc *ret_desc);
bool kiln_boot_desc_read(struct kiln_span data, struct kiln_boot_desc *ret_desc);

#endif
