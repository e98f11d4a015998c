/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up the rows of chips.c, and what is in a row by its name. */
#include <string.h>
#include <strings.h>

#include "chip/chip.h"

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

uint32_t kiln_chip_boot_address(const struct kiln_chip *chip)
{
	return chip->bootloader_offset;
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
