/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/loglevel.h"

#include "unit.h"

static void keep(void *user, kiln_level level, const char *module, const char *line)
{
	char *heard = user;

	(void)level;
	(void)module;
	strncat(heard, line, 80);
}

static void test_each_layer_has_its_level(void **state)
{
	char heard[256] = "";
	const struct kiln_ui sink = { .log = keep, .level = KILN_LOG_WARNING, .user = heard };
	struct kiln_loglevels levels;
	struct kiln_ui ui;

	(void)state;
	kiln_loglevels_init(&levels, &sink);
	ui = kiln_loglevels_ui(&levels);
	assert_int_equal(ui.level, KILN_LOG_WARNING);
	kiln_log(&ui, KILN_LOG_INFO, "link", "no ");
	kiln_log(&ui, KILN_LOG_WARNING, "link", "a ");

	assert_true(kiln_loglevels_set(&levels, "loader", KILN_LOG_TRACE));
	assert_false(kiln_loglevels_set(&levels, "wifi", KILN_LOG_TRACE));
	ui = kiln_loglevels_ui(&levels);
	kiln_log(&ui, KILN_LOG_TRACE, "loader", "b ");
	kiln_log(&ui, KILN_LOG_INFO, "link", "no ");

	assert_true(kiln_loglevels_set(&levels, NULL, KILN_LOG_ERROR));
	ui = kiln_loglevels_ui(&levels);
	kiln_log(&ui, KILN_LOG_WARNING, "loader", "no ");
	kiln_log(&ui, KILN_LOG_ERROR, "loader", "c");
	assert_string_equal(heard, "a b c");
}

static void test_names_of_levels(void **state)
{
	kiln_level level;

	(void)state;
	assert_true(kiln_level_parse("debug", &level));
	assert_int_equal(level, KILN_LOG_DEBUG);
	assert_string_equal(kiln_level_name(level), "DEBUG");
	assert_true(kiln_level_parse("CRITICAL", &level));
	assert_string_equal(kiln_level_name(level), "ERROR");
	assert_false(kiln_level_parse("loud", &level));
	assert_false(kiln_level_parse("", &level));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_layer_has_its_level),
		cmocka_unit_test(test_names_of_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
