/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board over TCP with RFC 2217: the one virtual port that has reset lines. One client at a
 * time; a second one is told that the port is in use, as ser2net does it. Plain telnet works too.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "sim/serve_com.h"
#include "sim/serve_endpoint.h"

enum { OUT_MAX = 64 * 1024, OUT_LOW = 8 * 1024 };

struct server {
	struct sim_endpoint endpoint;
	int listener;
	int client;       /* -1: none */
	char peer[64];    /* its address */
	uint32_t watched; /* epoll events of the client */
	struct kiln_telnet telnet;
	struct sim_com com;
	struct kiln_buf heard; /* of the board, for the client */
	struct kiln_buf out;   /* on the wire next: answers, and data as telnet has it */
	struct kiln_buf in;    /* from the wire, not decoded yet */
};

static struct server *self(struct sim_endpoint *e)
{
	return (struct server *)e;
}

/* --- the client's socket --- */

static void log_client(const struct server *s, const char *what)
{
	kiln_log(&kiln_link_host(s->endpoint.link)->ui, KILN_LOG_INFO, "rfc2217", "%s: %s", what,
		 s->peer);
}

static kiln_code drop_client(struct server *s, struct kiln_err *err)
{
	close(s->client); /* leaves the epoll set by itself */
	s->client = -1;
	kiln_telnet_done(&s->telnet);
	kiln_buf_reset(&s->heard);
	kiln_buf_reset(&s->out);
	kiln_buf_reset(&s->in);
	log_client(s, "disconnected");
	return sim_com_hang_up(&s->com, err);
}

/* Answers go before data that was heard meanwhile; data moves over piece by piece. */
static void encode_heard(struct server *s)
{
	while (s->heard.len > 0 && !s->com.suspended && s->out.len < OUT_LOW) {
		const size_t n = s->heard.len < SIM_PIECE ? s->heard.len : SIM_PIECE;

		if (kiln_telnet_encode(&s->out, s->heard.data, n) != KILN_OK)
			break;
		kiln_buf_consume(&s->heard, n);
	}
}

/* False if the client is gone. */
static bool send_out(struct server *s)
{
	for (;;) {
		ssize_t n;

		encode_heard(s);
		if (s->out.len == 0)
			break;
		n = send(s->client, s->out.data, s->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		kiln_buf_consume(&s->out, (size_t)n);
	}
	return true;
}

/* A client that asks and does not read the answers is not listened to. */
static bool listens(const struct server *s)
{
	return s->out.len < OUT_LOW;
}

static kiln_code watch_client(struct server *s, struct kiln_err *err)
{
	const uint32_t in = listens(s) ? EPOLLIN : 0, out = s->out.len > 0 ? EPOLLOUT : 0;

	if ((in | out) == s->watched)
		return KILN_OK;
	s->watched = in | out;
	return sim_endpoint_watch(&s->endpoint, s->client, s->watched, true, err);
}

/* False if the client is gone. */
static bool receive(struct server *s)
{
	uint8_t piece[SIM_PIECE];
	ssize_t n;

	if (!listens(s))
		return true;
	do {
		n = recv(s->client, piece, sizeof(piece), MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return false;
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK;
	s->endpoint.again = true;
	return kiln_buf_append(&s->in, piece, (size_t)n) == KILN_OK;
}

static kiln_code write_board(struct server *s, struct kiln_err *err)
{
	KILN_TRY(sim_com_settle(&s->com, err));
	return kiln_link_write(s->endpoint.link, s->telnet.data.p, s->telnet.data.n, KILN_FOREVER,
			       err);
}

static kiln_code decode(struct server *s, struct kiln_err *err)
{
	size_t used, at = 0;

	while (at < s->in.len) {
		const kiln_telnet_event event = kiln_telnet_decode(&s->telnet, s->in.data + at,
								   s->in.len - at, &used, &s->out);

		at += used;
		if (event == KILN_TELNET_DATA)
			KILN_TRY(write_board(s, err));
		else if (event == KILN_TELNET_COM)
			KILN_TRY(sim_com_obey(&s->com, &s->telnet.com, &s->out, err));
		if (s->com.purged)
			kiln_buf_reset(&s->heard);
		s->com.purged = false;
	}
	kiln_buf_reset(&s->in);
	return KILN_OK;
}

/* --- new clients --- */

static void refuse(int fd)
{
	static const char busy[] = "Port already in use\r\n";

	(void)send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void greet(struct server *s)
{
	static const struct {
		kiln_telnet_side side;
		kiln_telnet_option option;
	} wishes[] = {
		{ KILN_TELNET_US, KILN_TELNET_ECHO }, /* the board echoes, the client need not */
		{ KILN_TELNET_US, KILN_TELNET_SGA },
		{ KILN_TELNET_THEM, KILN_TELNET_SGA },
		{ KILN_TELNET_US, KILN_TELNET_BINARY },
		{ KILN_TELNET_THEM, KILN_TELNET_BINARY },
		{ KILN_TELNET_THEM, KILN_TELNET_COM_PORT },
	};

	kiln_telnet_init(&s->telnet);
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
		(void)kiln_telnet_ask(&s->telnet, wishes[i].side, wishes[i].option, true, &s->out);
}

/* It has closed its end; what it sent before may still be unread. */
static bool is_leaving(const struct server *s)
{
	struct pollfd p = { .fd = s->client, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void name_peer(struct server *s)
{
	struct sockaddr_storage address;
	socklen_t n = sizeof(address);

	(void)kiln_text_copy(s->peer, sizeof(s->peer), "?");
	if (getpeername(s->client, (struct sockaddr *)&address, &n) == 0)
		(void)getnameinfo((struct sockaddr *)&address, n, s->peer, sizeof(s->peer), NULL, 0,
				  NI_NUMERICHOST);
}

static kiln_code take_client(struct server *s, int fd, struct kiln_err *err)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	s->client = fd;
	s->watched = EPOLLIN;
	name_peer(s);
	log_client(s, "connected");
	greet(s);
	(void)send_out(s); /* a failure is noticed by the next read */
	return sim_endpoint_watch(&s->endpoint, fd, EPOLLIN, false, err);
}

static kiln_code accept_clients(struct server *s, struct kiln_err *err)
{
	int fd;

	/* the next one may come before the last one's end was read: it waits for that */
	while (s->client < 0 || !is_leaving(s)) {
		fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return KILN_OK; /* whatever it says: that client failed, not the server */
		if (s->client >= 0)
			refuse(fd);
		else
			KILN_TRY(take_client(s, fd, err));
	}
	s->endpoint.again = true;
	return KILN_OK;
}

/* --- endpoint --- */

static void hear(struct sim_endpoint *e, const uint8_t *p, size_t n)
{
	struct server *s = self(e);

	if (s->client >= 0)
		(void)kiln_buf_append(&s->heard, p, n);
}

static kiln_code turn(struct sim_endpoint *e, struct kiln_err *err)
{
	struct server *s = self(e);
	bool alive;

	/* the one that is there first: it may have just gone, and made room */
	if (s->client >= 0) {
		alive = receive(s);
		KILN_TRY(decode(s, err));
		if (!alive || !send_out(s))
			KILN_TRY(drop_client(s, err));
		else
			KILN_TRY(watch_client(s, err));
	}
	if (kiln_link_now(e->link) >= s->com.held_until)
		KILN_TRY(sim_com_settle(&s->com, err));
	KILN_TRY(accept_clients(s, err));
	e->wake_at = s->com.held_until;
	return KILN_OK;
}

static void close_server(struct sim_endpoint *e)
{
	struct server *s = self(e);

	if (s->client >= 0) {
		close(s->client);
		kiln_telnet_done(&s->telnet);
	}
	if (s->listener >= 0)
		close(s->listener);
	kiln_buf_done(&s->heard);
	kiln_buf_done(&s->out);
	kiln_buf_done(&s->in);
	free(s);
}

static const struct sim_endpoint_ops ops = {
	.kind = "rfc2217",
	.hear = hear,
	.turn = turn,
	.close = close_server,
};

/* --- opening --- */

static int listen_at(const struct addrinfo *a)
{
	const int on = 1;
	const int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			      a->ai_protocol);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 8) == 0)
		return fd;
	const int e = errno;
	close(fd);
	errno = e;
	return -1;
}

static kiln_code open_listener(struct server *s, const char *host, uint16_t port,
			       struct kiln_err *err)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *list = NULL;
	char service[8];
	int e;

	kiln_text_format(service, sizeof(service), "%u", port);
	e = getaddrinfo(host, service, &want, &list);
	if (e != 0) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot serve at '%s'", host);
		kiln_why(err, "%s", gai_strerror(e));
		return KILN_E_INVALID;
	}
	for (const struct addrinfo *a = list; a && s->listener < 0; a = a->ai_next)
		s->listener = listen_at(a);
	e = errno;
	freeaddrinfo(list);
	if (s->listener < 0)
		return kiln_fail_errno(err, KILN_E_NETWORK, e, "cannot serve at %s:%u", host, port);
	return KILN_OK;
}

static kiln_code name_url(struct server *s, const char *host, struct kiln_err *err)
{
	struct sockaddr_storage address;
	socklen_t n = sizeof(address);
	char service[8];

	if (getsockname(s->listener, (struct sockaddr *)&address, &n) != 0 ||
	    getnameinfo((struct sockaddr *)&address, n, NULL, 0, service, sizeof(service),
			NI_NUMERICSERV) != 0)
		return kiln_fail_errno(err, KILN_E_NETWORK, errno, "cannot serve at %s", host);
	kiln_text_format(s->endpoint.url, sizeof(s->endpoint.url),
			 strchr(host, ':') ? "rfc2217://[%s]:%s" : "rfc2217://%s:%s", host,
			 service);
	return sim_endpoint_watch(&s->endpoint, s->listener, EPOLLIN, false, err);
}

kiln_code sim_server_add_rfc2217(struct sim_server *server, const char *host, uint16_t port,
				 struct kiln_err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	kiln_code code;

	if (!s)
		return kiln_fail(err, KILN_E_NOMEM, "cannot serve at %s:%u", host, port);
	sim_endpoint_init(&s->endpoint, &ops, server);
	s->listener = s->client = -1;
	sim_com_init(&s->com, s->endpoint.link, sim_server_name(server),
		     sim_server_hold_ms(server));
	kiln_buf_init(&s->heard, SIM_CLIENT_MAX);
	kiln_buf_init(&s->out, OUT_MAX);
	kiln_buf_init(&s->in, 2 * SIM_PIECE);
	code = open_listener(s, host, port, err);
	if (code == KILN_OK)
		code = name_url(s, host, err);
	if (code != KILN_OK) {
		close_server(&s->endpoint);
		return code;
	}
	sim_server_add(server, &s->endpoint);
	return KILN_OK;
}
