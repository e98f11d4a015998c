/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FILES_LITERAL_H
#define KILN_FILES_LITERAL_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Python's literals, both ways. What goes to a board is ASCII without control characters, but for
 * UTF-8 in text; what comes from one is what repr() prints, and is not trusted.
 */

/* Append 'text' with its quotes. Fails with: E_NOMEM, E_TOO_BIG. */
KILN_CHECK kiln_code kiln_literal_text(struct kiln_buf *out, const char *text);
/* Append b'...'. */
KILN_CHECK kiln_code kiln_literal_bytes(struct kiln_buf *out, const void *p, size_t n);

/*
 * Read one 'text' or b'bytes' off the span, as UTF-8 or as bytes, appended to `out`. False if
 * there is none, or `out` is full.
 */
KILN_CHECK bool kiln_literal_read(struct kiln_span *in, struct kiln_buf *out);

#endif
