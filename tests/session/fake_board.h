/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_FAKE_BOARD_H
#define KILN_TESTS_FAKE_BOARD_H

#include <stdbool.h>

#include <kiln/link.h>

#include "base/buf.h"

/*
 * A board without an interpreter, on a clock of its own: it keeps to the REPL's protocol as
 * pyexec.c has it, knows a handful of programs by their text, and has the quirks that it is told to
 * have. For firmware that can't be had here, and for what no firmware does at will.
 */
typedef enum fake_does {
	FAKE_SAYS = 0, /* `output`, then `traceback` */
	FAKE_SETS,     /* a variable */
	FAKE_GETS,     /* `output` if the variable is set, else `traceback` */
	FAKE_LOOPS,    /* prints `output` every `every_ms` until Ctrl-C; 0: silent */
	FAKE_MUCH,     /* `bytes` of output */
} fake_does;

struct fake_program {
	const char *code; /* its first bytes */
	fake_does does;
	const char *output, *traceback;
	int every_ms;
	size_t bytes;
};

/* Ways to break the protocol, that no program survives. */
typedef enum fake_fault {
	FAKE_KEEPS_TO_IT = 0,
	FAKE_WINDOW_OF_NOTHING, /* raw-paste with a window of 0 */
	FAKE_NO_ROOM,           /* the window never opens again */
	FAKE_STOPS_EARLY,       /* 04 in mid-program, as a board without memory does; goes on */
	FAKE_NO_END,            /* output, and then nothing */
	FAKE_NO_OK,             /* nothing at all when a program was sent */
	FAKE_BABBLES,           /* noise without an end instead of an answer */
	FAKE_WRONG_ANSWER,      /* to the question for raw-paste */
} fake_fault;

struct fake_quirks {
	bool raw_paste;
	bool circuitpython; /* restarts when raw mode is left, wants a key before a prompt */
	unsigned window;
	size_t piece;        /* so many bytes at a time, cutting characters; 0: all at once */
	int pause_ms;        /* between pieces */
	bool noise;          /* odd bytes when it is opened, prints of a timer between programs */
	fake_fault fault;    /* from the next program on */
	const char *main_py; /* what main.py prints; NULL: there is none */
};

struct fake_board {
	struct kiln_host host;
	struct kiln_link *link; /* for the test; it closes it */
	struct kiln_link *board;
	const struct fake_program *programs; /* ended by one without code */
	struct fake_quirks quirks;
	kiln_ms now, due;     /* due: when the next piece, or tick, goes out */
	kiln_ms cancel_at;    /* the waiter cancels then, once; 0: never */
	struct kiln_buf line; /* code that has come */
	struct kiln_buf out;  /* what is still to be said */
	const struct fake_program *running;
	size_t much_left;
	int room; /* of raw-paste's window */
	enum { FAKE_FRIENDLY, FAKE_ANY_KEY, FAKE_RAW, FAKE_ASKED, FAKE_ASKED_A, FAKE_PASTE } mode;
	bool is_set; /* the variable */
	unsigned soft_resets, main_runs;
};

void fake_begin(struct fake_board *fake, const struct fake_program *programs,
		const struct fake_quirks *quirks);
/* The link must be closed by now. */
void fake_end(struct fake_board *fake);

#endif
