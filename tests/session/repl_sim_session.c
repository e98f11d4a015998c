/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions with the virtual board: its ROM, its wire, and a real MicroPython behind them. */
#include "session_help.h"

#include <kiln/board.h>

#include "link/link_impl.h"

static void who_it_is(void **state)
{
	struct kiln_board_info info;
	struct session t;

	(void)state;
	session_begin(&t);
	assert_int_equal(kiln_board_identify(t.repl, &info, &t.err), KILN_OK);
	assert_string_equal(info.uid, "24:0a:c4:12:87:7c");
	assert_string_equal(info.implementation, "micropython");
	assert_string_equal(info.version, "1.27.0");
	session_expect(&t, "print('_kiln' in globals())", "False\n");
	session_end(&t);
}

static void programs_and_variables(void **state)
{
	struct session t;

	(void)state;
	session_begin(&t);
	session_expect(&t, "x = 41", "");
	session_expect(&t, "print(x + 1, 'µ € 🐍')", "42 µ € 🐍\n");
	session_run(&t, "def f():\n  raise ValueError('no')\nf()");
	assert_true(t.result.exception);
	assert_string_equal(t.result.ename, "ValueError");
	assert_string_equal(t.result.evalue, "no");
	assert_non_null(strstr(t.result.traceback, "line 2, in f\n"));
	session_run(&t, "for for");
	assert_string_equal(t.result.ename, "SyntaxError");
	session_expect(&t, "print(x)", "41\n");
	session_end(&t);
}

static void a_long_program(void **state)
{
	struct kiln_buf code = KILN_BUF_INIT(1024 * 1024);
	struct session t;

	(void)state;
	for (int i = 0; i < 1000; i++)
		(void)kiln_buf_printf(&code, "v%d = %d # some words to make it longer\n", i, i);
	(void)kiln_buf_puts(&code, "print(sum([v0, v500, v999]))\n");
	session_begin(&t);
	session_expect(&t, kiln_buf_str(&code), "1499\n");
	session_end(&t);
	kiln_buf_done(&code);
}

static void an_interrupt_keeps_variables(void **state)
{
	struct session t;

	(void)state;
	session_begin(&t);
	t.cancel_at = "3\n";
	session_run(&t,
		    "import time\nn = 0\nwhile True:\n  print(n)\n  n += 1\n  time.sleep_ms(50)\n");
	assert_true(t.result.interrupted);
	assert_string_equal(t.result.ename, "KeyboardInterrupt");
	session_expect(&t, "print(n >= 3)", "True\n");
	session_end(&t);
}

static kiln_code soft_reset(struct session *t, bool run_main)
{
	const struct kiln_repl_output output = { .text = session_keep, .user = t };

	kiln_buf_reset(&t->out);
	return kiln_repl_soft_reset(t->repl, run_main, &output, &t->err);
}

static void soft_resets(void **state)
{
	struct session t;

	(void)state;
	session_begin(&t);
	session_expect(
		&t,
		"f = open('main.py', 'w')\nf.write('print(\"main\" + \" runs\")\\n')\nf.close()\ny "
		"= 1",
		"");
	assert_int_equal(soft_reset(&t, false), KILN_OK);
	assert_null(strstr(kiln_buf_str(&t.out), "main runs"));
	session_expect(&t, "print('y' in globals())", "False\n");
	assert_int_equal(soft_reset(&t, true), KILN_OK);
	assert_non_null(strstr(kiln_buf_str(&t.out), "main runs\n"));
	session_expect(&t, "import os\nos.remove('main.py')\nprint('y' in globals())", "False\n");
	session_end(&t);
}

static void sys_exit_restarts(void **state)
{
	struct session t;

	(void)state;
	session_begin(&t);
	session_run(&t, "z = 1\nimport sys\nprint('bye')\nsys.exit()");
	assert_int_equal(strncmp(kiln_buf_str(&t.out), "bye\n", 4), 0);
	assert_false(t.result.exception);
	assert_true(t.result.restarted);
	session_expect(&t, "print('z' in globals())", "False\n");
	session_end(&t);
}

static void main_py_gets_one_ctrl_c_and_time_to_end(void **state)
{
	struct session t;

	(void)state;
	session_begin(&t);
	session_expect(&t,
		       "f = open('main.py', 'w')\n"
		       "f.write('''import time\n"
		       "try:\n"
		       "  while True:\n"
		       "    time.sleep_ms(10)\n"
		       "finally:\n"
		       "  time.sleep_ms(50)\n"
		       "  open('off', 'w').close()\n"
		       "''')\nf.close()",
		       "");
	session_end(&t);
	session_begin(&t); /* power on: main.py runs, and is stopped */
	session_expect(&t, "import os\nos.remove('main.py')\nprint('off' in os.listdir())",
		       "True\n");
	session_end(&t);
}

static void a_wrong_speed_is_said(void **state)
{
	struct session t;

	(void)state;
	assert_int_equal(session_open(&t, "", 9600), KILN_E_NO_PROMPT);
	assert_non_null(strstr(t.err.why, "no text, as at a wrong speed"));
	kiln_buf_done(&t.out);
}

static void a_cable_pulled_in_mid_program(void **state)
{
	const struct kiln_repl_output output = { .text = NULL };
	static const char code[] = "print('one')\nprint('two')\nprint('three')\nprint('four')\n";
	struct session t;

	(void)state;
	assert_int_equal(session_open(&t, "&fault=unplug@60", 115200), KILN_OK);
	assert_int_equal(kiln_repl_exec(t.repl, code, sizeof(code) - 1, &output, &t.result, &t.err),
			 KILN_E_PORT_GONE);
	session_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_it_is),
		cmocka_unit_test(programs_and_variables),
		cmocka_unit_test(a_long_program),
		cmocka_unit_test(an_interrupt_keeps_variables),
		cmocka_unit_test(soft_resets),
		cmocka_unit_test(sys_exit_restarts),
		cmocka_unit_test(main_py_gets_one_ctrl_c_and_time_to_end),
		cmocka_unit_test(a_wrong_speed_is_said),
		cmocka_unit_test(a_cable_pulled_in_mid_program),
	};
	return cmocka_run_group_tests(tests, session_firmware, help_state_home_gone);
}
