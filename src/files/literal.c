/* SPDX-License-Identifier: Apache-2.0 */
#include "files/literal.h"

static void put_byte(struct kiln_buf *out, uint8_t c, bool is_text)
{
	if (c == '\'' || c == '\\')
		(void)kiln_buf_printf(out, "\\%c", c);
	else if (c == '\n')
		(void)kiln_buf_puts(out, "\\n");
	else if (c < 0x20 || c == 0x7F || (c >= 0x80 && !is_text))
		(void)kiln_buf_printf(out, "\\x%02x", c);
	else
		(void)kiln_buf_putc(out, c);
}

kiln_code kiln_literal_text(struct kiln_buf *out, const char *text)
{
	(void)kiln_buf_putc(out, '\'');
	for (const char *p = text; *p; p++)
		put_byte(out, (uint8_t)*p, true);
	(void)kiln_buf_putc(out, '\'');
	return out->failed ? KILN_E_NOMEM : KILN_OK;
}

kiln_code kiln_literal_bytes(struct kiln_buf *out, const void *data, size_t n)
{
	const uint8_t *p = data;

	(void)kiln_buf_puts(out, "b'");
	for (size_t i = 0; i < n; i++)
		put_byte(out, p[i], false);
	(void)kiln_buf_putc(out, '\'');
	return out->failed ? KILN_E_NOMEM : KILN_OK;
}

static bool read_hex(struct kiln_span *in, unsigned digits, uint32_t *ret_value)
{
	uint32_t value = 0;
	uint8_t c;

	while (digits-- > 0) {
		if (!kiln_span_u8(in, &c) || kiln_hex_digit(c) < 0)
			return false;
		value = value << 4 | (uint32_t)kiln_hex_digit(c);
	}
	*ret_value = value;
	return true;
}

static bool put_utf8(struct kiln_buf *out, uint32_t c)
{
	if (c > 0x10FFFF)
		return false;
	if (c < 0x80) {
		(void)kiln_buf_putc(out, (uint8_t)c);
	} else if (c < 0x800) {
		(void)kiln_buf_putc(out, (uint8_t)(0xC0 | c >> 6));
		(void)kiln_buf_putc(out, (uint8_t)(0x80 | (c & 0x3F)));
	} else {
		if (c < 0x10000) {
			(void)kiln_buf_putc(out, (uint8_t)(0xE0 | c >> 12));
		} else {
			(void)kiln_buf_putc(out, (uint8_t)(0xF0 | c >> 18));
			(void)kiln_buf_putc(out, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
		}
		(void)kiln_buf_putc(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
		(void)kiln_buf_putc(out, (uint8_t)(0x80 | (c & 0x3F)));
	}
	return !out->failed;
}

/* What follows a backslash (py/objstr.c, mp_str_print_quoted). */
static bool read_escape(struct kiln_span *in, bool is_bytes, struct kiln_buf *out)
{
	static const char plain[] = "\\'\"nrt", meant[] = "\\'\"\n\r\t";
	const char *found;
	uint32_t value;
	uint8_t c;

	if (!kiln_span_u8(in, &c))
		return false;
	found = c ? strchr(plain, c) : NULL;
	if (found)
		return kiln_buf_putc(out, (uint8_t)meant[found - plain]) == KILN_OK;
	if (!(c == 'x'   ? read_hex(in, 2, &value)
	      : c == 'u' ? read_hex(in, 4, &value)
			 : c == 'U' && read_hex(in, 8, &value)))
		return false;
	return is_bytes ? kiln_buf_putc(out, (uint8_t)value) == KILN_OK : put_utf8(out, value);
}

bool kiln_literal_read(struct kiln_span *in, struct kiln_buf *out)
{
	bool is_bytes;
	uint8_t quote, c;

	if (!kiln_span_u8(in, &quote))
		return false;
	is_bytes = quote == 'b';
	if (is_bytes && !kiln_span_u8(in, &quote))
		return false;
	if (quote != '\'' && quote != '"')
		return false;
	while (kiln_span_u8(in, &c)) {
		if (c == quote)
			return true;
		if (c == '\\' ? !read_escape(in, is_bytes, out) : kiln_buf_putc(out, c) != KILN_OK)
			return false;
	}
	return false;
}
