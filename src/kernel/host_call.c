/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the host's Python, and what it says: one request is waited for at a time. */
#include "kernel/host_impl.h"

#include <signal.h>

#include "base/text.h"

enum {
	AT_ONCE = 256,   /* messages of a channel before something else gets its turn */
	IDLE_MS = 10000, /* from a reply to the idle that belongs to it */
	REPLY_MS = 500,  /* from idle, if it was interrupted: a reply has left before */
	TELL_MS = 30000,
	HASTE_MS = 3000, /* that a request of ours may still take after an interrupt */
	BEGIN_MS = 2000, /* to where a cell's code begins */
	NUDGES = 6, /* after an interrupt: the first so soon, each of the others twice as late */
	FIRST_NUDGE_MS = 100,
};

static const char *const channel_names[PYTHON_CHANNELS] = {
	[PYTHON_SHELL] = "the host's shell",
	[PYTHON_CONTROL] = "the host's control",
	[PYTHON_STDIN] = "the host's stdin",
	[PYTHON_IOPUB] = "the host's iopub",
};

/* ---- out ---- */

kiln_code kiln_python_send(struct kiln_kernel *k, python_channel channel, json_t *header,
			   json_t *content, const struct kiln_wire_msg *rest, struct kiln_err *err)
{
	struct kiln_python *python = k->python;
	const struct kiln_wire_part parts[KILN_WIRE_PARTS] = {
		{ .value = header },
		{ .value = rest ? rest->parent : NULL },
		{ .value = rest ? rest->metadata : NULL },
		{ .value = content },
	};
	struct kiln_wire_out out;
	kiln_code code;

	code = kiln_wire_encode(python->wire, parts, &out, err);
	if (code == KILN_OK) {
		out.buffers = rest ? rest->buffers : NULL;
		out.n_buffers = rest ? rest->n_buffers : 0;
		code = kiln_socket_send(&python->sockets[channel], channel_names[channel], NULL, 0,
					&out, err);
		kiln_wire_out_done(&out);
	}
	json_decref(content);
	return code;
}

/* ---- in ---- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	return strcmp(text_of(a, key), text_of(b, key)) == 0;
}

/* Does it belong to the request that is waited for? */
static bool is_awaited(const struct kiln_python *python, const struct kiln_wire_msg *msg)
{
	return python->header && same(python->header, msg->parent, "msg_id") &&
	       same(python->header, msg->parent, "session");
}

static void on_status(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	struct kiln_python *python = k->python;
	const char *state = text_of(msg->content, "execution_state");

	if (is_awaited(python, msg)) {
		python->idle = python->idle || strcmp(state, "idle") == 0;
	} else if (strncmp(text_of(msg->parent, "msg_type"), "comm_", 5) == 0 &&
		   strcmp(state, "idle") == 0) {
		kiln_kernel_republish(k, msg); /* busy was said when it came */
	}
}

static void on_input(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	k->python->begun = k->python->begun || is_awaited(k->python, msg);
}

/* The running cell's text goes through its stream, so that it is bounded and in order. */
static void on_stream(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	const json_t *text = json_object_get(msg->content, "text");
	const bool err = strcmp(text_of(msg->content, "name"), "stderr") == 0;

	if (!k->running || !is_awaited(k->python, msg)) {
		kiln_kernel_republish(k, msg);
		return;
	}
	if (json_is_string(text))
		kiln_kernel_text(k, err ? KILN_STDERR : KILN_STDOUT, json_string_value(text),
				 json_string_length(text));
}

static void on_output(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	if (k->running && is_awaited(k->python, msg))
		kiln_stream_flush(&k->out, kiln_now());
	kiln_kernel_republish(k, msg);
}

/* Said by host_start.py, and by nobody else. */
static bool take_begin(struct kiln_python *python, const struct kiln_wire_msg *msg)
{
	if (!json_object_get(json_object_get(msg->content, "data"), "application/x-kiln-begin"))
		return false;
	if (is_awaited(python, msg))
		python->busy = python->begun = true;
	return true;
}

static void on_display(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	if (take_begin(k->python, msg))
		return;
	if (!kiln_python_take_store(k, msg->content))
		on_output(k, msg);
}

static void on_result(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	json_t *text = json_object_get(json_object_get(msg->content, "data"), "text/plain");

	if (k->running && is_awaited(k->python, msg)) {
		json_decref(k->result);
		k->result = json_incref(text);
		(void)json_object_set_new(msg->content, "execution_count", json_integer(k->number));
	}
	on_output(k, msg);
}

static void on_comm(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	const char *id = text_of(msg->content, "comm_id");

	if (strcmp(msg->type, "comm_open") == 0)
		(void)json_object_set_new(
			k->python->comms, id,
			json_pack("{s:s}", "target_name", text_of(msg->content, "target_name")));
	else if (strcmp(msg->type, "comm_close") == 0)
		(void)json_object_del(k->python->comms, id);
	on_output(k, msg);
}

/* What fails in a cell is told by its reply. */
static void on_error(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	if (!is_awaited(k->python, msg))
		kiln_kernel_republish(k, msg);
}

static const struct {
	const char *type;
	void (*run)(struct kiln_kernel *k, const struct kiln_wire_msg *msg);
	bool always; /* also of requests of ours */
} handlers[] = {
	{ "status", on_status, true },
	{ "execute_input", on_input, true },
	{ "stream", on_stream, false },
	{ "display_data", on_display, false },
	{ "update_display_data", on_output, false },
	{ "execute_result", on_result, false },
	{ "clear_output", on_output, false },
	{ "error", on_error, false },
	{ "comm_open", on_comm, false },
	{ "comm_msg", on_comm, false },
	{ "comm_close", on_comm, false },
};

static void take_published(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	const bool ours = strcmp(text_of(msg->parent, "session"), k->session) == 0;

	k->python->heard = true;
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (strcmp(handlers[i].type, msg->type) == 0 && (handlers[i].always || !ours))
			handlers[i].run(k, msg);
	}
}

static void take_reply(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	if (!is_awaited(k->python, msg) || k->python->reply)
		return; /* of a request that nobody waits for any more */
	k->python->reply = json_incref(msg->content);
}

static void take_question(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	if (k->running && k->python->shows && strcmp(msg->type, "input_request") == 0)
		kiln_kernel_ask_front_end(k, json_incref(msg->content));
}

static void take_all(struct kiln_kernel *k, python_channel channel,
		     void (*take)(struct kiln_kernel *k, const struct kiln_wire_msg *msg))
{
	struct kiln_wire_msg msg;

	for (int i = 0; i < AT_ONCE; i++) {
		struct kiln_err err = KILN_ERR_INIT;
		const kiln_code code = kiln_socket_receive(&k->python->sockets[channel],
							   k->python->wire, &msg, &err);

		if (code == KILN_E_TIMEOUT)
			return;
		if (code != KILN_OK) {
			kiln_kernel_log(k, KILN_LOG_WARNING, "%s on %s: %s", err.what,
					channel_names[channel], err.why);
			if (k->running && k->python->shows)
				kiln_kernel_print(k, KILN_STDERR,
						  "(output of the host's Python was dropped: %s)\n",
						  err.why);
			continue;
		}
		take(k, &msg);
		kiln_wire_msg_done(&msg);
	}
}

void kiln_python_serve(struct kiln_kernel *k)
{
	struct kiln_python *python = k->python;

	if (!python || !python->wire)
		return;
	kiln_python_look(&python->process);
	take_all(k, PYTHON_IOPUB, take_published);
	take_all(k, PYTHON_STDIN, take_question);
	take_all(k, PYTHON_SHELL, take_reply);
	/* whoever waits for it in kiln_kernel_wait() looks again */
	k->woken = python->header != NULL;
}

size_t kiln_python_sockets(struct kiln_kernel *k, struct kiln_socket *sockets[KILN_PYTHON_SOCKETS])
{
	struct kiln_python *python = k->python;

	if (!python || !python->wire)
		return 0;
	sockets[0] = &python->sockets[PYTHON_SHELL];
	sockets[1] = &python->sockets[PYTHON_STDIN];
	sockets[2] = &python->sockets[PYTHON_IOPUB];
	return KILN_PYTHON_SOCKETS;
}

size_t kiln_python_fds(const struct kiln_kernel *k, struct pollfd fds[KILN_PYTHON_FDS])
{
	const struct kiln_python *python = k->python;
	size_t n = 0;

	if (!python || !python->wire)
		return 0;
	if (python->process.log >= 0)
		fds[n++] = (struct pollfd){ .fd = python->process.log, .events = POLLIN };
	if (python->process.pidfd >= 0 && !python->process.dead)
		fds[n++] = (struct pollfd){ .fd = python->process.pidfd, .events = POLLIN };
	return n;
}

/* ---- a request and its reply ---- */

/*
 * CPython raises KeyboardInterrupt between two instructions, or when a system call is broken off. A
 * signal that comes between the last of these instructions and the call does neither:
 * time.sleep(60) takes its minute. So it is followed by signals that break off calls and do nothing
 * else; the script that sets Python up gives them a handler, without which they would not even do
 * that.
 */
struct interruption {
	kiln_ms next; /* when there is something to do; 0: nothing */
	bool wanted, sent;
	unsigned nudges;
};

/* One came. It is held back until the cell's code runs: or for a while, should that not be said. */
static void note_interrupt(const struct kiln_python *python, struct interruption *i)
{
	if (!i->wanted)
		i->next = kiln_now() + (python->busy ? 0 : BEGIN_MS);
	i->wanted = true;
}

static void interrupt(const struct kiln_python *python, struct interruption *i)
{
	const kiln_ms now = kiln_now();
	const bool is_due = i->next && now >= i->next;

	if (i->wanted && !python->begun) {
		i->next = now + BEGIN_MS;
	} else if (i->wanted && (python->busy || is_due)) {
		(void)kill(-python->process.pid, SIGINT);
		*i = (struct interruption){ .sent = true, .next = now + FIRST_NUDGE_MS };
	} else if (i->sent && is_due) {
		(void)kill(python->process.pid, SIGURG);
		i->next = ++i->nudges < NUDGES ? now + (FIRST_NUDGE_MS << i->nudges) : 0;
	}
}

static void answer_input(struct kiln_kernel *k)
{
	json_t *header = kiln_kernel_header(k, "input_reply");
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_python_send(k, PYTHON_STDIN, header, json_pack("{s:o}", "value", k->input), NULL,
			     &err) != KILN_OK)
		kiln_kernel_log(k, KILN_LOG_WARNING, "%s: %s", err.what, err.why);
	k->input = NULL;
	k->input_waits = false;
	json_decref(header);
}

static kiln_code fail_dead(const struct kiln_python *python, struct kiln_err *err)
{
	char fate[100];

	kiln_python_fate(&python->process, fate, sizeof(fate));
	(void)kiln_fail(err, KILN_E_IO, "the host's Python has died");
	kiln_why(err, "%s", fate);
	kiln_hint(err, "the next %%%%host cell starts a new one, without this one's variables; "
		       "the board's are not touched");
	return KILN_E_IO;
}

/*
 * What an interrupt hits is ipykernel's own code, now and then, before the cell's begins or when it
 * is over: then there is idle, and never a reply.
 */
static kiln_code fail_unanswered(bool interrupted, struct kiln_err *err)
{
	if (interrupted)
		return kiln_fail(err, KILN_E_CANCELLED, "the host's Python was interrupted");
	(void)kiln_fail(err, KILN_E_PROTOCOL, "the host's Python gave no reply");
	kiln_why(err, "it is idle again, and does not say what became of the cell");
	kiln_hint(err, "run the cell again; if that doesn't help, restart the kernel");
	return KILN_E_PROTOCOL;
}

static kiln_ms earlier(kiln_ms a, kiln_ms b)
{
	return a < b ? a : b;
}

/* What runs for us is not broken off. */
static kiln_code take_turn(struct kiln_kernel *k, kiln_ms deadline, struct interruption *i)
{
	struct kiln_python *python = k->python;
	struct pollfd nothing = { .fd = -1 };
	const bool acts = python->shows && !python->idle;
	const kiln_code code = kiln_kernel_wait(
		k, &nothing, 1, acts && i->next ? earlier(deadline, i->next) : deadline);

	if (code == KILN_E_CANCELLED) {
		note_interrupt(python, i);
		k->input_waits = false;
	}
	if (k->input)
		answer_input(k);
	if (acts && !python->process.dead && !python->idle)
		interrupt(python, i);
	return code;
}

/* Until there is a reply, and idle, so that nothing that it showed comes later. */
static kiln_code await(struct kiln_kernel *k, kiln_ms deadline, struct kiln_err *err)
{
	struct kiln_python *python = k->python;
	struct interruption interruption = { 0 };
	bool one_is_there = false;

	while (!python->reply || !python->idle) {
		if (python->process.dead)
			return fail_dead(python, err);
		if ((python->reply || python->idle) && !one_is_there) {
			const bool lost = python->idle && interruption.sent;

			deadline = earlier(deadline, kiln_now() + (lost ? REPLY_MS : IDLE_MS));
			one_is_there = true;
		}
		if (take_turn(k, deadline, &interruption) == KILN_E_CANCELLED && !python->shows)
			deadline = earlier(deadline, kiln_now() + HASTE_MS);
		if (k->quitting)
			return kiln_fail(err, KILN_E_CANCELLED, "the kernel ends");
		if (kiln_now() < deadline || (python->reply && python->idle))
			continue;
		if (python->reply)
			return KILN_OK;
		if (python->idle)
			return fail_unanswered(interruption.sent, err);
		return kiln_fail(err, KILN_E_TIMEOUT, "the host's Python is busy");
	}
	return KILN_OK;
}

kiln_code kiln_python_call(struct kiln_kernel *k, json_t *header, json_t *content, bool shows,
			   kiln_ms deadline, json_t **ret_reply, struct kiln_err *err)
{
	struct kiln_python *python = k->python;
	kiln_code code;

	/* an interrupt came before, while Python was started, say */
	if (shows && k->halted) {
		json_decref(content);
		return kiln_fail(err, KILN_E_CANCELLED, "the cell has not begun");
	}
	if (!content || !header) {
		json_decref(content);
		return kiln_fail(err, KILN_E_NOMEM, "cannot ask the host's Python");
	}
	python->header = json_incref(header);
	python->shows = shows;
	python->busy = python->idle = python->begun = false;
	code = kiln_python_send(k, PYTHON_SHELL, header, content, NULL, err);
	if (code == KILN_OK)
		code = await(k, deadline, err);
	if (code == KILN_E_TIMEOUT && k->running && k->halted)
		code = kiln_fail(err, KILN_E_CANCELLED, "the host's Python was interrupted");
	k->input_waits = false;
	k->woken = false;
	json_decref(python->header);
	python->header = NULL;
	python->shows = false;
	if (code == KILN_OK && ret_reply)
		*ret_reply = python->reply;
	else
		json_decref(python->reply);
	python->reply = NULL;
	return code;
}

kiln_code kiln_python_tell(struct kiln_kernel *k, const char *code, struct kiln_err *err)
{
	json_t *header = kiln_kernel_header(k, "execute_request"), *reply = NULL;
	json_t *content = json_pack("{s:s, s:b, s:b, s:{}, s:b, s:b}", "code", code, "silent", 1,
				    "store_history", 0, "user_expressions", "allow_stdin", 0,
				    "stop_on_error", 0);
	kiln_code status = kiln_python_call(k, header, content, false, kiln_now() + TELL_MS, &reply,
					    err);

	json_decref(header);
	if (status == KILN_OK && strcmp(text_of(reply, "status"), "ok") != 0) {
		status = kiln_fail(err, KILN_E_PROTOCOL, "cannot set up the host's Python");
		kiln_why(err, "%s: %s", text_of(reply, "ename"), text_of(reply, "evalue"));
	}
	json_decref(reply);
	return status;
}
