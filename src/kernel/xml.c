/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/xml.h"

void kiln_xml_text(struct kiln_buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			(void)kiln_buf_puts(out, "&lt;");
			break;
		case '>':
			(void)kiln_buf_puts(out, "&gt;");
			break;
		case '&':
			(void)kiln_buf_puts(out, "&amp;");
			break;
		case '"':
			(void)kiln_buf_puts(out, "&quot;");
			break;
		default:
			(void)kiln_buf_putc(out, (unsigned char)*text < ' ' ? '?' : (uint8_t)*text);
		}
	}
}
