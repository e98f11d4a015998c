/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_SERVE_H
#define KILN_SIM_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include <kiln/err.h>
#include <kiln/link.h>

/*
 * A board (any link) served to other programs: on a pty, over RFC 2217, or both at once. What the
 * board says goes to all that listen; what any of them says goes to the board.
 *
 *	sim_server_open(link, "demo", &server, &err);
 *	sim_server_add_pty(server, NULL, &err);
 *	sim_server_add_rfc2217(server, "127.0.0.1", 0, &err);
 *	sim_server_announce(server, &err);      others may find it
 *	sim_server_run(server, &err);           until the waiter says E_CANCELLED
 *	sim_server_close(server);               and the link
 */
struct sim_server;

/* Take the link; it stays the caller's on failure. Fails with: E_UNSUPPORTED, E_IO, E_NOMEM. */
KILN_CHECK kiln_code sim_server_open(struct kiln_link *link, const char *name,
				     struct sim_server **ret_server, struct kiln_err *err);

/*
 * The link is a port of this machine, not a board of ours: resets to the loader are recognised and
 * their rest is played here, IO0 low for `hold_ms`; a client that leaves gives back the baud. To
 * be called before endpoints are added.
 */
void sim_server_play_resets(struct sim_server *server, int hold_ms);

/* `symlink`: a name to reach the pty by, or NULL. Fails with: E_EXISTS, E_IO, E_NOMEM. */
KILN_CHECK kiln_code sim_server_add_pty(struct sim_server *server, const char *symlink,
					struct kiln_err *err);

/* Port 0: any that is free. Fails with: E_NETWORK, E_INVALID (host), E_NOMEM. */
KILN_CHECK kiln_code sim_server_add_rfc2217(struct sim_server *server, const char *host,
					    uint16_t port, struct kiln_err *err);

/* What is served; NULL beyond the last. `kind` is "pty" or "rfc2217"; both are borrowed. */
const char *sim_server_endpoint(const struct sim_server *server, size_t i, const char **ret_kind);

/*
 * Write $XDG_RUNTIME_DIR/kiln/NAME.json: {"pid": 1, "name": "demo", "url": "rfc2217://..."}. It
 * is removed when the server closes; readers ignore one whose process is gone. Without
 * XDG_RUNTIME_DIR nothing is written. Fails with: E_IO.
 */
KILN_CHECK kiln_code sim_server_announce(struct sim_server *server, struct kiln_err *err);

/* Serve. Fails with: E_CANCELLED (the normal end), what the link's calls fail with. */
KILN_CHECK kiln_code sim_server_run(struct sim_server *server, struct kiln_err *err);

void sim_server_close(struct sim_server *server);

#endif
