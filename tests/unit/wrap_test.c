/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "cli/wrap.h"

static void assert_wrap(const char *text, size_t at, size_t indent, size_t width,
			const char *expected)
{
	struct kiln_buf out = KILN_BUF_INIT(4096);

	wrap_text(&out, text, at, indent, width);
	assert_string_equal(kiln_buf_str(&out), expected);
	kiln_buf_done(&out);
}

static void text_is_broken_between_words(void **state)
{
	(void)state;
	assert_wrap("", 0, 0, 10, "\n");
	assert_wrap("one two three", 0, 0, 10, "one two\nthree\n");
	assert_wrap("one two three", 0, 2, 7, "one two\n  three\n");
	assert_wrap("one two", 6, 2, 10, "one\n  two\n"); /* something stands before it */
	assert_wrap("a\nb\n\nc", 0, 1, 10, "a\n b\n\n c\n");
	assert_wrap("wordthatistoolong b", 0, 0, 5, "wordthatistoolong\nb\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_broken_between_words),
	};
	return RUN(tests);
}
