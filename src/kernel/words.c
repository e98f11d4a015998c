/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/words.h"

enum { LINE_MAX_BYTES = 64 * 1024 };

struct split {
	struct kiln_span line;
	struct kiln_buf *out; /* words, each with a NUL behind it */
	size_t n;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The character after a backslash; a newline there joins two lines. */
static void take_escaped(struct split *s)
{
	uint8_t c;

	if (kiln_span_u8(&s->line, &c) && c != '\n')
		(void)kiln_buf_putc(s->out, c);
}

/* What is between quotes; false if they are not closed. */
static bool take_quoted(struct split *s, uint8_t quote)
{
	uint8_t c;

	while (kiln_span_u8(&s->line, &c)) {
		if (c == quote)
			return true;
		if (c == '\\' && quote == '"' && s->line.n > 0 &&
		    (s->line.p[0] == '"' || s->line.p[0] == '\\'))
			take_escaped(s);
		else
			(void)kiln_buf_putc(s->out, c);
	}
	return false;
}

static bool take_word(struct split *s)
{
	uint8_t c;

	while (s->line.n > 0 && !is_blank(s->line.p[0])) {
		(void)kiln_span_u8(&s->line, &c);
		if (c == '\\') {
			take_escaped(s);
		} else if (c == '\'' || c == '"') {
			if (!take_quoted(s, c))
				return false;
		} else if (c != '\0') {
			(void)kiln_buf_putc(s->out, c);
		}
	}
	(void)kiln_buf_putc(s->out, '\0');
	s->n++;
	return true;
}

static bool take_words(struct split *s)
{
	while (s->line.n > 0) {
		if (is_blank(s->line.p[0])) {
			s->line.p++;
			s->line.n--;
		} else if (s->line.n > 1 && s->line.p[0] == '\\' && s->line.p[1] == '\n') {
			s->line.p += 2; /* joins two lines */
			s->line.n -= 2;
		} else if (!take_word(s)) {
			return false;
		}
	}
	return true;
}

kiln_code kiln_words_split(struct kiln_span line, struct kiln_words *ret_words,
			   struct kiln_err *err)
{
	struct kiln_words words = { 0 };
	struct split s = { .line = line, .out = &words.text };
	const char *at;

	kiln_buf_init(&words.text, LINE_MAX_BYTES);
	if (!take_words(&s)) {
		kiln_words_done(&words);
		return kiln_fail(err, KILN_E_INVALID, "No closing quotation");
	}
	words.items = calloc(s.n + 1, sizeof(*words.items));
	if (words.text.failed || !words.items) {
		kiln_words_done(&words);
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot read the line");
	}
	at = kiln_buf_str(&words.text);
	for (; words.n < s.n; at += strlen(at) + 1)
		words.items[words.n++] = at;
	*ret_words = words;
	return KILN_OK;
}

void kiln_words_done(struct kiln_words *words)
{
	free(words->items);
	kiln_buf_done(&words->text);
	words->items = NULL;
	words->n = 0;
}
