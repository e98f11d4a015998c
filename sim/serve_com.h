/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_SERVE_COM_H
#define KILN_SIM_SERVE_COM_H

#include <kiln/time.h>

#include "base/buf.h"
#include "telnet/telnet.h"

struct kiln_link;

/*
 * The com port of RFC 2217 as a board's USB bridge has it: what a client may set, what it is told.
 * A value that the bridge can't have is answered with the one that it has.
 */
struct sim_com {
	struct kiln_link *link;
	bool dtr, rts, broken; /* broken: the client holds the line in a break */
	bool suspended;        /* the client wants no data for now */
	bool purged;           /* set when what is held for the client must be thrown away */
	kiln_ms break_began;
	kiln_ms held_until;  /* a change of the lines waits till then; KILN_FOREVER: none does */
	int hold_ms;         /* play resets to the loader, with IO0 low so long; 0: don't */
	bool played;         /* what is left of one that was played means nothing any more */
	unsigned first_baud; /* before the first client */
	char signature[96];
};

void sim_com_init(struct sim_com *com, struct kiln_link *link, const char *name, int hold_ms);

/*
 * Do a client's command and put the answer into `reply`. Returns what the board's link fails
 * with.
 */
KILN_CHECK kiln_code sim_com_obey(struct sim_com *com, const struct kiln_com *command,
				  struct kiln_buf *reply, struct kiln_err *err);

/* Do the change of the lines that waits: data follows it, or its time has come. */
KILN_CHECK kiln_code sim_com_settle(struct sim_com *com, struct kiln_err *err);

/* The client went: the port closes, and its lines drop, both in one step. */
KILN_CHECK kiln_code sim_com_hang_up(struct sim_com *com, struct kiln_err *err);

#endif
