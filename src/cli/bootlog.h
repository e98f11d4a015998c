/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_BOOTLOG_H
#define KILN_CLI_BOOTLOG_H

#include <kiln/link.h>

#include "base/buf.h"

/* What a board says after a reset, and what that means. */
typedef enum bootlog_kind {
	BOOTLOG_SILENT = 0,
	BOOTLOG_PROMPT,   /* MicroPython waits at ">>>" */
	BOOTLOG_LOOP,     /* the ROM or the bootloader resets again and again */
	BOOTLOG_DOWNLOAD, /* it waits for a flasher */
	BOOTLOG_TEXT,     /* some other program speaks */
} bootlog_kind;

/* Judge a log: pure. */
bootlog_kind bootlog_judge(struct kiln_span log);

/* The line of it that says most: the last whole one that is not empty; control characters
 * replaced. */
void bootlog_line(struct kiln_span log, char *dst, size_t size);

/*
 * Read into `log` until it is clear what it means, or `ms` are over.
 * Fails with: E_CANCELLED, E_PORT_GONE, E_IO.
 */
KILN_CHECK kiln_code bootlog_read(struct kiln_link *link, kiln_ms ms, struct kiln_buf *log,
				  bootlog_kind *ret_kind, struct kiln_err *err);

#endif
