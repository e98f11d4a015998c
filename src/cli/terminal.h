/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_TERMINAL_H
#define KILN_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>
#include <termios.h>

#include <kiln/link.h>

#include "cli/terminal_history.h"

enum {
	KEY_CTRL_C = 0x03,
	KEY_CTRL_J = 0x0A,
	KEY_CTRL_K = 0x0B,
	KEY_CTRL_X = 0x18,
	KEY_CTRL_BRACKET = 0x1D,
};

/*
 * A terminal of this computer as that of a board: keys go to the board, what it says is shown.
 *
 * A link waits through its host's waiter. The terminal's host puts standard input into that wait:
 * when a key was pressed the link's read returns E_CANCELLED with nothing lost, and goes on with
 * the next call. So one loop serves every kind of link, those without a descriptor too.
 *
 *	terminal_init(&t, &cli->host);
 *	kiln_link_open(&t.host, url, 115200, &link, &err);
 *	terminal_run(&t, &link, &options, &err);
 */
struct terminal {
	struct kiln_host host;   /* for links that the terminal is to be used with */
	struct kiln_waiter base; /* the program's own */
	bool listens;            /* keys end the wait that is going on */
	bool has_keys;           /* that is why it was ended */
	bool interrupts;         /* keys are looked through for Ctrl-C only */
	bool is_raw;
	struct termios saved;
};

struct terminal_options {
	bool escape;                      /* bytes that can't be shown are shown as [xx] */
	bool whole_paste;                 /* multi-line pastes are run as one program */
	FILE *capture;                    /* gets what is shown; NULL: nothing */
	const char *inject_code;          /* typed for Ctrl-J; NULL: Ctrl-J is a key like others */
	const char *inject_file;          /* run for Ctrl-K; NULL: Ctrl-K is a key like others */
	struct terminal_history *history; /* for Ctrl-R; NULL: Ctrl-R is a key like others */
	bool tells;                       /* that the board was reset, and why */
};

/* `host` must outlive the terminal, and the terminal its links. */
void terminal_init(struct terminal *t, const struct kiln_host *host);

/* Make the keys raw. Fails with: E_UNSUPPORTED (standard input is no terminal). */
KILN_CHECK kiln_code terminal_enter(struct terminal *t, struct kiln_err *err);
/* As it was before; nothing if it was not entered. */
void terminal_leave(struct terminal *t);

/*
 * Until Ctrl-] or Ctrl-x. A raw terminal (terminal_enter) is the caller's affair. `*link` may be
 * another one afterwards, or NULL when the port was lost on the way.
 * Fails with: E_CANCELLED (a signal), E_PORT_GONE, E_IO, E_TIMEOUT (it takes no keys).
 */
KILN_CHECK kiln_code terminal_run(struct terminal *t, struct kiln_link **link,
				  const struct terminal_options *options, struct kiln_err *err);

/* Was a key pressed that nobody has read? */
bool terminal_has_keys(void);

/* Wait for `ms`; true if one of the keys that leave was pressed, or a signal came, meanwhile. */
bool terminal_pause(struct terminal *t, kiln_ms ms);

#endif
