/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sockets.h"

#include <errno.h>
#include <zmq.h>

enum {
	LINGER_MS = 1000,
	/* messages that wait for one slow client; a cell's output is bounded (stream.h) */
	QUEUE = 10000,
};

static const struct {
	int type;
	bool verbose; /* also tell of a topic that somebody has subscribed to before */
} kinds[KILN_CHANNELS] = {
	[KILN_CHANNEL_SHELL] = { ZMQ_ROUTER, false },
	[KILN_CHANNEL_CONTROL] = { ZMQ_ROUTER, false },
	[KILN_CHANNEL_STDIN] = { ZMQ_ROUTER, false },
	[KILN_CHANNEL_IOPUB] = { ZMQ_XPUB, true },
	[KILN_CHANNEL_HB] = { ZMQ_ROUTER, false },
};

static bool set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool set_options(void *socket, kiln_channel channel)
{
	const int64_t largest = KILN_WIRE_MAX_BYTES;

	return set_int(socket, ZMQ_LINGER, LINGER_MS) && set_int(socket, ZMQ_SNDHWM, QUEUE) &&
	       set_int(socket, ZMQ_IPV6, 1) &&
	       zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof(largest)) == 0 &&
	       (!kinds[channel].verbose || set_int(socket, ZMQ_XPUB_VERBOSE, 1));
}

/* Clients that do not know the public key get no further than the handshake. */
static bool set_curve(void *socket, const struct kiln_connection *c)
{
	if (!c->curve_public[0])
		return true;
	return set_int(socket, ZMQ_CURVE_SERVER, 1) &&
	       zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, c->curve_public, KILN_CURVE_KEY + 1) ==
		       0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, c->curve_secret, KILN_CURVE_KEY + 1) ==
		       0;
}

bool kiln_socket_init(struct kiln_socket *socket, void *zmq)
{
	size_t size = sizeof(socket->fd);

	*socket = (struct kiln_socket){ .zmq = zmq, .fd = -1, .stirred = true };
	return zmq && zmq_getsockopt(zmq, ZMQ_FD, &socket->fd, &size) == 0;
}

void kiln_socket_close(struct kiln_socket *socket)
{
	if (socket->zmq)
		zmq_close(socket->zmq);
	*socket = (struct kiln_socket){ 0 };
}

static kiln_code bind_channel(struct kiln_sockets *s, const struct kiln_connection *connection,
			      kiln_channel channel, struct kiln_err *err)
{
	struct kiln_socket *socket = &s->sockets[channel];
	char address[160];

	kiln_connection_address(connection, channel, address, sizeof(address));
	if (!kiln_socket_init(socket, zmq_socket(s->context, kinds[channel].type)) ||
	    !set_options(socket->zmq, channel) || !set_curve(socket->zmq, connection)) {
		(void)kiln_fail(err, KILN_E_NOMEM, "cannot make the %s socket",
				kiln_channel_name(channel));
		kiln_why(err, "%s", zmq_strerror(zmq_errno()));
		return KILN_E_NOMEM;
	}
	if (zmq_bind(socket->zmq, address) == 0)
		return KILN_OK;
	(void)kiln_fail(err, zmq_errno() == EADDRINUSE ? KILN_E_PORT_BUSY : KILN_E_INVALID,
			"cannot listen at %s (%s)", address, kiln_channel_name(channel));
	kiln_why(err, "%s", zmq_strerror(zmq_errno()));
	kiln_hint(err,
		  "the address comes from the connection file; another kernel may still use it");
	return zmq_errno() == EADDRINUSE ? KILN_E_PORT_BUSY : KILN_E_INVALID;
}

static void *beat(void *user)
{
	const struct kiln_sockets *s = user;
	void *socket = s->sockets[KILN_CHANNEL_HB].zmq;

	/* frames go back as they come, identity first; ends when the context goes */
	(void)zmq_proxy(socket, socket, NULL);
	zmq_close(socket);
	return NULL;
}

static kiln_code start_heart(struct kiln_sockets *s, struct kiln_err *err)
{
	const int failed = pthread_create(&s->heart, NULL, beat, s);

	if (failed)
		return kiln_fail_errno(err, KILN_E_NOMEM, failed, "cannot start the heartbeat");
	s->heart_beats = true;
	return KILN_OK;
}

kiln_code kiln_sockets_open(const struct kiln_connection *connection,
			    struct kiln_sockets *ret_sockets, struct kiln_err *err)
{
	struct kiln_sockets *s = ret_sockets; /* the thread keeps its address */
	kiln_code code = KILN_OK;

	*s = (struct kiln_sockets){ .context = zmq_ctx_new() };
	if (!s->context)
		return kiln_fail(err, KILN_E_NOMEM, "cannot start ZeroMQ");
	for (kiln_channel i = 0; code == KILN_OK && i < KILN_CHANNELS; i++)
		code = bind_channel(s, connection, i, err);
	if (code == KILN_OK)
		code = start_heart(s, err);
	if (code != KILN_OK)
		kiln_sockets_close(s);
	return code;
}

void kiln_sockets_close(struct kiln_sockets *s)
{
	if (!s->context)
		return;
	for (kiln_channel i = 0; i < KILN_CHANNELS; i++) {
		if (i != KILN_CHANNEL_HB || !s->heart_beats)
			kiln_socket_close(&s->sockets[i]);
	}
	(void)zmq_ctx_shutdown(s->context); /* ends the proxy, which closes its socket */
	if (s->heart_beats)
		(void)pthread_join(s->heart, NULL);
	while (zmq_ctx_term(s->context) != 0 && zmq_errno() == EINTR)
		continue;
	*s = (struct kiln_sockets){ 0 };
}

/* The frames of one message; those beyond the limit are counted and dropped. */
struct frames {
	size_t n, all;
	zmq_msg_t messages[KILN_WIRE_MAX_FRAMES];
	struct kiln_span spans[KILN_WIRE_MAX_FRAMES];
};

/* False: there is none. */
static bool receive_frame(void *socket, struct frames *f, bool *ret_more)
{
	zmq_msg_t rest;
	/* cppcheck-suppress uninitvar ; zmq_msg_init fills it */
	zmq_msg_t *target = f->n < KILN_WIRE_MAX_FRAMES ? &f->messages[f->n] : &rest;

	zmq_msg_init(target);
	if (zmq_msg_recv(target, socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(target);
		return false;
	}
	f->all++;
	*ret_more = zmq_msg_more(target);
	if (target == &rest) {
		zmq_msg_close(&rest);
		return true;
	}
	f->spans[f->n] = kiln_span(zmq_msg_data(target), zmq_msg_size(target));
	f->n++;
	return true;
}

kiln_code kiln_socket_receive(struct kiln_socket *socket, struct kiln_wire *wire,
			      struct kiln_wire_msg *ret_msg, struct kiln_err *err)
{
	struct frames f; /* 20 KB, most of it never touched */
	bool more = true;
	kiln_code code;

	if (!socket->stirred)
		return KILN_E_TIMEOUT;
	f.n = f.all = 0;
	while (more && receive_frame(socket->zmq, &f, &more))
		continue;
	if (f.all == 0) {
		socket->stirred = zmq_errno() == EINTR;
		return KILN_E_TIMEOUT;
	}
	if (f.all > f.n)
		code = kiln_fail(err, KILN_E_TOO_BIG, "dropped a message of %zu frames", f.all);
	else
		code = kiln_wire_decode(wire, f.spans, f.n, ret_msg, err);
	for (size_t i = 0; i < f.n; i++)
		zmq_msg_close(&f.messages[i]);
	return code;
}

kiln_code kiln_sockets_receive(struct kiln_sockets *sockets, kiln_channel channel,
			       struct kiln_wire *wire, struct kiln_wire_msg *ret_msg,
			       struct kiln_err *err)
{
	return kiln_socket_receive(&sockets->sockets[channel], wire, ret_msg, err);
}

static bool send_frame(void *socket, const void *p, size_t n, bool more)
{
	int sent;

	do {
		sent = zmq_send(socket, p, n, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
	} while (sent < 0 && zmq_errno() == EINTR);
	return sent >= 0;
}

kiln_code kiln_socket_send(struct kiln_socket *socket, const char *name,
			   const struct kiln_wire_ident *idents, size_t n_idents,
			   const struct kiln_wire_out *out, struct kiln_err *err)
{
	bool good = true;

	socket->stirred = true;
	for (size_t i = 0; good && i < n_idents; i++)
		good = send_frame(socket->zmq, idents[i].bytes, idents[i].n, true);
	good = good &&
	       send_frame(socket->zmq, kiln_wire_delimiter, strlen(kiln_wire_delimiter), true);
	good = good && send_frame(socket->zmq, out->signature, strlen(out->signature), true);
	for (size_t i = 0; good && i < KILN_WIRE_PARTS; i++)
		good = send_frame(socket->zmq, out->parts[i], strlen(out->parts[i]),
				  i + 1 < KILN_WIRE_PARTS || out->n_buffers > 0);
	for (size_t i = 0; good && i < out->n_buffers; i++)
		good = send_frame(socket->zmq, out->buffers[i].p, out->buffers[i].n,
				  i + 1 < out->n_buffers);
	if (good)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_IO, "cannot send on %s", name);
	kiln_why(err, "%s", zmq_strerror(zmq_errno()));
	return KILN_E_IO;
}

kiln_code kiln_sockets_send(struct kiln_sockets *sockets, kiln_channel channel,
			    const struct kiln_wire_ident *idents, size_t n_idents,
			    const struct kiln_wire_out *out, struct kiln_err *err)
{
	return kiln_socket_send(&sockets->sockets[channel], kiln_channel_name(channel), idents,
				n_idents, out, err);
}

bool kiln_sockets_subscriber(struct kiln_sockets *sockets, struct kiln_wire_ident *ret_topic)
{
	struct kiln_socket *socket = &sockets->sockets[KILN_CHANNEL_IOPUB];
	uint8_t frame[256];
	int n;

	if (!socket->stirred)
		return false;
	while ((n = zmq_recv(socket->zmq, frame, sizeof(frame), ZMQ_DONTWAIT)) >= 0) {
		/* 1 topic: subscribe; 0 topic: unsubscribe; a longer topic is not welcomed */
		if (n < 1 || (size_t)n > sizeof(frame) || frame[0] != 1)
			continue;
		ret_topic->n = (uint8_t)(n - 1);
		memcpy(ret_topic->bytes, frame + 1, ret_topic->n);
		return true;
	}
	socket->stirred = zmq_errno() == EINTR;
	return false;
}
