/* SPDX-License-Identifier: Apache-2.0 */
/* A flash chip at pins of one's own choice, and one that comes up badly. */
#include "unit.h"

#include <string.h>

#include "chip/flash_pins.h"
#include "flash/xmc.h"

static void pins_in_a_word(void **state)
{
	static const uint8_t pins[KILN_PINS] = { 6, 17, 8, 11, 16 };
	char text[64];

	(void)state;
	assert_int_equal(kiln_flash_pins_word(pins), 11 << 24 | 16 << 18 | 8 << 12 | 17 << 6 | 6);
	kiln_flash_pins_text(kiln_flash_pins_word(pins), text, sizeof(text));
	assert_string_equal(text, "CLK:6, Q:17, D:8, HD:11, CS:16");
}

static void check(const char *chip, unsigned pin, unsigned hd, const char *error,
		  const char *warning)
{
	const uint8_t pins[KILN_PINS] = { 6, (uint8_t)pin, 8, (uint8_t)hd, 16 };
	struct kiln_err err = KILN_ERR_INIT;
	const char *said = NULL;
	const kiln_code code = kiln_flash_pins_check(kiln_chip_by_option(chip), pins, &said, &err);

	assert_int_equal(code == KILN_OK, error == NULL);
	if (error)
		assert_string_equal(err.what, error);
	assert_int_equal(said != NULL, warning != NULL);
	if (warning)
		assert_non_null(strstr(said, warning));
}

static void each_chip_has_its_pins(void **state)
{
	(void)state;
	check("esp32", 29, 11, NULL, NULL);
	check("esp32", 33, 11, NULL, NULL);
	check("esp32", 30, 11, "SPI Pin numbers must be in the range 0-29, 32, or 33.", NULL);
	check("esp32", 34, 11, "SPI Pin numbers must be in the range 0-29, 32, or 33.", NULL);
	check("esp32", 255, 11, "SPI Pin numbers must be in the range 0-29, 32, or 33.", NULL);
	check("esp32s3", 25, 11, "SPI Pin numbers must be in the range 0-21, or 26-48.", NULL);
	check("esp32s3", 48, 46, NULL, NULL);
	check("esp32s3", 48, 47, "SPI HD Pin number must be <= 46.", NULL);
	check("esp32s3", 19, 11, NULL, "GPIO pins 19 and 20 are used by USB-Serial/JTAG and");
	check("esp32c2", 20, 11, NULL, NULL);
	check("esp32c2", 21, 11, "SPI Pin numbers must be in the range 0-20.", NULL);
	check("esp32c6", 12, 11, NULL, "GPIO pins 12 and 13");
	check("esp8266", 6, 11, "the ESP8266 can't be told its flash's pins", NULL);
	for (unsigned i = 1; i < kiln_n_chips; i++)
		check(kiln_chips[i].option, 0, 5, NULL, NULL);
}

static void xmc_ids(void **state)
{
	(void)state;
	assert_true(kiln_jedec_is_xmc(0x164020));
	assert_true(kiln_jedec_is_xmc(0x174120));
	assert_true(kiln_jedec_is_xmc(0x155020));
	assert_false(kiln_jedec_is_xmc(0x124020));
	assert_false(kiln_jedec_is_xmc(0x164120));
	assert_false(kiln_jedec_is_xmc(0x175020));
	assert_false(kiln_jedec_is_xmc(0xFFFF20));
	assert_false(kiln_jedec_is_xmc(0x1640C8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pins_in_a_word),
		cmocka_unit_test(each_chip_has_its_pins),
		cmocka_unit_test(xmc_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
