/* SPDX-License-Identifier: Apache-2.0 */
/* One execute_request: the cell's parts in order, their output, and the reply. */
#include "kernel/kernel_impl.h"

#include "base/text.h"
#include "kernel/cell.h"
#include "kernel/hint.h"
#include "kernel/magic.h"
#include "kernel/names.h"
#include "kernel/probe.h"

enum { HINT_MAX = 1024 };

/* ---- output ---- */

void kiln_kernel_text(struct kiln_kernel *k, kiln_stream_name name, const char *text, size_t n)
{
	if (!k->silent)
		kiln_stream_put(&k->out, name, text, n, kiln_now());
}

void kiln_kernel_print(struct kiln_kernel *k, kiln_stream_name name, const char *fmt, ...)
{
	struct kiln_buf text = KILN_BUF_INIT(64 * 1024);
	va_list args;

	va_start(args, fmt);
	(void)kiln_buf_vprintf(&text, fmt, args);
	va_end(args);
	kiln_kernel_text(k, name, kiln_buf_str(&text), text.len);
	kiln_buf_done(&text);
}

/* ---- failure ---- */

static void failure_done(struct failure *f)
{
	json_decref(f->traceback);
	*f = (struct failure){ 0 };
}

static struct failure *new_failure(struct kiln_kernel *k, const char *ename, const char *evalue)
{
	struct failure *f = &k->failure;

	failure_done(f);
	f->failed = true;
	kiln_text_copy_untrusted(f->ename, sizeof(f->ename), ename, strlen(ename));
	kiln_text_copy_untrusted(f->evalue, sizeof(f->evalue), evalue, strlen(evalue));
	f->traceback = json_array();
	return f;
}

bool kiln_kernel_fail_text(struct kiln_kernel *k, const char *ename, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	kiln_kernel_print(k, KILN_STDERR, "%s\n", text);
	new_failure(k, ename, text)->shown = true;
	return false;
}

void kiln_kernel_fail_lines(struct kiln_kernel *k, const char *ename, const char *evalue,
			    json_t *traceback)
{
	struct failure *f = new_failure(k, ename, evalue);

	if (!json_is_array(traceback))
		return;
	json_decref(f->traceback);
	f->traceback = json_incref(traceback);
}

static const char *name_of(kiln_code code)
{
	return code == KILN_E_CANCELLED ? "KeyboardInterrupt" : kiln_code_name(code);
}

static void add_line(json_t *lines, const char *fmt, ...) KILN_PRINTF(2, 3);

static void add_line(json_t *lines, const char *fmt, ...)
{
	char line[1024];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(line, sizeof(line), fmt, args);
	va_end(args);
	(void)json_array_append_new(lines, json_string(line));
}

bool kiln_kernel_fail_err(struct kiln_kernel *k, const struct kiln_err *err)
{
	char text[sizeof(err->what) + sizeof(err->why) + 2];
	struct kiln_buf hint = KILN_BUF_INIT(HINT_MAX);
	struct failure *f;

	kiln_text_format(text, sizeof(text), "%s%s%s", err->what, err->why[0] ? ": " : "",
			 err->why);
	f = new_failure(k, name_of(err->code), text);
	add_line(f->traceback, "\033[31merror:\033[0m %s", f->evalue);
	if (err->hint[0]) {
		kiln_notebook_hint(&hint, err->hint);
		add_line(f->traceback, "\033[33mhint:\033[0m %s", kiln_buf_str(&hint));
		kiln_buf_done(&hint);
	}
	return false;
}

void kiln_kernel_print_hint(struct kiln_kernel *k, const struct kiln_err *err)
{
	struct kiln_buf hint = KILN_BUF_INIT(HINT_MAX);

	if (err->hint[0]) {
		kiln_notebook_hint(&hint, err->hint);
		kiln_kernel_print(k, KILN_STDERR, "hint: %s\n", kiln_buf_str(&hint));
	}
	kiln_buf_done(&hint);
}

void kiln_kernel_fail_traceback(struct kiln_kernel *k, const char *ename, const char *evalue,
				const char *traceback)
{
	struct failure *f = new_failure(k, ename, evalue);
	const char *at = traceback ? traceback : "";

	while (*at) {
		const size_t n = strcspn(at, "\n");
		json_t *line = json_stringn(at, n);

		/* a board may print anything, also what is no text */
		(void)json_array_append_new(f->traceback, line ? line : json_string("?"));
		at += n + (at[n] != '\0');
	}
	if (json_array_size(f->traceback) == 0)
		add_line(f->traceback, "%s: %s", f->ename, f->evalue);
}

/* ---- the cell ---- */

static bool run_part(struct kiln_kernel *k, const struct kiln_part *part)
{
	struct kiln_span name;

	switch (part->kind) {
	case KILN_PART_BOARD:
		if (kiln_is_question(part->text, &name))
			return kiln_kernel_question(k, name, kiln_code_has(part->text, "?\?"));
		return kiln_kernel_board_run(k, part->text, part->line);
	case KILN_PART_BASH:
		return kiln_kernel_bash(k, part->text);
	case KILN_PART_MAGIC:
		return kiln_magic_line(k, part->text);
	case KILN_PART_CELL_MAGIC:
		return kiln_magic_cell(k, part->text, part->body);
	}
	return false;
}

static bool is_last(const struct kiln_cell *cell)
{
	struct kiln_cell rest = *cell;
	struct kiln_part part;

	return !kiln_cell_next(&rest, &part);
}

bool kiln_kernel_run_cell(struct kiln_kernel *k, struct kiln_span code)
{
	struct kiln_cell cell;
	struct kiln_part part;

	kiln_cell_init(&cell, code);
	while (kiln_cell_next(&cell, &part)) {
		k->last_part = is_last(&cell);
		if (!run_part(k, &part))
			return false;
		if (k->interrupted || k->halted) /* where nothing waited, or what did went on */
			return kiln_kernel_fail_text(k, "KeyboardInterrupt", "interrupted");
	}
	return true;
}

/* ---- the request ---- */

static bool is_true(const json_t *object, const char *key, bool preset)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : preset;
}

static json_t *payload(struct kiln_kernel *k)
{
	json_t *taken = k->payload ? k->payload : json_array();

	k->payload = NULL;
	return taken;
}

static json_t *reply_ok(struct kiln_kernel *k, const json_t *content)
{
	json_t *expressions = k->expressions;

	k->expressions = NULL;
	if (!expressions)
		expressions = kiln_kernel_user_expressions(
			k, json_object_get(content, "user_expressions"));

	return json_pack("{s:s, s:I, s:o, s:o}", "status", "ok", "execution_count", k->number,
			 "user_expressions", expressions, "payload", payload(k));
}

static json_t *error_content(const struct failure *f)
{
	return json_pack("{s:s, s:s, s:O}", "ename", f->ename, "evalue", f->evalue, "traceback",
			 f->traceback);
}

static json_t *reply_error(struct kiln_kernel *k)
{
	json_t *content = error_content(&k->failure);

	(void)json_object_set_new(content, "status", json_string("error"));
	(void)json_object_set_new(content, "execution_count", json_integer(k->number));
	(void)json_object_set_new(content, "user_expressions", json_object());
	(void)json_object_set_new(content, "payload", payload(k));
	return content;
}

static struct kiln_span span_of(const json_t *text)
{
	return kiln_span(json_string_value(text), json_string_length(text));
}

static void run_request(struct kiln_kernel *k, const struct kiln_wire_msg *request)
{
	const json_t *code = json_object_get(request->content, "code");

	k->running = request;
	k->interrupted = k->halted = false;
	kiln_stream_begin(&k->out);
	failure_done(&k->failure);
	json_decref(k->result);
	k->result = NULL;
	if (json_is_string(code) && !kiln_is_probe(span_of(code)))
		(void)kiln_kernel_run_cell(k, span_of(code));
	else if (!json_is_string(code))
		(void)kiln_kernel_fail_text(k, "KILN_E_INVALID",
					    "cannot run the cell: the request has no code");
	kiln_plotter_end(k);
	kiln_stream_flush(&k->out, kiln_now());
	k->running = NULL;
}

/* Does the cell count, and is it kept? */
static bool is_stored(const json_t *content)
{
	return !is_true(content, "silent", false) && is_true(content, "store_history", true);
}

void kiln_kernel_execute(struct kiln_kernel *k, kiln_channel channel,
			 const struct kiln_wire_msg *request)
{
	const json_t *content = request->content;
	json_t *code = json_object_get(content, "code");
	const bool silent = is_true(content, "silent", false);
	bool failed;

	k->executions += is_stored(content);
	k->number = k->executions;
	if (!silent)
		kiln_kernel_publish(k, request, "execute_input",
				    json_pack("{s:o, s:I}", "code", kiln_code_shown(code),
					      "execution_count", k->number));
	k->silent = silent;
	run_request(k, request);
	failed = k->failure.failed;
	if (failed && !silent && !k->failure.shown)
		kiln_kernel_publish(k, request, "error", error_content(&k->failure));
	kiln_kernel_reply(k, channel, request, "execute_reply",
			  failed ? reply_error(k) : reply_ok(k, content));
	if (failed && !k->aside && is_true(content, "stop_on_error", true))
		kiln_kernel_abort_queue(k, request);
}

void kiln_kernel_executed(struct kiln_kernel *k, const struct kiln_wire_msg *request)
{
	json_t *code = json_object_get(request->content, "code");

	if (json_is_string(code) && is_stored(request->content) && !kiln_is_probe(span_of(code)))
		kiln_history_add(k, code);
	if (json_is_string(code) && !k->failure.failed)
		kiln_kernel_remember(k, json_string_value(code));
	failure_done(&k->failure);
}
