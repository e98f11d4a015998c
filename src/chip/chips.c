/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/chip.h"

#include <stddef.h>
#include <string.h>

#include "chip/efuse.h"
#include "chip/esp32.h"
#include "chip/esp8266.h"

static const struct kiln_chip_nibble sizes_esp32[] = {
	{ "1MB", 1u << 20, 0x0 },   { "2MB", 2u << 20, 0x1 },     { "4MB", 4u << 20, 0x2 },
	{ "8MB", 8u << 20, 0x3 },   { "16MB", 16u << 20, 0x4 },   { "32MB", 32u << 20, 0x5 },
	{ "64MB", 64u << 20, 0x6 }, { "128MB", 128u << 20, 0x7 }, { NULL, 0, 0 },
};

static const struct kiln_chip_nibble freqs_80_40_26_20[] = {
	{ "80m", 0, 0xf }, { "40m", 0, 0x0 }, { "26m", 0, 0x1 }, { "20m", 0, 0x2 }, { NULL, 0, 0 },
};

static const struct kiln_chip_nibble freqs_80_40_20[] = {
	{ "80m", 0, 0xf },
	{ "40m", 0, 0x0 },
	{ "20m", 0, 0x2 },
	{ NULL, 0, 0 },
};

/* Its ROM can't run the flash at 80 MHz: 80m is written as 40m, the bootloader speeds up later. */
static const struct kiln_chip_nibble freqs_c6[] = {
	{ "80m", 0, 0x0 },
	{ "40m", 0, 0x0 },
	{ "20m", 0, 0x2 },
	{ NULL, 0, 0 },
};

static const struct kiln_chip_nibble freqs_60_30_20_15[] = {
	{ "60m", 0, 0xf }, { "30m", 0, 0x0 }, { "20m", 0, 0x1 }, { "15m", 0, 0x2 }, { NULL, 0, 0 },
};

static const struct kiln_chip_nibble freqs_48_24_16_12[] = {
	{ "48m", 0, 0xf }, { "24m", 0, 0x0 }, { "16m", 0, 0x1 }, { "12m", 0, 0x2 }, { NULL, 0, 0 },
};

/* c1: two images beside each other in a flash of this size, each mapped as 1 MB */
static const struct kiln_chip_nibble sizes_esp8266[] = {
	{ "512KB", 512u << 10, 0x0 }, { "256KB", 256u << 10, 0x1 },
	{ "1MB", 1u << 20, 0x2 },     { "2MB", 2u << 20, 0x3 },
	{ "4MB", 4u << 20, 0x4 },     { "2MB-c1", 2u << 20, 0x5 },
	{ "4MB-c1", 4u << 20, 0x6 },  { "8MB", 8u << 20, 0x8 },
	{ "16MB", 16u << 20, 0x9 },   { NULL, 0, 0 },
};

/* The SPI controller of all chips after the ESP32. */
#define SPI_LATER(b)                                                             \
	{                                                                        \
		(b), 0x00, 0x04, 0x08, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x58, false \
	}

/* What all ROMs after the ESP32's have in common. */
#define LATER \
	.rom_status_size = 4, .rom_has_encrypted_word = true, .read_info = kiln_efuse_read_info

#define RTC_SWD_KEY 0x8F1D312Au
#define LP_SWD_KEY 0x50D83AA1u
#define LP_FEED (1u << 18)
#define RTC_FEED (1u << 31)

/* In the order of esptool's lists. */
const struct kiln_chip kiln_chips[] = {
	{
		.name = "ESP8266",
		.option = "esp8266",
		.magic = 0xFFF0C101,
		.image_id = KILN_CHIP_NO_ID,
		.uf2_family = 0x7EAB61ED,
		.sizes = sizes_esp8266,
		.freqs = freqs_80_40_26_20,
		.layout = &kiln_layout_esp8266,
		.rom_status_size = 2,
		.rom_is_old = true,
		.uart_clock_divider = 2,
		.uart_clkdiv_reg = 0x60000014,
		.uart_date_reg = 0x60000078,
		.spi = { 0x60000200, 0x00, 0x04, 0x08, 0x1C, 0x20, 0x24, 0, 0, 0x40, true },
		.read_info = kiln_esp8266_read_info,
		.rom_erase_size = kiln_esp8266_rom_erase_size,
	},
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
		.sdio_conf_reg = 0x3FF48074,
		.strap_reg = 0x3FF44038,
		.spi = { 0x3FF42000, 0x00, 0x04, 0x08, 0x1C, 0x20, 0x24, 0x28, 0x2C, 0x80, true },
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_26_20,
		.layout = &kiln_layout_esp32,
		.read_info = kiln_esp32_read_info,
		.read_spi_pins = kiln_esp32_read_spi_pins,
		.correct_rom_baud = kiln_esp32_correct_rom_baud,
	},
	{
		.name = "ESP32-S2",
		.option = "esp32s2",
		.magic = 0x000007C6,
		.image_id = 2,
		.uf2_family = 0xBFDD4EEE,
		.bootloader_offset = 0x1000,
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_26_20,
		.layout = &kiln_layout_esp32s2,
		LATER,
		.crystal_mhz = 40,
		.uart_clkdiv_reg = 0x3F400014,
		.uart_date_reg = 0x60000078,
		.efuse_read_base = 0x3F41A030,
		.flash_type_reg = 0x3F41A03C,
		.flash_type_mask = 1 << 9,
		.efuse = &kiln_efuse_esp32s2,
		.spi = SPI_LATER(0x3F402000),
		.usb_block = 0x800,
		.watchdogs = { 0x3F408094, 0x3F408098, 0x3F4080AC, .can_reset = true },
		.force_download = { 0x3F404038, 1 << 3, 0x3F408128, 1, false },
	},
	{
		.name = "ESP32-S3",
		.option = "esp32s3",
		.image_id = 9,
		.uf2_family = 0xC47E5767,
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_26_20,
		.layout = &kiln_layout_esp32s3,
		LATER,
		.crystal_mhz = 40,
		.over_16mb = true,
		.uart_clkdiv_reg = 0x60000014,
		.uart_date_reg = 0x60000080,
		.efuse_read_base = 0x60007030,
		.efuse = &kiln_efuse_esp32s3,
		.spi = SPI_LATER(0x60002000),
		.usb_block = 0x800,
		.flash_type_reg = 0x6000703C,
		.flash_type_mask = 1 << 9,
		.secure_boot_reg = 0x60007038,
		.stub_hook = 0x3FCEF688,
		.secure_boot_mask = 1 << 20,
		.watchdogs = { 0x60008098, 0x6000809C, 0x600080B0, 0x600080B4, 0x600080B8,
			       RTC_SWD_KEY, RTC_FEED, true },
		.force_download = { 0x60004038, 1 << 3, 0x6000812C, 1, true },
	},
	{
		.name = "ESP32-C3",
		.option = "esp32c3",
		.image_id = 5,
		.uf2_family = 0xD42BA06C,
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_26_20,
		.layout = &kiln_layout_esp32c3,
		LATER,
		.crystal_mhz = 40,
		.uart_clkdiv_reg = 0x60000014,
		.uart_date_reg = 0x6000007C,
		.efuse_read_base = 0x60008830,
		.efuse = &kiln_efuse_esp32c3,
		.spi = SPI_LATER(0x60002000),
		.secure_boot_reg = 0x60008838,
		.secure_boot_mask = 1 << 20,
		.watchdogs = { 0x60008090, 0x60008094, 0x600080A8, 0x600080AC, 0x600080B0,
			       RTC_SWD_KEY, RTC_FEED, true },
	},
	{
		.name = "ESP32-C2",
		.option = "esp32c2",
		.image_id = 12,
		.uf2_family = 0x2B88D29C,
		.sizes = sizes_esp32,
		.freqs = freqs_60_30_20_15,
		.layout = &kiln_layout_esp32c2,
		LATER,
		.uart_clkdiv_reg = 0x60000014,
		.uart_date_reg = 0x6000007C,
		.efuse_read_base = 0x60008830,
		.efuse = &kiln_efuse_esp32c2,
		.spi = SPI_LATER(0x60002000),
		.stub_min_rev = 1,
		.watchdogs = { 0x60008084, 0x60008088, 0x6000809C, .can_reset = true },
		.correct_rom_baud = kiln_esp32c2_correct_rom_baud,
	},
	{
		.name = "ESP32-C6",
		.option = "esp32c6",
		.image_id = 13,
		.uf2_family = 0x540DDF62,
		.sizes = sizes_esp32,
		.freqs = freqs_c6,
		.layout = &kiln_layout_esp32c6,
		LATER,
		.crystal_mhz = 40,
		.uart_clkdiv_reg = 0x60000014,
		.uart_date_reg = 0x6000007C,
		.efuse_read_base = 0x600B0830,
		.efuse = &kiln_efuse_esp32c6,
		.spi = SPI_LATER(0x60003000),
		/* its USB port hangs after a reset by the watchdog */
		.watchdogs = { 0x600B1C00, 0x600B1C04, 0x600B1C18, 0x600B1C1C, 0x600B1C20,
			       LP_SWD_KEY, LP_FEED, false },
	},
	{
		.name = "ESP32-C61",
		.option = "esp32c61",
		.image_id = 20,
		.uf2_family = 0x77D850C4,
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_20,
		.layout = &kiln_layout_esp32c61,
		LATER,
		.crystal_mhz = 40,
		.over_16mb = true,
		.uart_clkdiv_reg = 0x60000014,
		.uart_date_reg = 0x6000007C,
		.efuse_read_base = 0x600B4830,
		.efuse = &kiln_efuse_esp32c61,
		.spi = SPI_LATER(0x60003000),
		.watchdogs = { 0x600B1C00, 0x600B1C04, 0x600B1C18, 0x600B1C1C, 0x600B1C20,
			       LP_SWD_KEY, LP_FEED, true },
	},
	{
		.name = "ESP32-C5",
		.option = "esp32c5",
		.image_id = 23,
		.uf2_family = 0xF71C0343,
		.bootloader_offset = 0x2000,
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_20,
		.layout = &kiln_layout_esp32c5,
		LATER,
		.over_16mb = true,
		.uart_clkdiv_reg = 0x60000014,
		.uart_date_reg = 0x6000007C,
		.efuse_read_base = 0x600B4830,
		.efuse = &kiln_efuse_esp32c5,
		.spi = SPI_LATER(0x60003000),
		.watchdogs = { 0x600B1C00, 0x600B1C04, 0x600B1C18, 0x600B1C1C, 0x600B1C20,
			       LP_SWD_KEY, LP_FEED, true },
		.correct_rom_baud = kiln_esp32c5_correct_rom_baud,
	},
	{
		.name = "ESP32-E22",
		.option = "esp32e22",
		.image_id = 31,
		.uf2_family = 0x1C5F21B0,
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_26_20,
		.layout = &kiln_layout_esp32e22,
		LATER,
		.uart_clkdiv_reg = 0xC3102014,
		.uart_date_reg = 0xC310208C,
		.efuse_read_base = 0xC4008030,
		.efuse = &kiln_efuse_esp32e22,
		.spi = SPI_LATER(0xC3003000),
		.usb_block = 0x800,
	},
	{
		.name = "ESP32-H2",
		.option = "esp32h2",
		.image_id = 16,
		.uf2_family = 0x332726F6,
		.sizes = sizes_esp32,
		.freqs = freqs_48_24_16_12,
		.layout = &kiln_layout_esp32h2,
		LATER,
		.crystal_mhz = 32,
		.uart_clkdiv_reg = 0x60000014,
		.uart_date_reg = 0x6000007C,
		.efuse_read_base = 0x600B0830,
		.efuse = &kiln_efuse_esp32h2,
		.spi = SPI_LATER(0x60003000),
		.watchdogs = { 0x600B1C00, 0x600B1C04, 0x600B1C1C, 0x600B1C20, 0x600B1C24,
			       LP_SWD_KEY, LP_FEED, false },
	},
	{
		.name = "ESP32-H21",
		.option = "esp32h21",
		.image_id = 25,
		.uf2_family = 0xB6DD00AF,
		.sizes = sizes_esp32,
		.freqs = freqs_48_24_16_12,
		.layout = &kiln_layout_esp32h21,
		LATER,
		.crystal_mhz = 32,
		.uart_clkdiv_reg = 0x60000014,
		.uart_date_reg = 0x6000007C,
		.efuse_read_base = 0x600B4030,
		.efuse = &kiln_efuse_esp32h21,
		.spi = SPI_LATER(0x60003000),
		.watchdogs = { 0x600B1C00, 0x600B1C04, 0x600B1C1C, 0x600B1C20, 0x600B1C24,
			       LP_SWD_KEY, LP_FEED, false },
	},
	{
		.name = "ESP32-P4",
		.option = "esp32p4",
		.image_id = 18,
		.uf2_family = 0x3D308E94,
		.bootloader_offset = 0x2000,
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_26_20,
		.layout = &kiln_layout_esp32p4,
		LATER,
		.crystal_mhz = 40,
		.over_16mb = true,
		.uart_clkdiv_reg = 0x500CA014,
		.uart_date_reg = 0x500CA08C,
		.efuse_read_base = 0x5012D030,
		.efuse = &kiln_efuse_esp32p4,
		.spi = SPI_LATER(0x5008D000),
		.usb_block = 0x800,
		.stub_min_rev = 300,
		.old_stub = "esp32p4-rev1",
		.powers_flash = true,
		.watchdogs = { 0x50116000, 0x50116004, 0x50116018, 0x5011601C, 0x50116020,
			       LP_SWD_KEY, LP_FEED, true },
	},
	{
		.name = "ESP32-H4",
		.option = "esp32h4",
		.image_id = 28,
		.uf2_family = 0x9E0BAA8A,
		.bootloader_offset = 0x2000,
		.sizes = sizes_esp32,
		.freqs = freqs_48_24_16_12,
		.layout = &kiln_layout_esp32h4,
		LATER,
		.crystal_mhz = 32,
		.uart_clkdiv_reg = 0x60012014,
		.uart_date_reg = 0x6001207C,
		.efuse_read_base = 0x600B1830,
		.efuse = &kiln_efuse_esp32h4,
		.spi = SPI_LATER(0x60099000),
		.watchdogs = { 0x60090048, 0x6009004C, 0x60090064, 0x600B541C, 0x600B5420,
			       LP_SWD_KEY, LP_FEED, false },
	},
	{
		.name = "ESP32-S31",
		.option = "esp32s31",
		.image_id = 32,
		.uf2_family = 0x3101F7C1,
		.bootloader_offset = 0x2000,
		.sizes = sizes_esp32,
		.freqs = freqs_80_40_20,
		.layout = &kiln_layout_esp32s31,
		LATER,
		.crystal_mhz = 40,
		.over_16mb = true,
		.uart_clkdiv_reg = 0x2038A014,
		.uart_date_reg = 0x2038A08C,
		.efuse_read_base = 0x20715030,
		.efuse = &kiln_efuse_esp32s31,
		.spi = SPI_LATER(0x20501000),
		.usb_block = 0x800,
		/* the super watchdog's registers are not known for sure: left alone */
		.watchdogs = { 0x20801000, 0x20801004, 0x20801018, .can_reset = true },
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
		if (kiln_chips[i].magic == magic && magic && kiln_chip_can_flash(&kiln_chips[i]))
			return &kiln_chips[i];
	}
	return NULL;
}

const struct kiln_chip *kiln_chip_by_image_id(uint16_t id)
{
	for (unsigned i = 0; i < kiln_n_chips; i++) {
		if (kiln_chips[i].image_id == id && kiln_chip_can_flash(&kiln_chips[i]))
			return &kiln_chips[i];
	}
	return NULL;
}

const struct kiln_chip *kiln_chip_of_image(uint16_t id)
{
	for (unsigned i = 0; i < kiln_n_chips; i++) {
		if (kiln_chips[i].image_id == id && id != KILN_CHIP_NO_ID)
			return &kiln_chips[i];
	}
	return NULL;
}

bool kiln_chip_can_flash(const struct kiln_chip *chip)
{
	return chip->read_info != NULL;
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

const char *kiln_chip_name_of_image_id(uint16_t id)
{
	const struct kiln_chip *chip = kiln_chip_of_image(id);

	return chip ? chip->name : NULL;
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
