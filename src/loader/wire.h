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

/* `n` bytes were read just now, behind what is in `l->rx`. */
void kiln_loader_note_read(struct kiln_loader *l, size_t n);
/* When the byte in front of l->rx_at was read. */
kiln_ms kiln_loader_read_time(const struct kiln_loader *l);

#endif
