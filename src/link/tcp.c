/* SPDX-License-Identifier: Apache-2.0 */
#include "link/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

static kiln_code failed(const struct kiln_link *link, const char *host, int sys,
			struct kiln_err *err)
{
	(void)kiln_fail_errno(err, KILN_E_NETWORK, sys, "cannot open '%s'", link->url);
	if (sys == ECONNREFUSED)
		kiln_hint(err, "check the port number, and that a server runs on '%s'", host);
	else
		kiln_hint(err, "check that '%s' is reachable from here", host);
	return KILN_E_NETWORK;
}

static kiln_code finish_connect(const struct kiln_link *link, int fd, kiln_ms deadline,
				int *ret_sys)
{
	socklen_t size = sizeof(*ret_sys);
	const kiln_code code = kiln_link_wait(link, fd, POLLOUT, deadline);

	*ret_sys = code == KILN_E_TIMEOUT ? ETIMEDOUT : 0;
	if (code == KILN_OK && getsockopt(fd, SOL_SOCKET, SO_ERROR, ret_sys, &size) != 0)
		*ret_sys = errno;
	return code;
}

/* One address. *ret_sys says why it failed; E_CANCELLED ends the search. */
static kiln_code try_address(const struct kiln_link *link, const struct addrinfo *a,
			     kiln_ms deadline, int *ret_fd, int *ret_sys)
{
	const int on = 1;
	const int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			      a->ai_protocol);
	kiln_code code = KILN_OK;

	*ret_sys = 0;
	if (fd < 0) {
		*ret_sys = errno;
		return KILN_E_NETWORK;
	}
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0)
		*ret_sys = errno;
	if (*ret_sys == EINPROGRESS)
		code = finish_connect(link, fd, deadline, ret_sys);
	if (*ret_sys != 0 || code != KILN_OK) {
		close(fd);
		return code == KILN_E_CANCELLED ? code : KILN_E_NETWORK;
	}
	/* commands are small and wait for their answers: Nagle would hold each back */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	*ret_fd = fd;
	return KILN_OK;
}

kiln_code kiln_tcp_connect(const struct kiln_link *link, const struct kiln_net_url *url,
			   kiln_ms deadline, int *ret_fd, struct kiln_err *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	kiln_code code = KILN_E_NETWORK;
	/* the one call that can't go through the waiter: a slow name server holds it up */
	const int e = getaddrinfo(url->host, url->port, &hints, &list);
	int sys = e == EAI_SYSTEM ? errno : 0;

	if (e != 0) {
		(void)kiln_fail(err, KILN_E_NETWORK, "cannot open '%s'", link->url);
		kiln_why(err, "cannot find host '%s': %s", url->host,
			 e == EAI_SYSTEM ? strerror(sys) : gai_strerror(e));
		kiln_hint(err, "check the name, or use its address");
		return KILN_E_NETWORK;
	}
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		code = try_address(link, a, deadline, ret_fd, &sys);
		if (code == KILN_OK || code == KILN_E_CANCELLED)
			break;
	}
	freeaddrinfo(list);
	if (code == KILN_E_CANCELLED)
		return kiln_fail(err, code, "cannot open '%s'", link->url);
	return code == KILN_OK ? KILN_OK : failed(link, url->host, sys, err);
}

static kiln_code gone(const struct kiln_link *link, const char *what, int sys, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_PORT_GONE, "cannot %s '%s'", what, link->url);
	if (sys)
		kiln_why(err, "the connection broke: %s", strerror(sys));
	else
		kiln_why(err, "the server closed the connection");
	return KILN_E_PORT_GONE;
}

static kiln_code wait_for(const struct kiln_link *link, int fd, short events, kiln_ms deadline,
			  const char *what, struct kiln_err *err)
{
	const kiln_code code = kiln_link_wait(link, fd, events, deadline);

	if (code == KILN_OK)
		return KILN_OK;
	return kiln_fail(err, code, "cannot %s '%s'", what, link->url);
}

kiln_code kiln_tcp_read(const struct kiln_link *link, int fd, void *buf, size_t n, kiln_ms deadline,
			size_t *ret_n, struct kiln_err *err)
{
	for (;;) {
		const ssize_t got = recv(fd, buf, n, 0);

		if (got > 0) {
			*ret_n = (size_t)got;
			return KILN_OK;
		}
		if (got == 0)
			return gone(link, "read", 0, err);
		if (errno == EAGAIN)
			KILN_TRY(wait_for(link, fd, POLLIN, deadline, "read", err));
		else if (errno != EINTR)
			return gone(link, "read", errno, err);
	}
}

kiln_code kiln_tcp_write(const struct kiln_link *link, int fd, const void *buf, size_t n,
			 kiln_ms deadline, size_t *ret_sent, struct kiln_err *err)
{
	*ret_sent = 0;
	while (*ret_sent < n) {
		const ssize_t sent = send(fd, (const char *)buf + *ret_sent, n - *ret_sent,
					  MSG_NOSIGNAL);

		if (sent >= 0)
			*ret_sent += (size_t)sent;
		else if (errno == EAGAIN)
			KILN_TRY(wait_for(link, fd, POLLOUT, deadline, "write", err));
		else if (errno != EINTR)
			return gone(link, "write", errno, err);
	}
	return KILN_OK;
}
