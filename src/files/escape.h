/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FILES_ESCAPE_H
#define KILN_FILES_ESCAPE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Bytes on a line where some bytes are commands: 0x03 would interrupt the board's program, 01 to
 * 04 mean something to the raw prompt if the program dies while data is under way, and CR, LF and
 * 04 do not pass a board's output as they are. So each of these becomes 1D and the byte with 0x40
 * added, which a board undoes with bytes.replace(). 1D followed by anything else is a mark.
 *
 *	to the board: 01 02 03 04 1D        from the board: 04 0A 0D 1D
 */
enum { KILN_ESCAPE = 0x1D };

/* Append p[0..n) as it travels to a board. Fails with: E_NOMEM, E_TOO_BIG. */
KILN_CHECK kiln_code kiln_escape(struct kiln_buf *out, const uint8_t *p, size_t n);

typedef enum kiln_unescape_event {
	KILN_UNESCAPE_MORE = 0, /* all input is used */
	KILN_UNESCAPE_MARK,     /* u->mark: the byte after 1D that is no escaped one */
	KILN_UNESCAPE_FULL,     /* out takes no more */
} kiln_unescape_event;

struct kiln_unescape {
	bool half; /* 1D was the last byte */
	uint8_t mark;
};

/* Undo: append to `out` until the input ends or a mark comes; *ret_used bytes are used. */
kiln_unescape_event kiln_unescape(struct kiln_unescape *u, const uint8_t *p, size_t n,
				  struct kiln_buf *out, size_t *ret_used);

#endif
