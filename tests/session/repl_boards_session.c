/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One suite of the engine, against four boards: the virtual one with a current MicroPython, the
 * real micro:bit's old one in qemu, one that is like CircuitPython, and one that misbehaves. Which
 * one is the first argument: each is a test of its own.
 */
#include "session_help.h"

#include "fake_board.h"
#include "link/link_impl.h"
#include "qemu_help.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the boards ---- */

struct rig;

struct board {
	const char *name;
	bool (*begin)(struct rig *rig); /* false: not to be had here */
	void (*end)(struct rig *rig);
	size_t much;       /* how much output it is asked for */
	size_t long_lines; /* of a long program: what its memory takes */
	bool real_time;
	bool restarts; /* when its prompt is left */
};

static struct rig {
	const struct board *board;
	struct kiln_host host;
	struct kiln_repl *repl;
	struct fake_board fake;
	struct microbit microbit;
	struct kiln_buf out;
	size_t out_bytes, texts; /* texts: how often output came */
	struct kiln_repl_result result;
	struct kiln_err err;
	const char *cancel_on; /* cancel, once, when this has been printed */
	kiln_ms cancel_at;     /* or then, on the link's clock */
} rig;

#define MUCH "def much(n):\n for i in range(n):\n  print('y' * 99)\nmuch("
#define LONG "x = 0\n"

/* What the scripted boards know. Real ones know Python. */
static const struct fake_program programs[] = {
	{ "print('hello')", FAKE_SAYS, "hello\r\n" },
	{ "for i in range(3)", FAKE_SAYS, "0\r\n1\r\n2\r\n" },
	{ "def f():\n", FAKE_SAYS, NULL,
	  "Traceback (most recent call last):\r\n  File \"<stdin>\", line 3, in <module>\r\n"
	  "  File \"<stdin>\", line 2, in f\r\nValueError: odd \xe2\x82\xac\r\n" },
	{ "print('\xc3\xa9", FAKE_SAYS,
	  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\r\n" },
	{ "if\n", FAKE_SAYS, NULL,
	  "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1\r\n"
	  "SyntaxError: invalid syntax\r\n" },
	{ "print('before')\nwhile True", FAKE_LOOPS, "before\r\n", NULL, 0 },
	{ "print('go')\nwhile True", FAKE_LOOPS, "go\r\n", NULL, 20 },
	{ "while True: pass", FAKE_LOOPS, "", NULL, 0 },
	{ "kept = 41", FAKE_SETS },
	{ "print(kept + 1)", FAKE_GETS, "42\r\n",
	  "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1, in <module>\r\n"
	  "NameError: name 'kept' isn't defined\r\n" },
	{ MUCH, FAKE_MUCH, .bytes = 10 * 1024 * 1024 },
	{ LONG, FAKE_SAYS, "700\r\n" },
	{ "print(chr(4), 'end')", FAKE_SAYS, "\x04 end\r\n" },
	{ NULL },
};

static bool begin_sim(struct rig *r)
{
	struct kiln_link *link = help_open(&r->host, session_url());

	return kiln_repl_open(link, &r->repl, &r->err) == KILN_OK;
}

static void end_nothing(struct rig *r)
{
	(void)r;
}

static bool begin_microbit(struct rig *r)
{
	struct kiln_link *link;

	if (!r->microbit.pid && !microbit_begin(&r->microbit))
		return false;
	assert_int_equal(kiln_link_open(&r->host, r->microbit.port, 115200, &link, &r->err),
			 KILN_OK);
	if (kiln_repl_open(link, &r->repl, &r->err) != KILN_OK)
		fail_msg("%s: %s", r->err.what, r->err.why);
	return true;
}

static bool begin_fake(struct rig *r, const struct fake_quirks *quirks)
{
	fake_begin(&r->fake, programs, quirks);
	return kiln_repl_open(r->fake.link, &r->repl, &r->err) == KILN_OK;
}

static void end_fake(struct rig *r)
{
	fake_end(&r->fake);
}

static bool begin_circuitpython(struct rig *r)
{
	return begin_fake(r, &(const struct fake_quirks){
				     .raw_paste = true, .circuitpython = true, .window = 128 });
}

/* Odd bytes, prints of timers between programs, characters cut in two by pauses. */
static bool begin_misbehaving(struct rig *r)
{
	return begin_fake(r, &(const struct fake_quirks){ .raw_paste = true,
							  .window = 7,
							  .piece = 1021,
							  .pause_ms = 3,
							  .noise = true,
							  .main_py = "main runs\r\n" });
}

static const struct board boards[] = {
	{ "sim", begin_sim, end_nothing, 300 * 1000, 700, .restarts = false },
	{ "microbit", begin_microbit, end_nothing, 20 * 1000, 60, .real_time = true },
	{ "circuitpython", begin_circuitpython, end_fake, 10 * 1024 * 1024, 700, .restarts = true },
	{ "misbehaving", begin_misbehaving, end_fake, 10 * 1024 * 1024, 700 },
};

/* ---- running programs ---- */

static kiln_code rig_wait(void *user, int fd, short events, kiln_ms deadline)
{
	static const struct kiln_host plain;
	struct rig *r = user;

	if (r->cancel_on && strstr(kiln_buf_str(&r->out), r->cancel_on)) {
		r->cancel_on = NULL;
		return KILN_E_CANCELLED;
	}
	if (r->repl && r->cancel_at && kiln_link_now(kiln_repl_link(r->repl)) >= r->cancel_at) {
		r->cancel_at = 0;
		return KILN_E_CANCELLED;
	}
	if (r->cancel_at && deadline > kiln_now() + 100 && r->board->real_time)
		deadline = kiln_now() + 100; /* wake up to look at it again */
	return kiln_host_wait(&plain, fd, events, deadline);
}

static void keep(void *user, const char *text, size_t n)
{
	struct rig *r = user;

	assert_int_equal(kiln_utf8_whole(text, n), n); /* no character is cut */
	r->out_bytes += n;
	r->texts++;
	if (r->out.len + n <= 64 * 1024)
		assert_int_equal(kiln_buf_append(&r->out, text, n), KILN_OK);
}

static kiln_code run_quiet(const char *code, int64_t quiet_ms)
{
	const struct kiln_repl_output output = { .text = keep, .user = &rig, .quiet_ms = quiet_ms };

	kiln_repl_result_done(&rig.result);
	kiln_buf_reset(&rig.out);
	rig.out_bytes = rig.texts = 0;
	rig.err = KILN_ERR_INIT;
	return kiln_repl_exec(rig.repl, code, strlen(code), &output, &rig.result, &rig.err);
}

static void run(const char *code)
{
	if (run_quiet(code, 0) != KILN_OK)
		fail_msg("%s: %s", rig.err.what, rig.err.why);
}

/* Prints of a timer between programs stand before a program's own. */
static const char *printed(void)
{
	const char *text = kiln_buf_str(&rig.out);

	return strncmp(text, "tick\n", 5) == 0 ? text + 5 : text;
}

static void expect(const char *code, const char *output)
{
	run(code);
	assert_string_equal(printed(), output);
	if (rig.result.exception)
		fail_msg("%s", rig.result.traceback);
}

static void expect_exception(const char *code, const char *name)
{
	run(code);
	assert_true(rig.result.exception);
	assert_string_equal(rig.result.ename, name);
}

/* Cancel `ms` from now on. Scripted boards have a waiter of their own. */
static void cancel_in(int ms)
{
	const kiln_ms at = kiln_link_after(kiln_repl_link(rig.repl), ms);

	rig.cancel_at = at;
	rig.fake.cancel_at = rig.fake.board ? at : 0;
}

/* ---- the suite ---- */

static void programs_run(void **state)
{
	(void)state;
	expect("print('hello')", "hello\n");
	expect("", "");
	expect("print('hello')", "hello\n");
}

static void output_comes_as_it_is_printed(void **state)
{
	(void)state;
	expect("for i in range(3):\n print(i)\n for j in range(3000): pass\n", "0\n1\n2\n");
	rig.cancel_on = "go\ngo\ngo\n"; /* seen while it runs, or this never ends */
	if (rig.fake.board)
		cancel_in(200);
	run("print('go')\nwhile True:\n for i in range(3000): pass\n print('go')\n");
	assert_true(rig.result.interrupted);
	assert_int_equal(strncmp(printed(), "go\ngo\n", 6), 0);
	assert_true(rig.texts > 1);
}

static void exceptions_have_names_and_frames(void **state)
{
	(void)state;
	expect_exception("def f():\n raise ValueError('odd \xe2\x82\xac')\nf()\n", "ValueError");
	assert_string_equal(rig.result.evalue, "odd \xe2\x82\xac");
	assert_non_null(strstr(rig.result.traceback, "line 2, in f\n"));
	assert_non_null(strstr(rig.result.traceback, "line 3, in <module>\n"));
	assert_null(strchr(rig.result.traceback, '\r'));
	assert_string_equal(printed(), "");
	expect_exception("if\n", "SyntaxError");
	assert_string_equal(rig.result.evalue, "invalid syntax");
}

static void characters_are_never_cut(void **state)
{
	(void)state;
	expect("print('\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80' * 2)",
	       "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n");
}

static void a_stray_ctrl_d_does_not_end_the_output(void **state)
{
	(void)state;
	expect("print(chr(4), 'end')", " end\n");
	expect("print('hello')", "hello\n");
}

static void much_output_is_all_there(void **state)
{
	char code[100];

	(void)state;
	snprintf(code, sizeof(code), MUCH "%zu)", rig.board->much / 100);
	run(code);
	assert_false(rig.result.exception);
	assert_true(rig.out_bytes >= rig.board->much);
	assert_true(rig.out_bytes <= rig.board->much + 10);
	expect("print('hello')", "hello\n");
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
	expect(code, number);
}

static void variables_live_on(void **state)
{
	(void)state;
	expect("kept = 41", "");
	expect("print(kept + 1)", "42\n");
}

static void an_endless_program_is_interrupted(void **state)
{
	(void)state;
	expect("kept = 41", "");
	cancel_in(300);
	run("print('before')\nwhile True:\n pass\n");
	assert_true(rig.result.interrupted);
	assert_true(rig.result.exception);
	assert_string_equal(rig.result.ename, "KeyboardInterrupt");
	expect("print(kept + 1)", "42\n");
}

static void a_silent_program_is_ended_if_asked(void **state)
{
	(void)state;
	assert_int_equal(run_quiet("while True: pass", 400), KILN_OK);
	assert_true(rig.result.stalled);
	assert_false(rig.result.interrupted);
	expect("print('hello')", "hello\n");
}

static void a_soft_reset_without_main(void **state)
{
	const struct kiln_repl_output output = { .text = keep, .user = &rig };

	(void)state;
	expect("kept = 41", "");
	assert_int_equal(kiln_repl_soft_reset(rig.repl, false, &output, &rig.err), KILN_OK);
	expect_exception("print(kept + 1)", "NameError");
	assert_int_equal(rig.fake.main_runs, 0);
}

static void a_soft_reset_with_main(void **state)
{
	const struct kiln_repl_output output = { .text = keep, .user = &rig };

	(void)state;
	expect("kept = 41", "");
	kiln_buf_reset(&rig.out);
	assert_int_equal(kiln_repl_soft_reset(rig.repl, true, &output, &rig.err), KILN_OK);
	if (rig.fake.quirks.main_py)
		assert_non_null(strstr(kiln_buf_str(&rig.out), "main runs\n"));
	expect_exception("print(kept + 1)", "NameError");
}

/* Close and open again: what is left is a quiet board, of which variables live on or not. */
static void a_session_leaves_a_quiet_board(void **state)
{
	struct kiln_link *link;

	(void)state;
	expect("kept = 41", "");
	link = kiln_repl_detach(rig.repl);
	rig.repl = NULL;
	assert_int_equal(kiln_repl_open(link, &rig.repl, &rig.err), KILN_OK);
	if (rig.board->restarts)
		expect_exception("print(kept + 1)", "NameError");
	else
		expect("print(kept + 1)", "42\n");
}

/* ---- what no program survives ---- */

static const struct {
	fake_fault fault;
	bool old; /* without raw-paste */
	kiln_code code;
	const char *why; /* its beginning */
	kiln_ms at_most;
} faults[] = {
	{ FAKE_WINDOW_OF_NOTHING, false, KILN_E_NO_PROMPT,
	  "it does not answer as raw mode does: 'R", 100 },
	{ FAKE_NO_ROOM, false, KILN_E_NO_PROMPT, "it does not answer as raw mode does: 'R", 16000 },
	{ FAKE_WRONG_ANSWER, false, KILN_E_NO_PROMPT,
	  "it does not answer as raw mode does: 'yes? ?? who is it?'", 4000 },
	{ FAKE_NO_OK, false, KILN_E_NO_PROMPT, "it does not answer as raw mode does: 'R", 16000 },
	{ FAKE_NO_OK, true, KILN_E_NO_PROMPT,
	  "it did not take all 200 bytes: they may be more than its memory", 16000 },
	{ FAKE_BABBLES, false, KILN_E_TIMEOUT, "it does not react to Ctrl-C", 14000 },
	{ FAKE_NO_END, false, KILN_E_TIMEOUT, "it does not react to Ctrl-C", 14000 },
};

static void each_fault_ends_in_bounded_time(void **state)
{
	char code[201];
	int bad = 0;

	(void)state;
	memset(code, '#', 200);
	memcpy(code, "print('hello')\n", 15);
	code[200] = '\0';
	for (size_t i = 0; i < N(faults); i++) {
		kiln_ms began;
		kiln_code got;

		assert_true(begin_fake(&rig, &(const struct fake_quirks){
						     .raw_paste = !faults[i].old, .window = 32 }));
		rig.fake.quirks.fault = faults[i].fault;
		began = rig.fake.now;
		cancel_in(500); /* who waits loses patience: only those that would not end by
				 * themselves see it */
		if (faults[i].code != KILN_E_TIMEOUT)
			rig.fake.cancel_at = 0;
		got = run_quiet(code, 0);
		if (got != faults[i].code ||
		    strncmp(rig.err.why, faults[i].why, strlen(faults[i].why)) != 0 ||
		    rig.fake.now - began > faults[i].at_most) {
			bad++;
			print_error("%zu: %d '%s' %lld ms\n", i, got, rig.err.why,
				    (long long)(rig.fake.now - began));
		}
		kiln_repl_close(rig.repl);
		rig.repl = NULL;
		fake_end(&rig.fake);
	}
	assert_int_equal(bad, 0);
}

/* A board that says "stop" in mid-program: what it says then counts. */
static void a_board_that_stops_early_is_listened_to(void **state)
{
	char code[200];

	(void)state;
	memset(code, '#', sizeof(code));
	memcpy(code, "print('hello')\n", 15);
	code[sizeof(code) - 1] = '\0';
	assert_true(
		begin_fake(&rig, &(const struct fake_quirks){ .raw_paste = true, .window = 32 }));
	rig.fake.quirks.fault = FAKE_STOPS_EARLY;
	run(code);
	assert_string_equal(printed(), "hello\n");
	kiln_repl_close(rig.repl);
	rig.repl = NULL;
	fake_end(&rig.fake);
}

/* Ctrl-C while the program is still on its way: the board forgets it, and is at its prompt. */
static void a_program_is_taken_back(void **state)
{
	char code[200];

	(void)state;
	memset(code, '#', sizeof(code));
	code[sizeof(code) - 1] = '\0';
	assert_true(
		begin_fake(&rig, &(const struct fake_quirks){ .raw_paste = true, .window = 32 }));
	rig.fake.quirks.fault = FAKE_NO_ROOM;
	cancel_in(500);
	run(code);
	assert_true(rig.result.interrupted);
	assert_string_equal(rig.result.ename, "KeyboardInterrupt");
	rig.fake.quirks.fault = FAKE_KEEPS_TO_IT;
	expect("print('hello')", "hello\n");
	kiln_repl_close(rig.repl);
	rig.repl = NULL;
	fake_end(&rig.fake);
}

/* ---- set-up ---- */

static int set_up(void **state)
{
	(void)state;
	rig.host.waiter = (struct kiln_waiter){ .wait = rig_wait, .user = &rig };
	rig.host.schemes = help_host().schemes;
	kiln_buf_init(&rig.out, 128 * 1024);
	return rig.board->begin(&rig) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	kiln_repl_close(rig.repl);
	rig.repl = NULL;
	rig.board->end(&rig);
	rig.fake.board = NULL;
	rig.cancel_on = NULL;
	rig.cancel_at = 0;
	kiln_repl_result_done(&rig.result);
	kiln_buf_done(&rig.out);
	return 0;
}

static int run_suite(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
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

static int run_faults(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_ends_in_bounded_time),
		cmocka_unit_test(a_board_that_stops_early_is_listened_to),
		cmocka_unit_test(a_program_is_taken_back),
	};
	rig.board = &boards[3];
	return RUN(tests);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "sim";
	int result;

	kiln_buf_init(&rig.out, 128 * 1024);
	if (strcmp(name, "faults") == 0)
		return run_faults();
	for (size_t i = 0; i < N(boards); i++) {
		if (strcmp(boards[i].name, name) == 0)
			rig.board = &boards[i];
	}
	assert_non_null(rig.board);
	rig.microbit.held = -1;
	if (strcmp(name, "microbit") == 0 && !microbit_begin(&rig.microbit))
		return 77; /* skipped */
	result = run_suite();
	microbit_end(&rig.microbit);
	return result;
}
