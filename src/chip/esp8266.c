/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ESP8266 says of itself: four words of one-time memory. Fields: ESP8266 NonOS SDK's
 * description of the factory data, and esptool's documentation of the ESP8285's flash bits.
 */
#include "chip/esp8266.h"

#include "base/text.h"
#include "chip/efuse.h"

#define OTP 0x3FF00050 /* words 0 to 3 */

enum { SECTOR = 4096, SECTORS_PER_BLOCK = 16 };

/* The flash within an ESP8285: megabytes, 0 if the bits are those of no chip. */
static unsigned flash_mb(const uint32_t *word)
{
	const bool low = word[0] >> 4 & 1;
	const unsigned high = word[3] >> 25 & 7; /* bits 25, 26, 27 */

	if (low && high == 0)
		return 1;
	if ((low && high == 2) || (!low && high == 1))
		return 2;
	return !low && high == 3 ? 4 : 0;
}

static bool has_flash(const uint32_t *word)
{
	return word[0] >> 4 & 1 || word[2] >> 16 & 1;
}

static const char *describe(const uint32_t *word)
{
	static const char *const names[3][2] = { { "ESP8285", "ESP8285" },
						 { "ESP8285N08", "ESP8285H08" },
						 { "ESP8285N16", "ESP8285H16" } };
	const unsigned mb = flash_mb(word), hot = word[0] >> 5 & 1;

	if (!has_flash(word))
		return "ESP8266EX";
	return names[mb < 3 ? mb : 0][hot];
}

/* The maker's half stands in the last word; older chips have a number for it instead. */
static void take_mac(const uint32_t *word, uint8_t mac[6])
{
	static const uint32_t makers[] = { 0x18FE34, 0xACD074 };
	const unsigned kind = word[1] >> 16 & 0xFF;
	const uint32_t maker = word[3] ? word[3] & 0xFFFFFF : makers[kind < 2 ? kind : 0];

	for (unsigned i = 0; i < 3; i++)
		mac[i] = (uint8_t)(maker >> (16 - 8 * i));
	mac[3] = (uint8_t)(word[1] >> 8);
	mac[4] = (uint8_t)word[1];
	mac[5] = (uint8_t)(word[0] >> 24);
}

kiln_code kiln_esp8266_read_info(const struct kiln_chip *chip,
				 const struct kiln_chip_reader *reader,
				 struct kiln_chip_info *ret_info, struct kiln_err *err)
{
	struct kiln_chip_info info = { .chip = chip };
	uint32_t word[4];

	for (unsigned i = 0; i < 4; i++)
		KILN_TRY(reader->read_reg(reader->user, OTP + 4 * i, &word[i], err));
	KILN_TRY(kiln_chip_read_crystal(chip, reader, &info.crystal_mhz, err));
	kiln_text_copy(info.description, sizeof(info.description), describe(word));
	kiln_text_copy(info.features, sizeof(info.features),
		       has_flash(word) ? "Wi-Fi, 160MHz, Embedded Flash" : "Wi-Fi, 160MHz");
	take_mac(word, info.mac);
	*ret_info = info;
	return KILN_OK;
}

/*
 * The ROM counts the sectors up to the first block border twice. What it is asked for here makes
 * it erase what is meant, or one sector more where an odd number can't be had.
 */
uint32_t kiln_esp8266_rom_erase_size(uint32_t address, uint32_t size)
{
	const uint32_t n = (size + SECTOR - 1) / SECTOR;
	const uint32_t first = address / SECTOR % SECTORS_PER_BLOCK;
	const uint32_t head = n < SECTORS_PER_BLOCK - first ? n : SECTORS_PER_BLOCK - first;

	return (n < 2 * head ? (n + 1) / 2 : n - head) * SECTOR;
}
