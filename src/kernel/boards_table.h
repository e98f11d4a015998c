/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_BOARDS_TABLE_H
#define KILN_KERNEL_BOARDS_TABLE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * %discover as a table of a notebook. Pure. Most of what it shows a board or a device said of
 * itself: all of it is text, never HTML.
 */
struct kiln_boards_row {
	const char *name, *port, *chip, *firmware, *uid;
	const char *state; /* "connected", "ready", "new", "unplugged", or why it does not answer */
	bool gone;         /* drawn as something that is not there */
};

void kiln_boards_html(struct kiln_buf *out, const struct kiln_boards_row *rows, size_t n,
		      bool with_uid);

#endif
