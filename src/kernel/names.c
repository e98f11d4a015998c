/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/names.h"

size_t kiln_bytes_of_points(struct kiln_span text, size_t points)
{
	size_t at = 0;

	while (at < text.n && points > 0) {
		at++;
		while (at < text.n && (text.p[at] & 0xc0) == 0x80)
			at++;
		points--;
	}
	return at;
}

size_t kiln_points_of_bytes(struct kiln_span text, size_t bytes)
{
	size_t points = 0;

	for (size_t i = 0; i < bytes && i < text.n; i++)
		points += (text.p[i] & 0xc0) != 0x80;
	return points;
}

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c >= 0x80;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct kiln_span part(struct kiln_span text, size_t start, size_t end)
{
	return kiln_span(text.p + start, end - start);
}

static size_t line_start(struct kiln_span code, size_t at)
{
	while (at > 0 && code.p[at - 1] != '\n')
		at--;
	return at;
}

/* Is the line at `start` in the body of a cell magic, and is that a shell script? */
static bool in_script(struct kiln_span code, size_t start)
{
	static const char *const scripts[] = { "%%bash", "%%host", "%%ssh", "%%service" };
	size_t at = 0;

	while (at < code.n && (is_blank(code.p[at]) || code.p[at] == '\n'))
		at++;
	if (at >= start)
		return false;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		const size_t n = strlen(scripts[i]);

		if (start - at > n && memcmp(code.p + at, scripts[i], n) == 0 &&
		    !is_word(code.p[at + n]))
			return true;
	}
	return false;
}

static struct kiln_place word_of(struct kiln_span line, size_t from, kiln_place_kind kind)
{
	size_t start = line.n;

	while (start > from && !is_blank(line.p[start - 1]) &&
	       !memchr("'\"=;|<>&", line.p[start - 1], 8))
		start--;
	return (struct kiln_place){ .kind = kind, .word = part(line, start, line.n) };
}

static struct kiln_place in_magic(struct kiln_span line)
{
	const size_t from = line.n > 1 && line.p[1] == '%' ? 2 : 1;
	struct kiln_place place;
	size_t end = from;

	while (end < line.n && !is_blank(line.p[end]))
		end++;
	if (end == line.n)
		return (struct kiln_place){ .kind = KILN_PLACE_MAGIC, .word = line };
	place = word_of(line, end, KILN_PLACE_HOST_PATH);
	place.owner = part(line, from, end);
	if (place.word.n > 0 && place.word.p[0] == '-')
		place.kind = KILN_PLACE_OPTION;
	return place;
}

/* The string that is open at the end of this line, from behind its quote; false: none is. */
static bool open_string(struct kiln_span line, size_t *ret_start)
{
	uint8_t quote = 0;

	for (size_t i = 0; i < line.n; i++) {
		const uint8_t c = line.p[i];

		if (quote && c == '\\') {
			i++;
		} else if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '#') {
			return false;
		} else if (c == '"' || c == '\'') {
			quote = c;
			*ret_start = i + 1;
		}
	}
	return quote != 0 && *ret_start <= line.n;
}

static struct kiln_place in_program(struct kiln_span line)
{
	struct kiln_place place = { .kind = KILN_PLACE_NAME };
	size_t start = line.n, owner;

	if (open_string(line, &start)) {
		place.kind = KILN_PLACE_BOARD_PATH;
		place.word = part(line, start, line.n);
		return place;
	}
	start = line.n;
	while (start > 0 && is_word(line.p[start - 1]))
		start--;
	place.word = part(line, start, line.n);
	if (place.word.n > 0 && place.word.p[0] >= '0' && place.word.p[0] <= '9')
		return (struct kiln_place){ .kind = KILN_PLACE_NONE };
	if (start == 0 || line.p[start - 1] != '.')
		return place;
	owner = start - 1;
	while (owner > 0 && (is_word(line.p[owner - 1]) || line.p[owner - 1] == '.'))
		owner--;
	place.owner = part(line, owner, start - 1);
	/* what a call or an index gives is not known without running it */
	place.kind = place.owner.n > 0 && place.owner.p[0] != '.' &&
				     !(place.owner.p[0] >= '0' && place.owner.p[0] <= '9')
			     ? KILN_PLACE_ATTRIBUTE
			     : KILN_PLACE_NONE;
	return place;
}

struct kiln_place kiln_place_at(struct kiln_span code, size_t cursor)
{
	const size_t end = cursor < code.n ? cursor : code.n, start = line_start(code, end);
	const struct kiln_span line = part(code, start, end);

	if (in_script(code, start))
		return word_of(line, 0, KILN_PLACE_HOST_PATH);
	if (line.n > 0 && line.p[0] == '%')
		return in_magic(line);
	if (line.n > 0 && line.p[0] == '!')
		return word_of(line, 1, KILN_PLACE_HOST_PATH);
	return in_program(line);
}

/* Back from `at` to the bracket that is open there; false: none on this line. */
static bool find_call(struct kiln_span code, size_t *at)
{
	unsigned depth = 0;

	while (*at > 0 && code.p[*at - 1] != '\n') {
		const uint8_t c = code.p[--*at];

		if (c == ')' || c == ']' || c == '}')
			depth++;
		else if ((c == '(' || c == '[' || c == '{') && depth-- == 0)
			return c == '(';
	}
	return false;
}

static struct kiln_span name_around(struct kiln_span code, size_t at)
{
	size_t start = at, end = at;

	while (end < code.n && is_word(code.p[end]))
		end++;
	while (start > 0 && (is_word(code.p[start - 1]) || code.p[start - 1] == '.'))
		start--;
	if (start < end && (code.p[start] == '.' || (code.p[start] >= '0' && code.p[start] <= '9')))
		return kiln_span(code.p, 0);
	while (end > start && code.p[end - 1] == '.')
		end--;
	return part(code, start, end);
}

struct kiln_span kiln_name_at(struct kiln_span code, size_t cursor)
{
	size_t at = cursor < code.n ? cursor : code.n;
	struct kiln_span name = name_around(code, at);

	if (name.n > 0 || !find_call(code, &at))
		return name;
	return name_around(code, at);
}

static bool is_dotted(struct kiln_span name)
{
	if (name.n == 0 || (name.p[0] >= '0' && name.p[0] <= '9'))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if (!is_word(name.p[i]) &&
		    (name.p[i] != '.' || i == 0 || i + 1 == name.n || name.p[i - 1] == '.'))
			return false;
	}
	return true;
}

bool kiln_is_question(struct kiln_span code, struct kiln_span *ret_name)
{
	const size_t before = code.n;

	while (code.n > 0 && (is_blank(code.p[0]) || code.p[0] == '\n')) {
		code.p++;
		code.n--;
	}
	while (code.n > 0 && (is_blank(code.p[code.n - 1]) || code.p[code.n - 1] == '\n'))
		code.n--;
	if (before == 0 || code.n < 2)
		return false;
	if (code.p[0] == '?') {
		code.p++;
		code.n--;
	} else {
		const size_t whole = code.n;

		while (code.n > 0 && whole - code.n < 2 && code.p[code.n - 1] == '?')
			code.n--;
		if (code.n == whole)
			return false;
	}
	*ret_name = code;
	for (int sign = 0; sign < 2 && code.n > 1 && code.p[0] == '%'; sign++)
		code = kiln_span(code.p + 1, code.n - 1);
	return is_dotted(code);
}
