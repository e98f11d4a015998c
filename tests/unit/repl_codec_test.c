/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/text.h"
#include "repl/codec.h"
#include "repl/traceback.h"

/* What came out of one feed: a letter for each event that is no text, and all text. */
struct heard {
	struct kiln_raw_codec codec;
	char events[64];
	struct kiln_buf text;
	kiln_seen seen; /* the last */
};

static void begin(struct heard *h)
{
	*h = (struct heard){ .seen = KILN_SEEN_NOTHING };
	kiln_raw_init(&h->codec);
	kiln_buf_init(&h->text, 1024 * 1024);
}

static void end(struct heard *h)
{
	kiln_raw_done(&h->codec);
	kiln_buf_done(&h->text);
}

static void feed(struct heard *h, const char *bytes, size_t n, size_t piece)
{
	static const char letters[] = ".tPNR!SErsB";

	for (size_t at = 0; at < n;) {
		const size_t take = piece < n - at ? piece : n - at;
		size_t used, left = take;

		for (;;) {
			const kiln_raw_event event = kiln_raw_decode(
				&h->codec, (const uint8_t *)bytes + at + take - left, left, &used);

			left -= used;
			if (event == KILN_RAW_MORE)
				break;
			if (event == KILN_RAW_TEXT)
				(void)kiln_buf_append(&h->text, h->codec.out.p, h->codec.out.n);
			else if (event == KILN_RAW_SEEN)
				h->seen = h->codec.seen;
			else if (strlen(h->events) < sizeof(h->events) - 1)
				h->events[strlen(h->events)] = letters[event];
		}
		assert_int_equal(left, 0);
		at += take;
	}
}

#define FEED(h, literal, piece) feed(h, literal, sizeof(literal) - 1, piece)

/* Run the same conversation in pieces of 1, 2, 3 and all bytes. */
#define EACH_PIECE(piece) for (size_t piece = 1; piece <= 1000; piece += piece < 3 ? 1 : 997)

static void a_program_ends_with_its_prompt(void **state)
{
	(void)state;
	EACH_PIECE(piece)
	{
		struct heard h;

		begin(&h);
		kiln_raw_sent(&h.codec);
		FEED(&h, "OKone\r\ntwo\r\n\x04\x04>", piece);
		assert_string_equal(h.events, "SE");
		assert_string_equal(kiln_buf_str(&h.text), "one\ntwo\n");
		assert_int_equal(h.codec.traceback.len, 0);
		end(&h);
	}
}

static void an_exception_comes_apart_from_the_output(void **state)
{
	(void)state;
	EACH_PIECE(piece)
	{
		struct heard h;

		begin(&h);
		kiln_raw_sent(&h.codec);
		FEED(&h,
		     "OKout\r\n\x04Traceback (most recent call last):\r\n"
		     "  File \"<stdin>\", line 1, in <module>\r\nNameError: name 'x' isn't "
		     "defined\r\n\x04>",
		     piece);
		assert_string_equal(h.events, "SE");
		assert_string_equal(kiln_buf_str(&h.text), "out\n");
		assert_string_equal(kiln_buf_str(&h.codec.traceback),
				    "Traceback (most recent call last):\n"
				    "  File \"<stdin>\", line 1, in <module>\n"
				    "NameError: name 'x' isn't defined\n");
		end(&h);
	}
}

static void an_interrupt_has_no_traceback_and_is_an_exception(void **state)
{
	struct heard h;

	(void)state;
	begin(&h);
	kiln_raw_sent(&h.codec);
	FEED(&h, "OK\x04KeyboardInterrupt: \r\n\x04>", 1);
	assert_string_equal(h.events, "SE");
	assert_string_equal(kiln_buf_str(&h.codec.traceback), "KeyboardInterrupt: \n");
	end(&h);
}

static void raw_paste_counts_the_room(void **state)
{
	(void)state;
	EACH_PIECE(piece)
	{
		struct heard h;

		begin(&h);
		kiln_raw_asked_paste(&h.codec);
		FEED(&h, "R\x01\x80\x00\x01", piece);
		assert_string_equal(h.events, "PR");
		assert_int_equal(h.codec.window, 128);
		assert_int_equal(h.codec.room, 256);
		FEED(&h, "\x01", piece);
		assert_int_equal(h.codec.room, 384);
		kiln_raw_pasted(&h.codec);
		FEED(&h, "\x01\x04hi\r\n\x04\x04>", piece);
		assert_string_equal(h.events, "PRRSE");
		assert_string_equal(kiln_buf_str(&h.text), "hi\n");
		end(&h);
	}
}

static void the_board_may_stop_the_host(void **state)
{
	struct heard h;

	(void)state;
	begin(&h);
	kiln_raw_asked_paste(&h.codec);
	FEED(&h, "R\x01\x20\x00\x01\x04", 1);
	assert_string_equal(h.events, "PR!");
	kiln_raw_pasted(&h.codec); /* ^D crossed it on the wire: changes nothing */
	FEED(&h,
	     "\x04Traceback (most recent call last):\r\n  File \"<stdin>\", line 1\r\n"
	     "SyntaxError: invalid syntax\r\n\x04>",
	     1);
	assert_string_equal(h.events, "PR!E");
	end(&h);
}

static void firmware_without_raw_paste_says_so_in_two_ways(void **state)
{
	(void)state;
	EACH_PIECE(piece)
	{
		struct heard h;

		begin(&h);
		kiln_raw_asked_paste(&h.codec);
		FEED(&h, "raw REPL; CTRL-B to exit\r\n>", piece);
		kiln_raw_sent(&h.codec);
		FEED(&h, "OK1\r\n\x04\x04>", piece);
		kiln_raw_asked_paste(&h.codec);
		FEED(&h, "R\0>", piece);
		kiln_raw_sent(&h.codec);
		FEED(&h, "OK2\r\n\x04\x04>", piece);
		assert_string_equal(h.events, "NSENSE");
		end(&h);
	}
}

static void a_window_of_nothing_is_refused(void **state)
{
	struct heard h;

	(void)state;
	begin(&h);
	kiln_raw_asked_paste(&h.codec);
	FEED(&h, "R\x01\x00\x00", 1);
	assert_string_equal(h.events, "B");
	end(&h);
}

static void what_comes_before_the_answer_is_output(void **state)
{
	(void)state;
	EACH_PIECE(piece)
	{
		struct heard h;

		begin(&h);
		kiln_raw_asked_paste(&h.codec);
		FEED(&h, "Ready\r\ntick\r\nR\x01\x80\x00\x01", piece);
		assert_string_equal(h.events, "PR");
		assert_string_equal(kiln_buf_str(&h.text), "Ready\ntick\n");
		end(&h);
	}
}

static void a_stray_04_is_dropped_and_the_output_goes_on(void **state)
{
	(void)state;
	EACH_PIECE(piece)
	{
		struct heard h;

		begin(&h);
		kiln_raw_sent(&h.codec);
		FEED(&h,
		     "OKa\x04"
		     "b c\r\n\x04\x04"
		     "d\r\n\x04"
		     "12\x04\x04\x04>",
		     piece);
		assert_string_equal(h.events, "SE");
		assert_string_equal(kiln_buf_str(&h.text), "ab c\nd\n12");
		assert_int_equal(h.codec.traceback.len, 0);
		end(&h);
	}
}

static void carriage_returns_alone_stay(void **state)
{
	(void)state;
	EACH_PIECE(piece)
	{
		struct heard h;

		begin(&h);
		kiln_raw_sent(&h.codec);
		FEED(&h, "OK10%\r20%\r\r\nend\r\x04\x04>", piece);
		assert_string_equal(kiln_buf_str(&h.text), "10%\r20%\nend\r");
		end(&h);
	}
}

static void characters_are_never_cut(void **state)
{
	static const char wire[] = "OK\xC2\xB5 \xE2\x82\xAC \xF0\x9F\x90\x8D";
	struct heard h;

	(void)state;
	begin(&h);
	kiln_raw_sent(&h.codec);
	for (size_t i = 0; i + 1 < sizeof(wire); i++) {
		FEED(&h, "", 1);
		feed(&h, wire + i, 1, 1);
		assert_int_equal(kiln_utf8_whole(h.text.data, h.text.len), h.text.len);
	}
	assert_string_equal(kiln_buf_str(&h.text), wire + 2);
	FEED(&h, "\xE2\x82", 1);
	assert_string_equal(kiln_buf_str(&h.text), wire + 2);
	FEED(&h, "\x04\x04>",
	     1); /* the program printed half a character: its bytes come all the same */
	assert_int_equal(h.text.len, sizeof(wire) - 3 + 2);
	end(&h);
}

static void sys_exit_restarts_the_interpreter(void **state)
{
	(void)state;
	EACH_PIECE(piece)
	{
		struct heard h;

		begin(&h);
		kiln_raw_sent(&h.codec);
		FEED(&h,
		     "OKbye\r\n\x04\x04MPY: soft reboot\r\nboot.py says hi\r\n"
		     "raw REPL; CTRL-B to exit\r\n>",
		     piece);
		assert_string_equal(h.events, "Sr");
		assert_string_equal(kiln_buf_str(&h.text),
				    "bye\nMPY: soft reboot\nboot.py says hi\n");
		end(&h);
	}
}

static void a_soft_reset_ends_at_the_raw_prompt(void **state)
{
	struct heard h;

	(void)state;
	begin(&h);
	kiln_raw_restarting(&h.codec);
	FEED(&h, "OK\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>", 2);
	assert_string_equal(h.events, "Sr");
	assert_string_equal(kiln_buf_str(&h.text), "\nMPY: soft reboot\n");
	end(&h);
}

static void endless_output_has_a_bound(void **state)
{
	static char block[100000];
	struct heard h;

	(void)state;
	begin(&h);
	memset(block, 'x', sizeof(block));
	kiln_raw_sent(&h.codec);
	FEED(&h, "OK", 1);
	feed(&h, block, sizeof(block), sizeof(block));
	assert_int_equal(h.text.len, sizeof(block));
	assert_true(h.codec.text.cap <= 2 * KILN_RAW_TEXT_MAX);
	FEED(&h, "\x04Traceback (most recent call last):\r\n", 100);
	feed(&h, block, sizeof(block), sizeof(block)); /* a traceback beyond its bound is cut */
	FEED(&h, "\x04>", 2);
	assert_int_equal(h.codec.traceback.len, KILN_RAW_TRACEBACK_MAX);
	assert_string_equal(h.events, "SE");
	end(&h);
}

static void endless_carriage_returns_take_no_memory(void **state)
{
	static char block[50000];
	struct heard h;

	(void)state;
	begin(&h);
	memset(block, '\r', sizeof(block));
	kiln_raw_sent(&h.codec);
	FEED(&h, "OK", 1);
	feed(&h, block, sizeof(block), sizeof(block));
	assert_int_equal(h.text.len, 0);
	end(&h);
}

static void what_is_held_back_can_be_had(void **state)
{
	struct kiln_span rest;
	struct heard h;

	(void)state;
	begin(&h);
	kiln_raw_sent(&h.codec);
	FEED(&h, "OKab\xE2\x82\x04Trace", 3);
	assert_string_equal(kiln_buf_str(&h.text), "ab");
	rest = kiln_raw_flush(&h.codec);
	assert_int_equal(rest.n, 7);
	assert_memory_equal(rest.p, "\xE2\x82Trace", 7);
	end(&h);
}

static kiln_seen last_seen(const char *text)
{
	struct kiln_watch w;
	kiln_seen last = KILN_SEEN_NOTHING, seen;

	kiln_watch_init(&w);
	for (; *text; text++) {
		seen = kiln_watch_byte(&w, (uint8_t)*text);
		last = seen ? seen : last;
	}
	return last;
}

static void states_are_recognised(void **state)
{
	static const struct {
		const char *text;
		kiln_seen seen;
	} cases[] = {
		{ "\r\nraw REPL; CTRL-B to exit\r\n>", KILN_SEEN_RAW },
		{ "\x04>raw REPL; CTRL-B to exit\r\n>", KILN_SEEN_RAW },
		{ "raw REPL; CTRL-B to exit\r\n", KILN_SEEN_NOTHING },
		{ "print('>')\r\n>", KILN_SEEN_NOTHING },
		{ "\r\n>>> ", KILN_SEEN_FRIENDLY },
		{ "\r\n... ", KILN_SEEN_CONTINUED },
		{ "paste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ", KILN_SEEN_PASTE },
		{ "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n", KILN_SEEN_ROM },
		{ "rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))"
		  "\r\n",
		  KILN_SEEN_DOWNLOAD },
		{ "rst:0x1 (POWERON),boot:0x2 (UART0_BOOT)\r\nwait uart0 download\r\n",
		  KILN_SEEN_DOWNLOAD },
		{ "waiting for download\r\n", KILN_SEEN_DOWNLOAD },
		{ "invalid header: 0xffffffff\r\n", KILN_SEEN_NO_BOOT },
		{ "MPY: sync filesystems\r\nMPY: soft reboot\r\n", KILN_SEEN_SOFT_RESET },
		{ "MicroPython v1.27.0 on 2025-12-09; Generic ESP32 module with ESP32\r\n",
		  KILN_SEEN_BANNER },
		{ "Press any key to enter the REPL. Use CTRL-D to reload.\r\n", KILN_SEEN_ANY_KEY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(last_seen(cases[i].text), cases[i].seen);
}

static bool is_garbage(const char *bytes, size_t n)
{
	struct kiln_watch w;

	kiln_watch_init(&w);
	for (size_t i = 0; i < n; i++)
		(void)kiln_watch_byte(&w, (uint8_t)bytes[i]);
	return kiln_watch_is_garbage(&w);
}

static void a_wrong_speed_is_told_from_text(void **state)
{
	static const char wrong[] = "\xf8\x80\x00\x78\x80\xf8\x00\xe6\x9e\x60\xfe\x06\x98";
	static const char right[] = "Temperatur: 21 \xC2\xB0"
				    "C \xE2\x82\xAC\r\n\x1b[31mred\x1b[m\x04>";

	(void)state;
	assert_true(is_garbage(wrong, sizeof(wrong) - 1));
	assert_false(is_garbage(right, sizeof(right) - 1));
	assert_false(is_garbage("\xff", 1));
}

static void last_lines_are_fit_to_print(void **state)
{
	static const char text[] = "one\r\n\x1b[31mtwo\x1b[m \x1b[2J\r\n\r\n";
	char line[KILN_WATCH_LINE];
	struct kiln_watch w;

	(void)state;
	kiln_watch_init(&w);
	for (const char *p = text; *p; p++)
		(void)kiln_watch_byte(&w, (uint8_t)*p);
	kiln_watch_last_line(&w, line);
	assert_string_equal(line, "two ?[2J");
}

static void exceptions_are_parsed(void **state)
{
	static const struct {
		const char *text, *name, *value; /* name NULL: no exception */
	} cases[] = {
		{ "Traceback (most recent call last):\n  File \"<stdin>\", line 1, in <module>\n"
		  "NameError: name 'x' isn't defined\n",
		  "NameError", "name 'x' isn't defined" },
		{ "Traceback (most recent call last):\n  File \"<stdin>\", line 1\n"
		  "SyntaxError: invalid syntax\n",
		  "SyntaxError", "invalid syntax" },
		{ "KeyboardInterrupt: \n", "KeyboardInterrupt", "" },
		{ "Traceback (most recent call last):\n  File \"a.py\", line 2, in f\n"
		  "ValueError: two\nlines: of text\n",
		  "ValueError", "two" },
		{ "Traceback (most recent call last):\n  File \"a.py\", line 2, in f\nMyError\n",
		  "MyError", "" },
		{ "Traceback (most recent call last):\n  File \"<stdin>\", line 1, in <module>\n"
		  "OSError: [Errno 2] ENOENT: \x1b[2J\n",
		  "OSError", "[Errno 2] ENOENT: ?[2J" },
		{ "Traceback (most recent call last):\n", "Exception", "" },
		{ "just some text\n", NULL, NULL },
		{ "12: 13", NULL, NULL },
		{ "", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kiln_span text = kiln_span(cases[i].text, strlen(cases[i].text));
		char name[64], value[256];
		const bool found = kiln_traceback_parse(text, name, sizeof(name), value,
							sizeof(value));

		assert_int_equal(found, cases[i].name != NULL);
		if (found) {
			assert_string_equal(name, cases[i].name);
			assert_string_equal(value, cases[i].value);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_ends_with_its_prompt),
		cmocka_unit_test(an_exception_comes_apart_from_the_output),
		cmocka_unit_test(an_interrupt_has_no_traceback_and_is_an_exception),
		cmocka_unit_test(raw_paste_counts_the_room),
		cmocka_unit_test(the_board_may_stop_the_host),
		cmocka_unit_test(firmware_without_raw_paste_says_so_in_two_ways),
		cmocka_unit_test(a_window_of_nothing_is_refused),
		cmocka_unit_test(what_comes_before_the_answer_is_output),
		cmocka_unit_test(a_stray_04_is_dropped_and_the_output_goes_on),
		cmocka_unit_test(carriage_returns_alone_stay),
		cmocka_unit_test(characters_are_never_cut),
		cmocka_unit_test(sys_exit_restarts_the_interpreter),
		cmocka_unit_test(a_soft_reset_ends_at_the_raw_prompt),
		cmocka_unit_test(endless_output_has_a_bound),
		cmocka_unit_test(endless_carriage_returns_take_no_memory),
		cmocka_unit_test(what_is_held_back_can_be_had),
		cmocka_unit_test(states_are_recognised),
		cmocka_unit_test(a_wrong_speed_is_told_from_text),
		cmocka_unit_test(last_lines_are_fit_to_print),
		cmocka_unit_test(exceptions_are_parsed),
	};
	return RUN(tests);
}
