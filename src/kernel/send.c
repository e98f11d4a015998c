/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that go out: headers, replies, and what is published to all clients. */
#include <time.h>

#include "base/text.h"
#include "kernel/kernel_impl.h"

static const char protocol_version[] = "5.5";

/* What differs from header to header, beside the type. */
struct stamp {
	char id[80], date[64];
};

static struct stamp new_stamp(struct kiln_kernel *k)
{
	struct timespec now;
	struct stamp s = { 0 };
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	kiln_text_format(s.id, sizeof(s.id), "%s_%llu", k->session,
			 (unsigned long long)k->n_sent++);
	kiln_text_format(s.date, sizeof(s.date), "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ",
			 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
			 utc.tm_sec, now.tv_nsec / 1000);
	return s;
}

json_t *kiln_kernel_header(struct kiln_kernel *k, const char *type)
{
	const struct stamp s = new_stamp(k);

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "msg_id", s.id, "session", k->session,
			 "username", "kiln", "date", s.date, "msg_type", type, "version",
			 protocol_version);
}

/* The same as text. Only the type may have something in it that JSON must escape. */
static bool add_header(struct kiln_kernel *k, struct kiln_buf *out, const char *type)
{
	const struct stamp s = new_stamp(k);
	json_t *value = json_string(type);
	char *quoted = json_dumps(value, JSON_ENCODE_ANY);
	const bool good = quoted && kiln_buf_printf(out,
						    "{\"msg_id\":\"%s\",\"session\":\"%s\","
						    "\"username\":\"kiln\",\"date\":\"%s\","
						    "\"msg_type\":%s,\"version\":\"%s\"}",
						    s.id, k->session, s.date, quoted,
						    protocol_version) == KILN_OK;

	free(quoted);
	json_decref(value);
	return good;
}

/* What stands in a message besides its header. */
struct body {
	struct kiln_wire_part parent, metadata; /* borrowed */
	json_t *content;                        /* stolen */
	const struct kiln_wire_buffer *buffers;
	size_t n_buffers;
};

static void send_message(struct kiln_kernel *k, kiln_channel channel,
			 const struct kiln_wire_ident *idents, size_t n_idents, const char *type,
			 struct body body)
{
	struct kiln_buf header = KILN_BUF_INIT(KILN_WIRE_MAX_BYTES);
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_wire_out out;
	const bool made = add_header(k, &header, type) && body.content;
	const struct kiln_wire_part parts[KILN_WIRE_PARTS] = {
		{ .text = kiln_buf_str(&header) },
		body.parent,
		body.metadata,
		{ .value = body.content },
	};

	if (made && kiln_wire_encode(k->wire, parts, &out, &err) == KILN_OK) {
		out.buffers = body.buffers;
		out.n_buffers = body.n_buffers;
		if (kiln_sockets_send(&k->sockets, channel, idents, n_idents, &out, &err) !=
		    KILN_OK)
			kiln_kernel_log(k, KILN_LOG_WARNING, "%s: %s", err.what, err.why);
		kiln_wire_out_done(&out);
	} else {
		kiln_kernel_log(k, KILN_LOG_ERROR, "out of memory: a %s is lost", type);
	}
	kiln_buf_done(&header);
	json_decref(body.content);
}

void kiln_kernel_reply(struct kiln_kernel *k, kiln_channel channel,
		       const struct kiln_wire_msg *request, const char *type, json_t *content)
{
	send_message(k, channel, request->idents, request->n_idents, type,
		     (struct body){ .parent.text = request->header_text, .content = content });
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
		(struct body){ .parent.text = request ? request->header_text : NULL,
			       .content = content });
}

void kiln_kernel_republish(struct kiln_kernel *k, const struct kiln_wire_msg *msg)
{
	publish(k, msg->type,
		(struct body){ .parent.value = msg->parent,
			       .metadata.value = msg->metadata,
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
