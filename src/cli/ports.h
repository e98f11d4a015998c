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

/*
 * All ports, of which at least one is likely a board. `*ret_list` is the caller's:
 * kiln_ports_done(). Fails with: E_NO_BOARD, and what kiln_ports_scan fails with.
 */
KILN_CHECK kiln_code ports_boards(const struct kiln_host *host, struct kiln_port_list *ret_list,
				  struct kiln_err *err);

/*
 * A port that the user named, device or URL, with what is known of it if it is on the list of
 * ports. Fails with: E_INVALID (the name is too long).
 */
KILN_CHECK kiln_code ports_named(const struct kiln_host *host, const char *name,
				 struct kiln_port *ret_port, struct kiln_err *err);

/*
 * What tells this board from others of its kind, wherever it is plugged in: its USB serial number.
 * *ret_port is empty if the port is not on the list.
 */
void ports_remember(const struct kiln_host *host, const char *url, struct kiln_port *ret_port);

/*
 * Is the board there? Another one may have got its port's name, and it another one: the serial
 * number decides, and `url` becomes the port where it is now. Without one the name has to do: true.
 */
bool ports_find_again(const struct kiln_host *host, const struct kiln_port *port, char *url,
		      size_t size);

#endif
