/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chips before and after the ESP32. The ESP32-C3 is as recorded (tests/data/rom-transcripts);
 * texts of other ROMs as chips print them, where such a text is at hand (S2, S3, C2, C6, H2, P4,
 * ESP8266), else by the same pattern. eFuses: technical reference manuals.
 */
#include "sim/model.h"

/* --- what ROMs say --- */

#define LATER_RESETS                                                    \
	{                                                               \
		[SIM_RESET_POWER_ON] = "rst:0x1 (POWERON)",             \
		[SIM_RESET_SOFTWARE] = "rst:0x3 (RTC_SW_SYS_RST)",      \
		[SIM_RESET_CPU] = "rst:0xc (RTC_SW_CPU_RST)",           \
		[SIM_RESET_RTC_WATCHDOG] = "rst:0x10 (RTCWDT_RTC_RST)", \
	}

#define LATER_ROM(id, text, s)                                                                \
	static const struct sim_rom_text id##_rom = {                                         \
		.banner = text "\r\n",                                                        \
		.reset = LATER_RESETS,                                                        \
		.straps = (s),                                                                \
		.invalid_header = "invalid header: ",                                         \
		.bad_segment = "Invalid image block, can't boot.\r\ninvalid segment length ", \
		.checksum_error = "Checksum failure. Calculated ",                            \
		.stopped = "ets_main.c 333 \r\n",                                             \
		.compares_digest = true,                                                      \
		.boots_without_digest = true,                                                 \
		.is_brief = true,                                                             \
		.watchdog = 330 * SIM_MS,                                                     \
		.retry = 42 * SIM_MS,                                                         \
	}

#define STRAPS(name, flash, download, download_text)            \
	static const struct sim_strap name[] = {                \
		{ flash, false, " (SPI_FAST_FLASH_BOOT)\r\n" }, \
		{ download, true, download_text },              \
		{ 0, false, NULL },                             \
	}

static const struct sim_strap c3_straps[] = {
	{ 0x0C, false, " (SPI_FAST_FLASH_BOOT)\r\n" },
	{ 0x04, true, " (DOWNLOAD(USB/UART0/1))\r\nwaiting for download\r\n" },
	{ 0x02, true, " (UART0_BOOT)\r\nwait uart0 download\r\n" },
	{ 0x08, false, " (SPI_FAST_FLASH_BOOT)\r\n" },
	{ 0, false, NULL },
};
STRAPS(s2_straps, 0x08, 0x10, " (DOWNLOAD(USB/UART0/1/SPI))\r\nwaiting for download\r\n");
STRAPS(s3_straps, 0x08, 0x10, " (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n");
STRAPS(c2_straps, 0x0C, 0x04, " (DOWNLOAD(UART0))\r\nwaiting for download\r\n");
STRAPS(later_straps, 0x0C, 0x04, " (DOWNLOAD(USB/UART0/SDIO_FEI_FEO))\r\nwaiting for download\r\n");
STRAPS(p4_straps, 0x30F, 0x307, " (DOWNLOAD(USB/UART0/SPI))\r\nwaiting for download\r\n");
STRAPS(usb_straps, 0x0C, 0x04, " (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n");

LATER_ROM(s2, "ESP-ROM:esp32s2-rc4-20191025\r\nBuild:Oct 25 2019", s2_straps);
LATER_ROM(s3, "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021", s3_straps);
LATER_ROM(c3, "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021", c3_straps);
LATER_ROM(c2, "ESP-ROM:esp8684-api2-20220127\r\nBuild:Jan 27 2022", c2_straps);
LATER_ROM(c5, "ESP-ROM:esp32c5-eco2-20250121\r\nBuild:Jan 21 2025", usb_straps);
LATER_ROM(c6, "ESP-ROM:esp32c6-20220919\r\nBuild:Sep 19 2022", later_straps);
LATER_ROM(c61, "ESP-ROM:esp32c61", usb_straps);
LATER_ROM(e22, "ESP-ROM:esp32e22", usb_straps);
LATER_ROM(h2, "ESP-ROM:esp32h2-20221101\r\nBuild:Nov  1 2022", usb_straps);
LATER_ROM(h21, "ESP-ROM:esp32h21", usb_straps);
LATER_ROM(h4, "ESP-ROM:esp32h4", usb_straps);
LATER_ROM(p4, "ESP-ROM:esp32p4-eco2-20240710\r\nBuild:Jul 10 2024", p4_straps);
LATER_ROM(s31, "ESP-ROM:esp32s31", usb_straps);

static const struct sim_strap esp8266_straps[] = {
	{ 0x03, false, "3,6)\r\n\r\n" },
	{ 0x01, true, "1,6)\r\n\r\n" },
	{ 0, false, NULL },
};

static const struct sim_rom_text esp8266_rom = {
	.banner = "\r\n ets Jan  8 2013,",
	.reset = {
		[SIM_RESET_POWER_ON] = "rst cause:2, boot mode:(",
		[SIM_RESET_SOFTWARE] = "rst cause:2, boot mode:(",
		[SIM_RESET_CPU] = "rst cause:2, boot mode:(",
		[SIM_RESET_RTC_WATCHDOG] = "rst cause:4, boot mode:(",
	},
	.straps = esp8266_straps,
	.invalid_header = "ets_main.c ",
	.bad_segment = "ets_main.c ",
	.checksum_error = "csum err: ",
	.stopped = "ets_main.c \r\n",
	.is_old = true,
	.watchdog = 330 * SIM_MS,
	.retry = 42 * SIM_MS,
};

/* --- habits --- */

static const struct sim_rom_habits later_habits = {
	.status_size = 4,
	.security_info = 20,
	.is_strict = true,
};
static const struct sim_rom_habits s2_habits = { .status_size = 4, .security_info = 12 };
static const struct sim_rom_habits esp8266_habits = {
	.status_size = 2,
	.is_old = true,
	.counts_head_twice = true,
	.shifts_address = true,
};

/* --- memory and stubs: where they are linked to --- */

#define RAM(name, ...) static const struct sim_ram name[] = { __VA_ARGS__, { 0, 0 } }
RAM(esp8266_ram, { 0x3FFE8000, 0x18000 }, { 0x40100000, 0x10000 });
RAM(s2_ram, { 0x3FFB0000, 0x50000 }, { 0x40020000, 0x50000 });
RAM(s3_ram, { 0x3FC88000, 0x78000 }, { 0x40370000, 0x70000 });
RAM(c3_ram, { 0x3FC80000, 0x60000 }, { 0x4037C000, 0x64000 });
RAM(c2_ram, { 0x3FCA0000, 0x40000 }, { 0x4037C000, 0x44000 });
RAM(hp_ram, { 0x40800000, 0x80000 }); /* one RAM for code and data: C5, C6, C61, H2, H21, H4 */
RAM(p4_ram, { 0x4FF00000, 0xC0000 });
RAM(s31_ram, { 0x2F000000, 0x80000 });
RAM(e22_ram, { 0x31000000, 0x200000 });

#define STUB(name, start, end)                                                             \
	static const struct sim_stub name[] = { { "esp-flasher-stub", start, end, false }, \
						{ NULL } }
static const struct sim_stub no_stubs[] = { { NULL } };
static const struct sim_stub esp8266_stubs[] = {
	{ "esp-flasher-stub", 0x4010C500, 0x4010FFFF, false },
	{ "esptool-legacy-flasher-stub", 0x4010D000, 0x4010FFFF, true },
	{ NULL },
};
STUB(s2_stubs, 0x40028000, 0x4002BFFF);
static const struct sim_stub s3_stubs[] = {
	{ "esp-flasher-stub", 0x40378000, 0x4037BFFF, false, .plugin_table = 156 },
	{ NULL },
};
STUB(c3_stubs, 0x40380000, 0x40383FFF);
STUB(hp_stubs, 0x40800000, 0x40803FFF);
STUB(h4_stubs, 0x40810000, 0x40813FFF);
STUB(p4_stubs, 0x4FF50000, 0x4FF53FFF);
STUB(p4_rev1_stubs, 0x4FF10000, 0x4FF13FFF);
STUB(s31_stubs, 0x2F001000, 0x2F004FFF);

/* --- registers after a reset --- */

/* SPI_USER and SPI_USER2 as the ROM leaves them; UART0's divider for 115200 baud */
#define SPI_AND_UART(spi, uart, mhz)                                \
	{ (spi) + 0x18, 0x800000C0 }, { (spi) + 0x20, 0x70000000 }, \
	{                                                           \
		uart, (mhz)*10000000 / 1152000                      \
	}
#define REGISTERS(name, ...) static const struct sim_register name[] = { __VA_ARGS__, { 0, 0 } }

REGISTERS(esp8266_registers, { 0x40001000, 0xFFF0C101 }, { 0x60000014, 0x2B6 },
	  { 0x3FF00058, 0x0000B000 });
REGISTERS(s2_registers, { 0x40001000, 0x000007C6 }, SPI_AND_UART(0x3F402000, 0x3F400014, 40),
	  { 0x3F41A050, 0x00200000 } /* 2 MB of flash in the package */,
	  { 0x3F41A054, 0x00000000 });
REGISTERS(s3_registers, SPI_AND_UART(0x60002000, 0x60000014, 40),
	  { 0x60007050, 0x08080000 } /* revision x.2, 8 MB */, { 0x60007054, 0x00000009 },
	  { 0x60007058, 0x00000000 });
REGISTERS(c3_registers, { 0x40001000, 0x1B31506F }, SPI_AND_UART(0x60002000, 0x60000014, 40),
	  { 0x60008850, 0x000C0000 } /* revision x.3 */);
REGISTERS(c2_registers, SPI_AND_UART(0x60002000, 0x60000014, 40),
	  { 0x60008844, 0x00510000 } /* v1.1, ESP8684H; the MAC's upper half comes on top */,
	  { 0x6000885C, 0x21000000 });
REGISTERS(c2_26_registers, SPI_AND_UART(0x60002000, 0x60000014, 26), { 0x60008844, 0x00510000 },
	  { 0x6000885C, 0x21000000 });
REGISTERS(c5_registers, SPI_AND_UART(0x60003000, 0x60000014, 48), { 0x60096110, 48u << 24 },
	  { 0x600B484C, 0x10 });
REGISTERS(c5_40_registers, SPI_AND_UART(0x60003000, 0x60000014, 40), { 0x60096110, 48u << 24 },
	  { 0x600B484C, 0x10 });
REGISTERS(c6_registers, SPI_AND_UART(0x60003000, 0x60000014, 40), { 0x600B0850, 0x01040000 },
	  { 0x600B0854, 0x1 });
REGISTERS(c61_registers, SPI_AND_UART(0x60003000, 0x60000014, 40), { 0x600B484C, 0x10 });
REGISTERS(e22_registers, SPI_AND_UART(0xC3003000, 0xC3102014, 40));
REGISTERS(h2_registers, SPI_AND_UART(0x60003000, 0x60000014, 32), { 0x600B0850, 0x00080000 });
REGISTERS(h21_registers, SPI_AND_UART(0x60003000, 0x60000014, 32), { 0x600B4058, 0x100 });
REGISTERS(h4_registers, SPI_AND_UART(0x60099000, 0x60012014, 32), { 0x600B1850, 0x00400000 });
REGISTERS(p4_registers, SPI_AND_UART(0x5008D000, 0x500CA014, 40),
	  { 0x5012D04C, 0x00800000 } /* v4.0 */);
REGISTERS(p4_v31_registers, SPI_AND_UART(0x5008D000, 0x500CA014, 40), { 0x5012D04C, 0x31 });
REGISTERS(p4_rev1_registers, SPI_AND_UART(0x5008D000, 0x500CA014, 40), { 0x5012D04C, 0x13 });
REGISTERS(s31_registers, SPI_AND_UART(0x20501000, 0x2038A014, 40), { 0x2071505C, 0x00400000 });

/* --- the rows --- */

#define FAMILY(chip, id, mac, strap, h, in_flash, in_download)                                  \
	.family = "esp32" #chip, .habits = &(h), .rom = &chip##_rom, .mac_form = SIM_MAC_PLAIN, \
	.chip_id = (id), .api_version = 3, .efuse_mac_low = (mac), .efuse_mac_high = (mac) + 4, \
	.strap_register = (strap), .strap_flash = (in_flash), .strap_download = (in_download),  \
	.spi_user_stub = 0x800000C0
#define LATER(chip, id, mac, strap) FAMILY(chip, id, mac, strap, later_habits, 0x0C, 0x04)

#define GPIO_STRAP 0x60004038 /* most chips */

const struct sim_model sim_later_models[] = {
	{ .name = "esp8266ex",
	  .family = "esp8266",
	  .habits = &esp8266_habits,
	  .rom = &esp8266_rom,
	  .mac_form = SIM_MAC_OTP,
	  .registers = esp8266_registers,
	  .strap_register = 0x60000318,
	  .strap_flash = 0x03,
	  .strap_download = 0x01,
	  .spi_user_stub = 0x80000000,
	  .stubs = esp8266_stubs,
	  .ram = esp8266_ram },
	{ .name = "esp32s2fh2",
	  FAMILY(s2, 2, 0x3F41A044, 0x3F404038, s2_habits, 0x08, 0x10),
	  .registers = s2_registers,
	  .stubs = s2_stubs,
	  .ram = s2_ram },
	{ .name = "esp32s3-qfn56",
	  FAMILY(s3, 9, 0x60007044, GPIO_STRAP, later_habits, 0x08, 0x10),
	  .registers = s3_registers,
	  .boot_hook = 0x3FCEF688,
	  .stubs = s3_stubs,
	  .ram = s3_ram },
	{ .name = "esp32c3-qfn32",
	  LATER(c3, 5, 0x60008844, GPIO_STRAP),
	  .registers = c3_registers,
	  .stubs = c3_stubs,
	  .ram = c3_ram },
	{ .name = "esp8684h",
	  LATER(c2, 12, 0x60008840, GPIO_STRAP),
	  .registers = c2_registers,
	  .stubs = c3_stubs,
	  .ram = c2_ram },
	{ .name = "esp8684h-26mhz",
	  LATER(c2, 12, 0x60008840, GPIO_STRAP),
	  .xtal_mhz = 26,
	  .rom_xtal_mhz = 40,
	  .registers = c2_26_registers,
	  .stubs = c3_stubs,
	  .ram = c2_ram },
	{ .name = "esp32c6fh4",
	  LATER(c6, 13, 0x600B0844, 0x60091038),
	  .registers = c6_registers,
	  .stubs = hp_stubs,
	  .ram = hp_ram },
	{ .name = "esp32c61-v1",
	  LATER(c61, 20, 0x600B4844, 0x60091038),
	  .registers = c61_registers,
	  .stubs = hp_stubs,
	  .ram = hp_ram },
	{ .name = "esp32c5-v1",
	  LATER(c5, 23, 0x600B4844, 0x60091038),
	  .registers = c5_registers,
	  .stubs = hp_stubs,
	  .ram = hp_ram },
	{ .name = "esp32c5-40mhz",
	  LATER(c5, 23, 0x600B4844, 0x60091038),
	  .xtal_mhz = 40,
	  .rom_xtal_mhz = 48,
	  .registers = c5_40_registers,
	  .stubs = hp_stubs,
	  .ram = hp_ram },
	{ .name = "esp32e22-v0",
	  LATER(e22, 31, 0xC4008044, 0xC310D000),
	  .registers = e22_registers,
	  .stubs = no_stubs,
	  .ram = e22_ram },
	{ .name = "esp32h2-v0",
	  LATER(h2, 16, 0x600B0844, 0x60091038),
	  .registers = h2_registers,
	  .stubs = hp_stubs,
	  .ram = hp_ram },
	{ .name = "esp32h21-v1",
	  LATER(h21, 25, 0x600B4044, 0x60091038),
	  .registers = h21_registers,
	  .stubs = no_stubs,
	  .ram = hp_ram },
	{ .name = "esp32p4-v4",
	  FAMILY(p4, 18, 0x5012D044, 0x500E0038, later_habits, 0x30F, 0x307),
	  .registers = p4_registers,
	  .stubs = p4_stubs,
	  .ram = p4_ram },
	{ .name = "esp32p4-v3.1",
	  FAMILY(p4, 18, 0x5012D044, 0x500E0038, later_habits, 0x30F, 0x307),
	  .registers = p4_v31_registers,
	  .flash_off = true,
	  .stubs = p4_stubs,
	  .ram = p4_ram },
	{ .name = "esp32p4-v1",
	  FAMILY(p4, 18, 0x5012D044, 0x500E0038, later_habits, 0x30F, 0x307),
	  .registers = p4_rev1_registers,
	  .stubs = p4_rev1_stubs,
	  .ram = p4_ram },
	{ .name = "esp32h4-v1",
	  LATER(h4, 28, 0x600B1844, 0x60091038),
	  .registers = h4_registers,
	  .stubs = h4_stubs,
	  .ram = hp_ram },
	{ .name = "esp32s31-v1",
	  LATER(s31, 32, 0x20715050, 0x60091038),
	  .registers = s31_registers,
	  .stubs = s31_stubs,
	  .ram = s31_ram },
};

const unsigned sim_n_later_models = sizeof(sim_later_models) / sizeof(sim_later_models[0]);
