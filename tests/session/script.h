/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_SCRIPT_H
#define KILN_TESTS_SCRIPT_H

/*
 * A board that follows a script, on a clock of its own: it waits for words from the host, then
 * answers some time later. For what no real board does at will: boot loops, floods, silence.
 */
#include <stdbool.h>

#include "base/buf.h"
#include "link/mem.h"

typedef enum step_kind {
	STEP_SAY = 0, /* when `expect` has come (NULL: at once): wait after_ms, say `answer` */
	STEP_SYNC,    /* the program that checks the prompt: answer as it wants it */
	STEP_PASTE,   /* raw-paste with a window of 32; then `answer` */
	STEP_FLOOD,   /* `answer` every after_ms, for ever */
	STEP_CHATTER, /* `answer` every after_ms, until `expect` has come */
	STEP_GONE,    /* the cable is pulled */
} step_kind;

struct step {
	step_kind kind;
	const char *expect;
	int after_ms;
	const char *answer;
	size_t n; /* of `answer`; 0: it is a string */
};

struct script {
	struct kiln_host host;
	struct kiln_link *link, *board; /* the host's end, and ours */
	const struct step *steps;       /* ended by one without anything */
	size_t at;
	kiln_ms now, due; /* due: when the current step's answer goes out; 0: it is not triggered */
	struct kiln_buf heard; /* from the host, not yet matched */
	struct kiln_buf all;   /* everything from the host */
	struct kiln_buf pasted;
	int room;           /* of the paste window */
	kiln_ms cancels[4]; /* times at which the waiter wants to stop, each once; 0: none */
};

static inline kiln_code script_wait(void *user, int fd, short events, kiln_ms deadline)
{
	struct script *s = user;

	(void)fd;
	(void)events;
	(void)deadline;
	for (size_t i = 0; i < 4; i++) {
		if (s->cancels[i] && s->now >= s->cancels[i]) {
			s->cancels[i] = 0;
			return KILN_E_CANCELLED;
		}
	}
	return KILN_E_TIMEOUT;
}

static inline kiln_ms script_now(void *user)
{
	return ((struct script *)user)->now;
}

static inline void script_pass(void *user, kiln_ms until)
{
	struct script *s = user;

	if (until > s->now)
		s->now = until;
}

static inline void script_say(struct script *s, const char *text, size_t n)
{
	assert_int_equal(kiln_link_write(s->board, text, n ? n : strlen(text), KILN_FOREVER, NULL),
			 KILN_OK);
}

static inline void script_hear(struct script *s)
{
	char block[512];
	size_t n;

	while (kiln_link_read(s->board, block, sizeof(block), 0, &n, NULL) == KILN_OK) {
		(void)kiln_buf_append(&s->heard, block, n);
		(void)kiln_buf_append(&s->all, block, n);
	}
}

/* Has the host said the step's words? They are used up then. */
static inline bool script_matches(struct script *s, const char *words)
{
	const uint8_t *found;

	if (!words)
		return true;
	found = memmem(s->heard.data, s->heard.len, words, strlen(words));
	if (!found)
		return false;
	kiln_buf_consume(&s->heard, (size_t)(found - s->heard.data) + strlen(words));
	return true;
}

/* Take what the host pastes; true when its ^D has come. It must never send beyond the window. */
static inline bool script_take_paste(struct script *s)
{
	while (s->heard.len > 0) {
		const uint8_t byte = s->heard.data[0];

		kiln_buf_consume(&s->heard, 1);
		if (byte == 0x04)
			return true;
		assert_true(s->room-- > 0);
		(void)kiln_buf_putc(&s->pasted, byte);
		if (s->pasted.len % 32 == 0) {
			s->room += 32;
			script_say(s, "\x01", 1);
		}
	}
	return false;
}

static inline void script_sync(struct script *s)
{
	const char *number = strstr(kiln_buf_str(&s->heard), "ln-");
	char answer[40];

	assert_non_null(number);
	snprintf(answer, sizeof(answer), "OKkiln-%.4s\r\n\x04\x04>", number + 3);
	kiln_buf_reset(&s->heard);
	script_say(s, answer, 0);
}

static inline bool script_triggered(struct script *s, const struct step *step)
{
	if (step->kind == STEP_SYNC)
		return strstr(kiln_buf_str(&s->heard), "ln-") &&
		       memchr(s->heard.data, 0x04, s->heard.len);
	if (step->kind == STEP_CHATTER)
		return true;
	if (step->kind != STEP_PASTE)
		return script_matches(s, step->expect);
	if (script_matches(s, "\x05"
			      "A\x01")) {
		s->room = 64;
		kiln_buf_reset(&s->pasted);
		script_say(s, "R\x01\x20\x00\x01", 5);
	}
	return s->room > 0 && script_take_paste(s);
}

static inline void script_act(struct script *s, const struct step *step)
{
	if (step->kind == STEP_SYNC)
		script_sync(s);
	if (step->kind == STEP_PASTE)
		script_say(s, "\x04", 1);
	if (step->kind == STEP_GONE)
		kiln_link_close(s->board);
	s->due = 0;
	if (step->kind == STEP_CHATTER && script_matches(s, step->expect)) {
		s->at++;
		return;
	}
	if (step->answer)
		script_say(s, step->answer, step->n);
	if (step->kind != STEP_FLOOD && step->kind != STEP_CHATTER)
		s->at++;
}

/* Let time pass until the waiter wants to stop, if that is before `until`. */
static inline bool script_cancel_comes(struct script *s, kiln_ms until)
{
	for (size_t i = 0; i < 4; i++) {
		if (s->cancels[i] && s->cancels[i] <= until) {
			script_pass(s, s->cancels[i]);
			return true;
		}
	}
	return false;
}

/* The host waits: go on with the script as far as the clock allows. */
static inline bool script_idle(void *user, struct kiln_link *waiting, kiln_ms deadline)
{
	struct script *s = user;
	const struct step *step = &s->steps[s->at];
	size_t said;

	if (waiting != s->link)
		return false;
	if (!step->kind && !step->answer)
		return script_cancel_comes(s, deadline);
	said = s->all.len;
	script_hear(s);
	if (s->due == 0 && script_triggered(s, step))
		s->due = s->now + step->after_ms + 1;
	if (s->due == 0 && step->kind == STEP_PASTE && s->all.len > said)
		return true;
	if (script_cancel_comes(s, s->due && s->due < deadline ? s->due : deadline))
		return true;
	if (s->due == 0 || s->due > deadline)
		return false;
	if (s->due > s->now)
		s->now = s->due;
	script_act(s, step);
	return true;
}

/* `host`: whose waiter counts; NULL: the script's own, which knows of `cancels`. */
static inline void script_begin_on(struct script *s, const struct step *steps,
				   const struct kiln_host *host)
{
	const struct kiln_mem_hooks hooks = {
		.idle = script_idle, .now = script_now, .wait = script_pass, .user = s
	};

	*s = (struct script){ .steps = steps, .now = 1000 };
	s->host.waiter = (struct kiln_waiter){ .wait = script_wait, .user = s };
	kiln_buf_init(&s->heard, 1024 * 1024);
	kiln_buf_init(&s->all, 16 * 1024 * 1024);
	kiln_buf_init(&s->pasted, 1024 * 1024);
	assert_int_equal(kiln_mem_pair(host ? host : &s->host, &hooks, &s->link, &s->board, NULL),
			 KILN_OK);
}

static inline void script_begin(struct script *s, const struct step *steps)
{
	script_begin_on(s, steps, NULL);
}

/* The host's end must be closed by now. */
static inline void script_end(struct script *s)
{
	bool gone = false;

	for (size_t i = 0; i < s->at; i++)
		gone = gone || s->steps[i].kind == STEP_GONE;
	if (!gone)
		kiln_link_close(s->board);
	kiln_buf_done(&s->heard);
	kiln_buf_done(&s->all);
	kiln_buf_done(&s->pasted);
}

#define RAW_BANNER "raw REPL; CTRL-B to exit\r\n>"
#define UPY_BANNER                                                               \
	"MicroPython v1.27.0 on 2025-12-09; Generic ESP32 module with ESP32\r\n" \
	"Type \"help()\" for more information.\r\n>>> "
/* The steps of a board at its friendly prompt. */
#define STEPS_TO_RAW                                                   \
	{ .expect = "\x03\x01", .answer = "\r\n>>> \r\n" RAW_BANNER }, \
	{                                                              \
		.kind = STEP_SYNC                                      \
	}

#endif
