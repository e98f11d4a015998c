/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket://HOST:PORT: bytes over TCP and nothing else, as esp-link, qemu's chardev or a telnet-less
 * ser2net give them. There are no modem lines and no baud to set.
 */
#include <stdlib.h>
#include <unistd.h>

#include "link/tcp.h"

#define CONNECT_TIMEOUT_MS 5000

struct socket_link {
	struct kiln_link link;
	int fd;
};

static int fd_of(const struct kiln_link *link)
{
	return ((const struct socket_link *)link)->fd;
}

static kiln_code socket_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			     size_t *ret_n, struct kiln_err *err)
{
	return kiln_tcp_read(link, fd_of(link), buf, n, deadline, ret_n, err);
}

static kiln_code socket_write(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			      struct kiln_err *err)
{
	size_t sent;

	return kiln_tcp_write(link, fd_of(link), buf, n, deadline, &sent, err);
}

static void socket_close(struct kiln_link *link)
{
	struct socket_link *s = (struct socket_link *)link;

	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static const struct kiln_link_ops ops = {
	.read = socket_read,
	.write = socket_write,
	.fd = fd_of,
	.close = socket_close,
};

kiln_code kiln_socket_open(const struct kiln_host *host, const char *url, unsigned baud,
			   struct kiln_link **ret_link, struct kiln_err *err)
{
	static const char form[] = "socket://HOST:PORT";
	struct kiln_net_url net;
	struct socket_link *s;
	kiln_code code;

	KILN_TRY(kiln_net_url_parse(url, form, &net, err));
	if (net.options[0]) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot open '%s'", url);
		kiln_why(err, "it takes no options");
		kiln_hint(err, "such a port has the form %s", form);
		return KILN_E_INVALID;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return kiln_fail(err, KILN_E_NOMEM, "cannot open '%s'", url);
	s->fd = -1;
	kiln_link_init(&s->link, &ops, host, url, baud);
	code = kiln_tcp_connect(&s->link, &net, kiln_now() + CONNECT_TIMEOUT_MS, &s->fd, err);
	if (code != KILN_OK) {
		socket_close(&s->link);
		return code;
	}
	*ret_link = &s->link;
	return KILN_OK;
}
