/* SPDX-License-Identifier: Apache-2.0 */
#include "chip/flash_pins.h"

#include <string.h>

#include "base/text.h"

/* Bits first..last. */
#define PINS(first, last) ((~0ull >> (63 - (last) + (first))) << (first))
#define USB(a, b, port)                                                                 \
	1ull << (a) | 1ull << (b), "GPIO pins " #a " and " #b " are used by " port ", " \
				   "consider using other pins for SPI flash connection."
#define JTAG "USB-Serial/JTAG"
#define OTG "USB-OTG"

/* Which pins there are, and which of them lead to the chip's USB port (datasheets, "IO MUX"). */
static const struct {
	const char *chip;
	uint64_t pins;
	const char *range;
	uint64_t usb;
	const char *warning;
} table[] = {
	{ "esp32", PINS(0, 29) | PINS(32, 33), "0-29, 32, or 33", 0, NULL },
	{ "esp32s2", PINS(0, 21) | PINS(26, 46), "0-21, or 26-46", USB(19, 20, OTG) },
	{ "esp32s3", PINS(0, 21) | PINS(26, 48), "0-21, or 26-48", USB(19, 20, JTAG " and " OTG) },
	{ "esp32c2", PINS(0, 20), "0-20", 0, NULL },
	{ "esp32c3", PINS(0, 21), "0-21", USB(18, 19, JTAG) },
	{ "esp32c5", PINS(0, 28), "0-28", USB(13, 14, JTAG) },
	{ "esp32c6", PINS(0, 30), "0-30", USB(12, 13, JTAG) },
	{ "esp32c61", PINS(0, 30), "0-30", USB(12, 13, JTAG) },
	{ "esp32e22", PINS(0, 52), "0-52", USB(18, 19, OTG) },
	{ "esp32h2", PINS(0, 27), "0-27", USB(26, 27, JTAG) },
	{ "esp32h21", PINS(0, 27), "0-27", USB(26, 27, JTAG) },
	{ "esp32h4", PINS(0, 39), "0-39", USB(13, 14, JTAG) },
	{ "esp32p4", PINS(0, 54), "0-54", USB(24, 25, JTAG) },
	{ "esp32s31", PINS(0, 60), "0-60", USB(33, 34, JTAG) },
};

enum { N_CHIPS = sizeof(table) / sizeof(table[0]), HD_MOST_S3 = 46 };

static int find(const struct kiln_chip *chip)
{
	for (int i = 0; i < N_CHIPS; i++) {
		if (strcmp(table[i].chip, chip->option) == 0)
			return i;
	}
	return -1;
}

kiln_code kiln_flash_pins_check(const struct kiln_chip *chip, const uint8_t pins[KILN_PINS],
				const char **ret_warning, struct kiln_err *err)
{
	const int row = find(chip);

	if (row < 0)
		return kiln_fail(err, KILN_E_UNSUPPORTED, "the %s can't be told its flash's pins",
				 chip->name);
	for (int i = 0; i < KILN_PINS; i++) {
		if (pins[i] > 63 || !(table[row].pins >> pins[i] & 1))
			return kiln_fail(err, KILN_E_INVALID,
					 "SPI Pin numbers must be in the range %s.",
					 table[row].range);
		if (table[row].usb >> pins[i] & 1)
			*ret_warning = table[row].warning;
	}
	/* its ROM takes no higher one there */
	if (strcmp(chip->option, "esp32s3") == 0 && pins[KILN_PIN_HD] > HD_MOST_S3)
		return kiln_fail(err, KILN_E_INVALID, "SPI HD Pin number must be <= %d.",
				 HD_MOST_S3);
	return KILN_OK;
}

uint32_t kiln_flash_pins_word(const uint8_t pins[KILN_PINS])
{
	return (uint32_t)pins[KILN_PIN_HD] << 24 | (uint32_t)pins[KILN_PIN_CS] << 18 |
	       (uint32_t)pins[KILN_PIN_D] << 12 | (uint32_t)pins[KILN_PIN_Q] << 6 |
	       pins[KILN_PIN_CLK];
}

void kiln_flash_pins_text(uint32_t word, char *ret_text, size_t size)
{
	(void)kiln_text_format(ret_text, size, "CLK:%u, Q:%u, D:%u, HD:%u, CS:%u", word & 63,
			       word >> 6 & 63, word >> 12 & 63, word >> 24 & 63, word >> 18 & 63);
}
