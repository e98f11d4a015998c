/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, one handler each. `busy` and `idle` stand around every one. */
#include "kernel/kernel_impl.h"

#include <kiln/version.h>

#include "kernel/complete.h"
#include "kernel/host.h"

typedef void handler(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg);

struct handling {
	const char *type;
	unsigned channels;
	handler *run;
	/* what the client need not wait for: comes after idle; NULL: nothing */
	void (*after)(struct kiln_kernel *k, const struct kiln_wire_msg *msg);
};

static void kernel_info(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	json_t *language = json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:i}}", "name",
				     "micropython", "version", "3.4", "mimetype", "text/x-python",
				     "file_extension", ".py", "pygments_lexer", "python3",
				     "codemirror_mode", "name", "python", "version", 3);
	json_t *content = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s+, s:[{s:s, s:s}], s:b, s:[s]}",
				    "status", "ok", "protocol_version", "5.5", "implementation",
				    "kiln", "implementation_version", kiln_version(),
				    "language_info", language, "banner", "MicroPython (kiln) ",
				    kiln_version(), "help_links", "text", "MicroPython", "url",
				    "https://docs.micropython.org/", "debugger", 0,
				    "supported_features", "kernel subshells");

	kiln_kernel_reply(k, channel, msg, "kernel_info_reply", content);
}

static void execute(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	kiln_kernel_execute(k, channel, msg);
}

static size_t cursor_of(const struct kiln_wire_msg *msg)
{
	const json_t *given = json_object_get(msg->content, "cursor_pos");
	const json_int_t cursor = json_integer_value(given);

	if (!json_is_integer(given))
		return SIZE_MAX; /* the end */
	return cursor > 0 ? (size_t)cursor : 0;
}

static struct kiln_span code_of(const struct kiln_wire_msg *msg)
{
	const json_t *code = json_object_get(msg->content, "code");

	return kiln_span(json_is_string(code) ? json_string_value(code) : "",
			 json_string_length(code));
}

static void complete(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	json_t *content = kiln_python_complete(k, code_of(msg), cursor_of(msg));

	kiln_kernel_reply(k, channel, msg, "complete_reply",
			  content ? content
				  : kiln_kernel_complete(k, code_of(msg), cursor_of(msg)));
}

static void inspect(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	const int detail = json_integer_value(json_object_get(msg->content, "detail_level")) != 0;
	json_t *content = kiln_python_inspect(k, code_of(msg), cursor_of(msg), detail);

	if (!content)
		content = kiln_kernel_inspect(k, code_of(msg), cursor_of(msg), detail);
	kiln_kernel_reply(k, channel, msg, "inspect_reply", content);
}

static void history(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	kiln_kernel_reply(k, channel, msg, "history_reply", kiln_kernel_history(k, msg->content));
}

static void is_complete(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	static const char *const names[] = { [KILN_CODE_COMPLETE] = "complete",
					     [KILN_CODE_INCOMPLETE] = "incomplete",
					     [KILN_CODE_INVALID] = "invalid" };
	static const char spaces[] = "                                                            ";
	const struct kiln_span text = code_of(msg);
	size_t indent = 0;
	const kiln_completeness found = kiln_code_completeness(text, &indent);
	json_t *content = json_pack("{s:s}", "status", names[found]);

	if (indent > sizeof(spaces) - 1)
		indent = sizeof(spaces) - 1;
	if (found == KILN_CODE_INCOMPLETE)
		(void)json_object_set_new(content, "indent", json_stringn(spaces, indent));
	kiln_kernel_reply(k, channel, msg, "is_complete_reply", content);
}

static void comm_info(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	const char *target = json_string_value(json_object_get(msg->content, "target_name"));

	kiln_kernel_reply(
		k, channel, msg, "comm_info_reply",
		json_pack("{s:s, s:o}", "status", "ok", "comms", kiln_python_comms(k, target)));
}

/*
 * Comms are between a front end and the host's Python, which says `idle` when it has handled one.
 * Where nobody listens to a target, the protocol's answer is to close it.
 */
static void comm_open(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	const char *id = json_string_value(json_object_get(msg->content, "comm_id"));

	(void)channel;
	k->forwarded = kiln_python_comm(k, msg);
	if (id && !k->forwarded)
		kiln_kernel_publish(k, msg, "comm_close",
				    json_pack("{s:s, s:{}}", "comm_id", id, "data"));
}

static void comm(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	(void)channel;
	k->forwarded = kiln_python_comm(k, msg);
}

static void nothing(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	(void)k;
	(void)channel;
	(void)msg;
}

/*
 * The kernel says that it has no debugger. A client that asks all the same waits for an answer of
 * the Debug Adapter Protocol: its response says what failed in `message`.
 */
static void debug(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	const json_t *seq = json_object_get(msg->content, "seq");
	const char *command = json_string_value(json_object_get(msg->content, "command"));

	kiln_kernel_reply(k, channel, msg, "debug_reply",
			  json_pack("{s:s, s:i, s:I, s:b, s:s, s:s, s:{}}", "type", "response",
				    "seq", 0, "request_seq", json_integer_value(seq), "success", 0,
				    "command", command ? command : "", "message",
				    "this kernel has no debugger", "body"));
}

static void create_subshell(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	kiln_kernel_reply(k, channel, msg, "create_subshell_reply", kiln_subshell_create(k));
}

static void delete_subshell(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	kiln_kernel_reply(k, channel, msg, "delete_subshell_reply",
			  kiln_subshell_delete(k, msg->content));
}

static void list_subshells(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	kiln_kernel_reply(k, channel, msg, "list_subshell_reply", kiln_subshell_list(k));
}

static void interrupt(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	k->interrupted = true; /* the next cell knows nothing of it */
	kiln_kernel_reply(k, channel, msg, "interrupt_reply", json_pack("{s:s}", "status", "ok"));
}

/* Takes the message: the reply goes out when the board's port is free. */
static void shut_down(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	k->interrupted = true;
	k->quitting = true;
	kiln_wire_msg_done(&k->shutdown);
	k->shutdown = *msg;
	k->shutdown_channel = channel;
	*msg = (struct kiln_wire_msg){ 0 };
}

enum { SHELL = 1 << KILN_CHANNEL_SHELL, CONTROL = 1 << KILN_CHANNEL_CONTROL };

static const struct handling handlers[] = {
	{ "kernel_info_request", SHELL | CONTROL, kernel_info },
	{ "execute_request", SHELL, execute, kiln_kernel_executed },
	{ "complete_request", SHELL, complete },
	{ "inspect_request", SHELL, inspect },
	{ "history_request", SHELL, history },
	{ "is_complete_request", SHELL, is_complete },
	{ "comm_info_request", SHELL | CONTROL, comm_info },
	{ "comm_open", SHELL | CONTROL, comm_open },
	{ "comm_msg", SHELL | CONTROL, comm },
	{ "comm_close", SHELL | CONTROL, comm },
	{ "debug_request", SHELL | CONTROL, debug },
	{ "create_subshell_request", CONTROL, create_subshell },
	{ "delete_subshell_request", CONTROL, delete_subshell },
	{ "list_subshell_request", CONTROL, list_subshells },
	{ "interrupt_request", SHELL | CONTROL, interrupt },
	/* before protocol 5.4 it came on shell */
	{ "shutdown_request", SHELL | CONTROL, shut_down },
};

static const struct handling *find(kiln_channel channel, const char *type)
{
	static const struct handling unknown = { .run = nothing };

	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (handlers[i].channels & 1u << channel && strcmp(handlers[i].type, type) == 0)
			return &handlers[i];
	}
	return &unknown;
}

void kiln_kernel_handle(struct kiln_kernel *k, kiln_channel channel, struct kiln_wire_msg *msg)
{
	const struct handling *handling = find(channel, msg->type);
	const bool outer = k->forwarded;

	if (!handling->type)
		kiln_kernel_log(k, KILN_LOG_INFO, "ignored a message of unknown type on %s",
				kiln_channel_name(channel));
	kiln_kernel_status(k, msg, "busy");
	if (handling->run == shut_down) {
		shut_down(k, channel, msg); /* and idle follows with the reply */
		return;
	}
	k->forwarded = false;
	handling->run(k, channel, msg);
	if (!k->forwarded)
		kiln_kernel_status(k, msg, "idle");
	if (handling->after)
		handling->after(k, msg);
	k->forwarded = outer; /* this one may have been handled in the midst of another */
}

void kiln_kernel_handle_shutdown(struct kiln_kernel *k)
{
	const bool restart = json_is_true(json_object_get(k->shutdown.content, "restart"));
	json_t *content = json_pack("{s:s, s:b}", "status", "ok", "restart", restart);

	kiln_kernel_publish(k, &k->shutdown, "shutdown_reply", json_incref(content));
	kiln_kernel_reply(k, k->shutdown_channel, &k->shutdown, "shutdown_reply", content);
	kiln_kernel_status(k, &k->shutdown, "idle");
}

void kiln_kernel_handle_aborted(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	kiln_kernel_status(k, msg, "busy");
	kiln_kernel_reply(k, KILN_CHANNEL_SHELL, msg, "execute_reply",
			  json_pack("{s:s, s:I, s:s, s:s, s:[]}", "status", "aborted",
				    "execution_count", k->executions, "ename", "Aborted", "evalue",
				    "a cell before this one failed", "traceback"));
	kiln_kernel_status(k, msg, "idle");
}
