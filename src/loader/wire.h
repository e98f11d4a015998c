/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LOADER_WIRE_H
#define KILN_LOADER_WIRE_H

#include "loader/session.h"

enum { KILN_LOADER_WRITE_MS = 10000 }; /* for the port to take a piece */

/*
 * How long bytes take on the wire, when it will be free again, and how a frame is handed to it
 * without losing sight of when answers come. `l->wire` holds the encoded frame.
 */

/* Begin the frame with a gap, if one was asked for. Fails with: E_NOMEM. */
kiln_code kiln_loader_put_gap(struct kiln_loader *l);
kiln_code kiln_loader_write_wire(struct kiln_loader *l, struct kiln_err *err);

#endif
