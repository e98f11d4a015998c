/* SPDX-License-Identifier: Apache-2.0 */
#include "files/escape.h"

enum { SHIFT = 0x40 };

static bool is_special(uint8_t byte)
{
	return (byte >= 0x01 && byte <= 0x04) || byte == KILN_ESCAPE;
}

kiln_code kiln_escape(struct kiln_buf *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_special(p[i])) {
			(void)kiln_buf_putc(out, KILN_ESCAPE);
			(void)kiln_buf_putc(out, p[i] + SHIFT);
		} else {
			(void)kiln_buf_putc(out, p[i]);
		}
	}
	return out->failed ? KILN_E_NOMEM : KILN_OK;
}

/* What an escaped byte can look like: 04, LF, CR, 1D with SHIFT added. */
static bool is_shifted(uint8_t byte)
{
	return byte == 'D' || byte == 'J' || byte == 'M' || byte == ']';
}

kiln_unescape_event kiln_unescape(struct kiln_unescape *u, const uint8_t *p, size_t n,
				  struct kiln_buf *out, size_t *ret_used)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = p[i];

		*ret_used = i + 1;
		if (!u->half && byte == KILN_ESCAPE) {
			u->half = true;
			continue;
		}
		if (u->half && !is_shifted(byte)) {
			u->half = false;
			u->mark = byte;
			return KILN_UNESCAPE_MARK;
		}
		if (u->half)
			byte -= SHIFT;
		u->half = false;
		if (kiln_buf_putc(out, byte) != KILN_OK)
			return KILN_UNESCAPE_FULL;
	}
	*ret_used = n;
	return KILN_UNESCAPE_MORE;
}
