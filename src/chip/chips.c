/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/chip.h"

#include <stddef.h>
#include <string.h>

#include "chip/esp32.h"

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
		.syscon_base = 0x3FF66000,
		.rtc_cali_reg = 0x3FF5F06C,
		.spi = { 0x3FF42000, 0x00, 0x04, 0x08, 0x1C, 0x20, 0x24, 0x28, 0x2C, 0x80 },
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_26_20,
		.read_info = kiln_esp32_read_info,
		.read_spi_pins = kiln_esp32_read_spi_pins,
		.correct_rom_baud = kiln_esp32_correct_rom_baud,
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

const struct kiln_chip *kiln_chip_at(unsigned n)
{
	return n < kiln_n_chips ? &kiln_chips[n] : NULL;
}

/* Every chip that writes its id into images, so that a wrong file can be called by its name. */
static const struct image_id {
	uint16_t id;
	const char *name;
} image_ids[] = {
	{ 0, "ESP32" },      { 2, "ESP32-S2" },   { 5, "ESP32-C3" },   { 9, "ESP32-S3" },
	{ 12, "ESP32-C2" },  { 13, "ESP32-C6" },  { 16, "ESP32-H2" },  { 18, "ESP32-P4" },
	{ 20, "ESP32-C61" }, { 23, "ESP32-C5" },  { 25, "ESP32-H21" }, { 28, "ESP32-H4" },
	{ 31, "ESP32-E22" }, { 32, "ESP32-S31" },
};

const char *kiln_chip_name_of_image_id(uint16_t id)
{
	for (size_t i = 0; i < sizeof(image_ids) / sizeof(image_ids[0]); i++) {
		if (image_ids[i].id == id)
			return image_ids[i].name;
	}
	return NULL;
}

static const struct kiln_chip_nibble *find_name(const struct kiln_chip_nibble *n, const char *name)
{
	for (; n->name; n++) {
		if (strcasecmp(n->name, name) == 0)
			return n;
	}
	return NULL;
}

static const struct kiln_chip_nibble *find_bytes(const struct kiln_chip *chip, uint64_t bytes)
{
	for (const struct kiln_chip_nibble *n = chip->sizes; n->name; n++) {
		if (n->bytes == bytes)
			return n;
	}
	return NULL;
}

bool kiln_chip_size_by_name(const struct kiln_chip *chip, const char *name, uint64_t *ret_bytes,
			    int *ret_nibble)
{
	const struct kiln_chip_nibble *n = find_name(chip->sizes, name);

	if (!n)
		return false;
	if (ret_bytes)
		*ret_bytes = n->bytes;
	*ret_nibble = n->nibble;
	return true;
}

bool kiln_chip_freq_by_name(const struct kiln_chip *chip, const char *name, int *ret_nibble)
{
	const struct kiln_chip_nibble *n = find_name(chip->freqs, name);

	if (n)
		*ret_nibble = n->nibble;
	return n != NULL;
}

const char *kiln_chip_size_name(const struct kiln_chip *chip, uint64_t bytes)
{
	const struct kiln_chip_nibble *n = find_bytes(chip, bytes);

	return n ? n->name : NULL;
}

bool kiln_chip_size_nibble(const struct kiln_chip *chip, uint64_t bytes, uint8_t *ret_nibble)
{
	const struct kiln_chip_nibble *n = find_bytes(chip, bytes);

	if (n)
		*ret_nibble = n->nibble;
	return n != NULL;
}
