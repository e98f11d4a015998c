/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/unit.h"

#include "fake_board.h"

#include <stdio.h>
#include <string.h>

#include "link/mem.h"

/* Of short texts, so that characters are cut wherever they can be. */
enum { SHORT_PIECE = 3 };

#define RAW_PROMPT "raw REPL; CTRL-B to exit\r\n>"
#define TRACEBACK "Traceback (most recent call last):\r\n"

static void say_bytes(struct fake_board *f, const void *p, size_t n)
{
	assert_int_equal(kiln_buf_append(&f->out, p, n), KILN_OK);
}

static void say(struct fake_board *f, const char *text)
{
	say_bytes(f, text, strlen(text));
}

static void say_banner(struct fake_board *f)
{
	say(f, f->quirks.circuitpython ? "\r\nAdafruit CircuitPython 9.2.1 on 2024-11-20; "
					 "Adafruit Feather RP2040 with rp2040\r\n"
				       : "MicroPython v1.27.0 on 2025-12-09; Fake with ESP32\r\n"
					 "Type \"help()\" for more information.\r\n");
}

/* ---- programs ---- */

static void end_program(struct fake_board *f, const char *traceback)
{
	f->running = NULL;
	if (f->quirks.fault == FAKE_NO_END)
		return;
	say_bytes(f, "\x04", 1);
	say(f, traceback ? traceback : "");
	say(f, "\x04>");
	if (f->quirks.noise)
		say(f, "tick\r\n");
}

static void begin_program(struct fake_board *f, const struct fake_program *p)
{
	switch (p->does) {
	case FAKE_SAYS:
		say(f, p->output ? p->output : "");
		end_program(f, p->traceback);
		break;
	case FAKE_SETS:
		f->is_set = true;
		end_program(f, NULL);
		break;
	case FAKE_GETS:
		say(f, f->is_set ? p->output : "");
		end_program(f, f->is_set ? NULL : p->traceback);
		break;
	case FAKE_LOOPS:
		f->running = p;
		f->due = f->now + 1;
		break;
	case FAKE_MUCH:
		f->running = p;
		f->much_left = p->bytes;
		break;
	}
}

/* The program by which a session finds out whether the board has caught up. */
static bool is_sync(struct fake_board *f)
{
	const char *number = strstr(kiln_buf_str(&f->line), "print('ki'+'ln-");
	char answer[32];

	if (!number)
		return false;
	snprintf(answer, sizeof(answer), "kiln-%.4s\r\n\x04\x04>", number + 15);
	say(f, answer);
	return true;
}

static void run_line(struct fake_board *f)
{
	const struct fake_program *p = f->programs;

	static const struct fake_program babble = { .does = FAKE_MUCH, .bytes = SIZE_MAX };

	while (p->code && strncmp(kiln_buf_str(&f->line), p->code, strlen(p->code)) != 0)
		p++;
	if (!is_sync(f)) {
		if (f->quirks.fault == FAKE_BABBLES)
			p = &babble;
		if (f->quirks.fault == FAKE_NO_OK)
			return;
		if (!p->code && p->does != FAKE_MUCH && f->line.len > 1)
			fail_msg("unknown program: %.60s", kiln_buf_str(&f->line));
		begin_program(f, p);
	}
	kiln_buf_reset(&f->line);
}

static void interrupt(struct fake_board *f)
{
	kiln_buf_reset(&f->out);
	end_program(f, TRACEBACK "  File \"<stdin>\", line 2, in <module>\r\n"
				 "KeyboardInterrupt: \r\n");
}

/* ---- modes ---- */

static void soft_reset(struct fake_board *f)
{
	const bool raw = f->mode == FAKE_RAW;

	f->soft_resets++;
	f->is_set = false;
	if (raw)
		say(f, "OK");
	if (f->quirks.circuitpython) {
		say(f, "\r\nsoft reboot\r\n\r\nAuto-reload is on.\r\ncode.py output:\r\nHello\r\n"
		       "\r\nCode done running.\r\n\r\n"
		       "Press any key to enter the REPL. Use CTRL-D to reload.\r\n");
		f->mode = FAKE_ANY_KEY;
		return;
	}
	say(f, "\r\nMPY: soft reboot\r\n");
	if (!raw && f->quirks.main_py) {
		f->main_runs++;
		say(f, f->quirks.main_py);
	}
	if (!raw)
		say_banner(f);
	say(f, raw ? RAW_PROMPT : ">>> ");
}

static void friendly_byte(struct fake_board *f, uint8_t byte)
{
	switch (byte) {
	case 0x01:
		f->mode = FAKE_RAW;
		say(f, "\r\n" RAW_PROMPT);
		break;
	case 0x03:
		say(f, "\r\n>>> ");
		break;
	case 0x04:
		soft_reset(f);
		break;
	default:
		say_bytes(f, &byte, 1); /* echo */
	}
}

static void leave_raw(struct fake_board *f)
{
	f->mode = FAKE_FRIENDLY;
	if (f->quirks.circuitpython)
		f->is_set = false;
	say(f, "\r\n");
	say_banner(f);
	say(f, ">>> ");
}

static void raw_byte(struct fake_board *f, uint8_t byte)
{
	if (byte == 0x01) {
		kiln_buf_reset(&f->line);
		say(f, RAW_PROMPT);
	} else if (byte == 0x02) {
		leave_raw(f);
	} else if (byte == 0x03) {
		kiln_buf_reset(&f->line);
	} else if (byte == 0x05 && f->line.len == 0) {
		f->mode = FAKE_ASKED;
	} else if (byte == 0x04 && f->line.len == 0) {
		soft_reset(f);
	} else if (byte == 0x04) {
		if (f->quirks.fault != FAKE_NO_OK)
			say(f, "OK");
		run_line(f);
	} else {
		(void)kiln_buf_putc(&f->line, byte);
	}
}

/* ^E A has come, and now this. */
static void paste_question(struct fake_board *f, uint8_t byte)
{
	const unsigned window = f->quirks.fault == FAKE_WINDOW_OF_NOTHING ? 0 : f->quirks.window;
	const uint8_t answer[] = { 'R', 1, (uint8_t)window, (uint8_t)(window >> 8), 1 };

	f->mode = FAKE_RAW;
	if (byte != 0x01)
		return;
	if (f->quirks.fault == FAKE_WRONG_ANSWER) {
		say(f, "yes? \xff\xff who is it?");
	} else if (!f->quirks.raw_paste) {
		say(f, RAW_PROMPT);
	} else {
		say_bytes(f, answer, sizeof(answer));
		f->room = 2 * (int)window;
		f->mode = FAKE_PASTE;
	}
}

static void paste_byte(struct fake_board *f, uint8_t byte)
{
	if (byte == 0x03) {
		kiln_buf_reset(&f->line);
		f->mode = FAKE_RAW;
		say(f, "\x04");
		end_program(f, TRACEBACK "KeyboardInterrupt: \r\n");
		return;
	}
	if (byte == 0x04) {
		f->mode = FAKE_RAW;
		if (f->quirks.fault == FAKE_NO_OK)
			return;
		say(f, "\x04");
		run_line(f);
		return;
	}
	assert_true(f->room-- > 0); /* the host keeps to the window */
	(void)kiln_buf_putc(&f->line, byte);
	if (f->line.len % f->quirks.window != 0 || f->quirks.fault == FAKE_NO_ROOM)
		return;
	f->room += (int)f->quirks.window;
	say_bytes(f, f->quirks.fault == FAKE_STOPS_EARLY ? "\x04" : "\x01", 1);
}

static void take_byte(struct fake_board *f, uint8_t byte)
{
	if (f->running) {
		if (byte == 0x03 && f->quirks.fault != FAKE_BABBLES)
			interrupt(f);
		return; /* input of the program */
	}
	switch (f->mode) {
	case FAKE_ANY_KEY:
		f->mode = FAKE_FRIENDLY;
		say_banner(f);
		say(f, ">>> ");
		break;
	case FAKE_FRIENDLY:
		friendly_byte(f, byte);
		break;
	case FAKE_RAW:
		raw_byte(f, byte);
		break;
	case FAKE_ASKED:
		f->mode = byte == 'A' ? FAKE_ASKED_A : FAKE_RAW;
		break;
	case FAKE_ASKED_A:
		paste_question(f, byte);
		break;
	case FAKE_PASTE:
		paste_byte(f, byte);
		break;
	}
}

/* ---- the link ---- */

static bool hear(struct fake_board *f)
{
	uint8_t block[512];
	bool any = false;
	size_t n;

	while (kiln_link_read(f->board, block, sizeof(block), 0, &n, NULL) == KILN_OK) {
		any = true;
		for (size_t i = 0; i < n; i++)
			take_byte(f, block[i]);
	}
	return any;
}

static void produce(struct fake_board *f)
{
	static char block[16 * 1024];
	const size_t n = f->much_left < sizeof(block) ? f->much_left : sizeof(block);

	if (!f->running || f->out.len > 0)
		return;
	if (f->running->does == FAKE_LOOPS) {
		if (f->running->every_ms > 0)
			say(f, f->running->output);
		return;
	}
	memset(block, 'y', sizeof(block));
	say_bytes(f, block, n);
	f->much_left -= n;
	if (f->much_left == 0)
		end_program(f, NULL);
}

static int pause_of(const struct fake_board *f)
{
	if (f->out.len == 0 && f->running && f->running->does == FAKE_LOOPS)
		return f->running->every_ms ? f->running->every_ms : 1000;
	return f->quirks.pause_ms || f->quirks.fault != FAKE_BABBLES ? f->quirks.pause_ms : 1;
}

/* The host waits: hear, say a piece, or let time pass until the next one. */
static bool fake_idle(void *user, struct kiln_link *waiting, kiln_ms deadline)
{
	struct fake_board *f = user;
	kiln_ms until;
	size_t n;

	if (waiting != f->link)
		return false;
	(void)hear(f);
	until = f->due > f->now ? f->due : f->now;
	if (f->out.len == 0 && !f->running)
		until = KILN_FOREVER;
	if (f->cancel_at && f->cancel_at <= deadline && f->cancel_at <= until) {
		f->now = f->cancel_at > f->now ? f->cancel_at : f->now;
		return true; /* the waiter sees it */
	}
	if (until > deadline || until == KILN_FOREVER)
		return false;
	f->now = until;
	produce(f);
	n = f->out.len < 256 ? SHORT_PIECE : f->quirks.piece;
	if (f->quirks.piece == 0 || n > f->out.len)
		n = f->out.len;
	if (n > 0)
		assert_int_equal(kiln_link_write(f->board, f->out.data, n, KILN_FOREVER, NULL),
				 KILN_OK);
	kiln_buf_consume(&f->out, n);
	f->due = f->now + pause_of(f);
	return true;
}

static kiln_code fake_wait(void *user, int fd, short events, kiln_ms deadline)
{
	struct fake_board *f = user;

	(void)fd;
	(void)events;
	(void)deadline;
	if (!f->cancel_at || f->now < f->cancel_at)
		return KILN_E_TIMEOUT;
	f->cancel_at = 0;
	return KILN_E_CANCELLED;
}

static kiln_ms fake_now(void *user)
{
	return ((struct fake_board *)user)->now;
}

static void fake_pass(void *user, kiln_ms until)
{
	struct fake_board *f = user;

	if (until > f->now)
		f->now = until;
}

void fake_begin(struct fake_board *f, const struct fake_program *programs,
		const struct fake_quirks *quirks)
{
	const struct kiln_mem_hooks hooks = {
		.idle = fake_idle, .now = fake_now, .wait = fake_pass, .user = f
	};

	*f = (struct fake_board){ .programs = programs, .quirks = *quirks, .now = 1000 };
	f->host.waiter = (struct kiln_waiter){ .wait = fake_wait, .user = f };
	f->mode = quirks->circuitpython ? FAKE_ANY_KEY : FAKE_FRIENDLY;
	kiln_buf_init(&f->line, 1024 * 1024);
	kiln_buf_init(&f->out, 1024 * 1024);
	if (quirks->noise)
		say(f, "\xff\xfe\xf0 half a line that \xc3");
	assert_int_equal(kiln_mem_pair(&f->host, &hooks, &f->link, &f->board, NULL), KILN_OK);
}

void fake_end(struct fake_board *f)
{
	kiln_link_close(f->board);
	kiln_buf_done(&f->line);
	kiln_buf_done(&f->out);
}
