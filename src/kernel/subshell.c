/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subshells (Jupyter Enhancement Proposal 91): requests on shell that name one in their header are
 * answered while a cell runs. A board runs one program at a time, so code for it waits its turn
 * all the same; what can be said without it is said at once: completion from the names that are
 * known, comms, history, and cells that only ask what there is.
 */
#include "kernel/kernel_impl.h"

#include "base/text.h"
#include "kernel/cell.h"
#include "kernel/words.h"

enum { SUBSHELLS_MAX = 64 };

const char *kiln_subshell_of(const struct kiln_wire_msg *msg)
{
	const char *id = json_string_value(json_object_get(msg->header, "subshell_id"));

	return id ? id : "";
}

static bool find(const struct kiln_kernel *k, const char *id, size_t *ret_i)
{
	for (size_t i = 0; i < json_array_size(k->subshells); i++) {
		if (strcmp(json_string_value(json_array_get(k->subshells, i)), id) == 0) {
			*ret_i = i;
			return true;
		}
	}
	return false;
}

/* ---- control requests ---- */

static json_t *refusal(const char *why)
{
	return json_pack("{s:s, s:s, s:s, s:[]}", "status", "error", "ename", "SubshellError",
			 "evalue", why, "traceback");
}

json_t *kiln_subshell_create(struct kiln_kernel *k)
{
	char id[48];

	if (!k->subshells)
		k->subshells = json_array();
	if (json_array_size(k->subshells) >= SUBSHELLS_MAX)
		return refusal("there are too many subshells");
	kiln_text_format(id, sizeof(id), "%s-%u", k->session, ++k->subshells_made);
	if (json_array_append_new(k->subshells, json_string(id)) != 0)
		return refusal("out of memory");
	return json_pack("{s:s, s:s}", "status", "ok", "subshell_id", id);
}

json_t *kiln_subshell_delete(struct kiln_kernel *k, const json_t *content)
{
	const char *id = json_string_value(json_object_get(content, "subshell_id"));
	size_t i;

	if (!id || !find(k, id, &i))
		return refusal("there is no such subshell");
	(void)json_array_remove(k->subshells, i);
	return json_pack("{s:s}", "status", "ok");
}

json_t *kiln_subshell_list(const struct kiln_kernel *k)
{
	return json_pack("{s:s, s:o}", "status", "ok", "subshell_id",
			 k->subshells ? json_copy(k->subshells) : json_array());
}

/* ---- cells that need no board ---- */

static bool is_quick_magic(struct kiln_span text)
{
	static const char *const quick[] = { "discover", "lsmagic" };
	struct kiln_words words;
	bool found = false;

	if (kiln_words_split(text, &words, NULL) != KILN_OK)
		return false;
	for (size_t i = 0; words.n > 0 && i < sizeof(quick) / sizeof(quick[0]); i++)
		found = found || strcmp(words.items[0], quick[i]) == 0;
	found = found || (words.n == 2 && (strcmp(words.items[1], "-h") == 0 ||
					   strcmp(words.items[1], "--help") == 0));
	kiln_words_done(&words);
	return found;
}

static bool is_quick(const struct kiln_wire_msg *msg)
{
	const json_t *code = json_object_get(msg->content, "code");
	struct kiln_cell cell;
	struct kiln_part part;

	if (!json_is_string(code))
		return true;
	kiln_cell_init(&cell, kiln_span(json_string_value(code), json_string_length(code)));
	while (kiln_cell_next(&cell, &part)) {
		if (part.kind != KILN_PART_MAGIC || !is_quick_magic(part.text))
			return false;
	}
	return true;
}

/* What belongs to the cell that runs, while another one runs aside. */
struct execution {
	const struct kiln_wire_msg *running;
	bool silent, interrupted, halted, last_part;
	struct failure failure;
	struct kiln_stream out;
	json_int_t number;
	struct kiln_plotter *plotter;
	json_t *result, *payload, *expressions;
};

static struct execution begin_aside(struct kiln_kernel *k)
{
	const struct execution outer = {
		.running = k->running,
		.silent = k->silent,
		.interrupted = k->interrupted,
		.halted = k->halted,
		.last_part = k->last_part,
		.failure = k->failure,
		.out = k->out,
		.number = k->number,
		.plotter = k->plotter,
		.result = k->result,
		.payload = k->payload,
		.expressions = k->expressions,
	};

	k->failure = (struct failure){ 0 };
	kiln_stream_init(&k->out, outer.out.send, outer.out.user);
	k->plotter = NULL;
	k->result = k->payload = k->expressions = NULL;
	k->aside = true;
	return outer;
}

static void end_aside(struct kiln_kernel *k, const struct execution *outer)
{
	kiln_stream_done(&k->out);
	json_decref(k->result);
	json_decref(k->payload);
	json_decref(k->expressions);
	k->running = outer->running;
	k->silent = outer->silent;
	k->interrupted = k->interrupted || outer->interrupted;
	k->halted = k->halted || outer->halted;
	k->last_part = outer->last_part;
	k->failure = outer->failure;
	k->out = outer->out;
	k->number = outer->number;
	k->plotter = outer->plotter;
	k->result = outer->result;
	k->payload = outer->payload;
	k->expressions = outer->expressions;
	k->aside = false;
}

static void run_aside(struct kiln_kernel *k, struct kiln_wire_msg *msg)
{
	const struct execution outer = begin_aside(k);

	kiln_kernel_handle(k, KILN_CHANNEL_SHELL, msg);
	end_aside(k, &outer);
}

/* ---- requests ---- */

static void refuse(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	const size_t n = strlen(msg->type);
	json_t *content;
	char type[64];

	kiln_kernel_status(k, msg, "busy");
	if (n > 8 && strcmp(msg->type + n - 8, "_request") == 0) {
		kiln_text_format(type, sizeof(type), "%.*s_reply", (int)(n - 8), msg->type);
		content = refusal("there is no such subshell");
		if (strcmp(msg->type, "execute_request") == 0)
			(void)json_object_set_new(content, "execution_count",
						  json_integer(k->executions));
		kiln_kernel_reply(k, KILN_CHANNEL_SHELL, msg, type, content);
	}
	kiln_kernel_status(k, msg, "idle");
}

bool kiln_subshell_take(struct kiln_kernel *k, struct kiln_wire_msg *msg)
{
	const char *id = kiln_subshell_of(msg);
	const bool executes = strcmp(msg->type, "execute_request") == 0;
	size_t i;

	if (!id[0])
		return false;
	if (!find(k, id, &i)) {
		refuse(k, msg);
	} else if (executes && (k->aside || !k->running || !is_quick(msg))) {
		return false; /* in its turn */
	} else if (executes) {
		run_aside(k, msg);
	} else {
		kiln_kernel_handle(k, KILN_CHANNEL_SHELL, msg);
	}
	kiln_wire_msg_done(msg);
	return true;
}
