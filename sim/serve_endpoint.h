/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_SERVE_ENDPOINT_H
#define KILN_SIM_SERVE_ENDPOINT_H

#include "base/buf.h"
#include "sim/serve.h"

/* What an endpoint provides. Its struct has `struct sim_endpoint` as its first member. */
struct sim_endpoint;

struct sim_endpoint_ops {
	const char *kind;
	/* The board said something. */
	void (*hear)(struct sim_endpoint *e, const uint8_t *p, size_t n);
	/*
	 * Do what can be done without waiting for a client, a bounded piece of it. Returns only
	 * what the board's link fails with; a client that fails is dropped.
	 */
	kiln_code (*turn)(struct sim_endpoint *e, struct kiln_err *err);
	void (*close)(struct sim_endpoint *e); /* frees */
};

struct sim_endpoint {
	const struct sim_endpoint_ops *ops;
	struct sim_endpoint *next;
	struct kiln_link *link;
	int epoll;       /* the server's: what it waits for */
	bool again;      /* there is more to do at once */
	kiln_ms wake_at; /* or at that time; KILN_FOREVER: only when something comes */
	char url[256];
};

/* A client's bytes for the board, so many that it can't keep the others waiting. */
enum { SIM_PIECE = 512 };

/* How much is kept for a client that does not read; what comes then is lost, as on a USB bridge. */
enum { SIM_CLIENT_MAX = 256 * 1024 };

/* One of this server, which does not know it yet. */
void sim_endpoint_init(struct sim_endpoint *e, const struct sim_endpoint_ops *ops,
		       const struct sim_server *server);
/* Watch a descriptor for epoll `events`; again for others: `known` true. */
KILN_CHECK kiln_code sim_endpoint_watch(struct sim_endpoint *e, int fd, uint32_t events, bool known,
					struct kiln_err *err);

void sim_server_add(struct sim_server *server, struct sim_endpoint *e);
int sim_server_hold_ms(const struct sim_server *server); /* 0: resets are not played */
const char *sim_server_name(const struct sim_server *server);

#endif
