/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/chip.h"

#include <stddef.h>

static const struct kiln_chip_nibble sizes_esp32[] = {
	{ "1MB", 1u << 20, 0x0 },   { "2MB", 2u << 20, 0x1 },     { "4MB", 4u << 20, 0x2 },
	{ "8MB", 8u << 20, 0x3 },   { "16MB", 16u << 20, 0x4 },   { "32MB", 32u << 20, 0x5 },
	{ "64MB", 64u << 20, 0x6 }, { "128MB", 128u << 20, 0x7 }, { NULL, 0, 0 },
};

static const struct kiln_chip_nibble freqs_80_40_26_20[] = {
	{ "80m", 0, 0xf }, { "40m", 0, 0x0 }, { "26m", 0, 0x1 }, { "20m", 0, 0x2 }, { NULL, 0, 0 },
};

const struct kiln_chip kiln_chips[] = {
	{
		.name = "ESP32",
		.option = "esp32",
		.magic = 0x00F01D83,
		.image_id = 0,
		.uf2_family = 0x1C5F21B0,
		.bootloader_offset = 0x1000,
		.rom_status_size = 4,
		.uart_clkdiv_reg = 0x3FF40014,
		.uart_date_reg = 0x60000078,
		.efuse_read_base = 0x3FF5A000,
		.spi = { 0x3FF42000, 0x00, 0x04, 0x08, 0x1C, 0x20, 0x24, 0x28, 0x2C, 0x80 },
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_26_20,
	},
};

const unsigned kiln_n_chips = sizeof(kiln_chips) / sizeof(kiln_chips[0]);

/* "ESP32-S3", "esp32_s3" and "esp32s3" are the same name. */
static bool same_option(const char *option, const char *typed)
{
	for (;; typed++) {
		char c = *typed;

		if (c == '-' || c == '_' || c == '(' || c == ')')
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != *option)
			return false;
		if (!c)
			return true;
		option++;
	}
}

const struct kiln_chip *kiln_chip_by_option(const char *option)
{
	for (unsigned i = 0; i < kiln_n_chips; i++) {
		if (same_option(kiln_chips[i].option, option))
			return &kiln_chips[i];
	}
	return NULL;
}

const struct kiln_chip *kiln_chip_by_magic(uint32_t magic)
{
	for (unsigned i = 0; i < kiln_n_chips; i++) {
		if (kiln_chips[i].magic && kiln_chips[i].magic == magic)
			return &kiln_chips[i];
	}
	return NULL;
}

const struct kiln_chip *kiln_chip_by_image_id(uint16_t id)
{
	for (unsigned i = 0; i < kiln_n_chips; i++) {
		if (kiln_chips[i].image_id == id)
			return &kiln_chips[i];
	}
	return NULL;
}

const char *kiln_chip_name(const struct kiln_chip *chip)
{
	return chip->name;
}

const char *kiln_chip_option(const struct kiln_chip *chip)
{
	return chip->option;
}
