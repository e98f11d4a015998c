/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program's way to the board. Raw-paste says how much the board has room for; so the question
 * for it need not be answered before the program follows. What was learned from the program before
 * is how much may follow at once:
 *
 *	first program      host: ^E A ^A            board: R 01, window, 01
 *	                   host: code ^D            board: 04, output ...
 *	each one after it  host: ^E A ^A code ^D    board: R 01, window, 01, 04, output ...
 *
 * A turn less for each program, and a turn is 16 ms with an FTDI bridge as it comes.
 *
 * Nothing of it may run where it was not meant to. If the board was reset meanwhile it says so,
 * and then it is asked first. If it said nothing and is at the friendly prompt, ^E begins a paste
 * there; what ^D would run has a ^A in it, which is no Python, so nothing runs.
 */
#include "repl/handover.h"

#include <string.h>

enum {
	/* raw mode without flow control: half of what the smallest UART driver keeps, then its time
	 * on the wire and a pause in which the interpreter empties it */
	PLAIN_CHUNK = 32,
	PLAIN_PAUSE_MS = 6,
	/* a board offers two windows at first, and keeps them in its driver until it reads; a few
	 * bytes are left to a ring that holds one less than its size */
	WINDOWS = 2,
	SPARE = 12,
	AHEAD_MAX = 512,
	LAST_MAX = 256,
};

static const char ask[] = "\x05"
			  "A\x01";

static kiln_code next(struct kiln_handover *h, kiln_ms deadline, kiln_raw_event *ret_event,
		      struct kiln_err *err)
{
	return kiln_repl_event(h->repl, h->output, deadline, ret_event, err);
}

kiln_code kiln_handover_lost(const struct kiln_handover *h, struct kiln_err *err)
{
	const struct kiln_watch *w = &h->repl->codec.watch;
	char last[KILN_WATCH_LINE];

	kiln_watch_last_line(w, last);
	(void)kiln_fail(err, KILN_E_NO_PROMPT, "cannot hand the program to the board");
	if (w->counts[KILN_SEEN_FRIENDLY] || w->counts[KILN_SEEN_PASTE] ||
	    w->counts[KILN_SEEN_BANNER] || w->counts[KILN_SEEN_ROM])
		kiln_why(err, "it was reset since the last one");
	else if (h->repl->paste == KILN_REPL_PASTE_NO && h->sent == h->n)
		/* old firmware dies of it without a word */
		kiln_why(err, "it did not take all %zu bytes: they may be more than its memory",
			 h->n);
	else if (last[0])
		kiln_why(err, "it does not answer as raw mode does: '%s'", last);
	else
		kiln_why(err, "it no longer answers");
	kiln_hint(err, "its variables may be gone; the next command connects again");
	return KILN_E_NO_PROMPT;
}

/* ---- the question for raw-paste, and what goes with it ---- */

/* What came since the prompt is kept for the codec. */
static kiln_code is_quiet(struct kiln_repl *r, bool *ret_quiet, struct kiln_err *err)
{
	kiln_code code;

	*ret_quiet = false;
	if (r->at < r->n)
		return KILN_OK;
	r->at = r->n = 0;
	code = kiln_link_read(r->link, r->in, sizeof(r->in), /* deadline= */ 0, &r->n, err);
	*ret_quiet = code == KILN_E_TIMEOUT;
	return *ret_quiet ? KILN_OK : code;
}

/* How much of the program the board has room for before it says so; 0: that is not known. */
static size_t room_ahead(const struct kiln_handover *h)
{
	const struct kiln_repl *r = h->repl;
	const size_t keys = strlen(ask) + 1 + SPARE;
	size_t n = (size_t)WINDOWS * r->window;

	if (r->paste != KILN_REPL_PASTE_YES || n <= keys)
		return 0;
	n = n - keys < AHEAD_MAX ? n - keys : AHEAD_MAX;
	return n < h->n ? n : h->n;
}

static kiln_code send_ask(struct kiln_handover *h, struct kiln_err *err)
{
	struct kiln_repl *r = h->repl;
	uint8_t keys[sizeof(ask) + AHEAD_MAX];
	size_t n = strlen(ask), ahead = room_ahead(h);
	bool quiet = false;

	if (ahead > 0)
		KILN_TRY(is_quiet(r, &quiet, err));
	if (!quiet)
		ahead = 0;
	memcpy(keys, ask, n);
	memcpy(keys + n, h->code, ahead);
	n += ahead;
	if (ahead == h->n)
		keys[n++] = '\x04';
	h->sent = h->ahead = ahead;
	h->ended = ahead == h->n;
	kiln_raw_asked_paste(&r->codec);
	return kiln_link_write(r->link, keys, n, kiln_link_after(r->link, KILN_REPL_WRITE_MS), err);
}

/* The whole program is there: what it says is how it runs, not whether it may come. */
static void note_ended(struct kiln_handover *h)
{
	if (h->repl->paste == KILN_REPL_PASTE_YES)
		kiln_raw_pasted(&h->repl->codec);
	else
		kiln_raw_sent(&h->repl->codec);
}

/* Ask for raw-paste; afterwards repl->paste is known. */
static kiln_code ask_paste(struct kiln_handover *h, struct kiln_err *err)
{
	struct kiln_repl *r = h->repl;
	const kiln_ms deadline = kiln_link_after(r->link, KILN_REPL_ANSWER_MS);
	kiln_raw_event event;
	kiln_code code;

	KILN_TRY(send_ask(h, err));
	for (;;) {
		code = next(h, deadline, &event, err);
		if (code == KILN_E_TIMEOUT)
			return kiln_handover_lost(h, err);
		KILN_TRY(code);
		if (event == KILN_RAW_PASTE) {
			r->paste = KILN_REPL_PASTE_YES;
			r->window = r->codec.window;
			return KILN_OK;
		}
		if (event == KILN_RAW_NO_PASTE) {
			r->paste = KILN_REPL_PASTE_NO;
			return KILN_OK;
		}
		if (event == KILN_RAW_BAD || r->codec.seen == KILN_SEEN_PASTE ||
		    r->codec.seen == KILN_SEEN_FRIENDLY)
			return kiln_handover_lost(h, err);
	}
}

/* ---- the program ---- */

/* What went ahead has used up room, as far as the board has told of it by now. */
static void settle(struct kiln_handover *h)
{
	uint64_t *room = &h->repl->codec.room;
	const size_t n = h->ahead < *room ? h->ahead : (size_t)*room;

	*room -= n;
	h->ahead -= n;
}

static kiln_code write_some(struct kiln_handover *h, size_t n, struct kiln_err *err)
{
	struct kiln_link *link = h->repl->link;

	KILN_TRY(kiln_link_write(link, h->code + h->sent, n,
				 kiln_link_after(link, KILN_REPL_ANSWER_MS), err));
	h->sent += n;
	return KILN_OK;
}

/* The last bytes and the one that ends the program, at once: on USB that saves a packet. */
static kiln_code write_end(struct kiln_handover *h, size_t n, struct kiln_err *err)
{
	struct kiln_link *link = h->repl->link;
	char piece[LAST_MAX + 1];

	memcpy(piece, h->code + h->sent, n);
	piece[n] = '\x04';
	KILN_TRY(kiln_link_write(link, piece, n + 1, kiln_link_after(link, KILN_REPL_ANSWER_MS),
				 err));
	h->sent += n;
	h->ended = true;
	h->repl->codec.room -= n;
	return KILN_OK;
}

/* Send as much as the board has room for; more when it says so. */
static kiln_code send_paste(struct kiln_handover *h, struct kiln_err *err)
{
	struct kiln_repl *r = h->repl;
	kiln_raw_event event = KILN_RAW_MORE;
	size_t left;
	kiln_code code;

	settle(h);
	while ((left = h->n - h->sent) > 0 && event != KILN_RAW_STOP) {
		if (left <= LAST_MAX && left <= r->codec.room)
			break;
		if (r->codec.room > 0) {
			const size_t n = left < r->codec.room ? left : (size_t)r->codec.room;

			KILN_TRY(write_some(h, n, err));
			r->codec.room -= n;
			continue;
		}
		code = next(h, kiln_link_after(r->link, KILN_REPL_START_MS), &event, err);
		if (code == KILN_E_TIMEOUT)
			return kiln_handover_lost(h, err);
		KILN_TRY(code);
		settle(h);
	}
	KILN_TRY(write_end(h, event == KILN_RAW_STOP ? 0 : left, err));
	h->started = event == KILN_RAW_STOP;
	kiln_raw_pasted(&r->codec);
	return KILN_OK;
}

/*
 * Firmware before 1.13: nothing tells when the board has room, so this is one of the two places
 * where time stands for an event (the other: a silent line after a boot).
 */
static kiln_code send_plain(struct kiln_handover *h, struct kiln_err *err)
{
	struct kiln_repl *r = h->repl;
	const unsigned baud = kiln_link_baud(r->link);

	while (h->sent < h->n) {
		const size_t left = h->n - h->sent;
		const size_t n = left < PLAIN_CHUNK ? left : PLAIN_CHUNK;

		KILN_TRY(write_some(h, n, err));
		if (h->sent < h->n)
			KILN_TRY(kiln_link_sleep(r->link,
						 (kiln_ms)(n * 10000 / (baud ? baud : 115200)) +
							 PLAIN_PAUSE_MS,
						 err));
	}
	kiln_raw_sent(&r->codec);
	return kiln_repl_keys(r, "\x04", err);
}

kiln_code kiln_handover_send(struct kiln_handover *h, struct kiln_err *err)
{
	if (h->repl->paste != KILN_REPL_PASTE_NO)
		KILN_TRY(ask_paste(h, err));
	if (h->ended)
		note_ended(h);
	else if (h->repl->paste == KILN_REPL_PASTE_YES)
		KILN_TRY(send_paste(h, err));
	else if (h->sent > 0)
		return kiln_handover_lost(h, err); /* half of it stands at a prompt */
	else
		KILN_TRY(send_plain(h, err));
	return KILN_OK;
}
