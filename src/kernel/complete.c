/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/complete.h"

#include "kernel/cell.h"
#include "kernel/pylex.h"

/* What is known at the end of the text. */
struct scan {
	struct kiln_pylex lex;
	struct kiln_span line; /* the last one */
	size_t indent;         /* of the logical line that it belongs to */
	bool in_block;         /* that logical line is indented, or begins a block */
	bool decorated;        /* it begins with @ */
	bool magic;            /* it is a magic or bash line */
};

static size_t indent_of(struct kiln_span line)
{
	size_t n = 0;

	for (size_t i = 0; i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'); i++)
		n += line.p[i] == '\t' ? 8 - n % 8 : 1;
	return n;
}

static bool is_blank(struct kiln_span line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
			return false;
	}
	return true;
}

static void scan_line(struct scan *s, struct kiln_span line)
{
	size_t at = 0;

	s->line = line;
	s->magic = !kiln_pylex_open(&s->lex) && kiln_cell_is_magic_line(line);
	if (s->magic || (is_blank(line) && !kiln_pylex_open(&s->lex)))
		return;
	if (!kiln_pylex_open(&s->lex)) {
		s->indent = indent_of(line);
		s->lex.last = 0;
		while (line.p[at] == ' ' || line.p[at] == '\t') /* not blank: it ends */
			at++;
		s->decorated = line.p[at] == '@';
	}
	kiln_pylex_line(&s->lex, (const char *)line.p, line.n);
	s->in_block = s->indent > 0 || (s->lex.last == ':' && !kiln_pylex_open(&s->lex));
}

/* After these nothing more can follow in the block. */
static bool leaves_block(struct kiln_span line)
{
	static const char *const words[] = { "return", "pass", "break", "continue", "raise" };
	size_t at = 0;

	while (at < line.n && (line.p[at] == ' ' || line.p[at] == '\t'))
		at++;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const size_t n = strlen(words[i]);

		if (line.n - at >= n && memcmp(line.p + at, words[i], n) == 0 &&
		    (line.n - at == n || line.p[at + n] == ' '))
			return true;
	}
	return false;
}

static kiln_completeness judge(const struct scan *s, size_t *ret_indent)
{
	*ret_indent = s->indent;
	if (s->lex.bad)
		return KILN_CODE_INVALID;
	if (s->magic)
		return s->line.p[s->line.n - 1] == '\\' ? KILN_CODE_INCOMPLETE : KILN_CODE_COMPLETE;
	if (kiln_pylex_open(&s->lex))
		return KILN_CODE_INCOMPLETE;
	if (s->lex.last == ':') {
		*ret_indent += 4;
		return KILN_CODE_INCOMPLETE;
	}
	if (s->decorated)
		return KILN_CODE_INCOMPLETE;
	if (!s->in_block || is_blank(s->line)) /* an empty line ends a block, as at a prompt */
		return KILN_CODE_COMPLETE;
	if (leaves_block(s->line))
		*ret_indent -= *ret_indent < 4 ? *ret_indent : 4;
	return KILN_CODE_INCOMPLETE;
}

kiln_completeness kiln_code_completeness(struct kiln_span code, size_t *ret_indent)
{
	struct scan s = { .line = kiln_span(code.p, 0) };
	struct kiln_span rest = code;
	struct kiln_cell cell;
	struct kiln_part part;

	*ret_indent = 0;
	kiln_pylex_init(&s.lex);
	do {
		const uint8_t *end = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;
		const size_t n = end ? (size_t)(end - rest.p) : rest.n;

		scan_line(&s, kiln_span(rest.p, n));
		rest = end ? kiln_span(end + 1, rest.n - n - 1) : kiln_span(rest.p + n, 0);
	} while (rest.n > 0);
	if (code.n > 0 && code.p[code.n - 1] == '\n')
		s.line = kiln_span(code.p + code.n, 0);
	kiln_cell_init(&cell, code);
	if (kiln_cell_next(&cell, &part) && part.kind == KILN_PART_CELL_MAGIC)
		return is_blank(s.line) ? KILN_CODE_COMPLETE : KILN_CODE_INCOMPLETE;
	return judge(&s, ret_indent);
}
