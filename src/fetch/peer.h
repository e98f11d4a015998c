/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FETCH_PEER_H
#define KILN_FETCH_PEER_H

#include <sys/types.h>

#include <kiln/link.h>

#include "base/buf.h"
#include "fetch/wire.h"

/* kiln-fetch, running: requests go in, what it says comes out. */
struct kiln_fetch_peer {
	pid_t pid; /* 0: not started */
	int in, out;
	struct kiln_buf said;
};

void kiln_fetch_peer_init(struct kiln_fetch_peer *peer);

/*
 * Start it if it does not run. `path` NULL: beside this program, or where Kiln is installed.
 * Fails with: E_NOT_FOUND (no such program), E_IO.
 */
KILN_CHECK kiln_code kiln_fetch_peer_start(struct kiln_fetch_peer *peer, const char *path,
					   struct kiln_err *err);
/* End it, whatever it is doing. */
void kiln_fetch_peer_stop(struct kiln_fetch_peer *peer);

/* Fails with: E_IO (it has died). */
KILN_CHECK kiln_code kiln_fetch_peer_ask(struct kiln_fetch_peer *peer, const json_t *request,
					 struct kiln_err *err);

/* The next thing that it says. Fails with: E_CANCELLED, E_IO (it has died). */
KILN_CHECK kiln_code kiln_fetch_peer_listen(struct kiln_fetch_peer *peer,
					    const struct kiln_host *host,
					    struct kiln_fetch_said *ret_said, struct kiln_err *err);

#endif
