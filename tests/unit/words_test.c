/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "kernel/words.h"

static void splits(const char *line, const char *wanted)
{
	struct kiln_words words;
	struct kiln_buf got = KILN_BUF_INIT(4096);

	assert_int_equal(kiln_words_split(kiln_span(line, strlen(line)), &words, NULL), KILN_OK);
	for (size_t i = 0; i < words.n; i++)
		(void)kiln_buf_printf(&got, "[%s]", words.items[i]);
	assert_null(words.items[words.n]);
	assert_string_equal(kiln_buf_str(&got), wanted);
	kiln_buf_done(&got);
	kiln_words_done(&words);
}

static void as_a_shell_does(void **state)
{
	(void)state;
	splits("", "");
	splits(" \t ", "");
	splits("connect a  -q", "[connect][a][-q]");
	splits("a 'b c' \"d e\"f \"\"", "[a][b c][d ef][]");
	splits("a\\ b \"\\\"\\x\" '\\'", "[a b][\"\\x][\\]");
	splits("a \\\n  b", "[a][b]");
	splits("a\\", "[a]");
}

static void open_quotes_are_refused(void **state)
{
	struct kiln_words words;
	struct kiln_err err = KILN_ERR_INIT;

	(void)state;
	assert_int_equal(kiln_words_split(kiln_span("a \"b", 4), &words, &err), KILN_E_INVALID);
	assert_string_equal(err.what, "No closing quotation");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_shell_does),
		cmocka_unit_test(open_quotes_are_refused),
	};
	return RUN(tests);
}
