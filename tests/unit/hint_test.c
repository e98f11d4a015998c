/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "kernel/hint.h"

static void becomes(const char *hint, const char *wanted)
{
	struct kiln_buf out = KILN_BUF_INIT(1024);

	kiln_notebook_hint(&out, hint);
	assert_string_equal(kiln_buf_str(&out), wanted);
	kiln_buf_done(&out);
}

static void commands_are_what_a_notebook_takes(void **state)
{
	(void)state;
	becomes("", "");
	becomes("plug it in again", "plug it in again");
	becomes("its flash is empty: write MicroPython with 'kiln flash'",
		"its flash is empty: write MicroPython with '%flash'");
	becomes("'kiln flash --erase' does; 'kiln discover --all' lists the ports",
		"'%flash --erase' does; '%discover --all' lists the ports");
	becomes("'kiln df' shows what is free; remove files with 'kiln rm'",
		"'!kiln df' shows what is free; remove files with '%rm'");
	becomes("'kiln ls' shows what is there", "'%rlist' shows what is there");
	becomes("'kiln mip list' shows what is", "'%mip list' shows what is");
	becomes("'kiln flashes' and 'kiln", "'!kiln flashes' and 'kiln");
	becomes("'kiln ", "'!kiln ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_what_a_notebook_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
