/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the eFuses of chips after the ESP32 by their tables (efuse_tables.c). */
#include "chip/efuse.h"

#include <string.h>

#include "base/text.h"

static unsigned value_of(const uint32_t *word, const struct kiln_efuse_field *f)
{
	return f->width ? word[f->word] >> f->low & ((1u << f->width) - 1) : 0;
}

static unsigned joined(const uint32_t *word, const struct kiln_efuse_field *low,
		       const struct kiln_efuse_field *high)
{
	return value_of(word, low) | value_of(word, high) << low->width;
}

static const char *name_of(const struct kiln_efuse_names *names, unsigned value)
{
	return value < names->n ? names->names[value] : names->unknown;
}

static void add(struct kiln_chip_info *info, const char *text, const char *vendor)
{
	const size_t at = strlen(info->features);

	kiln_text_format(info->features + at, sizeof(info->features) - at,
			 vendor ? "%s%s (%s)" : "%s%s%s", at ? ", " : "", text,
			 vendor ? vendor : "");
}

static void add_feature(const struct kiln_efuse_feature *f, const uint32_t *word,
			struct kiln_chip_info *info)
{
	const char *text = f->text, *vendor = NULL;

	if (f->names)
		text = name_of(f->names, joined(word, &f->field, &f->high));
	if (f->vendors)
		vendor = name_of(f->vendors, value_of(word, &f->vendor));
	if (text)
		add(info, text, vendor);
}

static kiln_code read_words(const struct kiln_chip_efuse *efuse,
			    const struct kiln_chip_reader *reader, uint32_t *word,
			    struct kiln_err *err)
{
	for (uint32_t i = 0; i < KILN_EFUSE_WORDS; i++) {
		if (efuse->words & 1u << i)
			KILN_TRY(reader->read_reg(reader->user, efuse->mac_reg + 4 * i, &word[i],
						  err));
	}
	return KILN_OK;
}

static void take_mac(const uint32_t *word, uint8_t mac[6])
{
	for (unsigned i = 0; i < 2; i++)
		mac[i] = (uint8_t)(word[1] >> (8 - 8 * i));
	for (unsigned i = 0; i < 4; i++)
		mac[2 + i] = (uint8_t)(word[0] >> (24 - 8 * i));
}

static unsigned revision_of(const struct kiln_chip_efuse *e, const uint32_t *word)
{
	const unsigned plain = joined(word, &e->major, &e->major_high) * 100 +
			       joined(word, &e->minor, &e->minor_high);

	return e->revision ? e->revision(word, plain) : plain;
}

kiln_code kiln_efuse_read_info(const struct kiln_chip *chip, const struct kiln_chip_reader *reader,
			       struct kiln_chip_info *ret_info, struct kiln_err *err)
{
	const struct kiln_chip_efuse *e = chip->efuse;
	struct kiln_chip_info info = { .chip = chip, .crystal_mhz = chip->crystal_mhz };
	uint32_t word[KILN_EFUSE_WORDS] = { 0 };
	const char *name;

	KILN_TRY(read_words(e, reader, word, err));
	if (!chip->crystal_mhz)
		KILN_TRY(kiln_chip_read_crystal(chip, reader, &info.crystal_mhz, err));
	name = e->describe ? e->describe(word) : name_of(e->packages, value_of(word, &e->package));
	kiln_text_copy(info.description, sizeof(info.description), name);
	info.revision = revision_of(e, word);
	for (const struct kiln_efuse_feature *f = e->features; f->text || f->names; f++)
		add_feature(f, word, &info);
	take_mac(word, info.mac);
	info.has_mac_ext = e->has_mac_ext;
	for (unsigned i = 0; e->has_mac_ext && i < 2; i++)
		info.mac_ext[i] = (uint8_t)(word[1] >> (24 - 8 * i));
	*ret_info = info;
	return KILN_OK;
}

kiln_code kiln_chip_read_crystal(const struct kiln_chip *chip,
				 const struct kiln_chip_reader *reader, unsigned *ret_mhz,
				 struct kiln_err *err)
{
	const unsigned divider = chip->uart_clock_divider ? chip->uart_clock_divider : 1;
	uint32_t clkdiv;

	KILN_TRY(reader->read_reg(reader->user, chip->uart_clkdiv_reg, &clkdiv, err));
	const uint64_t hz = (uint64_t)reader->baud * (clkdiv & 0xFFFFF) / divider;

	if (hz > 45000000)
		*ret_mhz = 48;
	else
		*ret_mhz = hz > 33000000 ? 40 : 26;
	return KILN_OK;
}

/* Its ROM always reckons with 40 MHz; modules with 26 MHz run slower by as much. */
kiln_code kiln_esp32c2_correct_rom_baud(const struct kiln_chip *chip,
					const struct kiln_chip_reader *reader, unsigned baud,
					unsigned *ret_baud, struct kiln_err *err)
{
	unsigned mhz;

	KILN_TRY(kiln_chip_read_crystal(chip, reader, &mhz, err));
	*ret_baud = mhz == 26 ? (unsigned)((uint64_t)baud * 40 / 26) : baud;
	return KILN_OK;
}

#define PCR_SYSCLK_CONF 0x60096110 /* ESP32-C5 TRM: what the ROM takes the crystal for */

kiln_code kiln_esp32c5_correct_rom_baud(const struct kiln_chip *chip,
					const struct kiln_chip_reader *reader, unsigned baud,
					unsigned *ret_baud, struct kiln_err *err)
{
	uint32_t sysclk;
	unsigned mhz;

	KILN_TRY(kiln_chip_read_crystal(chip, reader, &mhz, err));
	KILN_TRY(reader->read_reg(reader->user, PCR_SYSCLK_CONF, &sysclk, err));
	const unsigned expected = sysclk >> 24 & 0x7F;

	*ret_baud = baud;
	if ((mhz == 48 && expected == 40) || (mhz == 40 && expected == 48))
		*ret_baud = (unsigned)((uint64_t)baud * expected / mhz);
	return KILN_OK;
}
