/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_SOCKETS_H
#define KILN_KERNEL_SOCKETS_H

#include <pthread.h>
#include <stdbool.h>

#include "kernel/connection.h"
#include "kernel/wire.h"

/*
 * A ZeroMQ socket, whose descriptor is waited for in one poll() with everything else. It becomes
 * readable when something has come, but each call to the library may take that sign away and leave
 * a message behind (zmq_getsockopt(3), ZMQ_FD). So the socket is `stirred` from a sign, or from a
 * call, until a receive has found nothing more in it: it is not asked before, as each question
 * takes two system calls, nor waited for.
 */
struct kiln_socket {
	void *zmq;
	int fd;
	bool stirred;
};

/*
 * The kernel's sockets, bound: ROUTER for shell, control and stdin, XPUB for iopub. The heartbeat
 * echoes in a thread of its own, so that a board that blocks never looks like a dead kernel.
 */
struct kiln_sockets {
	void *context;
	struct kiln_socket sockets[KILN_CHANNELS];
	pthread_t heart;
	bool heart_beats;
};

/* Fails with: E_PORT_BUSY (a port is taken), E_INVALID, E_NOMEM, E_IO. */
kiln_code kiln_sockets_open(const struct kiln_connection *connection,
			    struct kiln_sockets *ret_sockets, struct kiln_err *err);
/* What was sent still goes out, for a second at most. */
void kiln_sockets_close(struct kiln_sockets *sockets);

/*
 * Take one message without waiting, from a socket that is stirred.
 * Fails with: E_TIMEOUT (there is none), and what kiln_wire_decode fails with.
 */
kiln_code kiln_sockets_receive(struct kiln_sockets *sockets, kiln_channel channel,
			       struct kiln_wire *wire, struct kiln_wire_msg *ret_msg,
			       struct kiln_err *err);

/*
 * Send frames: identities (or a topic), then the message. Nobody is waited for: a client that
 * does not read loses what its queue cannot hold.
 */
kiln_code kiln_sockets_send(struct kiln_sockets *sockets, kiln_channel channel,
			    const struct kiln_wire_ident *idents, size_t n_idents,
			    const struct kiln_wire_out *out, struct kiln_err *err);

/* The same with any socket; `name` is for messages. */
kiln_code kiln_socket_receive(struct kiln_socket *socket, struct kiln_wire *wire,
			      struct kiln_wire_msg *ret_msg, struct kiln_err *err);
kiln_code kiln_socket_send(struct kiln_socket *socket, const char *name,
			   const struct kiln_wire_ident *idents, size_t n_idents,
			   const struct kiln_wire_out *out, struct kiln_err *err);

/* Take over a socket that is bound or connected. False: it has no descriptor. */
bool kiln_socket_init(struct kiln_socket *socket, void *zmq);
/* NULL inside is fine. */
void kiln_socket_close(struct kiln_socket *socket);

/* A subscription that came in on iopub. False: there is none. */
bool kiln_sockets_subscriber(struct kiln_sockets *sockets, struct kiln_wire_ident *ret_topic);

#endif
