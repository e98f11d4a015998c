/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every state that a board may be in when a session is opened, and what Kiln does or says. One
 * table: the test plays it, and docs/board-states.md shows it. KILN_UPDATE_GOLDEN=1 writes the page
 * anew.
 */
#include "../unit/unit.h"

#include <kiln/repl.h>
#include <stdlib.h>

#include "base/text.h"
#include "script.h"

#define ROM(reason)                                                             \
	"ets Jul 29 2019 12:21:46\r\n\r\nrst:" reason ",boot:0x13 "             \
	"(SPI_FAST_FLASH_BOOT)\r\nconfigsip: 0, SPIWP:0xee\r\nmode:DIO, clock " \
	"div:2\r\nentry 0x400805cc\r\n"
#define POWERON ROM("0x1 (POWERON_RESET)")
#define KEYBOARD_INTERRUPT                                                                  \
	"Traceback (most recent call last):\r\n  File \"main.py\", line 3, in <module>\r\n" \
	"KeyboardInterrupt: \r\n"
#define STEPS(...)                  \
	(const struct step[])       \
	{                           \
		__VA_ARGS__, { 0 }, \
	}
#define SYNC                      \
	{                         \
		.kind = STEP_SYNC \
	}

static const struct state_row {
	const char *state;
	const char *does; /* it ends in a prompt; what Kiln did for it */
	const char *why;  /* or in this sentence, with words of this hint */
	const char *hint;
	kiln_ms at_most; /* of the board's time */
	const struct step *steps;
} rows[] = {
	/* ---- to a prompt ---- */
	{ "at its friendly prompt", "asks for raw mode", .at_most = 100,
	  STEPS(STEPS_TO_RAW, { .expect = "\x02", .answer = "\r\n" UPY_BANNER }) },
	{ "runs main.py", "one Ctrl-C", .at_most = 200,
	  STEPS({ .answer = "measuring 1\r\nmeasuring 2\r\n" },
		{ .expect = "\x03\x01",
		  .after_ms = 30,
		  .answer = KEYBOARD_INTERRUPT UPY_BANNER "\r\n" RAW_BANNER },
		SYNC) },
	{ "prints without an end", "one Ctrl-C", .at_most = 200,
	  STEPS({ .kind = STEP_CHATTER,
		  .expect = "\x03\x01",
		  .after_ms = 1,
		  .answer = "temperature 21.5\r\ntemperature 21.5\r\n" },
		{ .after_ms = 20, .answer = KEYBOARD_INTERRUPT UPY_BANNER "\r\n" RAW_BANNER },
		SYNC) },
	{ "prints without an end, and catches the first Ctrl-C", "Ctrl-C again, twice",
	  .at_most = 1500,
	  STEPS({ .kind = STEP_CHATTER,
		  .expect = "\x03\x03\x01",
		  .after_ms = 1,
		  .answer = "temperature 21.5\r\n" },
		{ .after_ms = 20, .answer = KEYBOARD_INTERRUPT UPY_BANNER "\r\n" RAW_BANNER },
		SYNC) },
	{ "blocked in a long sleep", "one Ctrl-C", .at_most = 200,
	  STEPS({ .expect = "\x03\x01",
		  .after_ms = 20,
		  .answer = KEYBOARD_INTERRUPT UPY_BANNER "\r\n" RAW_BANNER },
		SYNC) },
	{ "blocked where Ctrl-C is not looked at (a network call), for two seconds",
	  "Ctrl-C, and patience", .at_most = 2500,
	  STEPS({ .expect = "\x03\x01",
		  .after_ms = 2000,
		  .answer = KEYBOARD_INTERRUPT UPY_BANNER "\r\n" RAW_BANNER RAW_BANNER },
		SYNC) },
	{ "in a `finally` that takes its time", "Ctrl-C once, then later again", .at_most = 1500,
	  STEPS({ .expect = "\x03\x01", .answer = "cleaning up\r\n" },
		{ .expect = "\x03\x03\x01", .after_ms = 100, .answer = UPY_BANNER },
		{ .expect = "\x03\x03\x01", .answer = "\r\n>>> \r\n>>> \r\n" RAW_BANNER }, SYNC) },
	{ "in raw mode, left behind", "stays there", .at_most = 100,
	  STEPS({ .expect = "\x03\x01", .answer = RAW_BANNER }, SYNC) },
	{ "in raw-paste mode, left behind in mid-program", "Ctrl-C", .at_most = 700,
	  STEPS({ .expect = "\x03\x01", .answer = "\x04\x04>" },
		{ .expect = "\x03\x03\x01", .answer = RAW_BANNER }, SYNC) },
	{ "in paste mode, left behind", "Ctrl-C", .at_most = 700,
	  STEPS({ .answer = "=== " }, { .expect = "\x03\x01", .answer = "\r\n>>> \r\n" RAW_BANNER },
		SYNC) },
	{ "with a half-typed `for` loop", "Ctrl-C, no Enter", .at_most = 100,
	  STEPS({ .answer = ">>> for i in range(9):\r\n...     go()" },
		{ .expect = "\x03\x01", .answer = "\r\n>>> \r\n" RAW_BANNER }, SYNC) },
	{ "starting", "waits until it has started", .at_most = 4500,
	  STEPS({ .after_ms = 50, .answer = POWERON }, { .after_ms = 2500, .answer = UPY_BANNER },
		{ .expect = "\x03\x01\x03\x01", .answer = "" }, STEPS_TO_RAW) },
	{ "slow: it answers three tries at once", "waits until it has caught up", .at_most = 2500,
	  STEPS({ .expect = "\x03\x01\x03\x03\x01\x03\x03\x01",
		  .after_ms = 100,
		  .answer = ">>> \r\n" RAW_BANNER RAW_BANNER },
		{ .after_ms = 50, .answer = RAW_BANNER }, SYNC) },
	{ "with an old raw banner in the port's buffer", "does not believe it", .at_most = 200,
	  STEPS({ .answer = RAW_BANNER },
		{ .expect = "\x03\x01", .after_ms = 10, .answer = RAW_BANNER }, SYNC) },
	{ "CircuitPython, after its code.py", "a key, as it asks for", .at_most = 700,
	  STEPS({ .expect = "\x03\x01",
		  .answer = "\r\nKeyboardInterrupt: \r\n\r\nCode done running.\r\n\r\n"
			    "Press any key to enter the REPL. Use CTRL-D to reload.\r\n" },
		{ .expect = " ",
		  .answer = "\r\nAdafruit CircuitPython 9.2.1 on 2024-11-20; Adafruit Feather "
			    "RP2040 with rp2040\r\n>>> " },
		{ .expect = "\x03\x03\x01", .answer = "\r\n>>> \r\n" RAW_BANNER }, SYNC) },
	{ "reset by its watchdog while it is asked", "waits, and stops main.py anew",
	  .at_most = 3000,
	  STEPS({ .expect = "\x03\x01", .answer = "no time\r\n" },
		{ .after_ms = 100, .answer = ROM("0x8 (TG1WDT_SYS_RESET)") },
		{ .after_ms = 700, .answer = "started\r\n" },
		{ .expect = "\x03\x01",
		  .after_ms = 20,
		  .answer = KEYBOARD_INTERRUPT UPY_BANNER "\r\n" RAW_BANNER },
		SYNC) },
	{ "asleep, and wakes up while it is asked", "stops main.py before it sleeps again",
	  .at_most = 3000,
	  STEPS({ .after_ms = 900, .answer = ROM("0x5 (DEEPSLEEP_RESET)") },
		{ .expect = "\x03\x01\x03\x01\x03\x01",
		  .after_ms = 20,
		  .answer = KEYBOARD_INTERRUPT UPY_BANNER "\r\n" RAW_BANNER },
		SYNC) },
	/* ---- to a sentence ---- */
	{ "silent: off, asleep, or deaf", NULL, "the board is silent: it said nothing in 3 s",
	  "press its reset button", 3100, STEPS({ 0 }) },
	{ "asleep again before Ctrl-C is looked at", NULL,
	  "the board sleeps deeply, and woke up only for a moment: 'rst:0x5 "
	  "(DEEPSLEEP_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)'",
	  "press its reset button", 11500,
	  STEPS({ .after_ms = 900, .answer = ROM("0x5 (DEEPSLEEP_RESET)") }) },
	{ "asleep, an ESP32-C3", NULL,
	  "the board sleeps deeply, and woke up only for a moment: 'rst:0x5 (DSLEEP),boot:0xc "
	  "(SPI_FAST_FLASH_BOOT)'",
	  "press its reset button", 11500,
	  STEPS({ .after_ms = 900,
		  .answer = "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x5 "
			    "(DSLEEP),boot:0xc (SPI_FAST_FLASH_BOOT)\r\n" }) },
	{ "reset by its watchdog over and over", NULL,
	  "its watchdog resets the chip: 'rst:0x8 (TG1WDT_SYS_RESET),boot:0x13 "
	  "(SPI_FAST_FLASH_BOOT)'",
	  "starts a watchdog and does not feed it", 8500,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 2000,
		  .answer = ROM("0x8 (TG1WDT_SYS_RESET)") }) },
	{ "reset by MicroPython's own watchdog over and over", NULL,
	  "its watchdog resets the chip: 'E (10303) task_wdt: Task watchdog got triggered. The "
	  "following tasks/users did not reset the watchdog in time:'",
	  "starts a watchdog and does not feed it", 20500,
	  STEPS({ .after_ms = 500, .answer = ROM("0xc (SW_CPU_RESET)") },
		{ .kind = STEP_FLOOD,
		  .after_ms = 5000,
		  .answer =
			  ROM("0xc (SW_CPU_RESET)") "E (10303) task_wdt: Task watchdog got "
						    "triggered. The following tasks/users did not "
						    "reset the watchdog in time:\r\n" }) },
	{ "an ESP8266 whose watchdog bites", NULL,
	  "its watchdog resets the chip: 'ets Jan  8 2013,rst cause:4, boot mode:(3,6)'",
	  "starts a watchdog", 8500,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 2000,
		  .answer = "\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n\r\nwdt "
			    "reset\r\nload 0x40100000, len 31028, room 16\r\n" }) },
	{ "in its ROM's download mode", NULL,
	  "the chip waits for a flash tool: 'rst:0x1 (POWERON_RESET),boot:0x3 "
	  "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))'",
	  "press the reset (EN) button without BOOT", 200,
	  STEPS({ .after_ms = 20,
		  .answer = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x3 "
			    "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
			    "waiting for download\r\n" }) },
	{ "with an empty flash", NULL,
	  "the chip finds nothing to start: its ROM says 'invalid header: 0xffffffff'",
	  "write MicroPython with 'kiln flash'", 200,
	  STEPS({ .after_ms = 20, .answer = POWERON },
		{ .kind = STEP_FLOOD,
		  .after_ms = 2,
		  .answer = "invalid header: 0xffffffff\r\n" }) },
	{ "with an image that its ROM refuses", NULL,
	  "the chip starts over and over: 'csum err:0x9a!=0x5f'", "kiln flash --erase", 1000,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 300,
		  .answer = ROM("0x10 (RTCWDT_RTC_RESET)") "csum err:0x9a!=0x5f\r\n" }) },
	{ "without an app in its partitions", NULL,
	  "the chip starts over and over: 'E (101) boot: No bootable app partitions in the "
	  "partition table'",
	  "kiln flash --erase", 1500,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 600,
		  .answer = POWERON "E (101) boot: No bootable app partitions in the partition "
				    "table\r\n" }) },
	{ "in a boot loop of panics", NULL,
	  "the chip starts over and over: 'Guru Meditation Error: Core  0 panic'ed "
	  "(LoadProhibited). Exception was unhandled.'",
	  "check its power supply", 2500,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 500,
		  .answer = ROM("0xc (SW_CPU_RESET)") "Guru Meditation Error: Core  0 panic'ed "
						      "(LoadProhibited). Exception was "
						      "unhandled.\r\n" }) },
	{ "in a boot loop without a reason", NULL,
	  "the chip starts over and over: 'rst:0x3 (SW_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)'",
	  "kiln flash --erase", 2500,
	  STEPS({ .kind = STEP_FLOOD, .after_ms = 500, .answer = ROM("0x3 (SW_RESET)") }) },
	{ "with too weak a supply", NULL,
	  "the chip resets itself, for its supply gives way: 'Brownout detector was triggered'",
	  "another cable", 2500,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 400,
		  .answer = POWERON "Brownout detector was triggered\r\n\r\n" }) },
	{ "started, and then says nothing", NULL,
	  "the chip was started, but no prompt came in 10 s: 'entry 0x400805cc'",
	  "may be no MicroPython", 11000, STEPS({ .after_ms = 20, .answer = POWERON }) },
	{ "at another speed", NULL,
	  "what comes is no text, as at a wrong speed (413 bytes at 115200 baud)",
	  "give the port's speed", 6500,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 100,
		  .answer = "\xf8\x80\xff\x78\x80\xf8\xe6" }) },
	{ "deaf to Ctrl-C, and printing", NULL,
	  "a program goes on printing and does not stop on Ctrl-C: 'temperature 21.5'",
	  "press the reset button", 6500,
	  STEPS({ .kind = STEP_FLOOD, .after_ms = 1, .answer = "temperature 21.5\r\n" }) },
	{ "at a prompt that has no raw mode", NULL,
	  "there is a prompt, but raw mode does not answer: '>>>'", "press the reset button", 6500,
	  STEPS({ .kind = STEP_FLOOD, .expect = NULL, .after_ms = 700, .answer = "\r\n>>> " }) },
	{ "no board: RX and TX are joined", NULL,
	  "there is a prompt, but raw mode does not answer: '>'", "press the reset button", 6500,
	  STEPS({ .expect = "\x03\x01", .answer = "\x03\x01" },
		{ .expect = "\x03\x03\x01", .answer = "\x03\x03\x01" }, { .answer = RAW_BANNER },
		{ .expect = "\x04", .answer = "print('ki'+'ln-0000')\x04" }) },
	{ "an ESP-IDF program", NULL,
	  "the board runs an ESP-IDF program, not MicroPython: 'I (312) app_main: valve open'",
	  "'kiln flash' writes MicroPython over it", 11000,
	  STEPS({ .after_ms = 20, .answer = POWERON "I (29) boot: ESP-IDF v5.1\r\n" },
		{ .after_ms = 500,
		  .answer = "\033[0;32mI (312) app_main: valve open\033[0m\r\n" }) },
	{ "an Arduino program", NULL,
	  "the board runs an Arduino program, not MicroPython: '[  1234][E][Wire.cpp:422] begin(): "
	  "no pins'",
	  "'kiln flash' writes MicroPython over it", 6500,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 300,
		  .answer = "[  1234][E][Wire.cpp:422] begin(): no pins\r\n" }) },
	{ "an AT firmware", NULL,
	  "the board runs Espressif's AT firmware, not MicroPython: 'AT "
	  "version:2.2.0.0(s-b097cdf)'",
	  "'kiln flash' writes MicroPython over it", 11000,
	  STEPS({ .after_ms = 20,
		  .answer = POWERON "AT version:2.2.0.0(s-b097cdf)\r\nready\r\n" }) },
	{ "ESPHome", NULL, "the board runs ESPHome, not MicroPython: '[C][logger:185]: Logger:'",
	  "'kiln flash' writes MicroPython over it", 6500,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 500,
		  .answer = "[C][logger:185]: Logger:\r\n" }) },
	{ "a GPS receiver", NULL,
	  "the board runs a GPS receiver, not MicroPython: "
	  "'$GPGGA,123519,4807.038,N,01131.000,E'",
	  "'kiln discover --all' lists the ports", 6500,
	  STEPS({ .kind = STEP_FLOOD,
		  .after_ms = 1000,
		  .answer = "$GPGGA,123519,4807.038,N,01131.000,E\r\n" }) },
	{ "some other device", NULL,
	  "something answers that is no MicroPython: 'raspberrypi login:'", "is it the right port?",
	  6500, STEPS({ .expect = "\x03", .answer = "\r\nraspberrypi login: " }) },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static kiln_ms took[N_ROWS];
static struct kiln_err said[N_ROWS];

static bool is_prompt(const struct script *s, kiln_code code)
{
	/* the whole script was played */
	return code == KILN_OK && s->steps[s->at].kind == STEP_SAY && !s->steps[s->at].answer;
}

static bool is_sentence(const struct state_row *row, kiln_code code, const struct kiln_err *err)
{
	return code == KILN_E_NO_PROMPT && strcmp(err->why, row->why) == 0 &&
	       strstr(err->hint, row->hint) &&
	       strcmp(err->what, "cannot get a prompt from 'mem:a'") == 0;
}

/* True if it ended as the table says. */
static bool play(size_t i)
{
	const struct state_row *row = &rows[i];
	struct kiln_repl *repl = NULL;
	struct script s;
	kiln_code code;
	bool good;

	script_begin(&s, row->steps);
	code = kiln_repl_open(s.link, &repl, &said[i]);
	took[i] = s.now - 1000;
	kiln_repl_close(repl);
	good = row->does ? is_prompt(&s, code) : is_sentence(row, code, &said[i]);
	good = good && took[i] <= row->at_most;
	if (!good)
		print_error("%s, %lld ms:\n  %s\n  %s\n", row->state, (long long)took[i],
			    said[i].why, said[i].hint);
	script_end(&s);
	return good;
}

static void each_state_ends_in_a_prompt_or_in_one_sentence(void **state)
{
	size_t good = 0;

	(void)state;
	for (size_t i = 0; i < N_ROWS; i++)
		good += play(i);
	assert_int_equal(good, N_ROWS);
}

/* ---- the page ---- */

/* Words of a board may have what means something in a table. */
static void put_cell(struct kiln_buf *page, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			(void)kiln_buf_putc(page, '\\');
		(void)kiln_buf_putc(page, (uint8_t)*text);
	}
}

static void put_row(struct kiln_buf *page, size_t i)
{
	(void)kiln_buf_puts(page, "| ");
	put_cell(page, rows[i].state);
	(void)kiln_buf_puts(page, " | ");
	if (rows[i].does) {
		put_cell(page, rows[i].does);
		(void)kiln_buf_puts(page, ": a prompt");
	} else {
		put_cell(page, said[i].why);
		(void)kiln_buf_puts(page, "<br>*");
		put_cell(page, said[i].hint);
		(void)kiln_buf_puts(page, "*");
	}
	(void)kiln_buf_printf(page, " | %.1f s |\n", (double)took[i] / 1000);
}

static void read_page(const char *path, struct kiln_buf *page)
{
	FILE *f = fopen(path, "r");
	char block[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		(void)kiln_buf_append(page, block, n);
	fclose(f);
}

static void the_page_shows_this_table(void **state)
{
	static const char head[] = "| the board is | Kiln | after |\n|---|---|---|\n";
	struct kiln_buf page = KILN_BUF_INIT(1 << 20), table = KILN_BUF_INIT(1 << 20);
	const char *source = getenv("KILN_SOURCE"), *begin;
	char path[1024];

	(void)state;
	if (!source)
		skip();
	kiln_text_format(path, sizeof(path), "%s/docs/board-states.md", source);
	read_page(path, &page);
	begin = strstr(kiln_buf_str(&page), head);
	assert_non_null(begin);
	(void)kiln_buf_puts(&table, head);
	for (size_t i = 0; i < N_ROWS; i++)
		put_row(&table, i);
	if (getenv("KILN_UPDATE_GOLDEN")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		(void)fwrite(page.data, 1, (size_t)(begin - kiln_buf_str(&page)), f);
		(void)fwrite(table.data, 1, table.len, f);
		assert_int_equal(fclose(f), 0);
	} else {
		assert_string_equal(begin, kiln_buf_str(&table));
	}
	kiln_buf_done(&page);
	kiln_buf_done(&table);
}

/* ---- ends that are no state ---- */

static void a_cable_that_is_pulled(void **state)
{
	static const struct step steps[] = {
		{ .expect = "\x03\x01", .answer = "\r\n>>> " },
		{ .kind = STEP_GONE, .after_ms = 10 },
		{ 0 },
	};
	struct script s;
	struct kiln_err err;
	struct kiln_repl *repl;

	(void)state;
	script_begin(&s, steps);
	assert_int_equal(kiln_repl_open(s.link, &repl, &err), KILN_E_PORT_GONE);
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
		cmocka_unit_test(each_state_ends_in_a_prompt_or_in_one_sentence),
		cmocka_unit_test(the_page_shows_this_table),
		cmocka_unit_test(a_cable_that_is_pulled),
		cmocka_unit_test(the_user_changes_his_mind),
	};
	return RUN(tests);
}
