/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_H
#define KILN_BOARD_H

#include <kiln/err.h>
#include <kiln/repl.h>

/* Who a board is, as its own MicroPython says. Texts are untrusted; control characters are
 * replaced. */
struct kiln_board_info {
	char uid[64]; /* "24:0a:c4:12:87:7c", lower case; on an ESP32 the MAC. Empty if it has none
		       */
	char implementation[32]; /* "micropython" */
	char platform[32];       /* "esp32" */
	char version[32];        /* "1.27.0" */
	char machine[128];       /* "Generic ESP32 module with ESP32"; empty on old firmware */
};

/* Ask the board with one short program. Fails with: what kiln_repl_exec fails with, E_PROTOCOL. */
KILN_API KILN_CHECK kiln_code kiln_board_identify(struct kiln_repl *repl,
						  struct kiln_board_info *ret_info,
						  struct kiln_err *err);

/*
 * Open the port at `url` (baud 0: 115200), get to its prompt and ask who it is.
 * Fails with: what kiln_link_open, kiln_repl_open and kiln_board_identify fail with.
 */
KILN_API KILN_CHECK kiln_code kiln_board_open(const struct kiln_host *host, const char *url,
					      unsigned baud, struct kiln_repl **ret_repl,
					      struct kiln_board_info *ret_info,
					      struct kiln_err *err);

#endif
