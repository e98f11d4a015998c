/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions with the virtual board: its ROM, its wire, and a real MicroPython behind them. */
#include "sim_help.h"

#include <kiln/board.h>

#include "link/link_impl.h"
#include "support/image_maker.h"

struct session {
	struct kiln_host host;
	struct kiln_repl *repl;
	struct kiln_repl_result result;
	struct kiln_buf out;
	struct kiln_err err;
	const char *cancel_at; /* cancel, once, when this has been printed */
};

static char firmware[96]; /* a flash file with an image that boots */

static int make_flash(void **state)
{
	static const struct image_spec spec = {
		.max_rev_full = 0xFFFF,
		.mode = 2,
		.size_freq = 0x20,
		.n_segments = 3,
		.segment_size = 20000,
		.digest = true,
		.seed = 3,
	};
	static uint8_t flash[4 * 1024 * 1024];
	uint8_t *image;
	size_t n;
	FILE *f;

	if (help_state_home(state) != 0)
		return -1;
	image = image_make(&spec, &n);
	memset(flash, 0xFF, sizeof(flash));
	memcpy(flash + 0x1000, image, n);
	free(image);
	kiln_text_format(firmware, sizeof(firmware), "%s/flash", getenv("XDG_STATE_HOME"));
	f = fopen(firmware, "wb");
	if (!f || fwrite(flash, 1, sizeof(flash), f) != sizeof(flash))
		return -1;
	return fclose(f);
}

static kiln_code cancel_wait(void *user, int fd, short events, kiln_ms deadline)
{
	struct session *t = user;
	const struct kiln_host plain = { .ui = { .log = NULL } };

	if (t->cancel_at && strstr(kiln_buf_str(&t->out), t->cancel_at)) {
		t->cancel_at = NULL;
		return KILN_E_CANCELLED;
	}
	return kiln_host_wait(&plain, fd, events, deadline);
}

static kiln_code try_open(struct session *t, const char *options, unsigned baud)
{
	struct kiln_link *link;
	char url[256];

	*t = (struct session){ .host = help_host() };
	t->host.waiter = (struct kiln_waiter){ .wait = cancel_wait, .user = t };
	kiln_buf_init(&t->out, 4 * 1024 * 1024);
	kiln_text_format(url, sizeof(url), "sim:repl?clock=virtual&flash=%s%s", firmware, options);
	KILN_TRY(kiln_link_open(&t->host, url, baud, &link, &t->err));
	return kiln_repl_open(link, &t->repl, &t->err);
}

static void begin(struct session *t)
{
	if (try_open(t, "&mac=24:0a:c4:12:87:7c", 115200) != KILN_OK)
		fail_msg("%s: %s", t->err.what, t->err.why);
}

static void end(struct session *t)
{
	kiln_repl_close(t->repl);
	kiln_repl_result_done(&t->result);
	kiln_buf_done(&t->out);
}

static void keep(void *user, const char *text, size_t n)
{
	struct session *t = user;

	assert_int_equal(kiln_buf_append(&t->out, text, n), KILN_OK);
}

static void run(struct session *t, const char *code)
{
	const struct kiln_repl_output output = { .text = keep, .user = t };

	kiln_repl_result_done(&t->result);
	kiln_buf_reset(&t->out);
	if (kiln_repl_exec(t->repl, code, strlen(code), &output, &t->result, &t->err) != KILN_OK)
		fail_msg("%s: %s", t->err.what, t->err.why);
}

static void expect(struct session *t, const char *code, const char *output)
{
	run(t, code);
	assert_string_equal(kiln_buf_str(&t->out), output);
	assert_false(t->result.exception);
}

static void who_it_is(void **state)
{
	struct kiln_board_info info;
	struct session t;

	(void)state;
	begin(&t);
	assert_int_equal(kiln_board_identify(t.repl, &info, &t.err), KILN_OK);
	assert_string_equal(info.uid, "24:0a:c4:12:87:7c");
	assert_string_equal(info.implementation, "micropython");
	assert_string_equal(info.version, "1.27.0");
	expect(&t, "print('_kiln' in globals())", "False\n");
	end(&t);
}

static void programs_and_variables(void **state)
{
	struct session t;

	(void)state;
	begin(&t);
	expect(&t, "x = 41", "");
	expect(&t, "print(x + 1, 'µ € 🐍')", "42 µ € 🐍\n");
	run(&t, "def f():\n  raise ValueError('no')\nf()");
	assert_true(t.result.exception);
	assert_string_equal(t.result.ename, "ValueError");
	assert_string_equal(t.result.evalue, "no");
	assert_non_null(strstr(t.result.traceback, "line 2, in f\n"));
	run(&t, "for for");
	assert_string_equal(t.result.ename, "SyntaxError");
	expect(&t, "print(x)", "41\n");
	end(&t);
}

static void a_long_program(void **state)
{
	struct kiln_buf code = KILN_BUF_INIT(1024 * 1024);
	struct session t;

	(void)state;
	for (int i = 0; i < 1000; i++)
		(void)kiln_buf_printf(&code, "v%d = %d # some words to make it longer\n", i, i);
	(void)kiln_buf_puts(&code, "print(sum([v0, v500, v999]))\n");
	begin(&t);
	expect(&t, kiln_buf_str(&code), "1499\n");
	end(&t);
	kiln_buf_done(&code);
}

static void an_interrupt_keeps_variables(void **state)
{
	struct session t;

	(void)state;
	begin(&t);
	t.cancel_at = "3\n";
	run(&t, "import time\nn = 0\nwhile True:\n  print(n)\n  n += 1\n  time.sleep_ms(50)\n");
	assert_true(t.result.interrupted);
	assert_string_equal(t.result.ename, "KeyboardInterrupt");
	expect(&t, "print(n >= 3)", "True\n");
	end(&t);
}

static kiln_code soft_reset(struct session *t, bool run_main)
{
	const struct kiln_repl_output output = { .text = keep, .user = t };

	kiln_buf_reset(&t->out);
	return kiln_repl_soft_reset(t->repl, run_main, &output, &t->err);
}

static void soft_resets(void **state)
{
	struct session t;

	(void)state;
	begin(&t);
	expect(&t,
	       "f = open('main.py', 'w')\nf.write('print(\"main\" + \" runs\")\\n')\nf.close()\ny "
	       "= 1",
	       "");
	assert_int_equal(soft_reset(&t, false), KILN_OK);
	assert_null(strstr(kiln_buf_str(&t.out), "main runs"));
	expect(&t, "print('y' in globals())", "False\n");
	assert_int_equal(soft_reset(&t, true), KILN_OK);
	assert_non_null(strstr(kiln_buf_str(&t.out), "main runs\n"));
	expect(&t, "import os\nos.remove('main.py')\nprint('y' in globals())", "False\n");
	end(&t);
}

static void sys_exit_restarts(void **state)
{
	struct session t;

	(void)state;
	begin(&t);
	run(&t, "z = 1\nimport sys\nprint('bye')\nsys.exit()");
	assert_int_equal(strncmp(kiln_buf_str(&t.out), "bye\n", 4), 0);
	assert_false(t.result.exception);
	assert_true(t.result.restarted);
	expect(&t, "print('z' in globals())", "False\n");
	end(&t);
}

static void main_py_gets_one_ctrl_c_and_time_to_end(void **state)
{
	struct session t;

	(void)state;
	begin(&t);
	expect(&t,
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
	end(&t);
	begin(&t); /* power on: main.py runs, and is stopped */
	expect(&t, "import os\nos.remove('main.py')\nprint('off' in os.listdir())", "True\n");
	end(&t);
}

static void a_wrong_speed_is_said(void **state)
{
	struct session t;

	(void)state;
	assert_int_equal(try_open(&t, "", 9600), KILN_E_NO_PROMPT);
	assert_non_null(strstr(t.err.why, "no text, as at a wrong speed"));
	kiln_buf_done(&t.out);
}

static void a_cable_pulled_in_mid_program(void **state)
{
	const struct kiln_repl_output output = { .text = NULL };
	static const char code[] = "print('one')\nprint('two')\nprint('three')\nprint('four')\n";
	struct session t;

	(void)state;
	assert_int_equal(try_open(&t, "&fault=unplug@60", 115200), KILN_OK);
	assert_int_equal(kiln_repl_exec(t.repl, code, sizeof(code) - 1, &output, &t.result, &t.err),
			 KILN_E_PORT_GONE);
	end(&t);
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
	return cmocka_run_group_tests(tests, make_flash, help_state_home_gone);
}
