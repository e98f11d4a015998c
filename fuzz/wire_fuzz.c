/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "kernel/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES = 64 };

/* Frames are separated by newlines: none of ours holds one. */
static size_t split(const uint8_t *data, size_t size, struct kiln_span *frames)
{
	size_t n = 0;

	while (size && n < FRAMES) {
		const uint8_t *end = memchr(data, '\n', size);
		const size_t len = end ? (size_t)(end - data) : size;

		frames[n++] = kiln_span(data, len);
		data += end ? len + 1 : len;
		size -= end ? len + 1 : len;
	}
	return n;
}

/* What was taken in goes out and comes in again as the same. */
static void round_trip(const struct kiln_wire_msg *msg)
{
	const struct kiln_wire_part parts[] = { { .text = msg->header_text },
						{ .value = msg->parent },
						{ .value = msg->metadata },
						{ .value = msg->content } };
	struct kiln_span frames[2 + KILN_WIRE_PARTS];
	struct kiln_wire *wire = NULL;
	struct kiln_wire_out out;
	struct kiln_wire_msg again;

	assert(kiln_wire_new("key", &wire, NULL) == KILN_OK);
	assert(kiln_wire_encode(wire, parts, &out, NULL) == KILN_OK);
	frames[0] = kiln_span(kiln_wire_delimiter, strlen(kiln_wire_delimiter));
	frames[1] = kiln_span(out.signature, strlen(out.signature));
	for (size_t i = 0; i < KILN_WIRE_PARTS; i++)
		frames[2 + i] = kiln_span(out.parts[i], strlen(out.parts[i]));
	assert(kiln_wire_decode(wire, frames, 6, &again, NULL) == KILN_OK);
	assert(strcmp(again.type, msg->type) == 0 && json_equal(again.header, msg->header));
	kiln_wire_msg_done(&again);
	kiln_wire_out_done(&out);
	kiln_wire_free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kiln_wire *open_wire, *keyed_wire; /* lives as long as the process */
	struct kiln_span frames[FRAMES];
	const size_t n = split(data, size, frames);
	struct kiln_wire_msg msg;

	if (!open_wire) {
		assert(kiln_wire_new("", &open_wire, NULL) == KILN_OK);
		assert(kiln_wire_new("secret", &keyed_wire, NULL) == KILN_OK);
	}
	if (kiln_wire_decode(open_wire, frames, n, &msg, NULL) == KILN_OK) {
		round_trip(&msg);
		kiln_wire_msg_done(&msg);
	}
	assert(kiln_wire_decode(keyed_wire, frames, n, &msg, NULL) != KILN_OK);
	return 0;
}
