/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "chip/chip.h"

/* A chip as its registers: what is not named reads 0. */
struct fake_chip {
	uint32_t word[7];
	uint32_t date, clkdiv, calibration;
	unsigned reads;
};

static kiln_code fake_read(void *user, uint32_t address, uint32_t *ret_value, struct kiln_err *err)
{
	struct fake_chip *c = user;

	(void)err;
	c->reads++;
	*ret_value = 0;
	if (address >= 0x3FF5A000 && address < 0x3FF5A000 + 28)
		*ret_value = c->word[(address - 0x3FF5A000) / 4];
	else if (address == 0x3FF6607C)
		*ret_value = c->date;
	else if (address == 0x3FF40014)
		*ret_value = c->clkdiv;
	else if (address == 0x3FF5F06C)
		*ret_value = c->calibration;
	return KILN_OK;
}

static void info_of(struct fake_chip *c, struct kiln_chip_info *ret_info)
{
	const struct kiln_chip *chip = kiln_chip_by_option("esp32");
	const struct kiln_chip_reader reader = { fake_read, c, 115200 };

	assert_int_equal(chip->read_info(chip, &reader, ret_info, NULL), KILN_OK);
}

/* The chip of tests/data/rom-transcripts. */
static struct fake_chip transcript_chip(void)
{
	return (struct fake_chip){
		.word = { 0, 0xc4123456, 0xf5240a, 0x8200, 0x80, 0x100000, 0 },
		.date = 0x96042000,
		.clkdiv = 0x15a,
	};
}

static void recorded_chip(void **state)
{
	struct fake_chip c = transcript_chip();
	struct kiln_chip_info info;

	(void)state;
	info_of(&c, &info);
	assert_string_equal(info.description, "ESP32-D0WD-V3");
	assert_int_equal(info.revision, 300);
	assert_string_equal(info.features, "WiFi, BT, Dual Core, Coding Scheme None");
	assert_int_equal(info.crystal_mhz, 40);
	assert_memory_equal(info.mac, "\x24\x0a\xc4\x12\x34\x56", 6);
	assert_true(c.reads <= 8);
}

static void packages_and_revisions(void **state)
{
	static const struct {
		unsigned package;
		bool single;
		unsigned bits; /* of the revision: word 3 bit 15, word 5 bit 20, date bit 31 */
		const char *description;
		unsigned revision;
	} cases[] = {
		{ 0, false, 0, "ESP32-D0WDQ6", 0 },       { 0, false, 1, "ESP32-D0WDQ6", 100 },
		{ 0, false, 3, "ESP32-D0WDQ6", 200 },     { 0, false, 7, "ESP32-D0WDQ6-V3", 300 },
		{ 0, true, 1, "ESP32-S0WDQ6", 100 },      { 1, false, 1, "ESP32-D0WD", 100 },
		{ 1, false, 7, "ESP32-D0WD-V3", 300 },    { 1, true, 7, "ESP32-S0WD", 300 },
		{ 2, false, 1, "ESP32-D2WD", 100 },       { 4, false, 7, "ESP32-U4WDH", 300 },
		{ 5, false, 1, "ESP32-PICO-D4", 100 },    { 5, false, 7, "ESP32-PICO-V3", 300 },
		{ 6, false, 7, "ESP32-PICO-V3-02", 300 }, { 7, false, 7, "ESP32-D0WDR2-V3", 300 },
		{ 3, false, 1, "unknown ESP32", 100 },    { 15, false, 1, "unknown ESP32", 100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_chip c = { .clkdiv = 0x15a };
		struct kiln_chip_info info;

		c.word[3] = (cases[i].package & 7) << 9 | (cases[i].package >> 3) << 2 |
			    cases[i].single | (cases[i].bits & 1) << 15;
		c.word[5] = (cases[i].bits >> 1 & 1) << 20;
		c.date = (cases[i].bits >> 2) << 31;
		info_of(&c, &info);
		assert_string_equal(info.description, cases[i].description);
		assert_int_equal(info.revision, cases[i].revision);
	}
}

static void minor_revision(void **state)
{
	struct fake_chip c = transcript_chip();
	struct kiln_chip_info info;

	(void)state;
	c.word[5] |= 1u << 24;
	info_of(&c, &info);
	assert_int_equal(info.revision, 301);
}

static void all_features(void **state)
{
	struct fake_chip c = transcript_chip();
	struct kiln_chip_info info;

	(void)state;
	c.word[3] = 6 << 9 | 1 << 13 | 1 << 14; /* PICO-V3-02, rated, BLK3 reserved */
	c.word[4] = 1 << 8;
	c.word[6] = 1;
	info_of(&c, &info);
	assert_string_equal(info.features,
			    "WiFi, BT, Dual Core, 240MHz, Embedded Flash, Embedded PSRAM, VRef "
			    "calibration in efuse, BLK3 partially reserved, Coding Scheme 3/4");
	c.word[3] = 1 << 13 | 1 << 12 | 1 << 1 | 1;
	c.word[4] = c.word[6] = 0;
	info_of(&c, &info);
	assert_string_equal(info.features, "WiFi, Single Core, 160MHz, Coding Scheme None");
}

static void slow_crystal(void **state)
{
	struct fake_chip c = transcript_chip();
	struct kiln_chip_info info;

	(void)state;
	c.clkdiv = 226;
	info_of(&c, &info);
	assert_int_equal(info.crystal_mhz, 26);
}

static void flash_pins_from_efuses(void **state)
{
	const struct kiln_chip *chip = kiln_chip_by_option("esp32");
	struct fake_chip c = transcript_chip();
	const struct kiln_chip_reader reader = { fake_read, &c, 115200 };
	uint32_t pins = 99;

	(void)state;
	assert_int_equal(chip->read_spi_pins(chip, &reader, &pins, NULL), KILN_OK);
	assert_int_equal(pins, 0);
	/* an ESP32-PICO-D4's: clk 6, q 17, d 8, cs 16, hd 11 */
	c.word[5] = 6 | 17 << 5 | 8 << 10 | 16 << 15;
	c.word[3] = 11 << 4;
	assert_int_equal(chip->read_spi_pins(chip, &reader, &pins, NULL), KILN_OK);
	assert_int_equal(pins, 11 << 24 | 16 << 18 | 8 << 12 | 17 << 6 | 6);
}

static void rom_baud_is_corrected(void **state)
{
	const struct kiln_chip *chip = kiln_chip_by_option("esp32");
	struct fake_chip c = transcript_chip();
	const struct kiln_chip_reader reader = { fake_read, &c, 115200 };
	unsigned baud;

	(void)state;
	/* measured = n * 15625 * ck8m / 40: with ck8m 128 and n 800 exactly 40 MHz */
	c.calibration = 800 << 7;
	assert_int_equal(chip->correct_rom_baud(chip, &reader, 460800, &baud, NULL), KILN_OK);
	assert_int_equal(baud, 460800);
	c.calibration = 840 << 7; /* 5 % off */
	assert_int_equal(chip->correct_rom_baud(chip, &reader, 460800, &baud, NULL), KILN_OK);
	assert_int_equal(baud, 483840);
	c.calibration = 0; /* never measured */
	assert_int_equal(chip->correct_rom_baud(chip, &reader, 460800, &baud, NULL), KILN_OK);
	assert_int_equal(baud, 460800);
}

static void sizes_and_frequencies_by_name(void **state)
{
	const struct kiln_chip *chip = kiln_chip_by_option("ESP32");
	uint64_t bytes;
	int nibble;

	(void)state;
	assert_true(kiln_chip_size_by_name(chip, "4mb", &bytes, &nibble));
	assert_int_equal(bytes, 4 << 20);
	assert_int_equal(nibble, 2);
	assert_false(kiln_chip_size_by_name(chip, "5MB", &bytes, &nibble));
	assert_true(kiln_chip_freq_by_name(chip, "80m", &nibble));
	assert_int_equal(nibble, 0xf);
	assert_false(kiln_chip_freq_by_name(chip, "81m", &nibble));
	assert_string_equal(kiln_chip_size_name(chip, 16 << 20), "16MB");
	assert_null(kiln_chip_size_name(chip, 3 << 20));
	assert_string_equal(kiln_chip_name_of_image_id(9), "ESP32-S3");
	assert_null(kiln_chip_name_of_image_id(1234));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_chip),
		cmocka_unit_test(packages_and_revisions),
		cmocka_unit_test(minor_revision),
		cmocka_unit_test(all_features),
		cmocka_unit_test(slow_crystal),
		cmocka_unit_test(flash_pins_from_efuses),
		cmocka_unit_test(rom_baud_is_corrected),
		cmocka_unit_test(sizes_and_frequencies_by_name),
	};

	return RUN(tests);
}
