/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ESP32 says of itself in its eFuses. Fields: ESP32 Technical Reference Manual, chapter
 * "eFuse Controller", and ESP-IDF's esp_efuse_table.csv for the ESP32.
 */
#include "chip/esp32.h"

#include <string.h>

#include "base/text.h"

enum { N_WORDS = 7 }; /* BLOCK0, words 0 to 6 */

/* Bits `low` up to `high` of a word. */
static unsigned bits(uint32_t word, unsigned high, unsigned low)
{
	return word >> low & ((1u << (high - low + 1)) - 1);
}

struct esp32_facts {
	uint32_t word[N_WORDS]; /* of eFuse BLOCK0 */
	uint32_t syscon_date;
	uint32_t clkdiv;
};

static kiln_code read_facts(const struct kiln_chip *chip, const struct kiln_chip_reader *reader,
			    struct esp32_facts *ret, struct kiln_err *err)
{
	for (uint32_t i = 1; i < N_WORDS; i++) /* word 0 is about write protection only */
		KILN_TRY(reader->read_reg(reader->user, chip->efuse_read_base + 4 * i,
					  &ret->word[i], err));
	KILN_TRY(reader->read_reg(reader->user, chip->syscon_base + 0x7C, &ret->syscon_date, err));
	return reader->read_reg(reader->user, chip->uart_clkdiv_reg, &ret->clkdiv, err);
}

static unsigned package_of(const struct esp32_facts *f)
{
	return bits(f->word[3], 11, 9) | bits(f->word[3], 2, 2) << 3;
}

/* Three bits in three places; the values between are those of no chip that was sold. */
static unsigned major_of(const struct esp32_facts *f)
{
	static const uint8_t majors[8] = { 0, 1, 0, 2, 0, 0, 0, 3 };

	return majors[bits(f->word[3], 15, 15) | bits(f->word[5], 20, 20) << 1 |
		      bits(f->syscon_date, 31, 31) << 2];
}

/* Packages by eFuse value: with two cores, with one, and from revision 3 on. */
static const struct package {
	const char *dual, *single, *rev3;
	bool flash, psram;
} packages[] = {
	[0] = { "ESP32-D0WDQ6", "ESP32-S0WDQ6", "ESP32-D0WDQ6-V3", false, false },
	[1] = { "ESP32-D0WD", "ESP32-S0WD", "ESP32-D0WD-V3", false, false },
	[2] = { "ESP32-D2WD", "ESP32-D2WD", "ESP32-D2WD", true, false },
	[4] = { "ESP32-U4WDH", "ESP32-U4WDH", "ESP32-U4WDH", true, false },
	[5] = { "ESP32-PICO-D4", "ESP32-PICO-D4", "ESP32-PICO-V3", true, false },
	[6] = { "ESP32-PICO-V3-02", "ESP32-PICO-V3-02", "ESP32-PICO-V3-02", true, true },
	[7] = { "ESP32-D0WDR2-V3", "ESP32-D0WDR2-V3", "ESP32-D0WDR2-V3", false, true },
};

static const struct package *find_package(const struct esp32_facts *f)
{
	static const struct package unknown = { "unknown ESP32", "unknown ESP32", "unknown ESP32",
						false, false };
	const unsigned n = package_of(f);

	if (n >= sizeof(packages) / sizeof(packages[0]) || !packages[n].dual)
		return &unknown;
	return &packages[n];
}

static bool single_core(const struct esp32_facts *f)
{
	return bits(f->word[3], 0, 0);
}

static const char *description_of(const struct esp32_facts *f)
{
	const struct package *package = find_package(f);

	if (single_core(f))
		return package->single;
	return major_of(f) == 3 ? package->rev3 : package->dual;
}

static void add(struct kiln_chip_info *info, bool present, const char *feature)
{
	const size_t at = strlen(info->features);

	if (present)
		kiln_text_format(info->features + at, sizeof(info->features) - at, "%s%s",
				 at ? ", " : "", feature);
}

static void describe_features(const struct esp32_facts *f, struct kiln_chip_info *info)
{
	static const char *const coding[] = { "Coding Scheme None", "Coding Scheme 3/4",
					      "Coding Scheme Repeat (UNSUPPORTED)",
					      "Coding Scheme Invalid" };
	const struct package *package = find_package(f);
	const bool rated = bits(f->word[3], 13, 13), slow = bits(f->word[3], 12, 12);

	add(info, true, "WiFi");
	add(info, !bits(f->word[3], 1, 1), "BT");
	add(info, true, single_core(f) ? "Single Core" : "Dual Core");
	add(info, rated, slow ? "160MHz" : "240MHz");
	add(info, package->flash, "Embedded Flash");
	add(info, package->psram, "Embedded PSRAM");
	add(info, bits(f->word[4], 12, 8) != 0, "VRef calibration in efuse");
	add(info, bits(f->word[3], 14, 14), "BLK3 partially reserved");
	add(info, true, coding[bits(f->word[6], 1, 0)]);
}

/* The ROM has set the UART's divider for the baud that it found: divider * baud is the crystal. */
static unsigned crystal_of(const struct esp32_facts *f, unsigned baud)
{
	return (uint64_t)baud * bits(f->clkdiv, 19, 0) > 33000000 ? 40 : 26;
}

/* Stored with the first byte highest: word 2 has two bytes, word 1 the other four. */
static void mac_of(const struct esp32_facts *f, uint8_t mac[6])
{
	for (unsigned i = 0; i < 2; i++)
		mac[i] = (uint8_t)(f->word[2] >> (8 - 8 * i));
	for (unsigned i = 0; i < 4; i++)
		mac[2 + i] = (uint8_t)(f->word[1] >> (24 - 8 * i));
}

kiln_code kiln_esp32_read_info(const struct kiln_chip *chip, const struct kiln_chip_reader *reader,
			       struct kiln_chip_info *ret_info, struct kiln_err *err)
{
	struct kiln_chip_info info = { .chip = chip };
	struct esp32_facts f = { 0 };

	KILN_TRY(read_facts(chip, reader, &f, err));
	kiln_text_copy(info.description, sizeof(info.description), description_of(&f));
	info.revision = major_of(&f) * 100 + bits(f.word[5], 25, 24);
	describe_features(&f, &info);
	info.crystal_mhz = crystal_of(&f, reader->baud);
	mac_of(&f, info.mac);
	*ret_info = info;
	return KILN_OK;
}

/* GPIO 30 and 31 have no code: five bits were not enough. */
static uint32_t gpio(unsigned code)
{
	return code >= 30 ? code + 2 : code;
}

kiln_code kiln_esp32_read_spi_pins(const struct kiln_chip *chip,
				   const struct kiln_chip_reader *reader, uint32_t *ret_pins,
				   struct kiln_err *err)
{
	uint32_t word3, word5;

	KILN_TRY(reader->read_reg(reader->user, chip->efuse_read_base + 4 * 3, &word3, err));
	KILN_TRY(reader->read_reg(reader->user, chip->efuse_read_base + 4 * 5, &word5, err));
	const unsigned clk = bits(word5, 4, 0), q = bits(word5, 9, 5), d = bits(word5, 14, 10),
		       cs = bits(word5, 19, 15), hd = bits(word3, 8, 4);

	/* not burnt, or nonsense: the chip's default pins */
	if (clk == cs || clk == d || clk == q || q == cs || q == d || d == cs)
		*ret_pins = 0;
	else
		*ret_pins = gpio(hd) << 24 | gpio(cs) << 18 | gpio(d) << 12 | gpio(q) << 6 |
			    gpio(clk);
	return KILN_OK;
}

/*
 * The ESP32's ROM measures its crystal against the 8 MHz oscillator, which drifts with
 * temperature, and reckons the divider for a new baud with what it measured. The same sum here
 * tells by how much it is off. A measure that can't be is left alone.
 */
kiln_code kiln_esp32_correct_rom_baud(const struct kiln_chip *chip,
				      const struct kiln_chip_reader *reader, unsigned baud,
				      unsigned *ret_baud, struct kiln_err *err)
{
	uint32_t calibration, word4;

	KILN_TRY(reader->read_reg(reader->user, chip->rtc_cali_reg, &calibration, err));
	KILN_TRY(reader->read_reg(reader->user, chip->efuse_read_base + 4 * 4, &word4, err));
	const uint64_t measured = (uint64_t)bits(calibration, 31, 7) * 15625 * bits(word4, 7, 0) /
				  40;
	const uint64_t crystal = measured > 33000000 ? 40000000 : 26000000;

	if (measured < crystal * 8 / 10 || measured > crystal * 12 / 10)
		*ret_baud = baud;
	else
		*ret_baud = (unsigned)(baud * measured / crystal);
	return KILN_OK;
}
