/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include <kiln/err.h>

static void fail_fills_what_and_a_general_why(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_fail(&err, KILN_E_TIMEOUT, "cannot read %s", "x"), KILN_E_TIMEOUT);
	assert_string_equal(err.what, "cannot read x");
	assert_string_equal(err.why, "timed out");
	assert_string_equal(err.hint, "");
	assert_int_equal(kiln_fail(NULL, KILN_E_IO, "nobody asks"), KILN_E_IO);
}

static void errno_sharpens_a_general_code_only(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_fail_errno(&err, KILN_E_IO, ENOENT, "cannot open 'f'"),
			 KILN_E_NOT_FOUND);
	assert_string_equal(err.why, "no such file or directory");
	assert_int_equal(err.sys, ENOENT);
	assert_int_equal(kiln_fail_errno(&err, KILN_E_PORT_GONE, ENOENT, "x"), KILN_E_PORT_GONE);
}

static void because_moves_the_old_text_into_why(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	kiln_fail(&err, KILN_E_TIMEOUT, "cannot read block 3");
	kiln_hint(&err, "try a lower baud");
	kiln_because(&err, "cannot flash '%s'", "a.bin");
	assert_string_equal(err.what, "cannot flash 'a.bin'");
	assert_string_equal(err.why, "cannot read block 3: timed out");
	assert_string_equal(err.hint, "try a lower baud");
}

static void a_long_text_shows_that_it_was_cut(void **state)
{
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	kiln_fail(&err, KILN_E_IO, "%0400d", 1);
	assert_int_equal(strlen(err.what), sizeof(err.what) - 1);
	assert_string_equal(err.what + sizeof(err.what) - 4, "...");
}

static void each_code_has_a_name_a_text_and_an_exit_code(void **state)
{
	(void)state;
	for (int c = 0; c <= KILN_E_NETWORK; c++) {
		assert_memory_equal(kiln_code_name((kiln_code)c), "KILN_", 5);
		assert_true(kiln_code_text((kiln_code)c)[0] != '\0');
		assert_int_equal(kiln_code_exit((kiln_code)c) == 0, c == KILN_OK);
	}
	assert_string_equal(kiln_code_text((kiln_code)9999), "unknown error");
	assert_int_equal(kiln_code_exit(KILN_E_CANCELLED), 130);
	assert_int_equal(kiln_code_exit(KILN_E_NO_BOARD), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_fills_what_and_a_general_why),
		cmocka_unit_test(errno_sharpens_a_general_code_only),
		cmocka_unit_test(because_moves_the_old_text_into_why),
		cmocka_unit_test(a_long_text_shows_that_it_was_cut),
		cmocka_unit_test(each_code_has_a_name_a_text_and_an_exit_code),
	};
	return RUN(tests);
}
