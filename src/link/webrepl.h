/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_WEBREPL_H
#define KILN_LINK_WEBREPL_H

#include "base/buf.h"
#include "link/link_impl.h"

/*
 * Files by WebREPL's own protocol, in binary messages beside the REPL's text (MicroPython
 * extmod/modwebrepl.c; all numbers little endian):
 *
 *	host   "WA" | type (1 put, 2 get, 3 version) | 0 | offset (8) | size (4) | name length (2)
 *	       | name (64, filled with 0)
 *	board  "WB" | code (2): 0 is good
 *	put    host: the file's bytes; board: "WB" code
 *	get    host: one byte for each piece it wants; board: length (2) and so many bytes, 0 at the
 *	       end; then "WB" code
 *	version  board: three bytes
 *
 * It takes the file's bytes as they are, but knows neither folders nor errors: MicroPython drops
 * the connection when a file can't be opened, and keeps what came of one that was cut off. So look
 * first, write to a temporary name, and compare (kiln/files.h does). The board must be at its
 * prompt. Nothing else may use the link meanwhile.
 */
enum { KILN_WEBREPL_NAME_MAX = 64 };

/* Is this a ws:// link? */
bool kiln_webrepl_is(struct kiln_link *link);

/* Fails with: E_UNSUPPORTED (no ws:// link), E_INVALID (a name of over 64 bytes), E_REFUSED,
 * E_TIMEOUT, E_CANCELLED, E_PORT_GONE, E_PROTOCOL. */
KILN_CHECK kiln_code kiln_webrepl_put(struct kiln_link *link, const char *name, const void *data,
				      size_t n, struct kiln_err *err);
/* Append the file to `ret_data`, whose maximum bounds it. Fails with: as above, E_TOO_BIG. */
KILN_CHECK kiln_code kiln_webrepl_get(struct kiln_link *link, const char *name,
				      struct kiln_buf *ret_data, struct kiln_err *err);
/* The version of its MicroPython: 1, 27, 0. */
KILN_CHECK kiln_code kiln_webrepl_version(struct kiln_link *link, uint8_t ret_version[3],
					  struct kiln_err *err);

#endif
