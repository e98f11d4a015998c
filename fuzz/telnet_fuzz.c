/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "telnet/telnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void any_bytes_decode(const uint8_t *data, size_t size)
{
	struct kiln_buf reply = KILN_BUF_INIT(1024);
	struct kiln_telnet t;
	size_t used;

	kiln_telnet_init(&t);
	for (size_t at = 0; at < size; at += used) {
		const size_t piece = 1 + at % 5;

		(void)kiln_telnet_decode(&t, data + at, piece < size - at ? piece : size - at,
					 &used, &reply);
		assert(used > 0 && reply.len <= 1024);
	}
	kiln_telnet_done(&t);
	kiln_buf_done(&reply);
}

/* Data, a command made of the first bytes, data again: the other end sees just that. */
static void what_is_encoded_decodes_to_itself(const uint8_t *data, size_t size)
{
	struct kiln_buf wire = KILN_BUF_INIT(512 * 1024), back = KILN_BUF_INIT(256 * 1024);
	struct kiln_buf reply = KILN_BUF_INIT(1024);
	const size_t half = size / 2;
	const uint32_t value = size >= 5 ? kiln_get_le32(data + 1) : 0;
	struct kiln_telnet t;
	size_t used, commands = 0;

	(void)kiln_telnet_encode(&wire, data, half);
	(void)kiln_telnet_encode_com(&wire, KILN_COM_BAUDRATE, size % 2, value);
	(void)kiln_telnet_encode(&wire, data + half, size - half);
	kiln_telnet_init(&t);
	for (size_t at = 0; at < wire.len; at += used) {
		const kiln_telnet_event event = kiln_telnet_decode(&t, wire.data + at,
								   wire.len - at, &used, &reply);

		if (event == KILN_TELNET_DATA)
			(void)kiln_buf_append(&back, t.data.p, t.data.n);
		else if (event == KILN_TELNET_COM)
			commands++;
		if (event == KILN_TELNET_COM)
			assert(back.len == half && t.com.value == value);
	}
	assert(commands == 1 && reply.len == 0);
	assert(kiln_span_equal(kiln_buf_span(&back), kiln_span(data, size)));
	kiln_telnet_done(&t);
	kiln_buf_done(&wire);
	kiln_buf_done(&back);
	kiln_buf_done(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	any_bytes_decode(data, size);
	what_is_encoded_decodes_to_itself(data, size);
	return 0;
}
