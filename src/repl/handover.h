/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_REPL_HANDOVER_H
#define KILN_REPL_HANDOVER_H

#include "repl/session.h"

/* One program on its way to the board. */
struct kiln_handover {
	struct kiln_repl *repl;
	const struct kiln_repl_output *output; /* for what comes meanwhile */
	const char *code;
	size_t n, sent;
	size_t ahead; /* of what was sent: without room that the board has told of */
	bool ended;   /* the byte that ends the program was sent */
	bool started; /* the board has all of it */
};

/*
 * Send the program, by raw-paste if the board knows that. Afterwards it runs, or it is `started`
 * when the codec says so. Fails with: E_NO_PROMPT (the board does not answer as raw mode does),
 * E_TIMEOUT, E_CANCELLED, E_PORT_GONE, E_IO.
 */
KILN_CHECK kiln_code kiln_handover_send(struct kiln_handover *h, struct kiln_err *err);

/* The board did not take it: say what it may be. Returns E_NO_PROMPT. */
kiln_code kiln_handover_lost(const struct kiln_handover *h, struct kiln_err *err);

#endif
