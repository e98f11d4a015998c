/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BASE_BUF_H
#define KILN_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/api.h>
#include <kiln/err.h>

#include "base/bytes.h"

/*
 * A growing byte buffer that is born with its maximum: whatever a peer feeds is bounded.
 *
 * Invariants: data is never NULL and data[len] is 0, so that a text can be used as a string
 * where it is; len <= max. An append that would pass the maximum, or finds no memory, fails with
 * E_TOO_BIG or E_NOMEM, changes nothing and marks the buffer as `failed`, so that a run of appends
 * may be checked once at its end.
 *
 *	struct kiln_buf b = KILN_BUF_INIT(64 * 1024);
 *	kiln_buf_printf(&b, "%u bytes", n);
 *	...
 *	kiln_buf_done(&b);
 */
struct kiln_buf {
	uint8_t *data;
	size_t len, cap, max;
	bool failed;
};

extern uint8_t kiln_buf_empty[1]; /* what data points to before anything was appended */

#define KILN_BUF_INIT(maximum)                           \
	{                                                \
		.data = kiln_buf_empty, .max = (maximum) \
	}

void kiln_buf_init(struct kiln_buf *b, size_t max);
/* Free the contents; the buffer is as after init. */
void kiln_buf_done(struct kiln_buf *b);
/* Empty it, keep the memory. */
void kiln_buf_reset(struct kiln_buf *b);
kiln_code kiln_buf_append(struct kiln_buf *b, const void *p, size_t n);
kiln_code kiln_buf_puts(struct kiln_buf *b, const char *text);
kiln_code kiln_buf_putc(struct kiln_buf *b, uint8_t byte);
kiln_code kiln_buf_printf(struct kiln_buf *b, const char *fmt, ...) KILN_PRINTF(2, 3);
kiln_code kiln_buf_vprintf(struct kiln_buf *b, const char *fmt, va_list args) KILN_PRINTF(2, 0);
/* Room for n more bytes at data + len; the caller fills it and calls kiln_buf_grew. */
kiln_code kiln_buf_reserve(struct kiln_buf *b, size_t n);
void kiln_buf_grew(struct kiln_buf *b, size_t n);
/* Remove the first n bytes. */
void kiln_buf_consume(struct kiln_buf *b, size_t n);
/* Hand the memory over to the caller, who frees it; NULL if there is no memory for an empty one. */
char *kiln_buf_detach(struct kiln_buf *b, size_t *ret_len);

static inline const char *kiln_buf_str(const struct kiln_buf *b)
{
	return (const char *)b->data;
}

static inline struct kiln_span kiln_buf_span(const struct kiln_buf *b)
{
	return kiln_span(b->data, b->len);
}

#endif
