/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_REPL_CODEC_H
#define KILN_REPL_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "repl/watch.h"

/*
 * The board's side of one program in raw mode (MicroPython docs/reference/repl.rst and
 * shared/runtime/pyexec.c). Pure: bytes in, events out.
 *
 *	raw:        host: code ^D                    board: OK
 *	raw-paste:  host: ^E A ^A                    board: R 01 | window le16 | 01
 *	            host: code, at most the room     board: 01 = one window more, 04 = stop sending
 *	            host: ^D                         board: 04
 *	            not known here:                  board: R 00
 *	            firmware before 1.13:            board: raw REPL; CTRL-B to exit CR LF >
 *	then both:                                   board: output 04 traceback 04 >
 *
 * A program may print 04 itself. It is taken for the end of the output only if what follows can
 * be a traceback; otherwise it is dropped and the output goes on. What is printed while no
 * program runs (timers, threads) is output too.
 *
 * Text that is handed out has "\r\n" as "\n", no 04, and whole UTF-8 characters (bytes that are
 * no UTF-8 pass as they are).
 */
typedef enum kiln_raw_event {
	KILN_RAW_MORE = 0,  /* all input is used */
	KILN_RAW_TEXT,      /* codec->out: borrowed until the next call */
	KILN_RAW_PASTE,     /* raw-paste is on; codec->window and codec->room are set */
	KILN_RAW_NO_PASTE,  /* this firmware has no raw-paste; it is at the raw prompt */
	KILN_RAW_ROOM,      /* codec->room grew */
	KILN_RAW_STOP,      /* the board wants no more of the program: send ^D */
	KILN_RAW_STARTED,   /* the whole program was received, and runs */
	KILN_RAW_END,       /* it ended, the prompt is back; codec->traceback */
	KILN_RAW_RESTARTED, /* the interpreter restarted; raw mode's prompt is back */
	KILN_RAW_SEEN,      /* codec->seen: something that no program's end has */
	KILN_RAW_BAD,       /* not this protocol (a window of 0) */
} kiln_raw_event;

typedef enum kiln_raw_state {
	KILN_RAW_S_IDLE,
	KILN_RAW_S_ASKED, /* ^E A ^A was sent */
	KILN_RAW_S_ASKED_R,
	KILN_RAW_S_WINDOW,
	KILN_RAW_S_WINDOW_HIGH,
	KILN_RAW_S_PASTING,
	KILN_RAW_S_PASTED, /* ^D was sent: wait for 04 */
	KILN_RAW_S_SENT,   /* raw: wait for OK */
	KILN_RAW_S_SENT_O,
	KILN_RAW_S_OUTPUT,
	KILN_RAW_S_TRACEBACK,
	KILN_RAW_S_PROMPT,  /* both 04 have come: wait for '>' */
	KILN_RAW_S_RESTART, /* the interpreter starts again: output until raw mode's banner */
} kiln_raw_state;

enum {
	KILN_RAW_TEXT_MAX = 4096,
	KILN_RAW_TRACEBACK_MAX = 64 * 1024, /* what is longer is cut */
};

struct kiln_raw_codec {
	struct kiln_span out;      /* with KILN_RAW_TEXT */
	struct kiln_buf traceback; /* with KILN_RAW_END; empty if there was none */
	kiln_seen seen;            /* with KILN_RAW_SEEN */
	struct kiln_watch watch;   /* all that came */
	unsigned window;           /* what one 01 is worth */
	uint64_t room;             /* bytes that the board has room for; the host counts down */
	bool no_memory;            /* output was lost */
	kiln_raw_state state;      /* private from here on */
	kiln_raw_state after_ok;   /* output, or a restart */
	kiln_raw_event queued;     /* waits until the text before it was handed out */
	struct kiln_buf text;      /* not yet handed out */
	struct kiln_buf held;      /* a line that may be raw mode's banner */
	size_t handed;             /* bytes of `text` that are `out` */
	bool cr;                   /* a CR that may belong to a CRLF */
};

void kiln_raw_init(struct kiln_raw_codec *codec);
void kiln_raw_done(struct kiln_raw_codec *codec);

/* What the host has just sent: the question for raw-paste, a whole program in raw mode with its
 * ^D, the ^D of raw-paste, ^D at the empty prompt (soft reset). */
void kiln_raw_asked_paste(struct kiln_raw_codec *codec);
void kiln_raw_sent(struct kiln_raw_codec *codec);
void kiln_raw_pasted(struct kiln_raw_codec *codec);
void kiln_raw_restarting(struct kiln_raw_codec *codec);

/* Use up to n bytes, stop at the first event; *ret_used is how many were used (0 is possible). */
kiln_raw_event kiln_raw_decode(struct kiln_raw_codec *codec, const uint8_t *p, size_t n,
			       size_t *ret_used);

/* Text that was held back (a cut character, a line that never ended), for when no end came. */
struct kiln_span kiln_raw_flush(struct kiln_raw_codec *codec);

#endif
