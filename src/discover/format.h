/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_DISCOVER_FORMAT_H
#define KILN_DISCOVER_FORMAT_H

#include <kiln/port.h>

#include "base/buf.h"

/* What `kiln discover` and the kernel's %discover print: one place for both. */

/*
 * A port, all that is known of it, and an empty line:
 *
 *	/dev/ttyUSB0
 *	  hwid         USB VID:PID=10C4:EA60 SER=0163A3DA LOCATION=1-1.3
 *	  manufacturer Silicon Labs
 */
kiln_code kiln_port_format(struct kiln_buf *out, const struct kiln_port *port);

/*
 * A board a line: name, url, and if `with_uid` uid; columns as wide as the widest, so a line with
 * an empty uid ends in spaces.
 */
struct kiln_board_line {
	const char *name, *url, *uid; /* borrowed; uid may be empty */
};
kiln_code kiln_boards_format(struct kiln_buf *out, const struct kiln_board_line *boards, size_t n,
			     bool with_uid);

#endif
