/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/lastexpr.h"

/* One statement: where its tokens begin and end, and what speaks against an expression. */
struct statement {
	size_t start, end;
	size_t closed; /* where a bracket was closed to depth 0 for the first time; 0: never */
	bool any, other;
};

struct scan {
	struct kiln_span code;
	size_t at;
	unsigned depth;
	bool indented, compound; /* of the logical line */
	bool silenced;           /* a semicolon, and nothing yet after it */
	struct statement now, last;
};

static int peek(const struct scan *s, size_t ahead)
{
	return s->at + ahead < s->code.n ? s->code.p[s->at + ahead] : 0;
}

static int back(const struct scan *s, size_t behind)
{
	return s->at >= behind ? s->code.p[s->at - behind] : 0;
}

/* Over a string that begins here; false: it never ends. */
static bool skip_string(struct scan *s)
{
	const int quote = peek(s, 0);
	const bool triple = peek(s, 1) == quote && peek(s, 2) == quote;

	s->at += triple ? 3 : 1;
	while (s->at < s->code.n) {
		const int c = peek(s, 0);

		if (c == '\\') {
			s->at += 2;
			continue;
		}
		if (c == '\n' && !triple)
			return false;
		if (c == quote && (!triple || (peek(s, 1) == quote && peek(s, 2) == quote))) {
			s->at += triple ? 3 : 1;
			return true;
		}
		s->at++;
	}
	return false;
}

static void end_statement(struct scan *s, bool silenced)
{
	if (s->now.any) {
		s->now.other = s->now.other || s->indented || s->compound;
		s->last = s->now;
		s->silenced = silenced;
	}
	s->now = (struct statement){ 0 };
}

static void end_line(struct scan *s)
{
	end_statement(s, false);
	s->indented = false;
	s->compound = false;
}

static bool is_assignment(const struct scan *s)
{
	const int before = back(s, 1);

	if (peek(s, 1) == '=' || before == '=' || before == '!')
		return false;
	if (before == '<' || before == '>')
		return back(s, 2) == before; /* <<= and >>= */
	return true;
}

static void token(struct scan *s, size_t n)
{
	if (!s->now.any) {
		s->now.any = true;
		s->now.start = s->at;
	}
	s->at += n;
	s->now.end = s->at;
}

static bool bracket(struct scan *s, bool opens)
{
	if (!opens && s->depth == 0)
		return false;
	s->depth = opens ? s->depth + 1 : s->depth - 1;
	token(s, 1);
	if (s->depth == 0 && !s->now.closed)
		s->now.closed = s->at;
	return true;
}

static bool text(struct scan *s)
{
	const size_t start = s->at;
	size_t n;

	if (!skip_string(s))
		return false;
	n = s->at - start;
	s->at = start;
	token(s, n);
	return true;
}

static void skip_comment(struct scan *s)
{
	while (s->at < s->code.n && peek(s, 0) != '\n')
		s->at++;
}

static bool step(struct scan *s)
{
	const int c = peek(s, 0);

	switch (c) {
	case '\n':
		if (s->depth == 0)
			end_line(s);
		s->at++;
		return true;
	case '\\':
		s->at += 2; /* the line goes on */
		return true;
	case ' ':
	case '\t':
	case '\f':
		s->indented = s->indented || s->at == 0 || (!s->now.any && back(s, 1) == '\n');
		s->at++;
		return true;
	case '\r':
		s->at++;
		return true;
	case '#':
		skip_comment(s);
		return true;
	case '"':
	case '\'':
		return text(s);
	case '(':
	case '[':
	case '{':
		return bracket(s, true);
	case ')':
	case ']':
	case '}':
		return bracket(s, false);
	case ';':
		if (s->depth == 0) {
			end_statement(s, true);
			s->at++;
			return true;
		}
		return false;
	default:
		s->compound = s->compound || (c == ':' && s->depth == 0);
		s->now.other = s->now.other || (c == '=' && s->depth == 0 && is_assignment(s));
		token(s, 1);
		return true;
	}
}

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c >= 0x80;
}

/* Words that begin a statement that is no expression. */
static const char *const statements[] = {
	"assert", "async",   "break",  "class", "continue", "def",  "del",    "elif",   "else",
	"except", "finally", "for",    "from",  "global",   "if",   "import", "lambda", "nonlocal",
	"pass",   "raise",   "return", "try",   "while",    "with", "yield",
};

static bool word_is(struct kiln_span word, const char *text)
{
	return word.n == strlen(text) && memcmp(word.p, text, word.n) == 0;
}

static bool is_expression(const struct scan *s)
{
	const struct statement *last = &s->last;
	struct kiln_span word = kiln_span(s->code.p + last->start, 0);

	if (!last->any || last->other || s->silenced || word.p[0] == '@')
		return false;
	while (last->start + word.n < last->end && is_word(word.p[word.n]))
		word.n++;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (word_is(word, statements[i]))
			return false;
	}
	return !(word_is(word, "print") && last->closed == last->end);
}

bool kiln_last_expression(struct kiln_span code, size_t *ret_start, size_t *ret_end)
{
	struct scan s = { .code = code };

	while (s.at < code.n) {
		if (!step(&s))
			return false;
	}
	if (s.depth > 0 || s.at > code.n)
		return false;
	end_line(&s);
	if (!is_expression(&s))
		return false;
	*ret_start = s.last.start;
	*ret_end = s.last.end;
	return true;
}
