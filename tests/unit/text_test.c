/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/text.h"

static void a_cut_never_splits_a_character(void **state)
{
	char dst[8];

	(void)state;
	assert_false(kiln_text_copy(dst, sizeof(dst), "abc\u00e4\u00f6\u00fc\u00df"));
	assert_string_equal(dst, "abc...");
	assert_true(kiln_text_copy(dst, sizeof(dst), "abcdefg"));
	assert_string_equal(dst, "abcdefg");
}

static void untrusted_text_loses_what_steers_terminals(void **state)
{
	char dst[32];

	(void)state;
	assert_true(kiln_text_copy_untrusted(dst, sizeof(dst), "a\033[2Jb\xff\x9b\xc2\x9b\u00e9\n",
					     13));
	assert_string_equal(dst, "a?[2Jb???\u00e9?");
	assert_false(kiln_text_copy_untrusted(dst, 6, "123456789", 9));
	assert_int_equal(strlen(dst), 5);
	assert_string_equal(dst + 2, "...");
}

static void numbers_are_python_literals(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
		{ "0", true, 0 },
		{ "4096", true, 4096 },
		{ "0x1000", true, 4096 },
		{ "0X1f", true, 31 },
		{ "0o17", true, 15 },
		{ "0b101", true, 5 },
		{ "1_000", true, 1000 },
		{ "0x_ff", true, 255 },
		{ "", false, 0 },
		{ "0x", false, 0 },
		{ "-1", false, 0 },
		{ "12z", false, 0 },
		{ "_1", false, 0 },
		{ "1_", false, 0 },
		{ "1__0", false, 0 },
		{ "0xg", false, 0 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t v = 7;

		assert_int_equal(kiln_text_to_u64(cases[i].text, &v), cases[i].good);
		assert_true(v == (cases[i].good ? cases[i].value : 7));
	}
}

static void whole_characters_are_counted(void **state)
{
	(void)state;
	assert_int_equal(kiln_utf8_whole("abc", 3), 3);
	assert_int_equal(kiln_utf8_whole("ab\xc3", 3), 2);
	assert_int_equal(kiln_utf8_whole("a\xe2\x82", 3), 1);
	assert_int_equal(kiln_utf8_whole("\xf0\x9f\x98", 3), 0);
	assert_int_equal(kiln_utf8_whole("\xf0\x9f\x98\x80", 4), 4);
	assert_int_equal(kiln_utf8_whole("\xff\xff", 2), 2);
	assert_int_equal(kiln_utf8_whole("", 0), 0);
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
	char text[] = "a\xFF\xC2\xB5\xE2\x82z\xC3";

	(void)state;
	kiln_utf8_mend(text, sizeof(text) - 1);
	assert_string_equal(text, "a?\xC2\xB5??z?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_that_are_no_text_are_replaced),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(untrusted_text_loses_what_steers_terminals),
		cmocka_unit_test(numbers_are_python_literals),
		cmocka_unit_test(whole_characters_are_counted),
	};
	return RUN(tests);
}
