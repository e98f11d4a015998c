/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_POLLABLE_H
#define KILN_LINK_POLLABLE_H

#include "link/link_impl.h"

/*
 * A descriptor for kiln_link_fd of a link that decodes what comes: bytes may wait in the link while
 * its socket is empty. An epoll descriptor over the socket, and over an eventfd that is set while
 * the link holds some.
 */
struct kiln_pollable {
	int epoll, event;
	bool is_set;
};

#define KILN_POLLABLE_INIT ((struct kiln_pollable){ .epoll = -1, .event = -1 })

KILN_CHECK kiln_code kiln_pollable_open(struct kiln_pollable *p, const struct kiln_link *link,
					int fd, struct kiln_err *err);
void kiln_pollable_close(struct kiln_pollable *p);
/* Does the link hold bytes for a reader? */
void kiln_pollable_show(struct kiln_pollable *p, bool has_bytes);

#endif
