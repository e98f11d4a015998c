/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small program with a part in each memory of a chip, to be linked by the scripts beside it.
 * It is never run: what matters is what compilers and linkers make of it.
 */
#include <stdint.h>

#define SECTION(name) __attribute__((section(name), used))

#ifdef BOOTLOADER
/* ESP-IDF's esp_bootloader_desc_t */
SECTION(".bootdesc") const struct {
	uint8_t magic, reserved[2], secure_version;
	uint32_t version;
	char idf_ver[32], date_time[24];
	uint8_t reserved2[16];
} description = {
	.magic = 80,
	.version = 7,
	.idf_ver = "v5.5.1",
	.date_time = "Nov 22 2026 11:22:33",
};
#else
/* ESP-IDF's esp_app_desc_t */
SECTION(".appdesc") const struct {
	uint32_t magic, secure_version, reserv1[2];
	char version[32], project_name[32], time[16], date[16], idf_ver[32];
	uint8_t app_elf_sha256[32];
	uint16_t min_efuse_blk_rev_full, max_efuse_blk_rev_full;
	uint8_t mmu_page_size, reserv3[3];
	uint32_t reserv2[18];
} description = {
	.magic = 0xABCD5432,
	.secure_version = 2,
	.version = "1.2.3-gcc",
	.project_name = "golden",
	.time = "11:22:33",
	.date = "Nov 22 2026",
	.idf_ver = "v5.5.1",
	.min_efuse_blk_rev_full = 1,
	.max_efuse_blk_rev_full = 199,
	.mmu_page_size = PAGE_LOG2,
};
#endif

uint32_t counts[64] = { 1, 2, 3, 5, 8, 13, 21 };
static char name[32] = "some more bytes";
static uint8_t last[3] = { 7 };
static uint8_t scratch[300]; /* takes no room in a file */
const char text[] = "A text that lies in flash, of a length that no 4 divides.";
const uint16_t table[] = { 4, 8, 15, 16, 23, 42, 108, 3 };

SECTION(".iram") uint32_t sum(const uint32_t *of, uint32_t n)
{
	uint32_t total = 0;

	while (n--)
		total = (total << 3 | total >> 29) ^ of[n];
	return total;
}

SECTION(".irom") uint32_t fill(uint32_t seed)
{
	for (uint32_t i = 0; i < sizeof(scratch); i++) {
		seed = (seed >> 1) ^ (0xEDB88320 & -(seed & 1));
		scratch[i] = (uint8_t)seed ^ (uint8_t)text[i % 32];
	}
	return seed + table[seed % 8];
}

SECTION(".iram") void start(void)
{
	for (uint32_t seed = 1;; seed++) {
		counts[seed % 64] ^= fill(seed);
		name[seed % sizeof(name)]++;
		scratch[last[seed & 1]++] ^= (uint8_t)sum(counts, 64);
	}
}
