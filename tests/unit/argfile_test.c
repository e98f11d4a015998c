/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "cli/argfile.h"

static void words_are_a_shells(void **state)
{
	static const struct {
		const char *line, *words[5];
	} cases[] = {
		{ "", { NULL } },
		{ " \t ", { NULL } },
		{ "0x1000 boot.bin\r", { "0x1000", "boot.bin" } },
		{ "'my file' \"a b\"c ''", { "my file", "a bc", "" } },
		{ "a\\ b \\'", { "a b", "'" } },
		{ "'a\\b' \"a\\b\\\\\\\"\"", { "a\\b", "a\\b\\\"" } },
		{ "#no comment", { "#no", "comment" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct argfile args = { 0 };
		int n = 0;

		assert_int_equal(
			argfile_split(kiln_span(cases[i].line, strlen(cases[i].line)), &args, NULL),
			KILN_OK);
		for (; cases[i].words[n]; n++) {
			assert_true(n < args.argc);
			assert_string_equal(args.argv[n], cases[i].words[n]);
		}
		assert_int_equal(args.argc, n);
		argfile_done(&args);
	}
}

static void what_is_open_is_refused(void **state)
{
	static const char *const lines[] = { "'a", "a \"b\\\"", "a\\" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct argfile args = { 0 };

		assert_int_equal(argfile_split(kiln_span(lines[i], strlen(lines[i])), &args, NULL),
				 KILN_E_INVALID);
		argfile_done(&args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_a_shells),
		cmocka_unit_test(what_is_open_is_refused),
	};
	return RUN(tests);
}
