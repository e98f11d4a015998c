/* SPDX-License-Identifier: Apache-2.0 */
/* What no program survives: a board that breaks the REPL's protocol ends in bounded time. */
#include "repl_rig.h"

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
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		kiln_ms began;
		kiln_code got;

		rig_begin_fake(
			&(const struct fake_quirks){ .raw_paste = !faults[i].old, .window = 32 });
		rig.fake.quirks.fault = faults[i].fault;
		began = rig.fake.now;
		rig_cancel_in(500); /* who waits loses patience: only those that would not end by
				     * themselves see it */
		if (faults[i].code != KILN_E_TIMEOUT)
			rig.fake.cancel_at = 0;
		got = rig_run_quiet(code, 0);
		if (got != faults[i].code ||
		    strncmp(rig.err.why, faults[i].why, strlen(faults[i].why)) != 0 ||
		    rig.fake.now - began > faults[i].at_most) {
			bad++;
			print_error("%zu: %d '%s' %lld ms\n", i, got, rig.err.why,
				    (long long)(rig.fake.now - began));
		}
		rig_end_fake();
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
	rig_begin_fake(&(const struct fake_quirks){ .raw_paste = true, .window = 32 });
	rig.fake.quirks.fault = FAKE_STOPS_EARLY;
	rig_run(code);
	assert_string_equal(rig_printed(), "hello\n");
	rig_end_fake();
}

/* Ctrl-C while the program is still on its way: the board forgets it, and is at its prompt. */
static void a_program_is_taken_back(void **state)
{
	char code[200];

	(void)state;
	memset(code, '#', sizeof(code));
	code[sizeof(code) - 1] = '\0';
	rig_begin_fake(&(const struct fake_quirks){ .raw_paste = true, .window = 32 });
	rig.fake.quirks.fault = FAKE_NO_ROOM;
	rig_cancel_in(500);
	rig_run(code);
	assert_true(rig.result.interrupted);
	assert_string_equal(rig.result.ename, "KeyboardInterrupt");
	rig.fake.quirks.fault = FAKE_KEEPS_TO_IT;
	rig_expect("print('hello')", "hello\n");
	rig_end_fake();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_ends_in_bounded_time),
		cmocka_unit_test(a_board_that_stops_early_is_listened_to),
		cmocka_unit_test(a_program_is_taken_back),
	};

	rig.board = rig_board("misbehaving");
	kiln_buf_init(&rig.out, 128 * 1024);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
