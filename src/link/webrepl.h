/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_WEBREPL_H
#define KILN_LINK_WEBREPL_H

#include "link/link_files.h"

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
 * What MicroPython makes of it:
 *
 * - The offset is ignored, and the name ends at its first 0: 63 bytes.
 * - A file that can't be opened makes it drop the connection.
 * - An error in writing (a full disk) is not told: the file is short.
 * - Bytes are read off a socket that doesn't block. If a TCP segment ends one byte into a piece,
 *   that byte is lost. A digest of the whole tells; TCP_NOTSENT_LOWAT makes it rare, for then each
 *   message is a segment.
 * - What stands behind a message waits: requests may follow each other without waiting for answers.
 * - Up to 1.12, an empty file that is put is never answered.
 */
extern const struct kiln_link_files kiln_webrepl_files;

enum { KILN_WEBREPL_NAME_MAX = 63 };

#endif
