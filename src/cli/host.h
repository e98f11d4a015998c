/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_HOST_H
#define KILN_CLI_HOST_H

#include "cli/cli.h"

/*
 * What the program lends to the library: log lines go to stderr, and Ctrl-C (SIGINT, SIGTERM,
 * SIGHUP) makes the wait that is going on, or else the next one, return E_CANCELLED: once for each
 * signal, so that what follows may still wait, to reset the chip and to restore the terminal. A
 * program that does not come to wait is ended by the third signal.
 */
KILN_CHECK kiln_code host_init(struct cli *cli, struct kiln_err *err);

/* Take over how often -v and -q were given. */
void host_set_level(struct cli *cli);

#endif
