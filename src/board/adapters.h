/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_ADAPTERS_H
#define KILN_BOARD_ADAPTERS_H

#include <kiln/port.h>

/*
 * What was found out about USB adapters (and the cables that hang on them): the speed that they
 * carry. Kept in $XDG_STATE_HOME/kiln/adapters.json, which may be removed at any time.
 *
 * An adapter is known by its ids and serial number, one without a serial number by its place; a
 * port that is no USB port by its URL without options.
 */
enum { KILN_ADAPTERS_MAX = 500 }; /* the ones that were used last are kept */

/* The speed found for the adapter of `port`, 0 if there is none. What can't be read is not known.
 */
unsigned kiln_adapter_baud(const struct kiln_port *port);

/* Keep it. Fails with: E_CONFIG (no folder for it), E_IO, E_DENIED, E_NOMEM. */
KILN_CHECK kiln_code kiln_adapter_remember(const struct kiln_port *port, unsigned baud,
					   struct kiln_err *err);

/* The name under which an adapter is kept. Pure. */
void kiln_adapter_key(const struct kiln_port *port, char *dst, size_t size);

#endif
