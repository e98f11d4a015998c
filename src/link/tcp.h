/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_TCP_H
#define KILN_LINK_TCP_H

#include "link/link_impl.h"
#include "link/url.h"

/* What socket:// and rfc2217:// share: a connection that waits as the link's program wants it. */

/*
 * Connect to one of the host's addresses; the descriptor is non-blocking and has TCP_NODELAY.
 * Fails with: E_NETWORK (not known, refused, no answer), E_CANCELLED.
 */
KILN_CHECK kiln_code kiln_tcp_connect(const struct kiln_link *link, const struct kiln_net_url *url,
				      kiln_ms deadline, int *ret_fd, struct kiln_err *err);

/* Read 1..n bytes. Fails with: E_TIMEOUT, E_CANCELLED, E_PORT_GONE (the other end closed). */
KILN_CHECK kiln_code kiln_tcp_read(const struct kiln_link *link, int fd, void *buf, size_t n,
				   kiln_ms deadline, size_t *ret_n, struct kiln_err *err);

/* Write all; *ret_sent (always set) is how far it came if it fails. */
KILN_CHECK kiln_code kiln_tcp_write(const struct kiln_link *link, int fd, const void *buf, size_t n,
				    kiln_ms deadline, size_t *ret_sent, struct kiln_err *err);

#endif
