/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_WIRE_H
#define KILN_KERNEL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <kiln/err.h>

#include "base/buf.h"

/*
 * Jupyter's messages as frames. Pure: no socket, no clock.
 *
 *	identity...      where a ROUTER sends the answer; a topic on iopub
 *	<IDS|MSG>
 *	signature        hex of HMAC-SHA256(key; the next four frames), empty without a key
 *	header           {msg_id, session, username, date, msg_type, version}
 *	parent_header    the request's header, or {}
 *	metadata         {}
 *	content          {...}
 *	buffer...        raw bytes, of comms with widgets; not signed
 *
 * Document: jupyter_client docs/messaging.rst, "The Wire Protocol", version 5.5.
 */
enum {
	KILN_WIRE_MAX_IDENTS = 4,
	KILN_WIRE_MAX_FRAMES = 256, /* buffers included */
	KILN_WIRE_MAX_BYTES = 64 * 1024 * 1024,
	KILN_WIRE_PARTS = 4, /* header, parent_header, metadata, content */
};

/* A ZeroMQ identity; the library's own limit is 255 bytes. */
struct kiln_wire_ident {
	uint8_t n;
	uint8_t bytes[255];
};

/* Raw bytes that follow a message. */
struct kiln_wire_buffer {
	void *p;
	size_t n;
};

/* A message that came in. Owns everything; kiln_wire_msg_done(). */
struct kiln_wire_msg {
	struct kiln_wire_ident idents[KILN_WIRE_MAX_IDENTS];
	size_t n_idents;
	json_t *header, *parent, *metadata, *content; /* objects */
	char *header_text; /* the header's bytes: parent_header of what answers the message */
	const char *type;  /* header's msg_type */
	struct kiln_wire_buffer *buffers; /* NULL: none */
	size_t n_buffers;
};

/* The key, and what is remembered of messages that came in. */
struct kiln_wire;

kiln_code kiln_wire_new(const char *key, struct kiln_wire **ret_wire, struct kiln_err *err);
void kiln_wire_free(struct kiln_wire *wire);

/*
 * Check and take apart what one message consists of. A message with a wrong signature, or one
 * whose signature has come before, is refused before its JSON is looked at.
 * Fails with: E_PROTOCOL, E_DENIED (wrong or repeated signature), E_TOO_BIG, E_NOMEM.
 */
kiln_code kiln_wire_decode(struct kiln_wire *wire, const struct kiln_span *frames, size_t n,
			   struct kiln_wire_msg *ret_msg, struct kiln_err *err);
void kiln_wire_msg_done(struct kiln_wire_msg *msg);

/* The frames of a message that goes out, without the identities: from <IDS|MSG> to content. */
struct kiln_wire_out {
	char signature[65];
	char *parts[KILN_WIRE_PARTS];           /* JSON texts */
	const struct kiln_wire_buffer *buffers; /* borrowed; the caller may set them */
	size_t n_buffers;
};

/* A JSON object: its text if there is one, else the value; neither stands for {}. */
struct kiln_wire_part {
	const char *text;
	const json_t *value;
};

/* `parts` are header, parent_header, metadata and content. */
kiln_code kiln_wire_encode(struct kiln_wire *wire,
			   const struct kiln_wire_part parts[KILN_WIRE_PARTS],
			   struct kiln_wire_out *ret_out, struct kiln_err *err);
void kiln_wire_out_done(struct kiln_wire_out *out);

extern const char kiln_wire_delimiter[]; /* "<IDS|MSG>" */

#endif
