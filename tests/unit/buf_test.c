/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/buf.h"
#include "base/bytes.h"

static void empty_is_a_string(void **state)
{
	struct kiln_buf b = KILN_BUF_INIT(10);

	(void)state;
	assert_string_equal(kiln_buf_str(&b), "");
	kiln_buf_done(&b);
}

static void grows_up_to_its_maximum_and_not_beyond(void **state)
{
	struct kiln_buf b = KILN_BUF_INIT(5);

	(void)state;
	assert_int_equal(kiln_buf_puts(&b, "hello"), KILN_OK);
	assert_false(b.failed);
	assert_int_equal(kiln_buf_putc(&b, '!'), KILN_E_TOO_BIG);
	assert_true(b.failed);
	assert_string_equal(kiln_buf_str(&b), "hello");
	kiln_buf_done(&b);
}

static void huge_lengths_do_not_wrap(void **state)
{
	struct kiln_buf b = KILN_BUF_INIT(SIZE_MAX - 1);

	(void)state;
	assert_int_equal(kiln_buf_puts(&b, "x"), KILN_OK);
	assert_int_not_equal(kiln_buf_reserve(&b, SIZE_MAX - 1), KILN_OK);
	kiln_buf_done(&b);
}

static void consume_keeps_the_rest(void **state)
{
	struct kiln_buf b = KILN_BUF_INIT(100);

	(void)state;
	assert_int_equal(kiln_buf_printf(&b, "%s-%d", "abc", 42), KILN_OK);
	kiln_buf_consume(&b, 4);
	assert_string_equal(kiln_buf_str(&b), "42");
	kiln_buf_consume(&b, 2);
	assert_string_equal(kiln_buf_str(&b), "");
	kiln_buf_done(&b);
}

static void detach_hands_the_memory_over(void **state)
{
	struct kiln_buf b = KILN_BUF_INIT(100);
	size_t n;
	char *text;

	(void)state;
	kiln_buf_puts(&b, "mine");
	text = kiln_buf_detach(&b, &n);
	assert_int_equal(n, 4);
	assert_string_equal(text, "mine");
	assert_int_equal(b.len, 0);
	free(text);
	text = kiln_buf_detach(&b, NULL);
	assert_string_equal(text, "");
	free(text);
}

static void a_digit_of_either_case_has_its_value(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	(void)state;
	for (int c = -128; c < 256; c++) {
		const char *at = c > 0 ? strchr(digits, c) : NULL;
		const int n = at ? (int)(at - digits) : -1;

		assert_int_equal(kiln_hex_digit(c), n < 16 ? n : n - 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_is_a_string),
		cmocka_unit_test(grows_up_to_its_maximum_and_not_beyond),
		cmocka_unit_test(huge_lengths_do_not_wrap),
		cmocka_unit_test(consume_keeps_the_rest),
		cmocka_unit_test(detach_hands_the_memory_over),
		cmocka_unit_test(a_digit_of_either_case_has_its_value),
	};
	return RUN(tests);
}
