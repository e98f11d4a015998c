/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "cli/suggest.h"

static const char *nearest(const char *typed)
{
	static const char *const names[] = { "discover", "flash",  "exec", "esptool", "no-stub",
					     "version",  "doctor", "sim",  NULL };
	struct suggest s;

	suggest_init(&s, typed, strlen(typed));
	for (size_t i = 0; names[i]; i++)
		suggest_offer(&s, names[i]);
	return s.best ? s.best : "";
}

static void slips_find_what_was_meant(void **state)
{
	static const char *const cases[][2] = {
		{ "flsah", "flash" },    { "flas", "flash" },      { "flashh", "flash" },
		{ "disco", "discover" }, { "versoin", "version" }, { "no_stub", "no-stub" },
		{ "docter", "doctor" },  { "esptol", "esptool" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(nearest(cases[i][0]), cases[i][1]);
}

static void nothing_near_is_nothing_said(void **state)
{
	char longest[300];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_string_equal(nearest("rhubarb"), "");
	assert_string_equal(nearest("x"), "");
	assert_string_equal(nearest(""), "");
	assert_string_equal(nearest(longest), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_find_what_was_meant),
		cmocka_unit_test(nothing_near_is_nothing_said),
	};
	return RUN(tests);
}
