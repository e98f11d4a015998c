/* SPDX-License-Identifier: Apache-2.0 */
/* %%host cells: run, completed and explained by the host's Python. */
#include "kernel/host_impl.h"

#include "base/text.h"
#include "kernel/cell.h"
#include "kernel/magic.h"
#include "kernel/names.h"

enum { NAMES_MS = 5000 };

static bool is_dead(const struct kiln_kernel *k)
{
	return k->python && k->python->process.dead;
}

static void forget(struct kiln_kernel *k)
{
	kiln_python_free(k->python);
	k->python = NULL;
}

static kiln_code need(struct kiln_kernel *k, struct kiln_err *err)
{
	char fate[100];

	kiln_python_serve(k);
	if (is_dead(k)) {
		kiln_python_fate(&k->python->process, fate, sizeof(fate));
		if (k->running)
			kiln_kernel_print(k, KILN_STDERR,
					  "(the host's Python had ended with %s: a new one "
					  "starts, its variables are gone)\n",
					  fate);
		forget(k);
	}
	return k->python ? KILN_OK : kiln_python_start(k, err);
}

void kiln_python_end(struct kiln_kernel *k)
{
	struct kiln_err err = KILN_ERR_INIT;
	json_t *header;

	if (!k->python)
		return;
	header = kiln_kernel_header(k, "shutdown_request");
	if (!is_dead(k) && header)
		(void)kiln_python_send(k, PYTHON_CONTROL, header, json_pack("{s:b}", "restart", 0),
				       NULL, &err);
	json_decref(header);
	forget(k);
}

/* ---- the cell ---- */

/* A front end replaces or adds a cell: that one is for the host too. */
static void add_magic(json_t *page)
{
	const json_t *source = json_object_get(page, "source"),
		     *text = json_object_get(page, "text");
	struct kiln_buf cell = KILN_BUF_INIT(KILN_WIRE_MAX_BYTES);

	if (!json_is_string(text) || !json_is_string(source) ||
	    strcmp(json_string_value(source), "set_next_input") != 0)
		return;
	if (kiln_buf_printf(&cell, "%%%%host\n%s", json_string_value(text)) == KILN_OK)
		(void)json_object_set_new(page, "text",
					  json_stringn(kiln_buf_str(&cell), cell.len));
	kiln_buf_done(&cell);
}

static void take_payload(struct kiln_kernel *k, json_t *pages)
{
	json_t *page;
	size_t i;

	if (!k->payload)
		k->payload = json_array();
	json_array_foreach(pages, i, page)
	{
		add_magic(page);
		(void)json_array_append(k->payload, page);
	}
}

static const char *text_or(const json_t *object, const char *key, const char *preset)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : preset;
}

static bool take_reply(struct kiln_kernel *k, json_t *reply)
{
	json_t *expressions = json_object_get(reply, "user_expressions");

	take_payload(k, json_object_get(reply, "payload"));
	if (strcmp(text_or(reply, "status", ""), "ok") == 0) {
		json_decref(k->expressions);
		k->expressions = json_incref(expressions);
		return true;
	}
	kiln_kernel_fail_lines(k, text_or(reply, "ename", "Error"), text_or(reply, "evalue", ""),
			       json_object_get(reply, "traceback"));
	return false;
}

/* Does the cell count, here and there? */
static bool stored(const struct kiln_kernel *k)
{
	return !k->silent && !json_is_false(json_object_get(k->running->content, "store_history"));
}

static json_t *execute_content(const struct kiln_kernel *k, struct kiln_span code)
{
	const json_t *asked = k->running->content;
	json_t *expressions = json_object_get(asked, "user_expressions");
	const bool stdin_allowed = json_is_true(json_object_get(asked, "allow_stdin"));

	return json_pack("{s:s%, s:b, s:b, s:O, s:b, s:b}", "code", code.p, code.n, "silent",
			 k->silent, "store_history", stored(k), "user_expressions",
			 json_is_object(expressions) ? expressions : json_object(), "allow_stdin",
			 stdin_allowed, "stop_on_error", 0);
}

/* The request's own, but for a subshell, which is this kernel's affair. */
static json_t *header_of(const struct kiln_wire_msg *request)
{
	json_t *header = json_copy(request->header);

	(void)json_object_del(header, "subshell_id");
	return header;
}

static kiln_code execute(struct kiln_kernel *k, struct kiln_span code, json_t **ret_reply,
			 struct kiln_err *err)
{
	json_t *header;
	kiln_code status;

	KILN_TRY(need(k, err));
	KILN_TRY(kiln_python_prepare(k, err));
	header = header_of(k->running);
	status = kiln_python_call(k, header, execute_content(k, code), true, KILN_FOREVER,
				  ret_reply, err);
	json_decref(header);
	k->python->count += stored(k);
	return status;
}

/*
 * The board's port is free meanwhile, as it is for bash: esptool or pyserial may want it. A board
 * that lives in this process has no port, and would lose its variables for nothing.
 */
static void free_port(struct kiln_kernel *k)
{
	if (strncmp(k->board.board.url, "sim:", 4) != 0)
		kiln_kernel_board_release(k);
}

bool kiln_python_run(struct kiln_kernel *k, struct kiln_span code)
{
	struct kiln_err err = KILN_ERR_INIT;
	json_t *reply = NULL;
	kiln_code status;
	bool good;

	free_port(k);
	status = execute(k, code, &reply, &err);
	if (status != KILN_OK && is_dead(k) && !k->python->begun)
		status = execute(k, code, &reply, &err); /* it died before: nothing has run twice */
	if (status != KILN_OK) {
		if (is_dead(k))
			forget(k);
		return kiln_kernel_fail_err(k, &err);
	}
	good = take_reply(k, reply);
	json_decref(reply);
	return good;
}

/* ---- completion and help ---- */

/* The code below a first line %%host; NULL pointer: this is no such cell. */
static struct kiln_span body_of(struct kiln_span code)
{
	struct kiln_cell cell;
	struct kiln_part part;

	kiln_cell_init(&cell, code);
	if (!kiln_cell_next(&cell, &part) || part.kind != KILN_PART_CELL_MAGIC || part.text.n < 4 ||
	    memcmp(part.text.p, "host", 4) != 0 || (part.text.n > 4 && part.text.p[4] != ' '))
		return kiln_span(NULL, 0);
	return part.body;
}

/* A request about the body and the cursor in it; NULL: no answer. */
static json_t *ask(struct kiln_kernel *k, const char *type, struct kiln_span body, size_t cursor,
		   int detail)
{
	json_t *header, *reply = NULL, *content;
	struct kiln_err err = KILN_ERR_INIT;

	if (k->running || (k->python && k->python->header)) /* it is busy */
		return NULL;
	if (need(k, &err) != KILN_OK)
		return NULL;
	if (kiln_python_prepare(k, &err) != KILN_OK)
		return NULL;
	header = kiln_kernel_header(k, type);
	content = json_pack("{s:s%, s:I}", "code", body.p, body.n, "cursor_pos",
			    (json_int_t)cursor);
	if (detail >= 0)
		(void)json_object_set_new(content, "detail_level", json_integer(detail));
	if (kiln_python_call(k, header, content, false, kiln_now() + NAMES_MS, &reply, &err) !=
	    KILN_OK)
		kiln_kernel_log(k, KILN_LOG_INFO, "%s: %s", err.what, err.why);
	json_decref(header);
	return reply;
}

static void shift(json_t *object, const char *key, json_int_t by)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value))
		(void)json_object_set_new(object, key,
					  json_integer(json_integer_value(value) + by));
}

/* Positions of the reply count from the cell's beginning. */
static void shift_all(json_t *reply, json_int_t by)
{
	json_t *types = json_object_get(json_object_get(reply, "metadata"),
					"_jupyter_types_experimental");
	json_t *type;
	size_t i;

	shift(reply, "cursor_start", by);
	shift(reply, "cursor_end", by);
	json_array_foreach(types, i, type)
	{
		shift(type, "start", by);
		shift(type, "end", by);
	}
}

static bool is_in_body(struct kiln_span code, size_t points, struct kiln_span *ret_body,
		       size_t *ret_before)
{
	const struct kiln_span body = body_of(code);

	if (!body.p)
		return false;
	*ret_body = body;
	*ret_before = kiln_points_of_bytes(code, (size_t)(body.p - code.p));
	return points >= *ret_before && body.p > code.p && body.p[-1] == '\n';
}

static size_t within(struct kiln_span body, size_t points, size_t before)
{
	const size_t all = kiln_points_of_bytes(body, body.n);

	return points - before < all ? points - before : all;
}

json_t *kiln_python_complete(struct kiln_kernel *k, struct kiln_span code, size_t points)
{
	struct kiln_span body;
	size_t before;
	json_t *reply;

	if (!is_in_body(code, points, &body, &before))
		return NULL;
	points = before + within(body, points, before);
	reply = ask(k, "complete_request", body, points - before, -1);
	if (reply) {
		shift_all(reply, (json_int_t)before);
		return reply;
	}
	return json_pack("{s:s, s:[], s:I, s:I, s:{}}", "status", "ok", "matches", "cursor_start",
			 (json_int_t)points, "cursor_end", (json_int_t)points, "metadata");
}

json_t *kiln_python_inspect(struct kiln_kernel *k, struct kiln_span code, size_t points, int detail)
{
	struct kiln_span body;
	size_t before;
	json_t *reply;

	if (!is_in_body(code, points, &body, &before))
		return NULL;
	reply = ask(k, "inspect_request", body, within(body, points, before), detail);
	if (reply)
		return reply;
	return json_pack("{s:s, s:b, s:{}, s:{}}", "status", "ok", "found", 0, "data", "metadata");
}

/* ---- comms ---- */

bool kiln_python_comm(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	const char *id = text_or(msg->content, "comm_id", "");
	struct kiln_err err = KILN_ERR_INIT;
	json_t *header;
	kiln_code code;

	if (!k->python || is_dead(k))
		return false;
	if (strcmp(msg->type, "comm_open") == 0)
		(void)json_object_set_new(k->python->comms, id,
					  json_pack("{s:s}", "target_name",
						    text_or(msg->content, "target_name", "")));
	else if (!json_object_get(k->python->comms, id))
		return false;
	header = header_of(msg);
	code = kiln_python_send(k, PYTHON_SHELL, header, json_incref(msg->content), msg, &err);
	json_decref(header);
	return code == KILN_OK;
}

json_t *kiln_python_comms(const struct kiln_kernel *k, const char *target)
{
	json_t *comms = json_object(), *comm;
	const char *id;

	if (!k->python)
		return comms;
	json_object_foreach(k->python->comms, id, comm)
	{
		if (!target || strcmp(text_or(comm, "target_name", ""), target) == 0)
			(void)json_object_set(comms, id, comm);
	}
	return comms;
}

/* ---- the magic ---- */

static bool run_host(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	return kiln_python_run(k, args->body);
}

const struct kiln_magic kiln_magic_cell_host = {
	.name = "host",
	.cell = true,
	.summary = "Run the cell in Python on the host",
	.more = "An ipykernel of its own, started by the first such cell: plots, IPython's magics, "
		"?, completion.\n"
		"$KILN_PYTHON names the Python that runs it (python3). The port of the connected "
		"board is free\nmeanwhile. What a board cell keeps with %store is a variable here; "
		"%store works here too,\nand %store -r in a board cell takes it over.\n\n"
		"Example:\n  %store readings\n\n  %%host\n  print(sum(readings) / len(readings))",
	.run = run_host,
};
