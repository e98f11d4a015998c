/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_REPL_OBSTACLE_H
#define KILN_REPL_OBSTACLE_H

#include <kiln/err.h>

#include "repl/watch.h"

/*
 * Why there is no prompt: one state, one sentence, one remedy, from what the board said. Pure.
 */
struct kiln_obstacle {
	const struct kiln_watch *watch; /* of all that came */
	unsigned baud;
	int64_t ms;    /* how long it was listened to */
	uint64_t late; /* bytes that came after several Ctrl-C */
};

/* Fill why and hint of `err`, which is not NULL. */
void kiln_obstacle_explain(const struct kiln_obstacle *obstacle, struct kiln_err *err);

/* Does the chip start over and over? */
bool kiln_obstacle_is_loop(const struct kiln_watch *watch);

/*
 * A board was reset in mid-session: why, as far as its ROM or firmware says, and what to do.
 * `what` begins the sentence: "the board was reset while it ran".
 */
void kiln_obstacle_explain_reset(const struct kiln_watch *watch, const char *what,
				 struct kiln_err *err);

#endif
