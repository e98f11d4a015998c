/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "image/ihex.h"

static struct kiln_span text(const char *s)
{
	return kiln_span(s, strlen(s));
}

/* Examples of the specification's record types; checksums were reckoned by hand. */
static void records_of_all_types_are_read(void **state)
{
	struct kiln_ihex hex;

	(void)state;
	assert_int_equal(kiln_ihex_read(text(":020000021200EA\n"
					     ":0300300002337A1E\r\n"
					     "\n"
					     ":0400000512345678E3\n"
					     ":020000040003F7\n"
					     ":02FFFF0061623D\n"
					     ":00000001FF\n"
					     "what follows the end is not read"),
					&hex, NULL),
			 KILN_OK);
	assert_int_equal(hex.regions.n, 2);
	assert_int_equal(hex.regions.items[0].address, 0x12030);
	assert_memory_equal(hex.regions.items[0].data.data, "\x02\x33\x7A", 3);
	assert_int_equal(hex.regions.items[1].address, 0x3FFFF);
	assert_int_equal(hex.regions.items[1].data.len, 2); /* goes on beyond 64 KB */
	assert_true(hex.has_entry);
	assert_int_equal(hex.entry, 0x12345678);
	kiln_ihex_done(&hex);
	assert_int_equal(kiln_ihex_read(text(":0400000300003800C1\n:00000001FF"), &hex, NULL),
			 KILN_OK);
	assert_int_equal(hex.entry, 0x3800);
	kiln_ihex_done(&hex);
}

static void regions_are_sorted_and_joined(void **state)
{
	struct kiln_ihex hex;

	(void)state;
	assert_int_equal(kiln_ihex_read(text(":02100200636425\n"
					     ":0210000061622B\n"
					     ":01200000617E\n"
					     ":00000001FF\n"),
					&hex, NULL),
			 KILN_OK);
	assert_int_equal(hex.regions.n, 2);
	assert_int_equal(hex.regions.items[0].address, 0x1000);
	assert_memory_equal(hex.regions.items[0].data.data, "abcd", 4);
	assert_int_equal(hex.regions.items[1].address, 0x2000);
	kiln_ihex_done(&hex);
}

static const struct {
	const char *text, *why;
	kiln_code code;
} bad[] = {
	{ "", "line 0: the file ends here, without an end record", KILN_E_IMAGE },
	{ ":0210000061622B\n", "line 1: the file ends here, without an end record", KILN_E_IMAGE },
	{ ":0210000061622C\n", "line 1: its checksum does not match", KILN_E_IMAGE },
	{ ":0210000061622\n", "line 1: its length is not that of a record", KILN_E_IMAGE },
	{ ":0310000061622A\n", "line 1: it is shorter or longer than it says", KILN_E_IMAGE },
	{ "\n:02100000616x2B", "line 2: there is something else than hex digits", KILN_E_IMAGE },
	{ "00000001FF\n", "line 1: it does not begin with ':'", KILN_E_IMAGE },
	{ ":00000006FA\n", "line 1: its record type is not 00 to 05", KILN_E_IMAGE },
	{ ":0100000100FE\n", "line 1: a record of its type has another form", KILN_E_IMAGE },
	{ ":020001040000F9\n", "line 1: a record of its type has another form", KILN_E_IMAGE },
	{ ":0210000061622B\n:01200000617E\n:01100100618D\n:00000001FF\n",
	  "line 3: there are bytes for 0x1001 already", KILN_E_OVERLAP },
	{ ":02000004FFFFFC\n:02FFFF0061623D\n",
	  "line 2: there are more bytes or gaps than any flash has", KILN_E_TOO_BIG },
};

static void errors_name_the_line(void **state)
{
	struct kiln_ihex hex;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kiln_err err = KILN_ERR_INIT;

		assert_int_equal(kiln_ihex_read(text(bad[i].text), &hex, &err), bad[i].code);
		assert_string_equal(err.what, "cannot read the Intel HEX file");
		assert_string_equal(err.why, bad[i].why);
	}
}

static void what_is_written_is_what_intelhex_writes(void **state)
{
	static uint8_t bytes[20];
	const struct kiln_piece over_64k[] = { { 0x1FFF8, { bytes, 20 } } };
	const struct kiln_piece low[] = { { 0x1000, { (const uint8_t *)"ab", 2 } },
					  { 0x1002, { (const uint8_t *)"cd", 2 } },
					  { 0x1010, { (const uint8_t *)"xy", 2 } } };
	struct kiln_buf out = KILN_BUF_INIT(4096);

	(void)state;
	for (uint8_t i = 0; i < 20; i++)
		bytes[i] = i;
	assert_int_equal(kiln_ihex_write(over_64k, 1, &out, NULL), KILN_OK);
	assert_string_equal(kiln_buf_str(&out), ":020000040001F9\n"
						":08FFF8000001020304050607E5\n"
						":020000040002F8\n"
						":0C00000008090A0B0C0D0E0F1011121352\n"
						":00000001FF\n");
	kiln_buf_reset(&out);
	assert_int_equal(kiln_ihex_write(low, 3, &out, NULL), KILN_OK);
	assert_string_equal(kiln_buf_str(&out), ":041000006162636462\n"
						":021010007879ED\n"
						":00000001FF\n");
	kiln_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_all_types_are_read),
		cmocka_unit_test(regions_are_sorted_and_joined),
		cmocka_unit_test(errors_name_the_line),
		cmocka_unit_test(what_is_written_is_what_intelhex_writes),
	};
	return RUN(tests);
}
