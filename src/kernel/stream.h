/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_STREAM_H
#define KILN_KERNEL_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/time.h>

#include "base/buf.h"

/*
 * Text of a running cell on its way into `stream` messages. Many small prints become few
 * messages, yet a line is shown at once when none was sent for a moment. Pure but for `send`: the
 * caller brings the time.
 */
enum {
	KILN_STREAM_QUIET_MS = 20,       /* at most one message in so long */
	KILN_STREAM_CHUNK = 32 * 1024,   /* but never more text than this in one */
	KILN_STREAM_CELL_MAX = 16 << 20, /* bytes that one cell may print */
};

typedef enum kiln_stream_name { KILN_STDOUT, KILN_STDERR } kiln_stream_name;

struct kiln_stream {
	void (*send)(void *user, const char *name, const char *text, size_t n);
	void *user;
	struct kiln_buf text;
	kiln_stream_name name; /* of what is in text */
	kiln_ms sent;          /* when the last message went out */
	kiln_ms begun;         /* when text got its first byte */
	size_t total;          /* of this cell */
	bool full;             /* the cell has printed too much, and that was said */
};

void kiln_stream_init(struct kiln_stream *s,
		      void (*send)(void *user, const char *name, const char *text, size_t n),
		      void *user);
void kiln_stream_done(struct kiln_stream *s);
/* A new cell begins. */
void kiln_stream_begin(struct kiln_stream *s);
/* Bytes that are no UTF-8 become U+FFFD. */
void kiln_stream_put(struct kiln_stream *s, kiln_stream_name name, const char *text, size_t n,
		     kiln_ms now);
/* When the text that waits is due, KILN_FOREVER if there is none. */
kiln_ms kiln_stream_due(const struct kiln_stream *s);
void kiln_stream_flush(struct kiln_stream *s, kiln_ms now);

#endif
