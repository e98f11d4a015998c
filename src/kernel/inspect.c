/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect_request and "name?": what a name is. The type and the value come from the board; the
 * signature and the docstring, which MicroPython does not keep, from the cells that were run; of
 * magics, from their table.
 */
#include "base/text.h"
#include "kernel/kernel_impl.h"
#include "kernel/magic.h"
#include "kernel/names.h"

enum { ANSWER_MAX = 64 * 1024, DOC_MAX = 4096 };

/* Type and value, a line each; nothing if there is no such name. */
static const char ask_value[] = "def _kiln_q():\n"
				" try:\n"
				"  v=%.*s\n"
				" except Exception:\n"
				"  return\n"
				" print(type(v).__name__)\n"
				" r=repr(v)\n"
				" print(r if len(r)<2000 else r[:2000]+'...')\n"
				"_kiln_q()\n"
				"del _kiln_q\n";

static bool add_value(struct kiln_kernel *k, struct kiln_span name, struct kiln_buf *out)
{
	struct kiln_buf code = KILN_BUF_INIT(4096), answer = KILN_BUF_INIT(ANSWER_MAX);
	size_t type;
	bool found = false;

	(void)kiln_buf_printf(&code, ask_value, (int)name.n, (const char *)name.p);
	if (!k->running && !code.failed &&
	    kiln_kernel_ask(k, kiln_buf_str(&code), code.len, &answer, NULL) && answer.len > 0) {
		type = strcspn(kiln_buf_str(&answer), "\n");
		(void)kiln_buf_printf(out, "Type:      %.*s\nValue:     %s", (int)type,
				      kiln_buf_str(&answer),
				      kiln_buf_str(&answer) + type + (type < answer.len));
		found = true;
	}
	kiln_buf_done(&code);
	kiln_buf_done(&answer);
	return found;
}

/* ---- from the cells that were run ---- */

/* "def NAME(" or "class NAME" at the start of a line of `code`: the last of them, or NULL. */
static const char *find_definition(const char *code, struct kiln_span name)
{
	static const char *const words[] = { "def ", "class ", "async def " };
	const char *found = NULL;

	for (const char *line = code; *line; line += strcspn(line, "\n"), line += *line != '\0') {
		const char *at = line + strspn(line, " \t");

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			const size_t n = strlen(words[i]);

			if (strncmp(at, words[i], n) == 0 &&
			    strncmp(at + n, (const char *)name.p, name.n) == 0 &&
			    at[n + name.n] != '\0' && strchr("(: \n", at[n + name.n]))
				found = at;
		}
	}
	return found;
}

/* To the colon that ends a definition's first line; strings in it are not looked into. */
static size_t signature_length(const char *at)
{
	int depth = 0;
	size_t n = 0;

	while (at[n] && n < DOC_MAX && (depth > 0 || (at[n] != ':' && at[n] != '\n'))) {
		depth += strchr("([{", at[n]) != NULL;
		depth -= strchr(")]}", at[n]) != NULL;
		n++;
	}
	return n;
}

static void add_docstring(struct kiln_buf *out, const char *body)
{
	const char *at = body + strspn(body, ": \t\r\n");
	const char quote = *at;
	const bool triple = (quote == '"' || quote == '\'') && at[1] == quote && at[2] == quote;
	const char ends[] = { quote, triple ? quote : '\0', triple ? quote : '\0', '\0' };
	const char *end;

	if (quote != '"' && quote != '\'')
		return;
	at += triple ? 3 : 1;
	end = strstr(at, ends);
	if (end && end - at < DOC_MAX)
		(void)kiln_buf_printf(out, "Docstring: %.*s\n", (int)(end - at), at);
}

static void add_definition(struct kiln_kernel *k, struct kiln_span name, struct kiln_buf *out)
{
	const char *code = k->definitions.len ? kiln_buf_str(&k->definitions) : "";
	const char *at;
	size_t n;

	for (size_t i = name.n; i-- > 0;) { /* a method by its own name */
		if (name.p[i] == '.') {
			name = kiln_span(name.p + i + 1, name.n - i - 1);
			break;
		}
	}
	at = find_definition(code, name);
	if (!at)
		return;
	n = signature_length(at);
	(void)kiln_buf_printf(out, "Signature: %.*s\n", (int)n, at);
	add_docstring(out, at + n);
}

void kiln_kernel_remember(struct kiln_kernel *k, const char *code)
{
	const size_t n = strlen(code);

	if (!strstr(code, "def ") && !strstr(code, "class "))
		return;
	if (n + 1 > k->definitions.max)
		return;
	if (k->definitions.len + n + 1 > k->definitions.max) /* the oldest are forgotten */
		kiln_buf_reset(&k->definitions);
	(void)kiln_buf_append(&k->definitions, code, n);
	(void)kiln_buf_putc(&k->definitions, '\n');
}

/* ---- magics ---- */

static bool is_magic(struct kiln_span code, struct kiln_span name)
{
	return name.n > 0 && name.p > code.p && name.p[-1] == '%';
}

static bool add_magic(struct kiln_span code, struct kiln_span name, struct kiln_buf *out)
{
	const bool cell = name.p - code.p > 1 && name.p[-2] == '%';
	const struct kiln_magic *m = kiln_magic_find(name, cell);

	if (m)
		kiln_magic_help(m, out);
	return m != NULL;
}

/* {"text/plain": ...}, or NULL: nothing is known. */
static json_t *describe(struct kiln_kernel *k, struct kiln_span code, struct kiln_span name)
{
	struct kiln_buf out = KILN_BUF_INIT(2 * ANSWER_MAX);
	json_t *data = NULL;
	bool found = false;

	if (is_magic(code, name))
		found = add_magic(code, name, &out);
	else if (name.n > 0 && name.n < 256)
		found = add_value(k, name, &out);
	if (found && !is_magic(code, name))
		add_definition(k, name, &out);
	if (found)
		data = json_pack("{s:o}", "text/plain",
				 kiln_kernel_json_text(kiln_buf_str(&out), out.len));
	kiln_buf_done(&out);
	return data;
}

json_t *kiln_kernel_inspect(struct kiln_kernel *k, struct kiln_span code, size_t points, int detail)
{
	const struct kiln_span name = kiln_name_at(code, kiln_bytes_of_points(code, points));
	json_t *data = describe(k, code, name);
	const bool found = data != NULL;

	(void)detail;
	return json_pack("{s:s, s:b, s:o, s:{}}", "status", "ok", "found", found, "data",
			 data ? data : json_object(), "metadata");
}

bool kiln_kernel_question(struct kiln_kernel *k, struct kiln_span name)
{
	const struct kiln_wire_msg *running = k->running;
	json_t *data;
	size_t sign = 0;

	while (sign < name.n && name.p[sign] == '%')
		sign++;
	k->running = NULL; /* the board is idle: nothing of the cell runs there */
	data = describe(k, name, kiln_span(name.p + sign, name.n - sign));
	k->running = running;
	if (!data)
		return kiln_kernel_fail_text(k, "NameError", "Object `%.*s` not found.",
					     (int)name.n, (const char *)name.p);
	kiln_kernel_page(k, data);
	return true;
}
