/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session against a board that says anything at any time: open, run a program, reset,
 * close. On a clock of its own it always ends, and soon. The first byte says how far the board
 * plays along.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <kiln/repl.h>

#include "base/buf.h"
#include "link/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	PLAYS_ALONG = 1, /* until the session is open */
	PASTES = 2,      /* it knows raw-paste */
	HANDS_OVER = 4,  /* the program is taken, too */
	LONGEST_MS = 120 * 1000,
};

struct board {
	struct kiln_host host;
	struct kiln_link *link, *end;
	const uint8_t *data;
	size_t size, at;
	unsigned plays;
	kiln_ms now;
	struct kiln_buf heard;
};

static kiln_ms board_now(void *user)
{
	return ((struct board *)user)->now;
}

static void board_pass(void *user, kiln_ms until)
{
	struct board *b = user;

	b->now = until > b->now ? until : b->now;
}

static bool say(struct board *b, const void *p, size_t n)
{
	return n > 0 && kiln_link_write(b->end, p, n, KILN_FOREVER, NULL) == KILN_OK;
}

static void hear(struct board *b)
{
	uint8_t block[256];
	size_t n;

	while (kiln_link_read(b->end, block, sizeof(block), 0, &n, NULL) == KILN_OK)
		(void)kiln_buf_append(&b->heard, block, n);
}

static bool has_heard(struct board *b, const char *words)
{
	const uint8_t *found = memmem(b->heard.data, b->heard.len, words, strlen(words));

	if (found)
		kiln_buf_consume(&b->heard, (size_t)(found - b->heard.data) + strlen(words));
	return found != NULL;
}

/* The right answer, if there is one to what was said. */
static bool play_along(struct board *b)
{
	static const char banner[] = "raw REPL; CTRL-B to exit\r\n>";
	char answer[40];

	if ((b->plays & PLAYS_ALONG) && has_heard(b, "ln-") && b->heard.len >= 4) {
		snprintf(answer, sizeof(answer), "OKkiln-%.4s\r\n\x04\x04>",
			 (const char *)b->heard.data);
		b->plays &= ~(unsigned)PLAYS_ALONG;
		kiln_buf_reset(&b->heard);
		return say(b, answer, strlen(answer));
	}
	if ((b->plays & PLAYS_ALONG) && has_heard(b, "\x03\x01"))
		return say(b, banner, sizeof(banner) - 1);
	if (b->plays & PLAYS_ALONG)
		return false;
	if ((b->plays & HANDS_OVER) && has_heard(b, "\x05"
						    "A\x01"))
		return b->plays & PASTES ? say(b, "R\x01\x20\x00\x01", 5)
					 : say(b, banner, sizeof(banner) - 1);
	if ((b->plays & HANDS_OVER) && has_heard(b, "\x04")) {
		b->plays &= ~(unsigned)HANDS_OVER;
		return say(b, b->plays & PASTES ? "\x04" : "OK", b->plays & PASTES ? 1 : 2);
	}
	return false;
}

/* The next piece of the input: two bytes of how long and when, then what is said. */
static bool board_idle(void *user, struct kiln_link *waiting, kiln_ms deadline)
{
	struct board *b = user;
	size_t n;

	if (waiting != b->link)
		return false;
	hear(b);
	if (play_along(b))
		return true;
	if (b->at + 2 >= b->size)
		return false;
	if (b->now + b->data[b->at + 1] * 8 >= deadline)
		return false;
	b->now += b->data[b->at + 1] * 8;
	n = 1 + b->data[b->at] % 32;
	b->at += 2;
	if (n > b->size - b->at)
		n = b->size - b->at;
	b->at += n;
	return say(b, b->data + b->at - n, n);
}

/* A program that never ends is cancelled, again and again. */
static kiln_code board_wait(void *user, int fd, short events, kiln_ms deadline)
{
	const struct board *b = user;

	(void)fd;
	(void)events;
	(void)deadline;
	return b->now > 40000 ? KILN_E_CANCELLED : KILN_E_TIMEOUT;
}

static void count(void *user, const char *text, size_t n)
{
	assert(text && n > 0);
	*(size_t *)user += n;
}

static void run(struct kiln_repl *repl, size_t *printed)
{
	const struct kiln_repl_output output = { .text = count, .user = printed, .quiet_ms = 5000 };
	static const char code[] = "print('a program that is longer than the window of raw-paste')";
	struct kiln_repl_result result = { .exception = false };
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_repl_exec(repl, code, sizeof(code) - 1, &output, &result, &err) != KILN_OK)
		assert(err.what[0] && err.why[0]);
	kiln_repl_result_done(&result);
	if (kiln_repl_soft_reset(repl, false, &output, &err) != KILN_OK)
		assert(err.what[0] && err.why[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct board b = { .data = data, .size = size, .at = 1, .now = 1000 };
	const struct kiln_mem_hooks hooks = {
		.idle = board_idle, .now = board_now, .wait = board_pass, .user = &b
	};
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_repl *repl;
	size_t printed = 0;

	if (size == 0)
		return 0;
	b.plays = data[0];
	b.host.waiter = (struct kiln_waiter){ .wait = board_wait, .user = &b };
	kiln_buf_init(&b.heard, 1 << 20);
	if (kiln_mem_pair(&b.host, &hooks, &b.link, &b.end, NULL) != KILN_OK)
		return 0;
	if (kiln_repl_open(b.link, &repl, &err) == KILN_OK) {
		run(repl, &printed);
		kiln_repl_close(repl);
	} else {
		assert(err.what[0] && err.why[0]);
	}
	assert(b.now < LONGEST_MS);
	assert(printed <= 2 * size + 4096);
	kiln_link_close(b.end);
	kiln_buf_done(&b.heard);
	return 0;
}
