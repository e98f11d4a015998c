/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_RUN_CHILD_H
#define KILN_SIM_RUN_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "sim/run.h"

/* The child process that interprets: node, with a socket as its descriptor 3. */
struct run_child {
	pid_t pid;      /* 0: there is none */
	int line;       /* our end of the socket; -1: none */
	int complaints; /* an unnamed file that is its stderr; -1: none */
};

/* Fails with: what sim_run_start fails with; `child` may be stopped then too. */
KILN_CHECK kiln_code run_child_start(const struct sim_run_config *config, struct run_child *child,
				     struct kiln_err *err);
/* Kill it, at once, and close all. */
void run_child_stop(struct run_child *child);
/* What sim_run_starved returns. */
int64_t run_child_starved(const struct run_child *child);
/* It has closed the line: how it ended, and the last line that it complained with. */
void run_child_why(struct run_child *child, char *dst, size_t size);

#endif
