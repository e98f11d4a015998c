/* SPDX-License-Identifier: Apache-2.0 */
#include "repl/traceback.h"

#include <string.h>

#include "base/text.h"

static const char head[] = "Traceback (most recent call last):";

enum { NAME_MAX_LENGTH = 63 };

static struct kiln_span take_line(struct kiln_span *text)
{
	const uint8_t *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
	struct kiln_span line = kiln_span(text->p, end ? (size_t)(end - text->p) : text->n);
	const size_t used = line.n + (end ? 1 : 0);

	*text = kiln_span(text->p + used, text->n - used);
	while (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool is_name_byte(uint8_t c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80 ||
	       (!first && ((c >= '0' && c <= '9') || c == '.'));
}

/* Length of the class name that begins "NameError: ..."; 0 if there is none. */
static size_t name_length(struct kiln_span line, bool bare_is_fine)
{
	size_t n = 0;

	while (n < line.n && n <= NAME_MAX_LENGTH && is_name_byte(line.p[n], n == 0))
		n++;
	if (n > NAME_MAX_LENGTH || (n == line.n ? !bare_is_fine : line.p[n] != ':'))
		return 0;
	return n;
}

static bool begins(struct kiln_span text, const char *with)
{
	const size_t n = strlen(with);

	return memcmp(text.p, with, text.n < n ? text.n : n) == 0;
}

bool kiln_traceback_plausible(struct kiln_span text, bool whole)
{
	struct kiln_span rest = text;
	const struct kiln_span line = take_line(&rest);
	const bool line_is_whole = whole || line.n < text.n;

	if (line.n == 0)
		return false;
	if (begins(line, head))
		return !line_is_whole || line.n >= sizeof(head) - 1;
	return name_length(line, !line_is_whole) > 0;
}

/* The line below the last "  File ..." line, or the first if there is none. */
static struct kiln_span find_last(struct kiln_span text)
{
	struct kiln_span rest = text, last = text;

	if (begins(text, head)) {
		(void)take_line(&rest);
		last = rest;
	}
	while (rest.n > 0) {
		const struct kiln_span line = take_line(&rest);

		if (line.n > 7 && memcmp(line.p, "  File ", 7) == 0)
			last = rest;
	}
	return take_line(&last);
}

bool kiln_traceback_parse(struct kiln_span text, char *ret_name, size_t name_size, char *ret_value,
			  size_t value_size)
{
	struct kiln_span line;
	size_t n;

	if (!kiln_traceback_plausible(text, true))
		return false;
	line = find_last(text);
	n = name_length(line, true);
	if (n == 0) {
		/* a traceback that is cut short is still an exception */
		kiln_text_copy(ret_name, name_size, "Exception");
		kiln_text_copy_untrusted(ret_value, value_size, line.p, line.n);
		return true;
	}
	kiln_text_copy_untrusted(ret_name, name_size, line.p, n);
	n += n < line.n; /* ':' */
	n += n < line.n && line.p[n] == ' ';
	kiln_text_copy_untrusted(ret_value, value_size, line.p + n, line.n - n);
	return true;
}
