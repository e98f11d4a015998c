/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_PROBE_H
#define KILN_CLI_PROBE_H

#include <kiln/board.h>
#include <kiln/port.h>

#include "cli/cli.h"

/* What became of the attempt to talk to the board at a port. */
struct probe {
	struct kiln_port port;
	kiln_code code; /* KILN_OK: info is known; else err says why not */
	struct kiln_board_info info;
	struct kiln_err err;
};

/*
 * Ask the boards at all `n` ports who they are, at the same time: several that are silent take no
 * longer than one. Each gets a process of its own, for a link belongs to one thread and the
 * library has none. A port that fails is no failure of the call.
 * `deep`: ask a board that shows no prompt also whether it waits for a flash tool (E_WRONG_MODE);
 * it is not reset for that.
 * Fails with: E_CANCELLED, E_IO.
 */
KILN_CHECK kiln_code probe_ports(struct cli *cli, bool deep, struct probe *probes, size_t n,
				 struct kiln_err *err);

/*
 * A board at `url` was silent: does its chip wait for a flash tool? It is not reset for the
 * question. E_WRONG_MODE: yes, and `err` says so; else `err` is untouched. Returns E_NO_PROMPT.
 */
kiln_code probe_loader(const struct kiln_host *host, const char *url, struct kiln_err *err);

#endif
