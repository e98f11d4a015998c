/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chip models. Registers as read from real chips (tests/data/rom-transcripts) and as the ESP32
 * technical reference manual describes them; ROM texts as chips print them.
 */
#include "sim/model.h"

#include <string.h>

static const struct sim_strap esp32_straps[] = {
	{ 0x13, false, " (SPI_FAST_FLASH_BOOT)\r\n" },
	{ 0x03, true, " (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\nwaiting for download\r\n" },
	{ 0x12, false, " (SPI_FAST_FLASH_BOOT)\r\n" },
	{ 0x0F, true, " (UART_BOOT(UART0))\r\n" },
	{ 0, false, NULL },
};

static const struct sim_rom_text esp32_rom = {
	.banner = "ets Jul 29 2019 12:21:46\r\n\r\n",
	.reset = {
		[SIM_RESET_POWER_ON] = "rst:0x1 (POWERON_RESET)",
		[SIM_RESET_SOFTWARE] = "rst:0x3 (SW_RESET)",
		[SIM_RESET_CPU] = "rst:0xc (SW_CPU_RESET)",
		[SIM_RESET_RTC_WATCHDOG] = "rst:0x10 (RTCWDT_RTC_RESET)",
	},
	.straps = esp32_straps,
	.invalid_header = "invalid header: ",
	.bad_segment = "invalid segment length ",
	.checksum_error = "csum err:",
	.stopped = "ets_main.c 371 \r\n",
	.compares_digest = false,
	.watchdog = 330 * SIM_MS,
	.retry = 42 * SIM_MS,
};

/* Internal SRAM as the CPU sees it: data bus, then instruction bus (TRM, "System and memory"). */
static const struct sim_ram esp32_ram[] = {
	{ 0x3FFAE000, 0x52000 },
	{ 0x40070000, 0x50000 },
	{ 0, 0 },
};

static const struct sim_stub esp32_stubs[] = {
	{ "esp-flasher-stub", 0x400A8000, 0x400ABFFF, false },
	{ "esptool-legacy-flasher-stub", 0x400BE000, 0x400BFFFF, true },
	{ NULL },
};

/*
 * 0x3FF5A0xx are eFuse block 0: +0x0C has the package in bits 9..11 and the revision's low bit in
 * bit 15, +0x14 its middle bit in bit 20; the high bit is bit 31 of the APB controller's date.
 */
/*
 * Bits 7..31 of RTCCALICFG1: the crystal measured with the 8 MHz clock, whose speed the lowest byte
 * of eFuse word 4 has. The ROM reckons its baud from both: here they give 40 MHz.
 */
#define CALIBRATION                   \
	{                             \
		0x3FF5F06C, 800u << 7 \
	}

static const struct sim_register d0wdq6_r1[] = {
	{ 0x40001000, 0x00F01D83 }, /* ROM: what tells the family */
	{ 0x3FF40014, 0x0000015A }, /* UART0 clock divider: 40 MHz / 115200 */
	{ 0x3FF44038, 0x00000013 }, /* strapping pins */
	{ 0x3FF5A00C, 0x00008000 },
	{ 0x3FF5A010, 0x00000080 },
	CALIBRATION,
	{ 0x3FF6607C, 0x16042000 },
	{ 0, 0 },
};

static const struct sim_register d0wd_v3[] = {
	{ 0x40001000, 0x00F01D83 },
	{ 0x3FF40014, 0x0000015A },
	{ 0x3FF44038, 0x0000000F },
	{ 0x3FF5A00C, 0x00008200 },
	{ 0x3FF5A010, 0x00000080 },
	{ 0x3FF5A014, 0x00100000 },
	CALIBRATION,
	{ 0x3FF6607C, 0x96042000 },
	{ 0, 0 },
};

static const struct sim_rom_habits esp32_habits = { .status_size = 4, .shifts_address = true };

#define ESP32_COMMON                                                                             \
	.family = "esp32", .rom = &esp32_rom, .habits = &esp32_habits,                           \
	.efuse_mac_low = 0x3FF5A004, .efuse_mac_high = 0x3FF5A008, .strap_register = 0x3FF44038, \
	.strap_flash = 0x13, .strap_download = 0x03, .spi_user_stub = 0x80000000,                \
	.stubs = esp32_stubs, .ram = esp32_ram

static const struct sim_model models[] = {
	{ .name = "esp32-d0wdq6", .registers = d0wdq6_r1, ESP32_COMMON },
	{ .name = "esp32-d0wd-v3", .registers = d0wd_v3, ESP32_COMMON },
};

const struct sim_model *sim_model_at(unsigned i)
{
	const unsigned n = sizeof(models) / sizeof(models[0]);

	if (i < n)
		return &models[i];
	return i - n < sim_n_later_models ? &sim_later_models[i - n] : NULL;
}

const struct sim_model *sim_model_find(const char *name)
{
	const struct sim_model *m;

	for (unsigned i = 0; (m = sim_model_at(i)); i++) {
		if (strcmp(m->name, name) == 0 || strcmp(m->family, name) == 0)
			return m;
	}
	return NULL;
}

const struct kiln_chip *sim_model_chip(const struct sim_model *model)
{
	return kiln_chip_by_option(model->family);
}

/* CRC-8 with the reflected polynomial 0x8C, as the MAC in the eFuse carries it. */
static uint8_t crc8(const uint8_t *p, unsigned n)
{
	uint8_t crc = 0;

	for (unsigned i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint8_t)(crc >> 1 ^ (crc & 1 ? 0x8C : 0));
	}
	return crc;
}

/* ESP8266: the maker's half in one word, the rest in pieces of two others. */
static unsigned otp_words(const uint8_t mac[6], struct sim_register ret[SIM_MAC_WORDS])
{
	ret[0] = (struct sim_register){ 0x3FF00050, (uint32_t)mac[5] << 24 };
	ret[1] = (struct sim_register){ 0x3FF00054, 0x02000000u | (uint32_t)mac[3] << 8 | mac[4] };
	ret[2] = (struct sim_register){ 0x3FF0005C,
					(uint32_t)mac[0] << 16 | (uint32_t)mac[1] << 8 | mac[2] };
	return 3;
}

unsigned sim_model_mac_words(const struct sim_model *model, const uint8_t mac[6],
			     struct sim_register ret[SIM_MAC_WORDS])
{
	const uint32_t crc = model->mac_form == SIM_MAC_CRC ? crc8(mac, 6) : 0;

	if (model->mac_form == SIM_MAC_OTP)
		return otp_words(mac, ret);
	ret[0].address = model->efuse_mac_low;
	ret[0].value = (uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 |
		       mac[5];
	ret[1].address = model->efuse_mac_high;
	ret[1].value = crc << 16 | (uint32_t)mac[0] << 8 | mac[1];
	return 2;
}
