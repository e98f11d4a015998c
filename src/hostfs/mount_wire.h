/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_MOUNT_WIRE_H
#define KILN_HOSTFS_MOUNT_WIRE_H

#include <stdbool.h>

#include "base/buf.h"
#include "files/escape.h"

/*
 * A folder of this computer as a board's file system: requests come in the middle of what the
 * board's programs print, replies go to its input. Pure: bytes in, events and bytes out.
 *
 *	board    1D 3C | token: 4 | number: 1 | letter: 1 | arguments, escaped | 1D 3E
 *	host     1D 3C | number: 1 | length of what follows: 4 hex | answer, escaped
 *
 * Both are escaped as files' transfers are (files/escape.h): no byte of a reply is a Ctrl-C, so
 * that the board can be interrupted at any time; and what a raw prompt would read as a command is
 * none. The token makes what a program prints by chance no request. The number is the request's
 * ('a' to 'z' in turn): a request that comes again, for its reply was lost, gets the same answer.
 *
 *	S path                 kind size time: "d 0 1700000000"
 *	L first path           lines "f NAME" from that one on; empty: no more
 *	O mode path            number size: an open file
 *	R number offset count  bytes, as many as a reply takes; empty: its end
 *	W number offset bytes  how many were written
 *	T number size          cut to that size
 *	F number               written through
 *	C number               closed
 *	D path  M path  X path removed; a folder made; a folder removed
 *	N path NUL path        renamed
 *	V                      block size, blocks, free blocks
 *
 * An answer begins with '+', or is '-' and an error number in decimal, as the board has them.
 */
enum {
	KILN_MOUNT_TOKEN = 4,
	KILN_MOUNT_REQUEST_MAX = 8192, /* a longer one is none */
};

typedef enum kiln_mount_event {
	KILN_MOUNT_MORE = 0, /* all input is used */
	KILN_MOUNT_REQUEST,  /* f->request */
} kiln_mount_event;

struct kiln_mount_request {
	char number, letter;
	struct kiln_span args; /* borrowed until the next call */
};

struct kiln_mount_filter {
	char token[KILN_MOUNT_TOKEN + 1];
	struct kiln_mount_request request;
	/* private */
	unsigned state;
	struct kiln_buf held; /* bytes that may begin a request, as they came */
	struct kiln_buf body;
};

void kiln_mount_filter_init(struct kiln_mount_filter *f, const char *token);
void kiln_mount_filter_done(struct kiln_mount_filter *f);

/*
 * Take up to n bytes, to the first whole request; *ret_used were used. What is no request goes to
 * `plain`; bytes that may begin one wait for those that follow.
 */
kiln_mount_event kiln_mount_feed(struct kiln_mount_filter *f, const uint8_t *p, size_t n,
				 size_t *ret_used, struct kiln_buf *plain);
/* Nothing more belongs to what was begun: hand out what is held back. */
void kiln_mount_flush(struct kiln_mount_filter *f, struct kiln_buf *plain);

/* Take a number, hex, and the blank behind it off the arguments; false if there is none. */
bool kiln_mount_number(struct kiln_span *args, uint64_t *ret_value);

/*
 * Append a reply with as much of the answer as fits into `max` bytes on the wire; *ret_taken (may
 * be NULL) is how much that was. Fails with: E_NOMEM, E_TOO_BIG (max is too small for any).
 */
KILN_CHECK kiln_code kiln_mount_reply(struct kiln_buf *out, char number, struct kiln_span answer,
				      size_t max, size_t *ret_taken);

#endif
