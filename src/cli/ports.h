/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_PORTS_H
#define KILN_CLI_PORTS_H

#include <kiln/port.h>

/*
 * The one board that is meant when no port was named: if there is exactly one that is likely a
 * board. With none or several the error lists what there is. Fails with: E_NO_BOARD, and what
 * kiln_ports_scan fails with.
 */
KILN_CHECK kiln_code ports_only_board(const struct kiln_host *host, struct kiln_port *ret_port,
				      struct kiln_err *err);

#endif
