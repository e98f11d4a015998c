/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect_request and "name?": what a name is. The type and the value come from the board; the
 * signature and the docstring, which MicroPython does not keep, from the cells that were run; of
 * magics, from their table.
 */
#include "base/text.h"
#include "kernel/definitions.h"
#include "kernel/kernel_impl.h"
#include "kernel/magic.h"
#include "kernel/names.h"
#include "kernel/namedoc.h"

enum { ANSWER_MAX = 64 * 1024 };

/* Type, the owner's type and value, a line each; nothing if there is no such name. */
static const char ask_value[] = "def _kiln_q():\n"
				" try:\n"
				"  v=%.*s\n"
				"  o=%.*s\n"
				" except Exception:\n"
				"  return\n"
				" print(str(type(v))[8:-2])\n"
				" print(str(type(o))[8:-2])\n"
				" r=repr(v)\n"
				" print(r if len(r)<2000 else r[:2000]+'...')\n"
				"_kiln_q()\n"
				"del _kiln_q\n";

/* What is known of a name. */
struct known {
	struct kiln_buf answer; /* of the board */
	const char *type;       /* NULL: it was not asked, or has no such name */
	const char *owner_type; /* "NoneType": there is no owner */
	const char *value;
};

/* "machine.Pin" of "machine.Pin.on"; empty: it has no dot. */
static struct kiln_span owner_of(struct kiln_span name)
{
	for (size_t i = name.n; i-- > 0;) {
		if (name.p[i] == '.')
			return kiln_span(name.p, i);
	}
	return kiln_span("", 0);
}

static struct kiln_span last_of(struct kiln_span name)
{
	const struct kiln_span owner = owner_of(name);

	return owner.n ? kiln_span(name.p + owner.n + 1, name.n - owner.n - 1) : name;
}

static void ask_board(struct kiln_kernel *k, struct kiln_span name, struct known *known)
{
	struct kiln_buf code = KILN_BUF_INIT(4096);
	struct kiln_span owner = owner_of(name);
	char *at;

	if (owner.n == 0)
		owner = kiln_span("None", 4);
	(void)kiln_buf_printf(&code, ask_value, (int)name.n, (const char *)name.p, (int)owner.n,
			      (const char *)owner.p);
	if (!k->running && !code.failed &&
	    kiln_kernel_ask(k, kiln_buf_str(&code), code.len, &known->answer, NULL) &&
	    known->answer.len > 0) {
		at = (char *)known->answer.data;
		known->type = strsep(&at, "\n");
		known->owner_type = at ? strsep(&at, "\n") : "";
		known->value = at ? at : "";
	}
	kiln_buf_done(&code);
}

static bool is_one_of(const char *type, const char *const *types)
{
	for (; *types; types++) {
		if (strcmp(type, *types) == 0)
			return true;
	}
	return false;
}

/* Has the board something else under this name than what MicroPython's documents say? */
static bool is_other(const struct known *known, const struct kiln_namedoc *doc)
{
	static const char *const called[] = { "function",  "type",         "closure",
					      "generator", "bound_method", NULL };

	if (!known->type)
		return false;
	if (kiln_namedoc_is_module(doc))
		return strcmp(known->type, "module") != 0;
	/* ports differ in what they call functions in C; a plain value it is not */
	return doc->signature[0] && !is_one_of(known->type, called) &&
	       strncmp(known->type, "fun", 3) != 0;
}

/* By its whole name, by the type of what it belongs to, or by its last words. */
static const struct kiln_namedoc *find_doc(const struct known *known, struct kiln_span name)
{
	const struct kiln_span last = last_of(name);
	const struct kiln_namedoc *doc = kiln_namedoc_find(name);
	char typed[160];

	if (!doc && known->owner_type && owner_of(name).n > 0) {
		kiln_text_format(typed, sizeof(typed), "%s.%.*s", known->owner_type, (int)last.n,
				 (const char *)last.p);
		doc = kiln_namedoc_find(kiln_span(typed, strlen(typed)));
		if (!doc)
			doc = kiln_namedoc_ending(kiln_span(typed, strlen(typed)));
	}
	/* "Pin" may be the user's own: only what the board calls a class or function */
	if (!doc && known->type)
		doc = kiln_namedoc_ending(name);
	return doc && !is_other(known, doc) ? doc : NULL;
}

static void add_text(struct kiln_buf *out, const char *label, struct kiln_span text)
{
	if (text.n > 0)
		(void)kiln_buf_printf(out, "%s%.*s\n", label, (int)text.n, (const char *)text.p);
}

static bool add_name(struct kiln_kernel *k, struct kiln_span name, int detail, struct kiln_buf *out)
{
	struct known known = { .answer = KILN_BUF_INIT(ANSWER_MAX) };
	struct kiln_definition own;
	const struct kiln_namedoc *doc;
	bool defined;

	ask_board(k, name, &known);
	doc = find_doc(&known, name);
	defined = known.type &&
		  kiln_definition_find(kiln_buf_span(&k->definitions), last_of(name), &own);
	if (defined) { /* a method by its own name */
		add_text(out, "Signature: ", own.signature);
		add_text(out, "Docstring: ", own.doc);
	} else if (doc) {
		if (doc->signature[0])
			(void)kiln_buf_printf(out, "Signature: %s%s\n", doc->name, doc->signature);
		(void)kiln_buf_printf(out, "Docstring: %s\n", doc->doc);
	}
	if (known.type)
		(void)kiln_buf_printf(out, "Type:      %s\nValue:     %s", known.type, known.value);
	if (defined && detail > 0)
		add_text(out, "Source:\n", own.source);
	kiln_buf_done(&known.answer);
	return known.type || doc;
}

/* ---- from the cells that were run ---- */

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
static json_t *describe(struct kiln_kernel *k, struct kiln_span code, struct kiln_span name,
			int detail)
{
	struct kiln_buf out = KILN_BUF_INIT(2 * ANSWER_MAX);
	json_t *data = NULL;
	bool found = false;

	if (is_magic(code, name))
		found = add_magic(code, name, &out);
	else if (name.n > 0 && name.n < 256)
		found = add_name(k, name, detail, &out);
	if (found)
		data = json_pack("{s:o}", "text/plain",
				 kiln_kernel_json_text(kiln_buf_str(&out), out.len));
	kiln_buf_done(&out);
	return data;
}

json_t *kiln_kernel_inspect(struct kiln_kernel *k, struct kiln_span code, size_t points, int detail)
{
	const struct kiln_span name = kiln_name_at(code, kiln_bytes_of_points(code, points));
	json_t *data = describe(k, code, name, detail);
	const bool found = data != NULL;

	return json_pack("{s:s, s:b, s:o, s:{}}", "status", "ok", "found", found, "data",
			 data ? data : json_object(), "metadata");
}

bool kiln_kernel_question(struct kiln_kernel *k, struct kiln_span name, int detail)
{
	const struct kiln_wire_msg *running = k->running;
	json_t *data;
	size_t sign = 0;

	while (sign < name.n && name.p[sign] == '%')
		sign++;
	k->running = NULL; /* the board is idle: nothing of the cell runs there */
	data = describe(k, name, kiln_span(name.p + sign, name.n - sign), detail);
	k->running = running;
	if (!data)
		return kiln_kernel_fail_text(k, "NameError", "Object `%.*s` not found.",
					     (int)name.n, (const char *)name.p);
	kiln_kernel_page(k, data);
	return true;
}
