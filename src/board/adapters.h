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

/*
 * A speed that was bad once (another cable, a long hub) need not be bad for ever: after four jobs
 * that went well the next step above is tried, after a try that failed only when twice as many have
 * gone well, and so on up to 256.
 */
struct kiln_adapter_speed {
	unsigned baud; /* 0: nothing is known. What can't be read is not known. */
	bool try_next; /* it has gone well for long enough to try the step above */
};
struct kiln_adapter_speed kiln_adapter_speed(const struct kiln_port *port);

/* What a job found out. */
struct kiln_adapter_job {
	unsigned baud; /* that it ended at and tried: what was known, if the step above it did not
			  hold; 0: nothing was tried */
	bool failed;   /* the wire made it fail: what was known is forgotten */
};

/* Keep it. Fails with: E_CONFIG (no folder for it), E_IO, E_DENIED, E_NOMEM. */
KILN_CHECK kiln_code kiln_adapter_remember(const struct kiln_port *port,
					   const struct kiln_adapter_job *job,
					   struct kiln_err *err);

/* The name under which an adapter is kept. Pure. */
void kiln_adapter_key(const struct kiln_port *port, char *dst, size_t size);

#endif
