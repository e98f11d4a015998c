/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_CODED_H
#define KILN_LINK_CODED_H

#include "base/buf.h"
#include "link/login.h"
#include "link/pollable.h"
#include "link/tcp.h"

/*
 * What ws:// and telnet:// share: a TCP connection whose bytes are the line's in some coding, and a
 * dialogue at its beginning. The kind says how to code; it embeds this struct as its first member.
 *
 *	kiln_link_read  <- in <- take() <- socket
 *	kiln_link_write -> put() -> out -> socket
 */
struct kiln_coded;

struct kiln_coded_kind {
	/* Decode: the line's bytes to `in`, answers to `out`. */
	kiln_code (*take)(struct kiln_coded *c, const uint8_t *p, size_t n, struct kiln_err *err);
	/* Encode up to KILN_CODED_PIECE bytes into `out`. */
	kiln_code (*put)(struct kiln_coded *c, const uint8_t *p, size_t n);
	/* Free what is the kind's, send a farewell; may be NULL. */
	void (*done)(struct kiln_coded *c);
	const struct kiln_link_files *files; /* how it carries files; may be NULL */
};

enum {
	KILN_CODED_PIECE = 1024,
	KILN_CODED_IN_MAX = 1024 * 1024,
	KILN_CODED_OUT_MAX = 64 * 1024,
	KILN_CODED_CONNECT_MS = 5000,
	KILN_CODED_ANSWER_MS = 5000, /* to each question of the dialogue; Wi-Fi may lose packets */
};

struct kiln_coded {
	struct kiln_link link;
	const struct kiln_coded_kind *kind;
	struct kiln_pollable pollable;
	int fd;
	struct kiln_buf in;  /* for the reader */
	struct kiln_buf out; /* coded; what could not be sent goes first next time */
};

/* Connect. On failure too it is the caller's to close. */
KILN_CHECK kiln_code kiln_coded_connect(struct kiln_coded *c, const struct kiln_coded_kind *kind,
					const struct kiln_host *host,
					const struct kiln_net_url *net, const char *url,
					unsigned baud, struct kiln_err *err);
/* Read once from the socket, waiting until the deadline; then send what that asks for. */
KILN_CHECK kiln_code kiln_coded_pump(struct kiln_coded *c, kiln_ms deadline, struct kiln_err *err);
KILN_CHECK kiln_code kiln_coded_send(struct kiln_coded *c, kiln_ms deadline, struct kiln_err *err);
/* Write, as kiln_link_write: for dialogues. */
KILN_CHECK kiln_code kiln_coded_write(struct kiln_coded *c, const void *p, size_t n,
				      kiln_ms deadline, struct kiln_err *err);
/*
 * Read until `in` has one of `words` (ended by NULL); *ret_word is its index, and `in` begins
 * behind it. Fails with: E_TIMEOUT, E_CANCELLED, E_PORT_GONE, E_PROTOCOL (much, but none of them).
 */
KILN_CHECK kiln_code kiln_coded_await(struct kiln_coded *c, const char *const *words,
				      kiln_ms deadline, size_t *ret_word, struct kiln_err *err);
/* The last line in `in` with something on it, fit to be printed; "" if there is none. */
void kiln_coded_last_line(const struct kiln_coded *c, char *text, size_t size);

extern const struct kiln_link_ops kiln_coded_ops;

#endif
