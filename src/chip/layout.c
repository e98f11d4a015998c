/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each chip keeps code and data: which addresses are windows on the flash, in pages of which
 * size, and what the rest is called. Sources: memory maps in the chips' technical reference
 * manuals and ESP-IDF's soc headers (soc.h, ext_mem_defs.h); names and their order as in
 * esptool's image-info, so that both print the same.
 */
#include "chip/layout.h"

#include <stddef.h>

static const struct kiln_chip_memory memory_esp8266[] = {
	{ 0x3FF00000, 0x3FF00010, "DPORT" },
	{ 0x3FFE8000, 0x40000000, "DRAM" },
	{ 0x40100000, 0x40108000, "IRAM" },
	{ 0x40201010, 0x402E1010, "IROM" },
	{ 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32[] = {
	{ 0x00000000, 0x00010000, "PADDING" },
	{ 0x3F400000, 0x3F800000, "DROM" },
	{ 0x3F800000, 0x3FC00000, "EXTRAM_DATA" },
	{ 0x3FF80000, 0x3FF82000, "RTC_DRAM" },
	{ 0x3FF90000, 0x40000000, "BYTE_ACCESSIBLE" },
	{ 0x3FFAE000, 0x40000000, "DRAM" },
	{ 0x3FFE0000, 0x3FFFFFFC, "DIRAM_DRAM" },
	{ 0x40000000, 0x40070000, "IROM" },
	{ 0x40070000, 0x40078000, "CACHE_PRO" },
	{ 0x40078000, 0x40080000, "CACHE_APP" },
	{ 0x40080000, 0x400A0000, "IRAM" },
	{ 0x400A0000, 0x400BFFFC, "DIRAM_IRAM" },
	{ 0x400C0000, 0x400C2000, "RTC_IRAM" },
	{ 0x400D0000, 0x40400000, "IROM" },
	{ 0x50000000, 0x50002000, "RTC_DATA" },
	{ 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32s2[] = {
	{ 0x00000000, 0x00010000, "PADDING" },
	{ 0x3F000000, 0x3FF80000, "DROM" },
	{ 0x3F500000, 0x3FF80000, "EXTRAM_DATA" },
	{ 0x3FF9E000, 0x3FFA0000, "RTC_DRAM" },
	{ 0x3FF9E000, 0x40000000, "BYTE_ACCESSIBLE" },
	{ 0x3FF9E000, 0x40072000, "MEM_INTERNAL" },
	{ 0x3FFB0000, 0x40000000, "DRAM" },
	{ 0x40000000, 0x4001A100, "IROM_MASK" },
	{ 0x40020000, 0x40070000, "IRAM" },
	{ 0x40070000, 0x40072000, "RTC_IRAM" },
	{ 0x40080000, 0x40800000, "IROM" },
	{ 0x50000000, 0x50002000, "RTC_DATA" },
	{ 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32s3[] = {
	{ 0x00000000, 0x00010000, "PADDING" },
	{ 0x3C000000, 0x3D000000, "DROM" },
	{ 0x3D000000, 0x3E000000, "EXTRAM_DATA" },
	{ 0x600FE000, 0x60100000, "RTC_DRAM" },
	{ 0x3FC88000, 0x3FD00000, "BYTE_ACCESSIBLE" },
	{ 0x3FC88000, 0x403E2000, "MEM_INTERNAL" },
	{ 0x3FC88000, 0x3FD00000, "DRAM" },
	{ 0x40000000, 0x4001A100, "IROM_MASK" },
	{ 0x40370000, 0x403E0000, "IRAM" },
	{ 0x600FE000, 0x60100000, "RTC_IRAM" },
	{ 0x42000000, 0x42800000, "IROM" },
	{ 0x50000000, 0x50002000, "RTC_DATA" },
	{ 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32c3[] = {
	{ 0x00000000, 0x00010000, "PADDING" },       { 0x3C000000, 0x3C800000, "DROM" },
	{ 0x3FC80000, 0x3FCE0000, "DRAM" },          { 0x3FC88000, 0x3FD00000, "BYTE_ACCESSIBLE" },
	{ 0x3FF00000, 0x3FF20000, "DROM_MASK" },     { 0x40000000, 0x40060000, "IROM_MASK" },
	{ 0x42000000, 0x42800000, "IROM" },          { 0x4037C000, 0x403E0000, "IRAM" },
	{ 0x50000000, 0x50002000, "RTC_IRAM" },      { 0x50000000, 0x50002000, "RTC_DRAM" },
	{ 0x600FE000, 0x60100000, "MEM_INTERNAL2" }, { 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32c2[] = {
	{ 0x00000000, 0x00010000, "PADDING" },
	{ 0x3C000000, 0x3C400000, "DROM" },
	{ 0x3FCA0000, 0x3FCE0000, "DRAM" },
	{ 0x3FC88000, 0x3FD00000, "BYTE_ACCESSIBLE" },
	{ 0x3FF00000, 0x3FF50000, "DROM_MASK" },
	{ 0x40000000, 0x40090000, "IROM_MASK" },
	{ 0x42000000, 0x42400000, "IROM" },
	{ 0x4037C000, 0x403C0000, "IRAM" },
	{ 0, 0, NULL },
};

static const uint32_t pages_esp32c2[] = { 16384, 32768, 65536, 0 };

static const struct kiln_chip_memory memory_esp32c6[] = {
	{ 0x00000000, 0x00010000, "PADDING" },       { 0x42000000, 0x43000000, "DROM" },
	{ 0x40800000, 0x40880000, "DRAM" },          { 0x40800000, 0x40880000, "BYTE_ACCESSIBLE" },
	{ 0x4004AC00, 0x40050000, "DROM_MASK" },     { 0x40000000, 0x4004AC00, "IROM_MASK" },
	{ 0x42000000, 0x43000000, "IROM" },          { 0x40800000, 0x40880000, "IRAM" },
	{ 0x50000000, 0x50004000, "RTC_IRAM" },      { 0x50000000, 0x50004000, "RTC_DRAM" },
	{ 0x600FE000, 0x60100000, "MEM_INTERNAL2" }, { 0, 0, NULL },
};

static const uint32_t pages_esp32c6[] = { 8192, 16384, 32768, 65536, 0 };

static const struct kiln_chip_memory memory_esp32c61[] = {
	{ 0x00000000, 0x00010000, "PADDING" },       { 0x42000000, 0x44000000, "DROM" },
	{ 0x40800000, 0x40860000, "DRAM" },          { 0x40800000, 0x40860000, "BYTE_ACCESSIBLE" },
	{ 0x4004AC00, 0x40050000, "DROM_MASK" },     { 0x40000000, 0x4004AC00, "IROM_MASK" },
	{ 0x42000000, 0x44000000, "IROM" },          { 0x40800000, 0x40860000, "IRAM" },
	{ 0x50000000, 0x50004000, "RTC_IRAM" },      { 0x50000000, 0x50004000, "RTC_DRAM" },
	{ 0x600FE000, 0x60100000, "MEM_INTERNAL2" }, { 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32c5[] = {
	{ 0x00000000, 0x00010000, "PADDING" },       { 0x42000000, 0x44000000, "DROM" },
	{ 0x40800000, 0x40860000, "DRAM" },          { 0x40800000, 0x40860000, "BYTE_ACCESSIBLE" },
	{ 0x4003A000, 0x40040000, "DROM_MASK" },     { 0x40000000, 0x4003A000, "IROM_MASK" },
	{ 0x42000000, 0x44000000, "IROM" },          { 0x40800000, 0x40860000, "IRAM" },
	{ 0x50000000, 0x50004000, "RTC_IRAM" },      { 0x50000000, 0x50004000, "RTC_DRAM" },
	{ 0x600FE000, 0x60100000, "MEM_INTERNAL2" }, { 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32e22[] = {
	{ 0x00000000, 0x00010000, "PADDING" },
	{ 0x3C000000, 0x40000000, "DROM" },
	{ 0x31000000, 0x31200000, "DRAM" },
	{ 0x31000000, 0x31200000, "BYTE_ACCESSIBLE" },
	{ 0x30000000, 0x30120000, "DROM_MASK" },
	{ 0x30000000, 0x30120000, "IROM_MASK" },
	{ 0x3C000000, 0x40000000, "IROM" },
	{ 0x30FE0000, 0x31200000, "IRAM" },
	{ 0xC0000000, 0xC0008000, "RTC_IRAM" },
	{ 0xC0000000, 0xC0008000, "RTC_DRAM" },
	{ 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32p4[] = {
	{ 0x00000000, 0x00010000, "PADDING" },       { 0x40000000, 0x4C000000, "DROM" },
	{ 0x4FF00000, 0x4FFA0000, "DRAM" },          { 0x4FF00000, 0x4FFA0000, "BYTE_ACCESSIBLE" },
	{ 0x4FC00000, 0x4FC20000, "DROM_MASK" },     { 0x4FC00000, 0x4FC20000, "IROM_MASK" },
	{ 0x40000000, 0x4C000000, "IROM" },          { 0x4FF00000, 0x4FFA0000, "IRAM" },
	{ 0x50108000, 0x50110000, "RTC_IRAM" },      { 0x50108000, 0x50110000, "RTC_DRAM" },
	{ 0x600FE000, 0x60100000, "MEM_INTERNAL2" }, { 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32h4[] = {
	{ 0x00000000, 0x00010000, "PADDING" },       { 0x42000000, 0x44000000, "DROM" },
	{ 0x40810000, 0x40860000, "DRAM" },          { 0x40810000, 0x40860000, "BYTE_ACCESSIBLE" },
	{ 0x40000000, 0x40050000, "DROM_MASK" },     { 0x40000000, 0x40050000, "IROM_MASK" },
	{ 0x42000000, 0x44000000, "IROM" },          { 0x40810000, 0x40860000, "IRAM" },
	{ 0x50000000, 0x50004000, "RTC_IRAM" },      { 0x50000000, 0x50004000, "RTC_DRAM" },
	{ 0x60000000, 0x60100000, "MEM_INTERNAL2" }, { 0, 0, NULL },
};

static const struct kiln_chip_memory memory_esp32s31[] = {
	{ 0x00000000, 0x00010000, "PADDING" },
	{ 0x40000000, 0x54000000, "DROM" },
	{ 0x2F000000, 0x2F080000, "DRAM" },
	{ 0x2F000000, 0x2F080000, "BYTE_ACCESSIBLE" },
	{ 0x2F800000, 0x2F850000, "DROM_MASK" },
	{ 0x2F800000, 0x2F850000, "IROM_MASK" },
	{ 0x40000000, 0x54000000, "IROM" },
	{ 0x2F000000, 0x2F080000, "IRAM" },
	{ 0x2E000000, 0x2E008000, "RTC_IRAM" },
	{ 0x2E000000, 0x2E008000, "RTC_DRAM" },
	{ 0, 0, NULL },
};

static const uint32_t pages_esp32s31[] = { 32768, 65536, 131072, 262144, 0 };

const struct kiln_chip_layout kiln_layout_esp8266 = {
	.irom = { 0x40200000, 0x40300000 },
	.memory = memory_esp8266,
};

const struct kiln_chip_layout kiln_layout_esp32 = {
	.irom = { 0x400D0000, 0x40400000 },
	.drom = { 0x3F400000, 0x3F800000 },
	.page_size = 65536,
	.memory = memory_esp32,
};

const struct kiln_chip_layout kiln_layout_esp32s2 = {
	.irom = { 0x40080000, 0x40B80000 },
	.drom = { 0x3F000000, 0x3F3F0000 },
	.page_size = 65536,
	.memory = memory_esp32s2,
};

const struct kiln_chip_layout kiln_layout_esp32s3 = {
	.irom = { 0x42000000, 0x44000000 },
	.drom = { 0x3C000000, 0x3E000000 },
	.page_size = 65536,
	.memory = memory_esp32s3,
};

const struct kiln_chip_layout kiln_layout_esp32c3 = {
	.irom = { 0x42000000, 0x42800000 },
	.drom = { 0x3C000000, 0x3C800000 },
	.page_size = 65536,
	.memory = memory_esp32c3,
};

const struct kiln_chip_layout kiln_layout_esp32c2 = {
	.irom = { 0x42000000, 0x42400000 },
	.drom = { 0x3C000000, 0x3C400000 },
	.page_size = 65536,
	.page_sizes = pages_esp32c2,
	.memory = memory_esp32c2,
};

const struct kiln_chip_layout kiln_layout_esp32c6 = {
	.irom = { 0x42000000, 0x42800000 },
	.drom = { 0x42800000, 0x43000000 },
	.page_size = 65536,
	.page_sizes = pages_esp32c6,
	.memory = memory_esp32c6,
};

const struct kiln_chip_layout kiln_layout_esp32c61 = {
	.irom = { 0x42000000, 0x42800000 },
	.drom = { 0x42800000, 0x43000000 },
	.page_size = 65536,
	.page_sizes = pages_esp32c6,
	.memory = memory_esp32c61,
};

const struct kiln_chip_layout kiln_layout_esp32c5 = {
	.irom = { 0x42000000, 0x44000000 },
	.drom = { 0x42000000, 0x44000000 },
	.page_size = 65536,
	.memory = memory_esp32c5,
};

const struct kiln_chip_layout kiln_layout_esp32e22 = {
	.irom = { 0x3C000000, 0x40000000 },
	.drom = { 0x3C000000, 0x40000000 },
	.page_size = 65536,
	.memory = memory_esp32e22,
};

const struct kiln_chip_layout kiln_layout_esp32h2 = {
	.irom = { 0x42000000, 0x42800000 },
	.drom = { 0x42800000, 0x43000000 },
	.page_size = 65536,
	.page_sizes = pages_esp32c6,
	.memory = memory_esp32c6,
};

const struct kiln_chip_layout kiln_layout_esp32h21 = {
	.irom = { 0x42000000, 0x42800000 },
	.drom = { 0x42800000, 0x43000000 },
	.page_size = 65536,
	.page_sizes = pages_esp32c6,
	.memory = memory_esp32c6,
};

const struct kiln_chip_layout kiln_layout_esp32p4 = {
	.irom = { 0x40000000, 0x4C000000 },
	.drom = { 0x40000000, 0x4C000000 },
	.page_size = 65536,
	.memory = memory_esp32p4,
};

const struct kiln_chip_layout kiln_layout_esp32h4 = {
	.irom = { 0x42000000, 0x42800000 },
	.drom = { 0x42800000, 0x43000000 },
	.page_size = 65536,
	.page_sizes = pages_esp32c6,
	.memory = memory_esp32h4,
};

const struct kiln_chip_layout kiln_layout_esp32s31 = {
	.irom = { 0x40000000, 0x54000000 },
	.drom = { 0x40000000, 0x54000000 },
	.page_size = 65536,
	.page_sizes = pages_esp32s31,
	.memory = memory_esp32s31,
};
