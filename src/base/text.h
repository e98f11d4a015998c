/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BASE_TEXT_H
#define KILN_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/api.h>

/*
 * Text into fixed arrays. What does not fit is cut where a UTF-8 character ends, and ends in
 * "...": a reader sees that something is missing. Returns true if all of it fitted.
 */
bool kiln_text_format(char *dst, size_t size, const char *fmt, ...) KILN_PRINTF(3, 4);
bool kiln_text_vformat(char *dst, size_t size, const char *fmt, va_list args) KILN_PRINTF(3, 0);
bool kiln_text_copy(char *dst, size_t size, const char *src);

/* Copy bytes that a device or a peer sent: control characters and invalid UTF-8 become '?'. */
bool kiln_text_copy_untrusted(char *dst, size_t size, const void *src, size_t n);

/*
 * An unsigned number as Python writes literals: 0x, 0o, 0b prefixes, '_' between digits; all of
 * `text` must be used.
 */
bool kiln_text_to_u64(const char *text, uint64_t *ret_value);

/* Bytes at the start of p that are whole UTF-8 characters (invalid bytes count as whole). */
size_t kiln_utf8_whole(const void *p, size_t n);

/* Replace, in place, each byte that is no UTF-8 by '?': what JSON strings need. */
void kiln_utf8_mend(void *p, size_t n);

#endif
