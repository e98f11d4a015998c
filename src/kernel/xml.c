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

void kiln_svg_begin(struct kiln_buf *out, int width, int height)
{
	(void)kiln_buf_printf(out,
			      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
			      "height=\"%d\" viewBox=\"0 0 %d %d\" style=\"max-width:100%%;"
			      "height:auto\" font-family=\"sans-serif\" font-size=\"11\">\n"
			      "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
			      width, height, width, height, width, height);
}
