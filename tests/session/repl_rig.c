/* SPDX-License-Identifier: Apache-2.0 */
#include "repl_rig.h"

#include "link/link_impl.h"

struct rig rig;

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

void rig_keep(void *user, const char *text, size_t n)
{
	struct rig *r = user;

	assert_int_equal(kiln_utf8_whole(text, n), n); /* no character is cut */
	r->out_bytes += n;
	r->texts++;
	if (r->out.len + n <= 64 * 1024)
		assert_int_equal(kiln_buf_append(&r->out, text, n), KILN_OK);
}

kiln_code rig_run_quiet(const char *code, int64_t quiet_ms)
{
	const struct kiln_repl_output output = { .text = rig_keep,
						 .user = &rig,
						 .quiet_ms = quiet_ms };

	kiln_repl_result_done(&rig.result);
	kiln_buf_reset(&rig.out);
	rig.out_bytes = rig.texts = 0;
	rig.err = KILN_ERR_INIT;
	return kiln_repl_exec(rig.repl, code, strlen(code), &output, &rig.result, &rig.err);
}

void rig_run(const char *code)
{
	if (rig_run_quiet(code, 0) != KILN_OK)
		fail_msg("%s: %s", rig.err.what, rig.err.why);
}

const char *rig_printed(void)
{
	const char *text = kiln_buf_str(&rig.out);

	return strncmp(text, "tick\n", 5) == 0 ? text + 5 : text;
}

void rig_expect(const char *code, const char *output)
{
	rig_run(code);
	assert_string_equal(rig_printed(), output);
	if (rig.result.exception)
		fail_msg("%s", rig.result.traceback);
}

void rig_expect_exception(const char *code, const char *name)
{
	rig_run(code);
	assert_true(rig.result.exception);
	assert_string_equal(rig.result.ename, name);
}

void rig_cancel_in(int ms)
{
	const kiln_ms at = kiln_link_after(kiln_repl_link(rig.repl), ms);

	rig.cancel_at = at;
	rig.fake.cancel_at = rig.fake.board ? at : 0;
}

int rig_begin(void **state)
{
	(void)state;
	rig.host.waiter = (struct kiln_waiter){ .wait = rig_wait, .user = &rig };
	rig.host.schemes = help_host().schemes;
	kiln_buf_init(&rig.out, 128 * 1024);
	return rig.board->begin(&rig) ? 0 : -1;
}

int rig_end(void **state)
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

const struct board *rig_board(const char *name)
{
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
		if (strcmp(boards[i].name, name) == 0)
			return &boards[i];
	}
	return NULL;
}

void rig_begin_fake(const struct fake_quirks *quirks)
{
	assert_true(begin_fake(&rig, quirks));
}

void rig_end_fake(void)
{
	kiln_repl_close(rig.repl);
	rig.repl = NULL;
	fake_end(&rig.fake);
}
