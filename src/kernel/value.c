/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of expressions. The raw REPL shows none: so the last expression of a cell is wrapped on
 * its own line, and a traceback's line numbers stay the cell's:
 *
 *	x = 5                       x = 5
 *	x + 1                       (lambda v: ...)((x + 1))
 *
 * The lambda shows it as the friendly REPL does, `_` included, in a mark (marks.h).
 */
#include "base/text.h"
#include "kernel/kernel_impl.h"
#include "kernel/lastexpr.h"

enum { EXPRESSIONS_MAX = 64 };

/*
 * __repl_print__ is what the friendly REPL calls (MicroPython py/modbuiltins.c); None is silent.
 * Each byte of this is 87 us of a cell at 115200 baud.
 */
static kiln_code wrap(struct kiln_buf *out, const char *nonce, struct kiln_span expression)
{
	KILN_TRY(kiln_buf_printf(out,
				 "(lambda v:v is None or(print(end='\x1e%sR'),"
				 "__repl_print__(v),print(end='\x1e')))((",
				 nonce));
	KILN_TRY(kiln_buf_append(out, expression.p, expression.n));
	return kiln_buf_puts(out, "))");
}

kiln_code kiln_kernel_add_code(struct kiln_kernel *k, struct kiln_buf *out, struct kiln_span code)
{
	size_t start, end;

	if (k->silent || !k->last_part || !kiln_last_expression(code, &start, &end))
		return kiln_buf_append(out, code.p, code.n);
	KILN_TRY(kiln_buf_append(out, code.p, start));
	KILN_TRY(wrap(out, k->marks.nonce, kiln_span(code.p + start, end - start)));
	return kiln_buf_append(out, code.p + end, code.n - end);
}

static void put_text(struct kiln_kernel *k, const char *text, size_t n)
{
	if (k->plotter)
		kiln_plotter_put(k, text, n);
	else
		kiln_kernel_text(k, KILN_STDOUT, text, n);
}

/* Without carriage returns, as users of the kernel before this one know it. */
static void on_text(void *user, const char *text, size_t n)
{
	while (n > 0) {
		const char *at = memchr(text, '\r', n);
		const size_t plain = at ? (size_t)(at - text) : n;

		put_text(user, text, plain);
		text += plain + (at != NULL);
		n -= plain + (at != NULL);
	}
}

static void on_mark(void *user, char kind, const char *payload, size_t n)
{
	if (kind == 'R')
		kiln_kernel_result(user, payload, n);
	else if (kind == 'I')
		kiln_kernel_input(user, payload, n);
	else if (kind == 'D')
		kiln_kernel_show(user, payload, n);
	else if (kind == 'C')
		kiln_kernel_show_clear(user, payload, n);
}

void kiln_kernel_marks_init(struct kiln_kernel *k)
{
	kiln_marks_init(&k->marks, k->session);
	k->marks.text = on_text;
	k->marks.mark = on_mark;
	k->marks.user = k;
}

/* ---- user_expressions ---- */

static json_t *expression_error(const char *ename, const char *evalue)
{
	return json_pack("{s:s, s:o, s:o, s:[]}", "status", "error", "ename",
			 kiln_kernel_json_text(ename, strlen(ename)), "evalue",
			 kiln_kernel_json_text(evalue, strlen(evalue)), "traceback");
}

static json_t *evaluate(struct kiln_kernel *k, const char *expression)
{
	struct kiln_buf code = KILN_BUF_INIT(64 * 1024), answer = KILN_BUF_INIT(KILN_MARK_MAX);
	struct kiln_repl_result result = { 0 };
	json_t *value;

	(void)kiln_buf_printf(&code, "print(repr((%s)),end='')", expression);
	if (code.failed)
		value = expression_error("KILN_E_TOO_BIG", "the expression is too long");
	else if (kiln_kernel_ask(k, kiln_buf_str(&code), code.len, &answer, &result))
		value = json_pack("{s:s, s:{s:o}, s:{}}", "status", "ok", "data", "text/plain",
				  kiln_kernel_json_text(kiln_buf_str(&answer), answer.len),
				  "metadata");
	else if (result.exception)
		value = expression_error(result.ename, result.evalue);
	else
		value = expression_error("KILN_E_NO_BOARD", "no board could be asked");
	kiln_repl_result_done(&result);
	kiln_buf_done(&code);
	kiln_buf_done(&answer);
	return value;
}

json_t *kiln_kernel_user_expressions(struct kiln_kernel *k, const json_t *asked)
{
	json_t *answers = json_object();
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)asked, name, value)
	{
		json_t *answer;

		if (++n > EXPRESSIONS_MAX)
			break;
		answer = json_is_string(value) ? evaluate(k, json_string_value(value))
					       : expression_error("TypeError", "not a text");
		(void)json_object_set_new(answers, name, answer);
	}
	return answers;
}
