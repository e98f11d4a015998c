/* SPDX-License-Identifier: Apache-2.0 */
#include "link/pollable.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

kiln_code kiln_pollable_open(struct kiln_pollable *p, const struct kiln_link *link, int fd,
			     struct kiln_err *err)
{
	struct epoll_event in = { .events = EPOLLIN | EPOLLRDHUP };

	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->epoll < 0 || p->event < 0 || epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &in) != 0 ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->event, &in) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", link->url);
	return KILN_OK;
}

void kiln_pollable_close(struct kiln_pollable *p)
{
	if (p->event >= 0)
		close(p->event);
	if (p->epoll >= 0)
		close(p->epoll);
	*p = KILN_POLLABLE_INIT;
}

void kiln_pollable_show(struct kiln_pollable *p, bool has_bytes)
{
	uint64_t count = 1;
	ssize_t done;

	if (has_bytes == p->is_set)
		return;
	done = has_bytes ? write(p->event, &count, sizeof(count))
			 : read(p->event, &count, sizeof(count));
	p->is_set = done == sizeof(count) ? has_bytes : p->is_set;
}
