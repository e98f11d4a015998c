/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/efuse.h"

#include <stddef.h>

#define ALWAYS(t)           \
	{                   \
		.text = (t) \
	}
#define END                  \
	{                    \
		.text = NULL \
	}

#define UNKNOWN_FLASH "Unknown Embedded Flash"
#define UNKNOWN_PSRAM "Unknown Embedded PSRAM"

static const char *const vendor_names[] = { "", "XMC", "GD", "FM", "TT", "ZBIT" };
static const struct kiln_efuse_names vendors = { vendor_names, 6, "" };

/* --- ESP32-S2: its name tells the memory in its package --- */

static const char *const s2_flash_names[] = { "No Embedded Flash", "Embedded Flash 2MB",
					      "Embedded Flash 4MB" };
static const struct kiln_efuse_names s2_flash = { s2_flash_names, 3, UNKNOWN_FLASH };
static const char *const s2_psram_names[] = { "No Embedded PSRAM", "Embedded PSRAM 2MB",
					      "Embedded PSRAM 4MB" };
static const struct kiln_efuse_names s2_psram = { s2_psram_names, 3, UNKNOWN_PSRAM };
static const char *const s2_blk2_names[] = {
	"No calibration in BLK2 of efuse",
	"ADC and temperature sensor calibration in BLK2 of eFuse V1",
	"ADC and temperature sensor calibration in BLK2 of eFuse V2",
};
static const struct kiln_efuse_names s2_blk2 = { s2_blk2_names, 3, "Unknown calibration in BLK2" };

static const struct kiln_efuse_feature s2_features[] = {
	ALWAYS("Wi-Fi"),
	ALWAYS("Single Core"),
	ALWAYS("240MHz"),
	{ .field = { 3, 21, 4 }, .names = &s2_flash },
	{ .field = { 3, 28, 4 }, .names = &s2_psram },
	{ .field = { 10, 4, 3 }, .names = &s2_blk2 },
	END,
};

static const char *s2_describe(const uint32_t *word)
{
	static const char *const names[3][3] = {
		{ "ESP32-S2", "ESP32-S2FH2", "ESP32-S2FH4" },
		{ "ESP32-S2R2", NULL, "ESP32-S2FNR2" },
		{ NULL, NULL, NULL },
	};
	const unsigned flash = word[3] >> 21 & 15, psram = word[3] >> 28;

	if (flash > 2 || psram > 2 || !names[psram][flash])
		return "Unknown ESP32-S2";
	return names[psram][flash];
}

const struct kiln_chip_efuse kiln_efuse_esp32s2 = {
	.mac_reg = 0x3F41A044,
	.words = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 10,
	.major = { 3, 18, 2 },
	.minor = { 4, 4, 3 },
	.minor_high = { 3, 20, 1 },
	.features = s2_features,
	.describe = s2_describe,
};

/* --- ESP32-S3 --- */

static const char *const s3_package_names[] = { "ESP32-S3 (QFN56)", "ESP32-S3-PICO-1 (LGA56)" };
static const struct kiln_efuse_names s3_packages = { s3_package_names, 2, "Unknown ESP32-S3" };
static const char *const s3_flash_names[] = { NULL, "Embedded Flash 8MB", "Embedded Flash 4MB" };
static const struct kiln_efuse_names s3_flash = { s3_flash_names, 3, UNKNOWN_FLASH };
static const char *const s3_vendor_names[] = { "", "XMC", "GD", "FM", "TT", "BY" };
static const struct kiln_efuse_names s3_vendors = { s3_vendor_names, 6, "" };
static const char *const s3_psram_names[] = { NULL, "Embedded PSRAM 8MB", "Embedded PSRAM 2MB",
					      "Embedded PSRAM 16MB", "Embedded PSRAM 4MB" };
static const struct kiln_efuse_names s3_psram = { s3_psram_names, 5, UNKNOWN_PSRAM };
static const char *const s3_psram_vendor_names[] = { "", "AP_3v3", "AP_1v8" };
static const struct kiln_efuse_names s3_psram_vendors = { s3_psram_vendor_names, 3, "" };

static const struct kiln_efuse_feature s3_features[] = {
	ALWAYS("Wi-Fi"),
	ALWAYS("BT 5 (LE)"),
	ALWAYS("Dual Core + LP Core"),
	ALWAYS("240MHz"),
	{ .field = { 3, 27, 3 },
	  .names = &s3_flash,
	  .vendor = { 4, 0, 3 },
	  .vendors = &s3_vendors },
	{ .field = { 4, 3, 2 },
	  .high = { 5, 19, 1 },
	  .names = &s3_psram,
	  .vendor = { 4, 7, 2 },
	  .vendors = &s3_psram_vendors },
	END,
};

/* The first chips have 0 where the revision stands, and the version of block 2 tells them. */
static unsigned s3_revision(const uint32_t *word, unsigned plain)
{
	const bool first = plain % 100 % 8 == 0 && (word[10] & 3) == 1 && (word[3] >> 24 & 7) == 1;

	return first ? 0 : plain;
}

const struct kiln_chip_efuse kiln_efuse_esp32s3 = {
	.mac_reg = 0x60007044,
	.words = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 10,
	.package = { 3, 21, 3 },
	.major = { 5, 24, 2 },
	.minor = { 3, 18, 3 },
	.minor_high = { 5, 23, 1 },
	.packages = &s3_packages,
	.features = s3_features,
	.revision = s3_revision,
};

/* --- ESP32-C2 --- */

static const char *const c2_package_names[] = { "ESP32-C2", "ESP8684H" };
static const struct kiln_efuse_names c2_packages = { c2_package_names, 2, "Unknown ESP32-C2" };
static const char *const c2_flash_names[] = { NULL, "Embedded Flash 4MB", "Embedded Flash 2MB",
					      "Embedded Flash 1MB" };
static const struct kiln_efuse_names c2_flash = { c2_flash_names, 4, UNKNOWN_FLASH };

static const struct kiln_efuse_feature c2_features[] = {
	ALWAYS("Wi-Fi"),
	ALWAYS("BT 5 (LE)"),
	ALWAYS("Single Core"),
	ALWAYS("120MHz"),
	{ .field = { 7, 29, 3 }, .names = &c2_flash, .vendor = { 7, 24, 3 }, .vendors = &vendors },
	END,
};

const struct kiln_chip_efuse kiln_efuse_esp32c2 = {
	.mac_reg = 0x60008840,
	.words = 1 << 0 | 1 << 1 | 1 << 7,
	.package = { 1, 22, 3 },
	.major = { 1, 20, 2 },
	.minor = { 1, 16, 4 },
	.packages = &c2_packages,
	.features = c2_features,
};

/* --- ESP32-C3 --- */

static const char *const c3_package_names[] = { "ESP32-C3 (QFN32)", "ESP8685 (QFN28)",
						"ESP32-C3 AZ (QFN32)", "ESP8686 (QFN24)" };
static const struct kiln_efuse_names c3_packages = { c3_package_names, 4, "Unknown ESP32-C3" };
static const char *const c3_flash_names[] = { NULL, "Embedded Flash 4MB", "Embedded Flash 2MB",
					      "Embedded Flash 1MB", "Embedded Flash 8MB" };
static const struct kiln_efuse_names c3_flash = { c3_flash_names, 5, UNKNOWN_FLASH };

static const struct kiln_efuse_feature c3_features[] = {
	ALWAYS("Wi-Fi"),
	ALWAYS("BT 5 (LE)"),
	ALWAYS("Single Core"),
	ALWAYS("160MHz"),
	{ .field = { 3, 27, 3 }, .names = &c3_flash, .vendor = { 4, 0, 3 }, .vendors = &vendors },
	END,
};

const struct kiln_chip_efuse kiln_efuse_esp32c3 = {
	.mac_reg = 0x60008844,
	.words = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5,
	.package = { 3, 21, 3 },
	.major = { 5, 24, 2 },
	.minor = { 3, 18, 3 },
	.minor_high = { 5, 23, 1 },
	.packages = &c3_packages,
	.features = c3_features,
};

/* --- ESP32-C5, C61 --- */

static const char *const c5_package_names[] = { "ESP32-C5" };
static const struct kiln_efuse_names c5_packages = { c5_package_names, 1, "Unknown ESP32-C5" };
static const struct kiln_efuse_feature c5_features[] = {
	ALWAYS("Wi-Fi 6 (dual-band)"),   ALWAYS("BT 5 (LE)"), ALWAYS("IEEE802.15.4"),
	ALWAYS("Single Core + LP Core"), ALWAYS("240MHz"),    END,
};

const struct kiln_chip_efuse kiln_efuse_esp32c5 = {
	.mac_reg = 0x600B4844,
	.words = 1 << 0 | 1 << 1 | 1 << 2,
	.has_mac_ext = true,
	.package = { 2, 26, 3 },
	.major = { 2, 4, 2 },
	.minor = { 2, 0, 4 },
	.packages = &c5_packages,
	.features = c5_features,
};

static const char *const c61_package_names[] = { "ESP32-C61" };
static const struct kiln_efuse_names c61_packages = { c61_package_names, 1, "Unknown ESP32-C61" };
static const struct kiln_efuse_feature c61_features[] = {
	ALWAYS("Wi-Fi 6"), ALWAYS("BT 5 (LE)"), ALWAYS("Single Core"), ALWAYS("160MHz"), END,
};

const struct kiln_chip_efuse kiln_efuse_esp32c61 = {
	.mac_reg = 0x600B4844,
	.words = 1 << 0 | 1 << 1 | 1 << 2,
	.package = { 2, 26, 3 },
	.major = { 2, 4, 2 },
	.minor = { 2, 0, 4 },
	.packages = &c61_packages,
	.features = c61_features,
};

/* --- ESP32-C6 --- */

static const char *const c6_flash_names[] = { UNKNOWN_FLASH, "Embedded Flash 4MB",
					      "Embedded Flash 8MB" };
static const struct kiln_efuse_names c6_flash = { c6_flash_names, 3, UNKNOWN_FLASH };
static const struct kiln_efuse_feature c6_features[] = {
	ALWAYS("Wi-Fi 6"),
	ALWAYS("BT 5 (LE)"),
	ALWAYS("IEEE802.15.4"),
	ALWAYS("Single Core + LP Core"),
	ALWAYS("160MHz"),
	{ .field = { 4, 0, 3 }, .names = &c6_flash },
	END,
};

static const char *c6_describe(const uint32_t *word)
{
	const unsigned package = word[3] >> 24 & 7, flash = word[4] & 7;

	if (package == 0)
		return "ESP32-C6 (QFN40)";
	if (package == 1 && flash == 1)
		return "ESP32-C6FH4 (QFN32)";
	if (package == 1 && flash == 2)
		return "ESP32-C6FH8 (QFN32)";
	return "Unknown ESP32-C6";
}

const struct kiln_chip_efuse kiln_efuse_esp32c6 = {
	.mac_reg = 0x600B0844,
	.words = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4,
	.has_mac_ext = true,
	.major = { 3, 22, 2 },
	.minor = { 3, 18, 4 },
	.features = c6_features,
	.describe = c6_describe,
};

/* --- ESP32-E22: only the MAC's place is known --- */

static const char *const e22_package_names[] = { "ESP32-E22" };
static const struct kiln_efuse_names e22_packages = { e22_package_names, 1, "Unknown ESP32-E22" };
static const struct kiln_efuse_feature e22_features[] = {
	ALWAYS("Wi-Fi 6E (tri-band, 2x2 MU-MIMO)"),
	ALWAYS("BT 5.4 (LE) + Classic"),
	ALWAYS("Dual Core"),
	ALWAYS("500MHz"),
	END,
};

const struct kiln_chip_efuse kiln_efuse_esp32e22 = {
	.mac_reg = 0xC4008044,
	.words = 1 << 0 | 1 << 1,
	.packages = &e22_packages,
	.features = e22_features,
};

/* --- ESP32-H2, H21, H4 --- */

static const struct kiln_efuse_feature h2_features[] = {
	ALWAYS("BT 5 (LE)"), ALWAYS("IEEE802.15.4"), ALWAYS("Single Core"), ALWAYS("96MHz"), END,
};
static const char *const h2_package_names[] = { "ESP32-H2" };
static const struct kiln_efuse_names h2_packages = { h2_package_names, 1, "Unknown ESP32-H2" };

const struct kiln_chip_efuse kiln_efuse_esp32h2 = {
	.mac_reg = 0x600B0844,
	.words = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4,
	.has_mac_ext = true,
	.package = { 4, 0, 3 },
	.major = { 3, 21, 2 },
	.minor = { 3, 18, 3 },
	.packages = &h2_packages,
	.features = h2_features,
};

static const char *const h21_package_names[] = { "ESP32-H21" };
static const struct kiln_efuse_names h21_packages = { h21_package_names, 1, "Unknown ESP32-H21" };

const struct kiln_chip_efuse kiln_efuse_esp32h21 = {
	.mac_reg = 0x600B4044,
	.words = 1 << 0 | 1 << 1 | 1 << 5,
	.has_mac_ext = true,
	.package = { 5, 11, 3 },
	.major = { 5, 8, 2 },
	.minor = { 5, 4, 4 },
	.packages = &h21_packages,
	.features = h2_features,
};

static const struct kiln_efuse_feature h4_features[] = {
	ALWAYS("BT 5 (LE)"), ALWAYS("IEEE802.15.4"), ALWAYS("Dual Core"), ALWAYS("96MHz"), END,
};
static const char *const h4_package_names[] = { "ESP32-H4 (QFN40)" };
static const struct kiln_efuse_names h4_packages = { h4_package_names, 1, "Unknown ESP32-H4" };

const struct kiln_chip_efuse kiln_efuse_esp32h4 = {
	.mac_reg = 0x600B1844,
	.words = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4,
	.has_mac_ext = true,
	.package = { 4, 12, 3 },
	.major = { 3, 22, 2 },
	.minor = { 3, 18, 4 },
	.packages = &h4_packages,
	.features = h4_features,
};

/* --- ESP32-P4 --- */

static const char *const p4_package_names[] = { "ESP32-P4" };
static const struct kiln_efuse_names p4_packages = { p4_package_names, 1, "Unknown ESP32-P4" };
static const struct kiln_efuse_feature p4_features[] = {
	ALWAYS("Dual Core + LP Core"),
	ALWAYS("400MHz"),
	END,
};

const struct kiln_chip_efuse kiln_efuse_esp32p4 = {
	.mac_reg = 0x5012D044,
	.words = 1 << 0 | 1 << 1 | 1 << 2,
	.package = { 2, 20, 3 },
	.major = { 2, 4, 2 },
	.major_high = { 2, 23, 1 },
	.minor = { 2, 0, 4 },
	.packages = &p4_packages,
	.features = p4_features,
};

/* --- ESP32-S31 --- */

static const char *const s31_package_names[] = { "ESP32-S31" };
static const struct kiln_efuse_names s31_packages = { s31_package_names, 1, "Unknown ESP32-S31" };
static const struct kiln_efuse_feature s31_features[] = {
	ALWAYS("Wi-Fi 6"),      ALWAYS("BT 5.4 (LE)"),
	ALWAYS("IEEE802.15.4"), ALWAYS("Dual Core + LP Core"),
	ALWAYS("300MHz"),       END,
};

const struct kiln_chip_efuse kiln_efuse_esp32s31 = {
	.mac_reg = 0x20715050,
	.words = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4,
	.package = { 4, 6, 2 },
	.major = { 3, 22, 2 },
	.minor = { 3, 18, 4 },
	.packages = &s31_packages,
	.features = s31_features,
};
