/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to raw mode's prompt, from whatever state the board is in.
 *
 * Ctrl-C ends a running program, a half-typed line, paste mode, raw-paste; Ctrl-A then asks for
 * raw mode. Both may be lost (a chip that is still starting) or come too early (a program that
 * takes its time to end), so they are repeated, and what the board says meanwhile decides how long
 * it is worth it. The first Ctrl-C goes alone: a second one would cut short a `finally` that
 * switches the motors off. No Ctrl-D and no Enter: those would reset the interpreter, or run what
 * someone has half typed.
 *
 * Since keys are repeated, a banner may be the answer to older ones with more to follow. A tiny
 * program with a number of its own then tells when the board has caught up.
 *
 * CircuitPython: after Ctrl-C it waits for a key before it shows a prompt ("Press any key"), so it
 * gets one that means nothing else. It restarts its interpreter whenever it leaves the prompt, so
 * variables do live on between programs here, but not beyond the session.
 */
#include "repl/session.h"

#include <string.h>

#include "base/text.h"
#include "repl/obstacle.h"

struct entry {
	struct kiln_repl *repl;
	struct kiln_watch watch;
	kiln_ms started, deadline;
	kiln_ms keys_at; /* when to send keys next */
	unsigned tries;  /* how often they were sent */
	uint64_t late;   /* bytes that came after the third try */
	bool in;         /* at the prompt, and sure of it */
	bool blocked;    /* waiting longer is no use */
};

static kiln_code fail(const struct entry *e, struct kiln_err *err)
{
	const struct kiln_obstacle obstacle = {
		.watch = &e->watch,
		.baud = kiln_link_baud(e->repl->link),
		.ms = kiln_link_now(e->repl->link) - e->started,
		.late = e->late,
	};

	(void)kiln_fail(err, KILN_E_NO_PROMPT, "cannot get a prompt from '%s'",
			kiln_link_url(e->repl->link));
	if (err)
		kiln_obstacle_explain(&obstacle, err);
	return KILN_E_NO_PROMPT;
}

/* A port that takes no bytes just now is no reason to give up: the board may be starting. */
static kiln_code send_keys(struct entry *e, const char *keys, struct kiln_err *err)
{
	const kiln_code code = kiln_repl_keys(e->repl, keys, err);

	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

/*
 * A chip that starts loses keys until its UART is set up, and when main.py begins nobody says. So
 * each Ctrl-C may be its first, goes alone, and leaves a `finally` its time.
 */
static bool is_starting(const struct entry *e)
{
	enum { STARTING_TRIES = 8 };

	return e->watch.counts[KILN_SEEN_ROM] > 0 && e->watch.counts[KILN_SEEN_BANNER] == 0 &&
	       e->tries < STARTING_TRIES;
}

static kiln_code knock(struct entry *e, struct kiln_err *err)
{
	static const int pauses_ms[] = { 500, 700, 1000 };
	const size_t last = sizeof(pauses_ms) / sizeof(pauses_ms[0]) - 1;
	const bool gently = e->tries == 0 || is_starting(e);

	KILN_TRY(send_keys(e, gently ? "\x03\x01" : "\x03\x03\x01", err));
	e->keys_at = kiln_link_after(e->repl->link,
				     gently ? 500 : pauses_ms[e->tries < last ? e->tries : last]);
	e->tries++;
	return KILN_OK;
}

/* Needles that have no beginning of theirs inside of them: a mismatch starts anew. */
static bool match(const char *needle, size_t *at, uint8_t byte)
{
	if ((uint8_t)needle[*at] != byte)
		*at = 0;
	if ((uint8_t)needle[*at] == byte)
		++*at;
	return needle[*at] == '\0';
}

/* Has the board caught up? Run a program that prints what nobody has sent. */
static kiln_code check_prompt(struct entry *e, struct kiln_err *err)
{
	struct kiln_repl *r = e->repl;
	const unsigned number = ((unsigned)kiln_link_now(r->link) + 4099 * r->syncs++) & 0xFFFF;
	const kiln_ms deadline = kiln_link_after(r->link, 1000);
	char program[40], mark[16];
	size_t mark_at = 0, end_at = 0;
	bool marked = false;
	kiln_code code;

	kiln_text_format(program, sizeof(program), "print('ki'+'ln-%04x')\x04", number);
	kiln_text_format(mark, sizeof(mark), "kiln-%04x", number);
	KILN_TRY(send_keys(e, program, err));
	for (;;) {
		for (; r->at < r->n; r->at++) {
			if (!marked)
				marked = match(mark, &mark_at, r->in[r->at]);
			else if (match("\x04>", &end_at, r->in[r->at])) {
				e->in = true;
				r->at++;
				return KILN_OK;
			}
		}
		code = kiln_repl_read(r, deadline, err);
		if (code != KILN_OK)
			return code == KILN_E_TIMEOUT ? KILN_OK : code;
	}
}

static void wait_longer(struct entry *e, kiln_ms until)
{
	if (until > e->deadline)
		e->deadline = kiln_repl_sooner(until, e->started + KILN_REPL_ENTER_MS);
}

static kiln_code react(struct entry *e, kiln_seen seen, struct kiln_err *err)
{
	const kiln_ms now = kiln_link_now(e->repl->link);

	switch (seen) {
	case KILN_SEEN_RAW:
		if (e->tries == 0) /* left over from whoever was here before */
			return KILN_OK;
		KILN_TRY(check_prompt(e, err));
		e->keys_at = now;
		return KILN_OK;
	case KILN_SEEN_FRIENDLY: /* the answer to Ctrl-C; that to Ctrl-A follows, or was lost */
	case KILN_SEEN_PASTE:
	case KILN_SEEN_CONTINUED:
	case KILN_SEEN_BANNER:
		e->keys_at = kiln_repl_sooner(e->keys_at, now + 200);
		return KILN_OK;
	case KILN_SEEN_ANY_KEY:
		e->keys_at = now + 200;
		return send_keys(e, " ", err);
	case KILN_SEEN_ROM:
		wait_longer(e, now + KILN_REPL_BOOT_MS);
		e->blocked = kiln_obstacle_is_loop(&e->watch);
		return KILN_OK;
	case KILN_SEEN_DOWNLOAD:
		e->blocked = true;
		return KILN_OK;
	case KILN_SEEN_NO_BOOT:
		e->blocked = kiln_obstacle_is_loop(&e->watch);
		return KILN_OK;
	default:
		return KILN_OK;
	}
}

static kiln_code listen(struct entry *e, struct kiln_err *err)
{
	struct kiln_repl *r = e->repl;

	if (e->tries > 2)
		e->late += r->n - r->at;
	wait_longer(e, e->started + KILN_REPL_HEARD_MS);
	while (r->at < r->n && !e->in && !e->blocked) {
		const kiln_seen seen = kiln_watch_byte(&e->watch, r->in[r->at++]);

		if (seen != KILN_SEEN_NOTHING)
			KILN_TRY(react(e, seen, err));
	}
	return KILN_OK;
}

void kiln_repl_doubt(struct kiln_repl *repl)
{
	repl->doubted = true;
}

kiln_code kiln_repl_enter(struct kiln_repl *repl, struct kiln_err *err)
{
	const kiln_ms now = kiln_link_now(repl->link);
	struct entry e = {
		.repl = repl,
		.started = now,
		.deadline = now + KILN_REPL_SILENT_MS,
		.keys_at = now,
	};
	kiln_code code;

	kiln_watch_init(&e.watch);
	repl->at_prompt = false;
	while (!e.in) {
		if (e.blocked || kiln_link_now(repl->link) >= e.deadline)
			return fail(&e, err);
		if (kiln_link_now(repl->link) >= e.keys_at)
			KILN_TRY(knock(&e, err));
		code = kiln_repl_read(repl, kiln_repl_sooner(e.keys_at, e.deadline), err);
		if (code == KILN_OK)
			code = listen(&e, err);
		if (code != KILN_OK && code != KILN_E_TIMEOUT)
			return code;
	}
	repl->at_prompt = true;
	repl->doubted = false;
	kiln_log(&kiln_link_host(repl->link)->ui, KILN_LOG_DEBUG, "repl",
		 "raw prompt after %u tries, %lld ms", e.tries,
		 (long long)(kiln_link_now(repl->link) - e.started));
	return KILN_OK;
}
