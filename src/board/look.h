/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_LOOK_H
#define KILN_BOARD_LOOK_H

#include <kiln/board.h>
#include <kiln/port.h>

/* Which boards are at these ports? Several are asked at a time, each in a thread of its own. */
struct kiln_look {
	const struct kiln_host *host;
	unsigned at_once; /* 1: one after the other, in this thread */
	kiln_ms (*now)(void);
	kiln_ms deadline; /* on that clock: no more ports are begun then */
	/* What came of a port; called in this thread. */
	void (*answered)(void *user, const struct kiln_port *port,
			 const struct kiln_board_info *info);
	void (*failed)(void *user, const struct kiln_port *port, const struct kiln_err *why);
	void *user;
};

/* Fails with: E_CANCELLED, E_NOMEM, E_IO. What came before is told. */
KILN_CHECK kiln_code kiln_look_at(const struct kiln_look *look, const struct kiln_port **ports,
				  size_t n, struct kiln_err *err);

/* Is this an error that is about us, not about the port? */
bool kiln_look_is_over(kiln_code code);

#endif
