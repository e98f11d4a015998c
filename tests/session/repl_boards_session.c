/* SPDX-License-Identifier: Apache-2.0 */
/* One suite of the engine, against four boards. Which one is the first argument: each is a test of
 * its own. */
#include "repl_rig.h"

static void programs_run(void **state)
{
	(void)state;
	rig_expect("print('hello')", "hello\n");
	rig_expect("", "");
	rig_expect("print('hello')", "hello\n");
}

static void output_comes_as_it_is_printed(void **state)
{
	(void)state;
	rig_expect("for i in range(3):\n print(i)\n for j in range(3000): pass\n", "0\n1\n2\n");
	rig.cancel_on = "go\ngo\ngo\n"; /* seen while it runs, or this never ends */
	if (rig.fake.board)
		rig_cancel_in(200);
	rig_run("print('go')\nwhile True:\n for i in range(3000): pass\n print('go')\n");
	assert_true(rig.result.interrupted);
	assert_int_equal(strncmp(rig_printed(), "go\ngo\n", 6), 0);
	assert_true(rig.texts > 1);
}

static void exceptions_have_names_and_frames(void **state)
{
	(void)state;
	rig_expect_exception("def f():\n raise ValueError('odd \xe2\x82\xac')\nf()\n",
			     "ValueError");
	assert_string_equal(rig.result.evalue, "odd \xe2\x82\xac");
	assert_non_null(strstr(rig.result.traceback, "line 2, in f\n"));
	assert_non_null(strstr(rig.result.traceback, "line 3, in <module>\n"));
	assert_null(strchr(rig.result.traceback, '\r'));
	assert_string_equal(rig_printed(), "");
	rig_expect_exception("if\n", "SyntaxError");
	assert_string_equal(rig.result.evalue, "invalid syntax");
}

static void characters_are_never_cut(void **state)
{
	(void)state;
	rig_expect("print('\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80' * 2)",
		   "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n");
}

static void a_stray_ctrl_d_does_not_end_the_output(void **state)
{
	(void)state;
	rig_expect("print(chr(4), 'end')", " end\n");
	rig_expect("print('hello')", "hello\n");
}

static void much_output_is_all_there(void **state)
{
	char code[100];

	(void)state;
	snprintf(code, sizeof(code), MUCH "%zu)", rig.board->much / 100);
	rig_run(code);
	assert_false(rig.result.exception);
	assert_true(rig.out_bytes >= rig.board->much);
	assert_true(rig.out_bytes <= rig.board->much + 10);
	rig_expect("print('hello')", "hello\n");
}

static void long_programs_arrive(void **state)
{
	static char code[16 * 1024];
	char number[16];
	size_t n = 0;

	(void)state;
	n += (size_t)snprintf(code, sizeof(code), LONG);
	for (size_t i = 0; i < rig.board->long_lines; i++)
		n += (size_t)snprintf(code + n, sizeof(code) - n, "x += 1\n");
	snprintf(code + n, sizeof(code) - n, "print(x)\n");
	snprintf(number, sizeof(number), "%zu\n", rig.board->long_lines);
	rig_expect(code, number);
}

static void variables_live_on(void **state)
{
	(void)state;
	rig_expect("kept = 41", "");
	rig_expect("print(kept + 1)", "42\n");
}

static void an_endless_program_is_interrupted(void **state)
{
	(void)state;
	rig_expect("kept = 41", "");
	rig_cancel_in(300);
	rig_run("print('before')\nwhile True:\n pass\n");
	assert_true(rig.result.interrupted);
	assert_true(rig.result.exception);
	assert_string_equal(rig.result.ename, "KeyboardInterrupt");
	rig_expect("print(kept + 1)", "42\n");
}

static void a_silent_program_is_ended_if_asked(void **state)
{
	(void)state;
	assert_int_equal(rig_run_quiet("while True: pass", 400), KILN_OK);
	assert_true(rig.result.stalled);
	assert_false(rig.result.interrupted);
	rig_expect("print('hello')", "hello\n");
}

static void a_soft_reset_without_main(void **state)
{
	const struct kiln_repl_output output = { .text = rig_keep, .user = &rig };

	(void)state;
	rig_expect("kept = 41", "");
	assert_int_equal(kiln_repl_soft_reset(rig.repl, false, &output, &rig.err), KILN_OK);
	rig_expect_exception("print(kept + 1)", "NameError");
	assert_int_equal(rig.fake.main_runs, 0);
}

static void a_soft_reset_with_main(void **state)
{
	const struct kiln_repl_output output = { .text = rig_keep, .user = &rig };

	(void)state;
	rig_expect("kept = 41", "");
	kiln_buf_reset(&rig.out);
	assert_int_equal(kiln_repl_soft_reset(rig.repl, true, &output, &rig.err), KILN_OK);
	if (rig.fake.quirks.main_py)
		assert_non_null(strstr(kiln_buf_str(&rig.out), "main runs\n"));
	rig_expect_exception("print(kept + 1)", "NameError");
}

/* Close and open again: what is left is a quiet board, of which variables live on or not. */
static void a_session_leaves_a_quiet_board(void **state)
{
	struct kiln_link *link;

	(void)state;
	rig_expect("kept = 41", "");
	link = kiln_repl_detach(rig.repl);
	rig.repl = NULL;
	assert_int_equal(kiln_repl_open(link, &rig.repl, &rig.err), KILN_OK);
	if (rig.board->restarts)
		rig_expect_exception("print(kept + 1)", "NameError");
	else
		rig_expect("print(kept + 1)", "42\n");
}

static int run_suite(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_begin, rig_end)
	const struct CMUnitTest tests[] = {
		CASE(programs_run),
		CASE(output_comes_as_it_is_printed),
		CASE(exceptions_have_names_and_frames),
		CASE(characters_are_never_cut),
		CASE(a_stray_ctrl_d_does_not_end_the_output),
		CASE(much_output_is_all_there),
		CASE(long_programs_arrive),
		CASE(variables_live_on),
		CASE(an_endless_program_is_interrupted),
		CASE(a_silent_program_is_ended_if_asked),
		CASE(a_soft_reset_without_main),
		CASE(a_soft_reset_with_main),
		CASE(a_session_leaves_a_quiet_board),
	};
	return cmocka_run_group_tests_name(rig.board->name, tests, session_firmware,
					   help_state_home_gone);
}

int main(int argc, char **argv)
{
	int result;

	rig.board = rig_board(argc > 1 ? argv[1] : "sim");
	assert_non_null(rig.board);
	rig.microbit.held = -1;
	if (rig.board == rig_board("microbit") && !microbit_begin(&rig.microbit))
		return 77; /* skipped */
	result = run_suite();
	microbit_end(&rig.microbit);
	return result;
}
