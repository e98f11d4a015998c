/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_LINK_IMPL_H
#define KILN_SIM_LINK_IMPL_H

#include "link/link_impl.h"
#include "sim/board.h"
#include "sim/state.h"

/* Between link.c and link_clock.c. */
struct sim_link {
	struct kiln_link link;
	struct sim_state state;
	struct sim_board board;
	bool virtual_clock;
	int timer, epoll;       /* -1 with the virtual clock */
	int watched;            /* run mode's descriptor in `epoll`; -1: none */
	unsigned watched_start; /* of which start it is: numbers of closed ones are used again */
	sim_ns starved;         /* sim_board_run_starved, when last asked for */
};

/* --- link_clock.c --- */

sim_ns sim_link_real_ns(void);
kiln_ms sim_link_now(const struct kiln_link *link);

/* Bring the board up to date. */
void sim_link_catch_up(struct sim_link *s);

/*
 * The descriptor must become readable when the board has something to do or to give: at the end of
 * the USB frame in which it happens, as from a real bridge. Waking up for each byte would only
 * burn time; what happens has its own time on the board's clock anyhow.
 */
void sim_link_arm(struct sim_link *s);

/* Wait for the next thing that happens, or until the deadline. */
KILN_CHECK kiln_code sim_link_wait_some(struct sim_link *s, kiln_ms deadline);

/* Wait until then, or for a part of that; what the board gives meanwhile is no reason to end. */
KILN_CHECK kiln_code sim_link_pause(struct sim_link *s, kiln_ms until);

#endif
