/* SPDX-License-Identifier: Apache-2.0 */
/* Running programs: handing over, streaming, interrupting, and boards that do not play along. */
#include "../unit/unit.h"

#include <kiln/repl.h>
#include <malloc.h>

#include "exec_help.h"

static void raw_paste_keeps_to_the_window(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "done\r\n\x04\x04>" },
		{ .kind = STEP_PASTE, .answer = "again\r\n\x04\x04>" },
		{ 0 },
	};
	char code[1000];
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, comment(code, sizeof(code))), KILN_OK);
	assert_int_equal(t.s.pasted.len, 999);
	assert_memory_equal(t.s.pasted.data, code, 999);
	assert_string_equal(kiln_buf_str(&t.out), "done\n");
	assert_false(t.result.exception);
	assert_int_equal(run(&t, ""), KILN_OK); /* not a soft reset */
	assert_string_equal(kiln_buf_str(&t.out), "again\n");
	end(&t);
}

static void old_firmware_is_asked_once(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .expect = "\x05"
			    "A\x01",
		  .answer = RAW_BANNER },
		{ .expect = "print(1)\x04", .answer = "OK1\r\n\x04\x04>" },
		{ .expect = "\n\x04", .answer = "OK\x04\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, "print(1)"), KILN_OK);
	assert_string_equal(kiln_buf_str(&t.out), "1\n");
	assert_int_equal(run(&t, ""), KILN_OK);
	end(&t);
}

static void an_exception_is_a_result(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE,
		  .answer = "a\r\n\x04Traceback (most recent call last):\r\n  File \"<stdin>\", "
			    "line 2, in <module>\r\nZeroDivisionError: divide by zero\r\n\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, "print('a')\n1/0"), KILN_OK);
	assert_true(t.result.exception);
	assert_string_equal(t.result.ename, "ZeroDivisionError");
	assert_string_equal(t.result.evalue, "divide by zero");
	assert_string_equal(t.result.traceback,
			    "Traceback (most recent call last):\n  File \"<stdin>\", line 2, in "
			    "<module>\nZeroDivisionError: divide by zero\n");
	end(&t);
}

static void the_board_stops_a_program_it_has_no_memory_for(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .expect = "\x05"
			    "A\x01",
		  .answer = "R\x01\x20\x00\x01",
		  .n = 5 },
		{ .after_ms = 10, .answer = "\x04" },
		{ .expect = "\x04",
		  .answer = "\x04MemoryError: memory allocation failed\r\n\x04>" },
		{ 0 },
	};
	char code[500];
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, comment(code, sizeof(code))), KILN_OK);
	assert_string_equal(t.result.ename, "MemoryError");
	end(&t);
}

static void a_cancel_becomes_a_ctrl_c(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "1\r\n" },
		{ .expect = "\x03",
		  .after_ms = 3000, /* a `finally` that takes its time */
		  .answer = "cleaned up\r\n\x04Traceback (most recent call last):\r\n  File "
			    "\"<stdin>\", line 1\r\nKeyboardInterrupt: \r\n\x04>" },
		{ .kind = STEP_PASTE, .answer = "next\r\n\x04\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	t.s.cancels[0] = t.s.now + 500;
	assert_int_equal(run(&t, "loop()"), KILN_OK);
	assert_true(t.result.interrupted);
	assert_true(t.result.exception);
	assert_string_equal(t.result.ename, "KeyboardInterrupt");
	assert_string_equal(kiln_buf_str(&t.out), "1\ncleaned up\n");
	assert_int_equal(run(&t, "print('next')"), KILN_OK);
	assert_false(t.result.interrupted);
	end(&t);
}

static void a_flood_does_not_hide_the_cancel(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "go\r\n" },
		{ .kind = STEP_FLOOD,
		  .after_ms = 0,
		  .answer = "garbage \xff\xfe\x00 for ever\r\n" },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	t.s.cancels[0] = t.s.now + 300;
	assert_int_equal(run(&t, "flood()"), KILN_E_TIMEOUT);
	assert_string_equal(t.err.what, "cannot interrupt the program");
	assert_string_equal(t.err.why, "it does not react to Ctrl-C");
	assert_non_null(memchr(t.s.all.data, 0x03, t.s.all.len));
	assert_true(t.s.now < 1000 + 15000); /* and not for ever */
	end(&t);
}

static void a_second_cancel_waits_less(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "go\r\n" },
		{ 0 },
	};
	struct session t;
	kiln_ms began;

	(void)state;
	begin(&t, steps);
	began = t.s.now;
	t.s.cancels[0] = began + 300;
	t.s.cancels[1] = began + 2000;
	assert_int_equal(run(&t, "deaf()"), KILN_E_TIMEOUT);
	assert_true(t.s.now < began + 5000);
	t.s.cancels[0] = t.s.now + 100; /* looking for the prompt can be cancelled too */
	assert_int_equal(run(&t, "next()"), KILN_E_CANCELLED);
	end(&t);
}

static void ten_megabytes_take_no_memory(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "" },
		{ .kind = STEP_FLOOD },
		{ 0 },
	};
	static char block[64 * 1024];
	struct step flood[4];
	struct session t;
	size_t before;

	(void)state;
	memset(block, 'y', sizeof(block));
	memcpy(flood, steps, sizeof(flood));
	flood[3] = (struct step){
		.kind = STEP_FLOOD, .after_ms = 9, .answer = block, .n = sizeof(block)
	};
	begin(&t, flood);
	t.s.cancels[0] = t.s.now + 1600; /* 160 blocks */
	before = mallinfo2().uordblks;
	assert_int_equal(run(&t, "much()"), KILN_E_TIMEOUT);
	assert_true(t.out_bytes > 10 * 1024 * 1024);
	assert_true(mallinfo2().uordblks < before + 1024 * 1024);
	end(&t);
}

static void a_reset_in_mid_program_is_noticed(void **state)
{
	static const char watchdog[] =
		"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x8 (TG1WDT_SYS_RESET),boot:0x13 "
		"(SPI_FAST_FLASH_BOOT)\r\nload:0x3fff0030,len:4728\r\n" UPY_BANNER;
	static const char silent_main[] =
		"ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13 "
		"(SPI_FAST_FLASH_BOOT)\r\nentry 0x400805cc\r\n";
	static const char microbit[] =
		"\x00MicroPython v1.9.2 on 2017-09-01; micro:bit v1.0.1 with nRF51822\r\n>>> ";
	static const char asleep[] =
		"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x5 (DEEPSLEEP_RESET),boot:0x13 "
		"(SPI_FAST_FLASH_BOOT)\r\nentry 0x400805cc\r\n";
	static const char task_watchdog[] =
		"E (10303) task_wdt: Task watchdog got triggered.\r\nRebooting...\r\n"
		"ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13 "
		"(SPI_FAST_FLASH_BOOT)\r\n" UPY_BANNER;
	static const char feed[] = "a watchdog that main.py has started goes on after Ctrl-C";
	static const char again[] = "the next command connects again";
	static const struct {
		const char *text;
		size_t n;
		const char *why, *hint;
	} resets[] = {
		{ watchdog, sizeof(watchdog) - 1,
		  ", by its watchdog: 'rst:0x8 (TG1WDT_SYS_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)'",
		  feed },
		{ task_watchdog, sizeof(task_watchdog) - 1,
		  ", by its watchdog: 'E (10303) task_wdt: Task watchdog got triggered.'", feed },
		{ asleep, sizeof(asleep) - 1,
		  ": it went to deep sleep and woke up: 'rst:0x5 (DEEPSLEEP_RESET),boot:0x13 "
		  "(SPI_FAST_FLASH_BOOT)'",
		  "main.py goes on from there" },
		{ silent_main, sizeof(silent_main) - 1, "", again },
		{ microbit, sizeof(microbit) - 1, "", again },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(resets) / sizeof(resets[0]); i++) {
		const struct step steps[] = {
			STEPS_TO_RAW,
			{ .kind = STEP_PASTE, .answer = "before\r\n" },
			{ .after_ms = 100, .answer = resets[i].text, .n = resets[i].n },
			{ .expect = "\x03\x01", .answer = "\r\n>>> \r\n" RAW_BANNER },
			{ .kind = STEP_SYNC },
			{ .kind = STEP_PASTE, .answer = "hi\r\n\x04\x04>" },
			{ 0 },
		};
		struct session t;

		begin(&t, steps);
		assert_int_equal(run(&t, "machine.reset()"), KILN_E_NO_PROMPT);
		assert_string_equal(t.err.what, "cannot run the program to its end");
		assert_int_equal(strncmp(t.err.why, "the board was reset while it ran", 32), 0);
		assert_string_equal(t.err.why + 32, resets[i].why);
		assert_non_null(strstr(t.err.hint, resets[i].hint));
		assert_int_equal(strncmp(kiln_buf_str(&t.out), "before\n", 7), 0);
		assert_int_equal(run(&t, "print('hi')"), KILN_OK);
		assert_string_equal(kiln_buf_str(&t.out), "hi\n");
		end(&t);
	}
}

static void a_board_that_no_longer_boots_is_said(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "erasing\r\n" },
		{ .after_ms = 10,
		  .answer = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x10 (RTCWDT_RTC_RESET),boot:0x13 "
			    "(SPI_FAST_FLASH_BOOT)\r\n" },
		{ .kind = STEP_FLOOD, .after_ms = 5, .answer = "invalid header: 0xffffffff\r\n" },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, "erase()"), KILN_E_NO_PROMPT);
	assert_string_equal(t.err.why,
			    "the board was reset while it ran: 'invalid header: 0xffffffff'");
	end(&t);
}

static void what_only_looks_like_a_reset_is_output(void **state)
{
	/* a board that shows another board's console, and goes on */
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE,
		  .answer = "ets Jul 29 2019 12:21:46\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n" },
		{ .after_ms = 3000, .answer = UPY_BANNER },
		{ .after_ms = 300, .answer = "import os\r\n" },
		{ .after_ms = 4000, .answer = ">>> \x04\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, "bridge()"), KILN_OK);
	assert_non_null(strstr(kiln_buf_str(&t.out), ">>> import os\n>>> "));
	end(&t);
}

static void a_board_that_was_reset_between_programs(void **state)
{
	/* somebody pressed the button: it is at its friendly prompt, where ^E begins paste mode */
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .expect = "\x05"
			    "A\x01",
		  .answer = "\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== A\x01" },
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "hi\r\n\x04\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, "print('hi')"), KILN_E_NO_PROMPT);
	assert_string_equal(t.err.what, "cannot hand the program to the board");
	assert_string_equal(t.err.why, "it was reset since the last one");
	assert_int_equal(run(&t, "print('hi')"), KILN_OK);
	end(&t);
}

static void wrong_framing_ends(void **state)
{
	static const char *const answers[] = {
		"R\x01\x00\x00",            /* a window of nothing */
		"yes? \xff\xff who is it?", /* no answer at all */
		"R\x01\x20\x00",            /* a window that never opens again */
	};
	static const char *const whys[] = {
		"it does not answer as raw mode does: '?'",
		"it does not answer as raw mode does: 'yes? ?? who is it?'",
		"it does not answer as raw mode does: '? '",
	};
	char code[100];

	(void)state;
	memset(code, '#', sizeof(code));
	code[sizeof(code) - 1] = '\0';
	for (size_t i = 0; i < 3; i++) {
		const struct step steps[] = {
			STEPS_TO_RAW,
			{ .expect = "\x05"
				    "A\x01",
			  .answer = answers[i],
			  .n = i == 1 ? 0 : 4 },
			{ 0 },
		};
		struct session t;

		begin(&t, steps);
		assert_int_equal(run(&t, code), KILN_E_NO_PROMPT);
		assert_string_equal(t.err.what, "cannot hand the program to the board");
		if (i == 1)
			assert_string_equal(t.err.why, whys[i]);
		assert_true(t.s.now < 1000 + 20000);
		end(&t);
	}
}

static void a_cable_that_is_pulled(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "half a li" },
		{ .kind = STEP_GONE, .after_ms = 50 },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, "loop()"), KILN_E_PORT_GONE);
	assert_string_equal(kiln_buf_str(&t.out), "half a li");
	end(&t);
}

static void control_bytes_are_refused_before_anything_is_sent(void **state)
{
	static const struct step steps[] = { STEPS_TO_RAW, { 0 } };
	struct session t;
	size_t sent;

	(void)state;
	begin(&t, steps);
	sent = t.s.all.len;
	assert_int_equal(run(&t, "print('\x03')"), KILN_E_INVALID);
	assert_string_equal(t.err.why, "line 1 of it has a control character (0x03)");
	assert_string_equal(t.err.hint, "write it as '\\x03'");
	assert_int_equal(t.s.all.len, sent);
	end(&t);
}

static void sys_exit_is_an_end_and_said(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "bye\r\n\x04\x04MPY: soft reboot\r\n" RAW_BANNER },
		{ .kind = STEP_PASTE, .answer = "hi\r\n\x04\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(run(&t, "sys.exit()"), KILN_OK);
	assert_true(t.result.restarted);
	assert_string_equal(kiln_buf_str(&t.out), "bye\nMPY: soft reboot\n");
	assert_int_equal(run(&t, "print('hi')"), KILN_OK);
	assert_false(t.result.restarted);
	end(&t);
}

static kiln_code soft_reset(struct session *t, bool run_main)
{
	const struct kiln_repl_output output = { .text = keep, .user = t };

	kiln_buf_reset(&t->out);
	return kiln_repl_soft_reset(t->repl, run_main, &output, &t->err);
}

static void a_soft_reset_without_main(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .expect = "\x04", .answer = "OK\r\nMPY: soft reboot\r\nboot.py\r\n" RAW_BANNER },
		{ .kind = STEP_PASTE, .answer = "hi\r\n\x04\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(soft_reset(&t, false), KILN_OK);
	assert_string_equal(kiln_buf_str(&t.out), "\nMPY: soft reboot\nboot.py\n");
	assert_int_equal(run(&t, "print('hi')"), KILN_OK);
	end(&t);
}

static void a_soft_reset_with_main(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .expect = "\x02", .answer = "\r\n" UPY_BANNER },
		{ .expect = "\x04", .answer = "\r\nMPY: soft reboot\r\nmain runs\r\n" },
		{ .expect = "\x03",
		  .after_ms = 20,
		  .answer = "Traceback (most recent call last):\r\n  File \"main.py\", line 1\r\n"
			    "KeyboardInterrupt: \r\n" UPY_BANNER },
		STEPS_TO_RAW,
		{ .kind = STEP_PASTE, .answer = "hi\r\n\x04\x04>" },
		{ 0 },
	};
	struct session t;

	(void)state;
	begin(&t, steps);
	t.s.cancels[0] = t.s.now + 5000; /* main.py never ends by itself */
	assert_int_equal(soft_reset(&t, true), KILN_OK);
	assert_non_null(strstr(kiln_buf_str(&t.out), "main runs\n"));
	assert_null(strstr(kiln_buf_str(&t.out), "raw REPL"));
	assert_int_equal(run(&t, "print('hi')"), KILN_OK);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw_paste_keeps_to_the_window),
		cmocka_unit_test(old_firmware_is_asked_once),
		cmocka_unit_test(an_exception_is_a_result),
		cmocka_unit_test(the_board_stops_a_program_it_has_no_memory_for),
		cmocka_unit_test(a_cancel_becomes_a_ctrl_c),
		cmocka_unit_test(a_flood_does_not_hide_the_cancel),
		cmocka_unit_test(a_second_cancel_waits_less),
		cmocka_unit_test(ten_megabytes_take_no_memory),
		cmocka_unit_test(a_reset_in_mid_program_is_noticed),
		cmocka_unit_test(a_board_that_no_longer_boots_is_said),
		cmocka_unit_test(what_only_looks_like_a_reset_is_output),
		cmocka_unit_test(a_board_that_was_reset_between_programs),
		cmocka_unit_test(wrong_framing_ends),
		cmocka_unit_test(a_cable_that_is_pulled),
		cmocka_unit_test(control_bytes_are_refused_before_anything_is_sent),
		cmocka_unit_test(sys_exit_is_an_end_and_said),
		cmocka_unit_test(a_soft_reset_without_main),
		cmocka_unit_test(a_soft_reset_with_main),
	};
	return RUN(tests);
}
