/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that go out: headers, replies, and what is published to all clients. */
#include <time.h>

#include "base/text.h"
#include "kernel/kernel_impl.h"

static const char protocol_version[] = "5.5";

json_t *kiln_kernel_header(struct kiln_kernel *k, const char *type)
{
	struct timespec now;
	struct tm utc;
	char id[80], date[64];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	kiln_text_format(id, sizeof(id), "%s_%llu", k->session, (unsigned long long)k->n_sent++);
	kiln_text_format(date, sizeof(date), "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ",
			 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
			 utc.tm_sec, now.tv_nsec / 1000);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "msg_id", id, "session", k->session,
			 "username", "kiln", "date", date, "msg_type", type, "version",
			 protocol_version);
}

/* What stands in a message besides its header. */
struct body {
	json_t *parent, *metadata; /* borrowed; NULL: {} */
	json_t *content;           /* stolen */
	const struct kiln_wire_buffer *buffers;
	size_t n_buffers;
};

static void send_message(struct kiln_kernel *k, kiln_channel channel,
			 const struct kiln_wire_ident *idents, size_t n_idents, const char *type,
			 struct body body)
{
	json_t *header = kiln_kernel_header(k, type);
	json_t *const parts[KILN_WIRE_PARTS] = { header, body.parent, body.metadata, body.content };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_wire_out out;

	if (header && body.content && kiln_wire_encode(k->wire, parts, &out, &err) == KILN_OK) {
		out.buffers = body.buffers;
		out.n_buffers = body.n_buffers;
		if (kiln_sockets_send(&k->sockets, channel, idents, n_idents, &out, &err) !=
		    KILN_OK)
			kiln_kernel_log(k, KILN_LOG_WARNING, "%s: %s", err.what, err.why);
		kiln_wire_out_done(&out);
	} else {
		kiln_kernel_log(k, KILN_LOG_ERROR, "out of memory: a %s is lost", type);
	}
	json_decref(header);
	json_decref(body.content);
}

void kiln_kernel_reply(struct kiln_kernel *k, kiln_channel channel,
		       const struct kiln_wire_msg *request, const char *type, json_t *content)
{
	send_message(k, channel, request->idents, request->n_idents, type,
		     (struct body){ .parent = request->header, .content = content });
}

static void publish(struct kiln_kernel *k, const char *type, struct body body)
{
	struct kiln_wire_ident topic;
	char text[sizeof(topic.bytes)];

	kiln_text_format(text, sizeof(text), "kernel.%s.%s", k->session, type);
	topic.n = (uint8_t)strlen(text);
	memcpy(topic.bytes, text, topic.n);
	send_message(k, KILN_CHANNEL_IOPUB, &topic, 1, type, body);
}

void kiln_kernel_publish(struct kiln_kernel *k, const struct kiln_wire_msg *request,
			 const char *type, json_t *content)
{
	publish(k, type,
		(struct body){ .parent = request ? request->header : NULL, .content = content });
}

void kiln_kernel_republish(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	publish(k, msg->type,
		(struct body){ .parent = msg->parent,
			       .metadata = msg->metadata,
			       .content = json_incref(msg->content),
			       .buffers = msg->buffers,
			       .n_buffers = msg->n_buffers });
}

void kiln_kernel_status(struct kiln_kernel *k, const struct kiln_wire_msg *request,
			const char *state)
{
	kiln_kernel_publish(k, request, "status", json_pack("{s:s}", "execution_state", state));
}

void kiln_kernel_welcome(struct kiln_kernel *k, const struct kiln_wire_ident *topic)
{
	json_t *text = json_stringn((const char *)topic->bytes, topic->n);

	if (!text)
		return; /* a topic that is no text is none of ours */
	send_message(k, KILN_CHANNEL_IOPUB, topic, topic->n ? 1 : 0, "iopub_welcome",
		     (struct body){ .content = json_pack("{s:o}", "subscription", text) });
}
