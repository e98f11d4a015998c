/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_BOARD_H
#define KILN_CLI_BOARD_H

#include <kiln/repl.h>

#include "cli/cli.h"

/*
 * Open the port at `url`, or the only board there is if it is NULL, and get to its prompt.
 * Fails as kiln_link_open, kiln_repl_open and ports_only_board do.
 */
KILN_CHECK kiln_code board_open(const struct cli *cli, const char *url, uint64_t baud,
				struct kiln_repl **ret_repl, struct kiln_err *err);

#endif
