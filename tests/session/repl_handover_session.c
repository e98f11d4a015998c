/* SPDX-License-Identifier: Apache-2.0 */
/* A program that follows its own question: what that saves, and that it runs nowhere else. */
#include "../unit/unit.h"

#include "exec_help.h"

#define ASK    \
	"\x05" \
	"A\x01"
#define WINDOW "R\x01\x20\x00\x01"

static uint64_t turns(const struct session *t)
{
	struct kiln_link_stats stats;

	kiln_link_stats(kiln_repl_link(t->repl), &stats);
	return stats.turns;
}

/* How often the host has sent these words. */
static unsigned said(const struct session *t, const char *words)
{
	const uint8_t *at = t->s.all.data, *end = at + t->s.all.len;
	unsigned n = 0;

	while ((at = memmem(at, (size_t)(end - at), words, strlen(words)))) {
		at += strlen(words);
		n++;
	}
	return n;
}

static void one_turn_for_each_program_but_the_first(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "1\r\n\x04\x04>" },
		{ .kind = STEP_PASTE, .answer = "2\r\n\x04\x04>" },
		{ .kind = STEP_PASTE, .answer = "3\r\n\x04\x04>" },
		{ 0 },
	};
	struct session t;
	uint64_t before;

	(void)state;
	begin(&t, steps);
	before = turns(&t);
	assert_int_equal(run(&t, "print(1)"), KILN_OK);
	assert_int_equal(turns(&t) - before, 2);
	assert_int_equal(run(&t, "print(2)"), KILN_OK);
	assert_string_equal(kiln_buf_str(&t.out), "2\n");
	assert_int_equal(run(&t, "print(3)"), KILN_OK);
	assert_string_equal(kiln_buf_str(&t.out), "3\n");
	assert_int_equal(turns(&t) - before, 4);
	assert_int_equal(said(&t, ASK "print(2)\x04"), 1);
	end(&t);
}

/* The script refuses bytes beyond the room: two windows, some of which is left free. */
static void a_long_program_begins_at_once(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "\x04\x04>" },
		{ .kind = STEP_PASTE, .answer = "\x04\x04>" },
		{ .kind = STEP_PASTE, .answer = "\x04\x04>" },
		{ 0 },
	};
	char code[1000];
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, ""), KILN_OK);
	assert_int_equal(run(&t, comment(code, sizeof(code))), KILN_OK);
	assert_memory_equal(t.s.pasted.data, code, 999);
	assert_int_equal(said(&t, ASK "################"), 1);
	assert_int_equal(run(&t, comment(code, 64)), KILN_OK); /* what just does not fit */
	assert_memory_equal(t.s.pasted.data, code, 63);
	end(&t);
}

/* Timers print between programs; but it may as well be a board that was reset. */
static void a_board_that_has_spoken_is_asked_first(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "\x04\x04>tick\r\n" },
		{ .expect = ASK, .answer = WINDOW, .n = 5 },
		{ .expect = "print(2)\x04",
		  .answer = "\x04"
			    "2\r\n\x04\x04>" },
		{ 0 },
	};
	struct session t;
	uint64_t before;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, "print(1)"), KILN_OK);
	before = turns(&t);
	assert_int_equal(run(&t, "print(2)"), KILN_OK);
	assert_string_equal(kiln_buf_str(&t.out), "tick\n2\n");
	assert_int_equal(turns(&t) - before, 2);
	end(&t);
}

/* A reset that nobody saw, the friendly prompt: a paste with a byte that is no Python. */
static void nothing_runs_at_a_friendly_prompt(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "\x04\x04>" },
		{ .expect = ASK "reboot()\x04",
		  .answer = "\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== " },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, ""), KILN_OK);
	assert_int_equal(run(&t, "reboot()"), KILN_E_NO_PROMPT);
	assert_string_equal(t.err.what, "cannot hand the program to the board");
	assert_string_equal(t.err.why, "it was reset since the last one");
	assert_int_equal(said(&t, "reboot()"), 1);
	end(&t);
}

/* The question's first byte is lost on the wire: raw mode runs the program all the same. */
static void a_question_that_is_lost(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "\x04\x04>" },
		{ .expect = ASK "step()\x04", .answer = RAW_BANNER "OKdone\r\n\x04\x04>" },
		{ .expect = "step(2)\x04", .answer = "OKtwo\r\n\x04\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, ""), KILN_OK);
	assert_int_equal(run(&t, "step()"), KILN_OK);
	assert_string_equal(kiln_buf_str(&t.out), "done\n");
	assert_int_equal(said(&t, "step()"), 1); /* not twice */
	assert_int_equal(run(&t, "step(2)"), KILN_OK);
	assert_string_equal(kiln_buf_str(&t.out), "two\n");
	end(&t);
}

/* The same with half a program, which must not run. */
static void half_a_program_is_not_ended(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "\x04\x04>" },
		{ .expect = ASK, .answer = RAW_BANNER },
		{ 0 },
	};
	char code[1000];
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, ""), KILN_OK);
	assert_int_equal(run(&t, comment(code, sizeof(code))), KILN_E_NO_PROMPT);
	assert_string_equal(t.err.what, "cannot hand the program to the board");
	assert_int_equal(said(&t, "#\x04"), 0);
	end(&t);
}

static void a_cancel_before_the_answer(void **state)
{
	static const char given_up[] = WINDOW "\x04\x04KeyboardInterrupt: \r\n\x04>" RAW_BANNER;
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "\x04\x04>" },
		{ .expect = "\x03\x01", .answer = given_up, .n = sizeof(given_up) - 1 },
		{ .kind = STEP_SYNC },
		{ .kind = STEP_PASTE, .answer = "next\r\n\x04\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, ""), KILN_OK);
	t.s.cancels[0] = t.s.now + 100;
	assert_int_equal(run(&t, "slow()"), KILN_OK);
	assert_true(t.result.interrupted && t.result.exception);
	assert_string_equal(t.result.ename, "KeyboardInterrupt");
	assert_int_equal(said(&t, ASK "slow()\x04"), 1);
	assert_int_equal(run(&t, "print('next')"), KILN_OK);
	assert_string_equal(kiln_buf_str(&t.out), "next\n");
	end(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_turn_for_each_program_but_the_first),
		cmocka_unit_test(a_long_program_begins_at_once),
		cmocka_unit_test(a_board_that_has_spoken_is_asked_first),
		cmocka_unit_test(nothing_runs_at_a_friendly_prompt),
		cmocka_unit_test(a_question_that_is_lost),
		cmocka_unit_test(half_a_program_is_not_ended),
		cmocka_unit_test(a_cancel_before_the_answer),
	};

	return RUN(tests);
}
