/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_WEBSOCKET_H
#define KILN_LINK_WEBSOCKET_H

#include "base/buf.h"

/*
 * WebSocket (RFC 6455), the client's end. Pure: bytes in, events and bytes out.
 *
 *	 0                   1                   2                   3
 *	+-+-+-+-+-------+-+-------------+-------------------------------+
 *	|F|R|R|R| opcode|M| length      | 16 or 64 bits of length,      |
 *	|I|S|S|S|  (4)  |A|     (7)     | if length is 126 or 127       |
 *	|N|V|V|V|       |S|             | (big endian)                  |
 *	+-+-+-+-+-------+K+-------------+ - - - - - - - - - - - - - - - +
 *	| masking key (4 bytes), if MASK is set: frames of a client     |
 *	+---------------------------------------------------------------+
 *	| payload ...                                                   |
 *	+---------------------------------------------------------------+
 *
 * Payload is handed out as it comes, so a frame of any length takes no memory. Text is not checked
 * for UTF-8: MicroPython sends what a program prints, in frames that cut characters.
 */
typedef enum kiln_ws_opcode {
	KILN_WS_CONTINUED = 0,
	KILN_WS_TEXT = 1,
	KILN_WS_BINARY = 2,
	KILN_WS_CLOSE = 8,
	KILN_WS_PING = 9,
	KILN_WS_PONG = 10,
} kiln_ws_opcode;

typedef enum kiln_ws_event {
	KILN_WS_MORE = 0, /* all input is used */
	KILN_WS_DATA,     /* ws->data: borrowed from the input; ws->message says of which kind */
	KILN_WS_PINGED,   /* ws->control is to be sent back as a pong */
	KILN_WS_CLOSED,   /* the peer closes: ws->control, two bytes of code and a text */
	KILN_WS_BAD,      /* ws->why: this is no WebSocket, or a broken one; nothing more comes */
} kiln_ws_event;

enum { KILN_WS_CONTROL_MAX = 125, KILN_WS_KEY_SIZE = 25 };

struct kiln_ws {
	struct kiln_span data;
	kiln_ws_opcode message; /* KILN_WS_TEXT or KILN_WS_BINARY */
	uint8_t control[KILN_WS_CONTROL_MAX];
	size_t n_control;
	const char *why;
	uint8_t phase, opcode; /* private from here on */
	bool fin, in_message;
	unsigned need;
	uint64_t left;
};

void kiln_ws_init(struct kiln_ws *ws);
/* Use up to n bytes, stop at the first event; *ret_used is how many were used. */
kiln_ws_event kiln_ws_decode(struct kiln_ws *ws, const uint8_t *p, size_t n, size_t *ret_used);
/* A whole message in one frame, masked with `mask`, which nobody can foretell (RFC 6455, 10.3). */
kiln_code kiln_ws_encode(struct kiln_buf *out, kiln_ws_opcode opcode, const uint8_t mask[4],
			 const void *p, size_t n);

/* The key of a handshake from 16 random bytes. */
void kiln_ws_key(const uint8_t random[16], char ret_key[KILN_WS_KEY_SIZE]);
/* The request that asks for a WebSocket. `authority` is "host:port". */
kiln_code kiln_ws_request(struct kiln_buf *out, const char *authority, const char *key);
/*
 * The server's answer: its head, up to and with the empty line. NULL: it is what was asked for;
 * else what is wrong with it.
 */
const char *kiln_ws_check_response(struct kiln_span head, const char *key);

#endif
