/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_NOW_RUNS_H
#define KILN_CLI_NOW_RUNS_H

#include <jansson.h>

#include <kiln/board.h>
#include <kiln/port.h>

#include "cli/bootlog.h"
#include "cli/render.h"

/* What runs on a board that was just flashed and reset. */
struct now_runs {
	bool gone; /* its port went with the reset, and did not come back: nothing is known */
	bootlog_kind kind; /* PROMPT: MicroPython, and `info` is known; else SILENT or TEXT */
	struct kiln_board_info info;
	char line[512]; /* of PROMPT: sys.implementation; of TEXT: what it says */
};

/*
 * Find out what runs: MicroPython's own words, or what the boot log says. A program that is no
 * MicroPython is no failure; a board that does not boot is. A port that goes with the reset (a
 * chip's own USB) is waited for a moment, under another name too, for `port` tells where it was.
 * Fails with: E_WRONG_MODE (it does not boot), and what kiln_link_open fails with.
 */
KILN_CHECK kiln_code now_runs_ask(const struct kiln_host *host, const char *url,
				  const struct kiln_port *port, struct now_runs *ret_runs,
				  struct kiln_err *err);
void now_runs_text(const struct now_runs *runs, char *dst, size_t size);
json_t *now_runs_json(const struct now_runs *runs);

/* The same, and say it. */
KILN_CHECK kiln_code now_runs(struct render *render, const char *url, const struct kiln_port *port,
			      struct kiln_err *err);

#endif
