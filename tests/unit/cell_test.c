/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/buf.h"
#include "kernel/cell.h"
#include "kernel/complete.h"

/* The parts as "kind@line:text|..." */
static void splits(const char *code, const char *wanted)
{
	static const char kinds[] = "?BM!C";
	struct kiln_buf got = KILN_BUF_INIT(4096);
	struct kiln_cell cell;
	struct kiln_part part;

	kiln_cell_init(&cell, kiln_span(code, strlen(code)));
	while (kiln_cell_next(&cell, &part)) {
		(void)kiln_buf_printf(&got, "%s%c%zu:%.*s", got.len ? "|" : "", kinds[part.kind],
				      part.line, (int)part.text.n, (const char *)part.text.p);
		if (part.body.n)
			(void)kiln_buf_printf(&got, "{%.*s}", (int)part.body.n,
					      (const char *)part.body.p);
	}
	assert_string_equal(kiln_buf_str(&got), wanted);
	kiln_buf_done(&got);
}

static void a_cell_is_split_in_order(void **state)
{
	(void)state;
	splits("", "");
	splits("\n\n", "");
	splits("x = 1", "B0:x = 1");
	splits("%connect a -q\nimport sys\nprint(1)\n!ls -l\n  %x\ny\n",
	       "M0:connect a -q|B1:import sys\nprint(1)\n|!3:ls -l|B4:  %x\ny\n");
	splits("%a\n\n# nothing\n%b", "M0:a|M3:b");
	splits("!a \\\n  b\nc", "!0:a \\\n  b|B2:c");
	splits("!", "!0:");
	splits("!a\r\nb\r\n", "!0:a|B1:b\r\n");
}

static void a_cell_magic_takes_the_rest(void **state)
{
	(void)state;
	splits("%%bash\n\nls\n%no\n", "C0:bash{\nls\n%no\n}");
	splits("\n \n%%bash -x\nls", "C2:bash -x{ls}");
	splits("%%bash", "C0:bash");
	splits("x\n%%bash\n", "B0:x\n%%bash\n"); /* not first: the board says what it is */
	splits("%%5\n", "B0:%%5\n");
}

static void a_percent_inside_of_a_statement_is_none(void **state)
{
	(void)state;
	splits("a = '''\n%discover\n!x\n'''\n%b", "B0:a = '''\n%discover\n!x\n'''\n|M4:b");
	splits("a = (5\n%b\n)", "B0:a = (5\n%b\n)");
	splits("a = 5 \\\n%b", "B0:a = 5 \\\n%b");
	splits("a = 5 # (\n%b", "B0:a = 5 # (\n|M1:b");
	splits("a = \"it's (\"\n%b", "B0:a = \"it's (\"\n|M1:b");
	splits("% 5\n", "B0:% 5\n");
}

static void is(const char *code, kiln_completeness wanted, size_t wanted_indent)
{
	size_t indent = 99;

	assert_int_equal(kiln_code_completeness(kiln_span(code, strlen(code)), &indent), wanted);
	if (wanted == KILN_CODE_INCOMPLETE)
		assert_int_equal(indent, wanted_indent);
}

static void complete_code(void **state)
{
	(void)state;
	is("", KILN_CODE_COMPLETE, 0);
	is("x = 1", KILN_CODE_COMPLETE, 0);
	is("print('a: (')", KILN_CODE_COMPLETE, 0);
	is("for i in range(3):\n    print(i)\n", KILN_CODE_COMPLETE, 0);
	is("for i in range(3):\n    print(i)\n\n", KILN_CODE_COMPLETE, 0);
	is("if x: y = {1: 2}", KILN_CODE_COMPLETE, 0);
	is("'''a\nb'''", KILN_CODE_COMPLETE, 0);
	is("%connect x", KILN_CODE_COMPLETE, 0);
	is("!ls", KILN_CODE_COMPLETE, 0);
	is("%%bash\nls\n", KILN_CODE_COMPLETE, 0);
	is("x = r'\\d'", KILN_CODE_COMPLETE, 0);
}

static void incomplete_code(void **state)
{
	(void)state;
	is("for i in range(3):", KILN_CODE_INCOMPLETE, 4);
	is("for i in range(3):  # count", KILN_CODE_INCOMPLETE, 4);
	is("for i in range(3):\n    print(i)", KILN_CODE_INCOMPLETE, 4);
	is("def f():\n    if x:", KILN_CODE_INCOMPLETE, 8);
	is("def f():\n    return 5", KILN_CODE_INCOMPLETE, 0);
	is("x = (1,", KILN_CODE_INCOMPLETE, 0);
	is("x = '''a", KILN_CODE_INCOMPLETE, 0);
	is("x = 1 + \\", KILN_CODE_INCOMPLETE, 0);
	is("@wrap", KILN_CODE_INCOMPLETE, 0);
	is("%%bash\nls", KILN_CODE_INCOMPLETE, 0);
	is("%%bash", KILN_CODE_INCOMPLETE, 0);
	is("!ls \\", KILN_CODE_INCOMPLETE, 0);
	is("x = {'a': 1,\n", KILN_CODE_INCOMPLETE, 0);
}

static void invalid_code(void **state)
{
	(void)state;
	is("x = 'a", KILN_CODE_INVALID, 0);
	is("x = 1)", KILN_CODE_INVALID, 0);
	is("x = (1]", KILN_CODE_INVALID, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cell_is_split_in_order),
		cmocka_unit_test(a_cell_magic_takes_the_rest),
		cmocka_unit_test(a_percent_inside_of_a_statement_is_none),
		cmocka_unit_test(complete_code),
		cmocka_unit_test(incomplete_code),
		cmocka_unit_test(invalid_code),
	};
	return RUN(tests);
}
