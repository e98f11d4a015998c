/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/marks.h"

struct seen {
	struct kiln_buf out; /* text as it is, marks as [K:payload] */
};

static void on_text(void *user, const char *text, size_t n)
{
	struct seen *seen = user;

	assert_int_equal(kiln_buf_append(&seen->out, text, n), KILN_OK);
}

static void on_mark(void *user, char kind, const char *payload, size_t n)
{
	struct seen *seen = user;

	assert_int_equal(kiln_buf_printf(&seen->out, "[%c:%.*s]", kind, (int)n, payload), KILN_OK);
}

/* Whatever the pieces, the same comes out. */
static void check(const char *in, const char *want)
{
	for (size_t piece = 1; piece <= strlen(in); piece++) {
		struct seen seen = { .out = KILN_BUF_INIT(4 << 20) };
		struct kiln_marks marks;

		kiln_marks_init(&marks, "12345678");
		marks.text = on_text;
		marks.mark = on_mark;
		marks.user = &seen;
		for (size_t at = 0; at < strlen(in); at += piece)
			kiln_marks_put(&marks, in + at,
				       strlen(in + at) < piece ? strlen(in + at) : piece);
		kiln_marks_end(&marks);
		assert_string_equal(kiln_buf_str(&seen.out), want);
		kiln_marks_done(&marks);
		kiln_buf_done(&seen.out);
	}
}

static void test_marks(void **state)
{
	(void)state;
	check("plain", "plain");
	check("a\x1e"
	      "12345678R5\x1e"
	      "b",
	      "a[R:5]b");
	check("\x1e"
	      "12345678I\x1e",
	      "[I:]");
	check("\x1e"
	      "12345678A1\x1e\x1e"
	      "12345678B2\x1e",
	      "[A:1][B:2]");
}

static void test_no_marks(void **state)
{
	(void)state;
	check("\x1e", "\x1e");
	check("a\x1e\x1e"
	      "b",
	      "a\x1e\x1e"
	      "b");
	check("\x1e"
	      "1234567x",
	      "\x1e"
	      "1234567x");
	check("\x1e"
	      "12345678!",
	      "\x1e"
	      "12345678!");
	check("\x1e"
	      "123\x1e"
	      "12345678R5\x1e",
	      "\x1e"
	      "123[R:5]");
	check("\x1e"
	      "12345678Rcut off",
	      "cut off"); /* an interrupt came in between */
}

static void test_long(void **state)
{
	struct seen seen = { .out = KILN_BUF_INIT(4 << 20) };
	struct kiln_marks marks;

	(void)state;
	kiln_marks_init(&marks, "12345678");
	marks.text = on_text;
	marks.mark = on_mark;
	marks.user = &seen;
	kiln_marks_put(&marks,
		       "\x1e"
		       "12345678R",
		       10);
	for (size_t i = 0; i < KILN_MARK_MAX + 1000; i++)
		kiln_marks_put(&marks, "x", 1);
	kiln_marks_put(&marks,
		       "\x1e"
		       "!",
		       2);
	assert_int_equal(seen.out.len, KILN_MARK_MAX + strlen("[R:]!"));
	kiln_marks_done(&marks);
	kiln_buf_done(&seen.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_no_marks),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
