/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/connect.h"

static bool contains(struct kiln_span text, const char *part)
{
	return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

/* The last "boot:0x" in the text, and its number. */
static bool last_mode(struct kiln_span text, unsigned *ret_mode, struct kiln_span *ret_rest)
{
	static const char mark[] = "boot:0x";
	const size_t n_mark = sizeof(mark) - 1;
	bool found = false;

	for (const uint8_t *at; (at = memmem(text.p, text.n, mark, n_mark));) {
		unsigned mode = 0, digits = 0;

		text = kiln_span(at + n_mark, text.n - (size_t)(at - text.p) - n_mark);
		for (; digits < text.n && digits < 4 && kiln_hex_digit(text.p[digits]) >= 0;
		     digits++)
			mode = mode * 16 + (unsigned)kiln_hex_digit(text.p[digits]);
		if (digits == 0)
			continue;
		found = true;
		*ret_mode = mode;
		*ret_rest = text;
	}
	return found;
}

/* After the number comes the mode's name; download modes are the ones with a UART in it. */
void kiln_boot_text_parse(struct kiln_span text, struct kiln_boot_text *ret_boot)
{
	struct kiln_boot_text boot = { 0 };
	struct kiln_span rest = text;

	boot.has_mode = last_mode(text, &boot.mode, &rest);
	boot.downloading = contains(rest, "waiting for download") ||
			   (boot.has_mode &&
			    (contains(rest, "DOWNLOAD") || contains(rest, "(UART_BOOT")));
	boot.crashed = contains(rest, "Guru Meditation") || contains(rest, "Fatal exception") ||
		       contains(rest, "abort() was called");
	boot.blank = contains(rest, "invalid header: 0xffffffff");
	boot.python = contains(rest, "MicroPython") || contains(rest, "CircuitPython") ||
		      contains(rest, "\n>>> ");
	*ret_boot = boot;
}
