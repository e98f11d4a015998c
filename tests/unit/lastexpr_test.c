/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "kernel/lastexpr.h"

/* The expression of a cell, between backticks; without them: there is none. */
static void check(const char *marked)
{
	char code[512], want[512] = "", got[512] = "";
	const char *open = strchr(marked, '`'), *close = open ? strchr(open + 1, '`') : NULL;
	size_t n = 0, start, end;

	for (const char *c = marked; *c; c++) {
		if (*c != '`')
			code[n++] = *c;
	}
	if (open)
		memcpy(want, open + 1, (size_t)(close - open - 1));
	if (kiln_last_expression(kiln_span(code, n), &start, &end))
		memcpy(got, code + start, end - start);
	assert_string_equal(got, want);
}

static void test_expressions(void **state)
{
	(void)state;
	check("`1`");
	check("x = 5\n`x + 1`   # so much\n\n# end\n");
	check("`f(\n  1,\n  2)`\n");
	check("a; b; `c`");
	check("`'a;b=c: # d'`");
	check("`'''x\ny = 1\n'''`\n");
	check("`a == b`");
	check("`a <= b`");
	check("`a != b`");
	check("`a >= b`\r\n");
	check("`dict(a=1)`");
	check("`{'a': 1}`");
	check("`a, b`");
	check("`1 + \\\n  2`");
	check("def f():\n    return 1\n`f()`");
	check("`print`");
	check("`print(1), 2`");
	check("`format`");
	check("`x[1:2]`");
	check("`sorted(a, key=lambda v: v)`");
	check("`\xc3\xa4`");
}

static void test_others(void **state)
{
	(void)state;
	check("");
	check("# nothing");
	check("x = 5");
	check("x += 5");
	check("x <<= 5");
	check("x >>= 5");
	check("x: int");
	check("x;");
	check("x ; # quiet");
	check("if x:\n  x");
	check("if x: x");
	check("if x: y; x");
	check("for i in x:\n\tx\n");
	check("import x");
	check("import x; y = 2");
	check("print(x)");
	check("print(x,\n(1))\n");
	check("lambda: 1");
	check("f(");
	check("x)");
	check("'abc");
	check("'''abc");
	check("x \\");
	check(" x");
	check("@x");
	check("del x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
