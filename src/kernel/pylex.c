/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/pylex.h"

#include <string.h>

void kiln_pylex_init(struct kiln_pylex *lex)
{
	*lex = (struct kiln_pylex){ 0 };
}

bool kiln_pylex_open(const struct kiln_pylex *lex)
{
	return lex->depth > 0 || lex->quote || lex->continued;
}

static bool is_triple(const char *p, size_t n)
{
	return n >= 3 && p[1] == p[0] && p[2] == p[0];
}

/* Inside a string at p; returns how many characters were used. */
static size_t in_string(struct kiln_pylex *lex, const char *p, size_t n)
{
	/* a raw string too cannot end in a quote that follows a backslash */
	if (p[0] == '\\')
		return n > 1 ? 2 : 1;
	if (p[0] != lex->quote)
		return 1;
	if (lex->triple && !is_triple(p, n))
		return 1;
	lex->quote = 0;
	return lex->triple ? 3 : 1;
}

static void open_bracket(struct kiln_pylex *lex, char c)
{
	if (lex->depth == KILN_PYLEX_DEPTH) {
		lex->bad = true;
		return;
	}
	lex->brackets[lex->depth++] = c;
}

static void close_bracket(struct kiln_pylex *lex, char c)
{
	const char wanted = c == ')' ? '(' : c == ']' ? '[' : '{';

	if (lex->depth == 0 || lex->brackets[lex->depth - 1] != wanted)
		lex->bad = true;
	else
		lex->depth--;
}

/* Outside of strings at p; returns how many characters were used. */
static size_t in_code(struct kiln_pylex *lex, const char *p, size_t n)
{
	if (p[0] == '#')
		return n;
	if (p[0] == '\\' && n == 1) {
		lex->continued = true;
		return 1;
	}
	if (p[0] != ' ' && p[0] != '\t' && p[0] != '\r')
		lex->last = p[0];
	if (p[0] == '"' || p[0] == '\'') {
		lex->quote = p[0];
		lex->triple = is_triple(p, n);
		return lex->triple ? 3 : 1;
	}
	if (strchr("([{", p[0]) && p[0])
		open_bracket(lex, p[0]);
	else if (strchr(")]}", p[0]) && p[0])
		close_bracket(lex, p[0]);
	return 1;
}

void kiln_pylex_line(struct kiln_pylex *lex, const char *line, size_t n)
{
	if (n > 0 && line[n - 1] == '\r')
		n--;
	lex->continued = false;
	for (size_t at = 0; at < n;)
		at += lex->quote ? in_string(lex, line + at, n - at)
				 : in_code(lex, line + at, n - at);
	if (lex->quote && !lex->triple && (n == 0 || line[n - 1] != '\\'))
		lex->bad = true; /* a plain string ends on its line */
}
