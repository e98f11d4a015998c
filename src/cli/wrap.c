/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wrap.h"

#include <string.h>

void wrap_text(struct kiln_buf *out, const char *text, size_t at, size_t indent, size_t width)
{
	size_t before = 0;  /* spaces that go before the next word */
	bool begun = false; /* there is a word on this line */

	while (*text) {
		const size_t n = strcspn(text, " \n");

		if (n > 0 && begun && at + 1 + n > width) {
			(void)kiln_buf_putc(out, '\n');
			at = before = indent;
			begun = false;
		}
		if (n > 0) {
			(void)kiln_buf_printf(out, "%*s%.*s", (int)before, "", (int)n, text);
			at += n + begun;
			before = 1;
			begun = true;
		}
		text += n;
		if (*text == '\n') {
			(void)kiln_buf_putc(out, '\n');
			at = before = indent;
			begun = false;
		}
		text += *text != '\0';
	}
	(void)kiln_buf_putc(out, '\n');
}
