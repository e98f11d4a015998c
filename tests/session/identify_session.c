/* SPDX-License-Identifier: Apache-2.0 */
/* Who a board is, asked of boards that do not play along. */
#include "../unit/unit.h"

#include <kiln/board.h>

#include "exec_help.h"

#define ANSWER "a0b1\tmicropython\t1.27.0\tesp32\tan ESP32\r\n"

static void an_answer_without_an_end(void **state)
{
	/* another program reads from the same port, and got the rest */
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = ANSWER },
		{ .expect = "\x03",
		  .answer = "\x04Traceback (most recent call last):\r\nKeyboardInterrupt: \r\n"
			    "\x04>" },
		{ .kind = STEP_PASTE, .answer = "hi\r\n\x04\x04>" },
		{ 0 },
	};
	struct kiln_board_info info = { .uid = "untouched" };
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(kiln_board_identify(t.repl, &info, &t.err), KILN_E_TIMEOUT);
	assert_string_equal(t.err.why, "it did not answer within 10 seconds");
	assert_string_equal(info.uid, "untouched");
	assert_int_equal(run(&t, "print('hi')"), KILN_OK);
	end(&t);
}

static void an_answer_that_makes_no_sense(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "who are you?\r\n\x04\x04>" },
		{ 0 },
	};
	struct kiln_board_info info;
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(kiln_board_identify(t.repl, &info, &t.err), KILN_E_PROTOCOL);
	assert_string_equal(t.err.why, "its answer makes no sense");
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_without_an_end),
		cmocka_unit_test(an_answer_that_makes_no_sense),
	};
	return RUN(tests);
}
