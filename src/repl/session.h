/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_REPL_SESSION_H
#define KILN_REPL_SESSION_H

#include <kiln/repl.h>

#include "repl/codec.h"

/*
 * Inside of a session. All waits are for something that the board says, with a deadline on the
 * link's clock.
 */
enum {
	KILN_REPL_SILENT_MS = 3000,    /* nothing at all was heard: give up */
	KILN_REPL_HEARD_MS = 6000,     /* something was heard, but no prompt */
	KILN_REPL_BOOT_MS = 10000,     /* from the ROM's banner to a prompt */
	KILN_REPL_ENTER_MS = 20000,    /* a board that starts over and over */
	KILN_REPL_WRITE_MS = 2000,     /* a port that takes no bytes */
	KILN_REPL_ANSWER_MS = 3000,    /* raw mode's answers, with a busy board in mind */
	KILN_REPL_START_MS = 15000,    /* until a board has read a whole program: it compiles */
	KILN_REPL_INTERRUPT_MS = 10000 /* from Ctrl-C to the prompt; `finally` may take its time */
};

enum {
	KILN_CTRL_A = 0x01, /* raw mode */
	KILN_CTRL_B = 0x02, /* friendly mode */
	KILN_CTRL_C = 0x03, /* interrupt, clear the line */
	KILN_CTRL_D = 0x04, /* run it; on an empty line: soft reset */
};

typedef enum kiln_repl_paste {
	KILN_REPL_PASTE_UNKNOWN = 0,
	KILN_REPL_PASTE_YES,
	KILN_REPL_PASTE_NO,
} kiln_repl_paste;

struct kiln_repl {
	struct kiln_link *link;
	struct kiln_raw_codec codec;
	kiln_repl_paste paste;
	unsigned window; /* that raw-paste gave for the last program; 0: there was none */
	bool at_prompt;  /* raw mode's; if not, it must be looked for */
	bool doubted;    /* somebody else may have typed there: it must be looked for too */
	bool running;    /* a program that nobody follows */
	unsigned syncs;  /* makes each check of the prompt another one */
	kiln_ms looked;  /* when the waiter was last asked */
	size_t at, n;    /* bytes of `in` not yet decoded */
	uint8_t in[4096];
};

/* Get to raw mode's prompt from any state. Fails as kiln_repl_open does. */
KILN_CHECK kiln_code kiln_repl_enter(struct kiln_repl *repl, struct kiln_err *err);

/* Somebody else may have typed at this board: look for the prompt anew before anything is run. */
void kiln_repl_doubt(struct kiln_repl *repl);

/*
 * Read what is there into repl->in, or wait for it. Unlike kiln_link_read it also ends at the
 * deadline, and sees that the waiter wants to cancel, when the board never stops sending.
 */
KILN_CHECK kiln_code kiln_repl_read(struct kiln_repl *repl, kiln_ms deadline, struct kiln_err *err);

/* Send control bytes. Fails with: E_TIMEOUT, E_CANCELLED, E_PORT_GONE, E_IO. */
KILN_CHECK kiln_code kiln_repl_keys(struct kiln_repl *repl, const char *keys, struct kiln_err *err);

/* Next event but TEXT, which goes to `output`. Fails as kiln_repl_read does. */
KILN_CHECK kiln_code kiln_repl_event(struct kiln_repl *repl, const struct kiln_repl_output *output,
				     kiln_ms deadline, kiln_raw_event *ret_event,
				     struct kiln_err *err);

static inline kiln_ms kiln_repl_sooner(kiln_ms a, kiln_ms b)
{
	return a < b ? a : b;
}

#endif
