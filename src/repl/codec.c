/* SPDX-License-Identifier: Apache-2.0 */
#include "repl/codec.h"

#include "base/text.h"
#include "repl/traceback.h"

enum { HELD_MAX = 256 };

void kiln_raw_init(struct kiln_raw_codec *c)
{
	*c = (struct kiln_raw_codec){ .state = KILN_RAW_S_IDLE };
	kiln_watch_init(&c->watch);
	/* text grows beyond its limit at most by a traceback that was none, and a held line */
	kiln_buf_init(&c->text, KILN_RAW_TEXT_MAX + KILN_RAW_TRACEBACK_MAX + HELD_MAX + 16);
	kiln_buf_init(&c->traceback, KILN_RAW_TRACEBACK_MAX);
	kiln_buf_init(&c->held, HELD_MAX);
}

void kiln_raw_done(struct kiln_raw_codec *c)
{
	kiln_buf_done(&c->text);
	kiln_buf_done(&c->traceback);
	kiln_buf_done(&c->held);
}

void kiln_raw_asked_paste(struct kiln_raw_codec *c)
{
	c->state = KILN_RAW_S_ASKED;
}

void kiln_raw_sent(struct kiln_raw_codec *c)
{
	c->state = KILN_RAW_S_SENT;
	c->after_ok = KILN_RAW_S_OUTPUT;
}

void kiln_raw_pasted(struct kiln_raw_codec *c)
{
	if (c->state == KILN_RAW_S_PASTING) /* else the board said stop before it had the ^D */
		c->state = KILN_RAW_S_PASTED;
}

void kiln_raw_restarting(struct kiln_raw_codec *c)
{
	c->state = KILN_RAW_S_SENT;
	c->after_ok = KILN_RAW_S_RESTART;
}

static void put(struct kiln_raw_codec *c, uint8_t byte)
{
	if (kiln_buf_putc(&c->text, byte) != KILN_OK)
		c->no_memory = true;
}

/* CRs before a LF vanish; others stay (progress bars), a run of them as one. */
static void emit(struct kiln_raw_codec *c, uint8_t byte)
{
	if (byte == '\r') {
		c->cr = true;
		return;
	}
	if (c->cr && byte != '\n')
		put(c, '\r');
	c->cr = false;
	if (byte != 0x04)
		put(c, byte);
}

static void emit_all(struct kiln_raw_codec *c, struct kiln_buf *from)
{
	for (size_t i = 0; i < from->len; i++)
		emit(c, from->data[i]);
	kiln_buf_reset(from);
}

/* Keep a line until it is known not to be raw mode's banner. */
static void hold(struct kiln_raw_codec *c, uint8_t byte)
{
	if (byte == '\n' && c->watch.raw_line) {
		kiln_buf_reset(&c->held);
		return;
	}
	if (kiln_buf_putc(&c->held, byte) != KILN_OK) {
		emit_all(c, &c->held);
		emit(c, byte);
	} else if (byte == '\n') {
		emit_all(c, &c->held);
	}
}

static kiln_raw_event on_idle(struct kiln_raw_codec *c, uint8_t byte)
{
	emit(c, byte);
	return KILN_RAW_MORE;
}

static kiln_raw_event on_asked(struct kiln_raw_codec *c, uint8_t byte)
{
	if (c->seen == KILN_SEEN_RAW) {
		kiln_buf_reset(&c->held);
		c->state = KILN_RAW_S_IDLE;
		return KILN_RAW_NO_PASTE;
	}
	if (byte == 'R')
		c->state = KILN_RAW_S_ASKED_R;
	else
		hold(c, byte);
	return KILN_RAW_MORE;
}

static kiln_raw_event on_asked_r(struct kiln_raw_codec *c, uint8_t byte)
{
	if (byte == 0x01) {
		emit_all(c, &c->held);
		c->state = KILN_RAW_S_WINDOW;
		return KILN_RAW_MORE;
	}
	if (byte == 0x00) {
		emit_all(c, &c->held);
		c->state = KILN_RAW_S_IDLE;
		return KILN_RAW_NO_PASTE;
	}
	hold(c, 'R');
	c->state = KILN_RAW_S_ASKED;
	return on_asked(c, byte);
}

static kiln_raw_event on_window(struct kiln_raw_codec *c, uint8_t byte)
{
	c->window = byte;
	c->state = KILN_RAW_S_WINDOW_HIGH;
	return KILN_RAW_MORE;
}

static kiln_raw_event on_window_high(struct kiln_raw_codec *c, uint8_t byte)
{
	c->window |= (unsigned)byte << 8;
	c->room = c->window;
	c->state = c->window ? KILN_RAW_S_PASTING : KILN_RAW_S_IDLE;
	return c->window ? KILN_RAW_PASTE : KILN_RAW_BAD;
}

static kiln_raw_event on_pasting(struct kiln_raw_codec *c, uint8_t byte)
{
	if (byte == 0x01) {
		c->room += c->window;
		return KILN_RAW_ROOM;
	}
	if (byte == 0x04) {
		c->state = KILN_RAW_S_OUTPUT;
		return KILN_RAW_STOP;
	}
	emit(c, byte);
	return KILN_RAW_MORE;
}

static kiln_raw_event on_pasted(struct kiln_raw_codec *c, uint8_t byte)
{
	if (byte == 0x04) {
		c->state = KILN_RAW_S_OUTPUT;
		return KILN_RAW_STARTED;
	}
	if (byte != 0x01) /* a window that nobody needs any more */
		emit(c, byte);
	return KILN_RAW_MORE;
}

static kiln_raw_event on_sent(struct kiln_raw_codec *c, uint8_t byte)
{
	if (byte == 'O')
		c->state = KILN_RAW_S_SENT_O;
	else
		hold(c, byte);
	return KILN_RAW_MORE;
}

static kiln_raw_event on_sent_o(struct kiln_raw_codec *c, uint8_t byte)
{
	if (byte != 'K') {
		hold(c, 'O');
		c->state = KILN_RAW_S_SENT;
		return on_sent(c, byte);
	}
	if (c->held.len == 1 && c->held.data[0] == '>') /* the prompt after "R\0" */
		kiln_buf_reset(&c->held);
	emit_all(c, &c->held);
	c->state = c->after_ok;
	return KILN_RAW_STARTED;
}

static kiln_raw_event on_output(struct kiln_raw_codec *c, uint8_t byte)
{
	if (byte == 0x04) {
		kiln_buf_reset(&c->traceback);
		c->state = KILN_RAW_S_TRACEBACK;
	} else {
		emit(c, byte);
	}
	return KILN_RAW_MORE;
}

static kiln_raw_event on_traceback(struct kiln_raw_codec *c, uint8_t byte)
{
	enum { DECIDED = 200 }; /* a first line that is so long was judged by then */

	if (byte == 0x04) {
		c->state = KILN_RAW_S_PROMPT;
		return KILN_RAW_MORE;
	}
	if (byte != '\r')
		(void)kiln_buf_putc(&c->traceback, byte); /* what is too long is cut */
	if (c->traceback.len > 0 && c->traceback.len < DECIDED &&
	    !kiln_traceback_plausible(kiln_buf_span(&c->traceback), false)) {
		emit_all(c, &c->traceback);
		c->state = KILN_RAW_S_OUTPUT;
	}
	return KILN_RAW_MORE;
}

static kiln_raw_event on_restart(struct kiln_raw_codec *c, uint8_t byte)
{
	if (c->seen == KILN_SEEN_RAW) {
		kiln_buf_reset(&c->held);
		c->state = KILN_RAW_S_IDLE;
		return KILN_RAW_RESTARTED;
	}
	if (byte == 0x04) {
		emit_all(c, &c->held);
		return on_output(c, byte);
	}
	hold(c, byte);
	return KILN_RAW_MORE;
}

static kiln_raw_event on_prompt(struct kiln_raw_codec *c, uint8_t byte)
{
	const bool none = c->traceback.len == 0;

	if (none && byte == 0x04) /* the output's last byte was one too: two are still the end */
		return KILN_RAW_MORE;
	if (none || !kiln_traceback_plausible(kiln_buf_span(&c->traceback), true))
		emit_all(c, &c->traceback);
	if (byte == '>') {
		c->state = KILN_RAW_S_IDLE;
		return KILN_RAW_END;
	}
	/* sys.exit() ends without a prompt; with text between the 04s they were the program's own
	 */
	emit_all(c, &c->traceback);
	c->state = none ? KILN_RAW_S_RESTART : KILN_RAW_S_OUTPUT;
	return none ? on_restart(c, byte) : on_output(c, byte);
}

static kiln_raw_event step(struct kiln_raw_codec *c, uint8_t byte)
{
	static kiln_raw_event (*const steps[])(struct kiln_raw_codec *, uint8_t) = {
		[KILN_RAW_S_IDLE] = on_idle,
		[KILN_RAW_S_ASKED] = on_asked,
		[KILN_RAW_S_ASKED_R] = on_asked_r,
		[KILN_RAW_S_WINDOW] = on_window,
		[KILN_RAW_S_WINDOW_HIGH] = on_window_high,
		[KILN_RAW_S_PASTING] = on_pasting,
		[KILN_RAW_S_PASTED] = on_pasted,
		[KILN_RAW_S_SENT] = on_sent,
		[KILN_RAW_S_SENT_O] = on_sent_o,
		[KILN_RAW_S_OUTPUT] = on_output,
		[KILN_RAW_S_TRACEBACK] = on_traceback,
		[KILN_RAW_S_PROMPT] = on_prompt,
		[KILN_RAW_S_RESTART] = on_restart,
	};
	kiln_raw_event event;

	c->seen = kiln_watch_byte(&c->watch, byte);
	event = steps[c->state](c, byte);
	if (event == KILN_RAW_MORE && c->seen != KILN_SEEN_NOTHING)
		event = KILN_RAW_SEEN;
	return event;
}

/* Is there text to hand out: whole characters, or all of it at a program's end? */
static bool take_text(struct kiln_raw_codec *c, kiln_raw_event event)
{
	const bool ends = event == KILN_RAW_END || event == KILN_RAW_RESTARTED;

	if (ends && c->cr) {
		put(c, '\r');
		c->cr = false;
	}
	c->handed = ends ? c->text.len : kiln_utf8_whole(c->text.data, c->text.len);
	c->out = kiln_span(c->text.data, c->handed);
	return c->handed > 0;
}

kiln_raw_event kiln_raw_decode(struct kiln_raw_codec *c, const uint8_t *p, size_t n,
			       size_t *ret_used)
{
	kiln_raw_event event = c->queued;
	size_t i = 0;

	kiln_buf_consume(&c->text, c->handed);
	c->handed = 0;
	c->queued = KILN_RAW_MORE;
	while (event == KILN_RAW_MORE && i < n && c->text.len < KILN_RAW_TEXT_MAX)
		event = step(c, p[i++]);
	*ret_used = i;
	if (!take_text(c, event))
		return event;
	c->queued = event;
	return KILN_RAW_TEXT;
}

struct kiln_span kiln_raw_flush(struct kiln_raw_codec *c)
{
	kiln_buf_consume(&c->text, c->handed);
	c->handed = 0;
	if (c->state == KILN_RAW_S_TRACEBACK || c->state == KILN_RAW_S_PROMPT)
		emit_all(c, &c->traceback);
	emit_all(c, &c->held);
	(void)take_text(c, KILN_RAW_END);
	return c->out;
}
