/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/definitions.h"

enum { HEAD_MAX = 4096 };

static struct kiln_span take_line(struct kiln_span *rest)
{
	const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	const struct kiln_span line = kiln_span(rest->p, end ? (size_t)(end - rest->p) : rest->n);
	const size_t taken = line.n + (end != NULL);

	*rest = kiln_span(rest->p + taken, rest->n - taken);
	return line;
}

static size_t indent_of(struct kiln_span line)
{
	size_t n = 0;

	while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t'))
		n++;
	return n;
}

static bool starts_with(struct kiln_span line, const char *word)
{
	const size_t n = strlen(word);

	return line.n >= n && memcmp(line.p, word, n) == 0;
}

/* "def NAME(", "class NAME:" with `line` beginning after its indent. */
static bool defines(struct kiln_span line, struct kiln_span name)
{
	static const char *const words[] = { "def ", "class ", "async def " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const size_t n = strlen(words[i]);

		if (starts_with(line, words[i]) && line.n > n + name.n &&
		    memcmp(line.p + n, name.p, name.n) == 0 && strchr("(: ", line.p[n + name.n]))
			return true;
	}
	return false;
}

/* To the colon that ends a definition's head. */
static size_t head_length(struct kiln_span at)
{
	int depth = 0;
	size_t n = 0;

	while (n < at.n && n < HEAD_MAX && (depth > 0 || (at.p[n] != ':' && at.p[n] != '\n'))) {
		depth += at.p[n] == '(' || at.p[n] == '[' || at.p[n] == '{';
		depth -= at.p[n] == ')' || at.p[n] == ']' || at.p[n] == '}';
		n++;
	}
	return n;
}

static bool is_gap(uint8_t c)
{
	return c == ':' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct kiln_span docstring(struct kiln_span body)
{
	char ends[4] = { 0 };
	const uint8_t *end;
	size_t quotes;

	while (body.n > 0 && is_gap(body.p[0]))
		body = kiln_span(body.p + 1, body.n - 1);
	if (body.n < 2 || (body.p[0] != '"' && body.p[0] != '\''))
		return kiln_span(NULL, 0);
	quotes = body.n >= 3 && body.p[1] == body.p[0] && body.p[2] == body.p[0] ? 3 : 1;
	memset(ends, body.p[0], quotes);
	body = kiln_span(body.p + quotes, body.n - quotes);
	end = memmem(body.p, body.n, ends, quotes);
	return end ? kiln_span(body.p, (size_t)(end - body.p)) : kiln_span(NULL, 0);
}

/* To the next line that is no further in than the definition. */
static size_t source_length(struct kiln_span at, size_t head, size_t indent)
{
	struct kiln_span rest = kiln_span(at.p + head, at.n - head);
	size_t n = head + take_line(&rest).n;

	while (rest.n > 0) {
		const struct kiln_span line = take_line(&rest);

		if (indent_of(line) == line.n)
			continue; /* blank: it belongs to whatever follows */
		if (indent_of(line) <= indent)
			break;
		n = (size_t)(line.p - at.p) + line.n;
	}
	return n;
}

bool kiln_definition_find(struct kiln_span code, struct kiln_span name,
			  struct kiln_definition *ret_definition)
{
	bool found = false;

	while (code.n > 0) {
		const struct kiln_span whole = code, line = take_line(&code);
		const size_t indent = indent_of(line);
		const struct kiln_span at = kiln_span(whole.p + indent, whole.n - indent);
		size_t head;

		if (!defines(kiln_span(line.p + indent, line.n - indent), name))
			continue;
		head = head_length(at);
		*ret_definition = (struct kiln_definition){
			.signature = kiln_span(at.p, head),
			.doc = docstring(kiln_span(at.p + head, at.n - head)),
			.source = kiln_span(at.p, source_length(at, head, indent)),
		};
		found = true;
	}
	return found;
}
