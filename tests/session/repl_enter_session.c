/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the prompt, from each state a board may be in. */
#include "../unit/unit.h"

#include <kiln/repl.h>

#include "script.h"

#define ROM_BANNER                                                           \
	"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 " \
	"(SPI_FAST_FLASH_BOOT)\r\n"

/* Open a session and close it again; what happened is left in `s` and `err`. */
static kiln_code enter(struct script *s, const struct step *steps, struct kiln_err *err)
{
	struct kiln_repl *repl = NULL;
	kiln_code code;

	*err = KILN_ERR_INIT;
	script_begin(s, steps);
	code = kiln_repl_open(s->link, &repl, err);
	if (code == KILN_OK)
		kiln_repl_close(repl);
	else
		assert_null(repl);
	return code;
}

static void must_enter(const struct step *steps)
{
	struct script s;
	struct kiln_err err;

	if (enter(&s, steps, &err) != KILN_OK)
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(s.steps[s.at].kind, STEP_SAY); /* the whole script was played */
	assert_null(s.steps[s.at].answer);
	script_end(&s);
}

static kiln_ms must_fail(const struct step *steps, const char *why, const char *hint)
{
	struct script s;
	struct kiln_err err;
	kiln_ms took;

	assert_int_equal(enter(&s, steps, &err), KILN_E_NO_PROMPT);
	assert_string_equal(err.what, "cannot get a prompt from 'mem:a'");
	assert_string_equal(err.why, why);
	assert_non_null(strstr(err.hint, hint));
	took = s.now - 1000;
	script_end(&s);
	return took;
}

static void a_friendly_prompt(void **state)
{
	static const struct step steps[] = {
		STEPS_TO_RAW,
		{ .expect = "\x02", .answer = "\r\n" UPY_BANNER },
		{ 0 },
	};

	(void)state;
	must_enter(steps);
}

static void raw_mode_left_behind(void **state)
{
	static const struct step steps[] = {
		{ .expect = "\x03\x01", .answer = RAW_BANNER },
		{ .kind = STEP_SYNC },
		{ 0 },
	};

	(void)state;
	must_enter(steps);
}

static void a_running_program_is_stopped(void **state)
{
	static const struct step steps[] = {
		{ .answer = "measuring 1\r\nmeasuring 2\r\n" },
		{ .expect = "\x03\x01",
		  .after_ms = 30,
		  .answer = "Traceback (most recent call last):\r\n  File \"main.py\", line 3\r\n"
			    "KeyboardInterrupt: \r\n" UPY_BANNER "\r\n" RAW_BANNER },
		{ .kind = STEP_SYNC },
		{ 0 },
	};

	(void)state;
	must_enter(steps);
}

static void a_program_that_needs_a_second_ctrl_c(void **state)
{
	static const struct step steps[] = {
		{ .expect = "\x03\x01", .answer = "cleaning up\r\n" },
		{ .expect = "\x03\x03\x01", .after_ms = 100, .answer = UPY_BANNER },
		{ .expect = "\x03\x03\x01", .answer = "\r\n>>> \r\n>>> \r\n" RAW_BANNER },
		{ .kind = STEP_SYNC },
		{ 0 },
	};

	(void)state;
	must_enter(steps);
}

static void a_board_that_boots_is_waited_for(void **state)
{
	/* keys before 2.5 s are lost: the chip is in its boot loader, then in boot.py */
	static const struct step steps[] = {
		{ .after_ms = 50, .answer = ROM_BANNER "configsip: 0, SPIWP:0xee\r\n" },
		{ .after_ms = 2500, .answer = UPY_BANNER },
		{ .expect = "\x03\x01\x03\x01", .answer = "" },
		STEPS_TO_RAW,
		{ 0 },
	};
	struct script s;
	struct kiln_err err;

	(void)state;
	assert_int_equal(enter(&s, steps, &err), KILN_OK);
	assert_true(s.now - 1000 >= 2500);
	assert_true(s.now - 1000 < 4500);
	script_end(&s);
}

static void circuitpython_wants_a_key(void **state)
{
	static const struct step steps[] = {
		{ .expect = "\x03\x01",
		  .answer = "\r\nKeyboardInterrupt: \r\n\r\nCode done running.\r\n\r\n"
			    "Press any key to enter the REPL. Use CTRL-D to reload.\r\n" },
		{ .expect = " ",
		  .answer = "\r\nAdafruit CircuitPython 9.2.1 on 2024-11-20; Adafruit Feather "
			    "RP2040 with rp2040\r\n>>> " },
		{ .expect = "\x03\x03\x01", .answer = "\r\n>>> \r\n" RAW_BANNER },
		{ .kind = STEP_SYNC },
		{ 0 },
	};

	(void)state;
	must_enter(steps);
}

static void an_old_banner_in_the_buffer_is_not_believed(void **state)
{
	static const struct step steps[] = {
		{ .answer = RAW_BANNER },
		{ .expect = "\x03\x01", .after_ms = 10, .answer = RAW_BANNER },
		{ .kind = STEP_SYNC },
		{ 0 },
	};

	(void)state;
	must_enter(steps);
}

static void late_banners_are_waited_out(void **state)
{
	/* a slow board answers three tries at once; the check comes after all of them */
	static const struct step steps[] = {
		{ .expect = "\x03\x01\x03\x03\x01\x03\x03\x01",
		  .after_ms = 100,
		  .answer = ">>> \r\n" RAW_BANNER RAW_BANNER },
		{ .after_ms = 50, .answer = RAW_BANNER },
		{ .kind = STEP_SYNC },
		{ 0 },
	};

	(void)state;
	must_enter(steps);
}

static void silence(void **state)
{
	static const struct step steps[] = { { 0 } };

	(void)state;
	assert_true(must_fail(steps, "the board is silent: it said nothing in 3 s",
			      "not talk at 115200 baud") <= 3100);
}

static void a_wrong_speed(void **state)
{
	static const struct step steps[] = {
		{ .kind = STEP_FLOOD, .after_ms = 100, .answer = "\xf8\x80\xff\x78\x80\xf8\xe6" },
	};

	(void)state;
	must_fail(steps, "what comes is no text, as at a wrong speed (413 bytes at 115200 baud)",
		  "give the port's speed");
}

static void download_mode(void **state)
{
	static const struct step steps[] = {
		{ .after_ms = 20,
		  .answer = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x3 "
			    "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
			    "waiting for download\r\n" },
		{ 0 },
	};

	(void)state;
	/* at once: it will not change by waiting */
	assert_true(must_fail(steps,
			      "the chip waits for a flash tool: 'rst:0x1 (POWERON_RESET),boot:0x3 "
			      "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))'",
			      "press the reset (EN) button") < 200);
}

static void an_empty_flash(void **state)
{
	static const struct step steps[] = {
		{ .after_ms = 20, .answer = ROM_BANNER },
		{ .kind = STEP_FLOOD, .after_ms = 2, .answer = "invalid header: 0xffffffff\r\n" },
	};

	(void)state;
	assert_true(must_fail(steps,
			      "the chip finds nothing to start: its ROM says 'invalid header: "
			      "0xffffffff'",
			      "write MicroPython with 'kiln flash'") < 200);
}

static void a_boot_loop(void **state)
{
	static const struct step steps[] = {
		{ .kind = STEP_FLOOD,
		  .after_ms = 400,
		  .answer = ROM_BANNER "Brownout detector was triggered\r\n\r\n" },
	};

	(void)state;
	must_fail(steps, "the chip starts over and over: 'Brownout detector was triggered'",
		  "check its power supply");
}

static void a_start_without_a_prompt(void **state)
{
	static const struct step steps[] = {
		{ .after_ms = 20, .answer = ROM_BANNER "entry 0x400805cc\r\n" },
		{ .after_ms = 500, .answer = "I (300) app_main: my own firmware\r\n" },
		{ 0 },
	};

	(void)state;
	must_fail(steps,
		  "the chip was started, but no prompt came in 10 s: 'I (300) app_main: my own "
		  "firmware'",
		  "may be no MicroPython");
}

static void a_flood_that_ctrl_c_does_not_end(void **state)
{
	static const struct step steps[] = {
		{ .kind = STEP_FLOOD, .after_ms = 1, .answer = "temperature 21.5\r\n" },
	};
	kiln_ms took;

	(void)state;
	took = must_fail(steps,
			 "a program goes on printing and does not stop on Ctrl-C: "
			 "'temperature 21.5'",
			 "press the reset button");
	assert_true(took < 7000);
}

static void something_else_answers(void **state)
{
	static const struct step steps[] = {
		{ .expect = "\x03", .answer = "\r\nraspberrypi login: " },
		{ 0 },
	};

	(void)state;
	must_fail(steps, "something answers that is no MicroPython: 'raspberrypi login:'",
		  "is it the right port?");
}

static void an_echo_is_no_prompt(void **state)
{
	/* RX and TX are joined: all that we send comes back, the check's program too */
	static const struct step steps[] = {
		{ .expect = "\x03\x01", .answer = "\x03\x01" },
		{ .expect = "\x03\x03\x01", .answer = "\x03\x03\x01" },
		{ .answer = RAW_BANNER },
		{ .expect = "\x04", .answer = "print('ki'+'ln-0000')\x04" },
		{ 0 },
	};

	(void)state;
	must_fail(steps, "there is a prompt, but raw mode does not answer: '>'", "reset");
}

static void a_cable_that_is_pulled(void **state)
{
	static const struct step steps[] = {
		{ .expect = "\x03\x01", .answer = "\r\n>>> " },
		{ .kind = STEP_GONE, .after_ms = 10 },
		{ 0 },
	};
	struct script s;
	struct kiln_err err;

	(void)state;
	assert_int_equal(enter(&s, steps, &err), KILN_E_PORT_GONE);
	script_end(&s);
}

static void the_user_changes_his_mind(void **state)
{
	static const struct step flood[] = {
		{ .kind = STEP_FLOOD, .after_ms = 1, .answer = "x" },
	};
	static const struct step silent[] = { { 0 } };
	struct script s;
	struct kiln_err err;
	struct kiln_repl *repl;

	(void)state;
	script_begin(&s, silent);
	s.cancels[0] = 1300;
	assert_int_equal(kiln_repl_open(s.link, &repl, &err), KILN_E_CANCELLED);
	assert_true(s.now < 2600);
	script_end(&s);
	script_begin(&s, flood);
	s.cancels[0] = 1300;
	assert_int_equal(kiln_repl_open(s.link, &repl, &err), KILN_E_CANCELLED);
	assert_true(s.now < 1600);
	script_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_friendly_prompt),
		cmocka_unit_test(raw_mode_left_behind),
		cmocka_unit_test(a_running_program_is_stopped),
		cmocka_unit_test(a_program_that_needs_a_second_ctrl_c),
		cmocka_unit_test(a_board_that_boots_is_waited_for),
		cmocka_unit_test(circuitpython_wants_a_key),
		cmocka_unit_test(an_old_banner_in_the_buffer_is_not_believed),
		cmocka_unit_test(late_banners_are_waited_out),
		cmocka_unit_test(silence),
		cmocka_unit_test(a_wrong_speed),
		cmocka_unit_test(download_mode),
		cmocka_unit_test(an_empty_flash),
		cmocka_unit_test(a_boot_loop),
		cmocka_unit_test(a_start_without_a_prompt),
		cmocka_unit_test(a_flood_that_ctrl_c_does_not_end),
		cmocka_unit_test(something_else_answers),
		cmocka_unit_test(an_echo_is_no_prompt),
		cmocka_unit_test(a_cable_that_is_pulled),
		cmocka_unit_test(the_user_changes_his_mind),
	};
	return RUN(tests);
}
