/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "link/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a client sends, unmasked, as a server would send it. */
static void unmask(struct kiln_buf *frame, size_t n)
{
	const size_t head = n < 126 ? 2 : 4;

	frame->data[1] &= 0x7F;
	for (size_t i = 0; i < n; i++)
		frame->data[head + 4 + i] ^= frame->data[head + i % 4];
	memmove(frame->data + head, frame->data + head + 4, n);
	frame->len -= 4;
}

/* Encoded, it is decoded to the same. */
static void same_again(const uint8_t *data, size_t size)
{
	static const uint8_t mask[] = { 1, 2, 3, 4 };
	struct kiln_buf frame = KILN_BUF_INIT(1 << 20);
	struct kiln_ws ws;
	size_t used = 0;

	if (size == 0 || kiln_ws_encode(&frame, KILN_WS_BINARY, mask, data, size) != KILN_OK)
		return;
	unmask(&frame, size);
	kiln_ws_init(&ws);
	assert(kiln_ws_decode(&ws, frame.data, frame.len, &used) == KILN_WS_DATA);
	assert(used == frame.len && ws.data.n == size && memcmp(ws.data.p, data, size) == 0);
	kiln_buf_done(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_ws ws;
	size_t used, out = 0;
	bool dead = false;

	kiln_ws_init(&ws);
	for (size_t at = 0; at < size; at += used) {
		const size_t piece = 1 + at % 13 < size - at ? 1 + at % 13 : size - at;
		const kiln_ws_event event = kiln_ws_decode(&ws, data + at, piece, &used);

		assert(used > 0 && used <= piece);
		assert(!dead || event == KILN_WS_BAD);
		assert(ws.n_control <= KILN_WS_CONTROL_MAX);
		dead = dead || event == KILN_WS_BAD || event == KILN_WS_CLOSED;
		assert(event != KILN_WS_BAD || ws.why);
		out += event == KILN_WS_DATA ? ws.data.n : 0;
	}
	assert(out <= size);
	(void)kiln_ws_check_response(kiln_span(data, size), "dGhlIHNhbXBsZSBub25jZQ==");
	same_again(data, size);
	return 0;
}
