/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "repl/codec.h"
#include "repl/traceback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The host's moves, chosen by the input too. */
static void move(struct kiln_raw_codec *codec, uint8_t byte)
{
	static void (*const moves[])(struct kiln_raw_codec *) = {
		kiln_raw_asked_paste,
		kiln_raw_sent,
		kiln_raw_pasted,
		kiln_raw_restarting,
	};

	moves[byte % 4](codec);
}

/* Any bytes, in pieces of any size, at any time: bounded, and each byte is used just once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_raw_codec codec;
	size_t used, out = 0;
	char name[64], value[256];

	kiln_raw_init(&codec);
	if (size > 0)
		move(&codec, data[0]);
	for (size_t at = 1; at < size;) {
		const size_t piece = 1 + at % 13 < size - at ? 1 + at % 13 : size - at;
		const kiln_raw_event event = kiln_raw_decode(&codec, data + at, piece, &used);

		assert(used <= piece);
		at += used;
		if (event == KILN_RAW_TEXT)
			out += codec.out.n;
		else if (event == KILN_RAW_PASTE || event == KILN_RAW_STOP)
			kiln_raw_pasted(&codec);
		else if (event == KILN_RAW_END || event == KILN_RAW_NO_PASTE)
			move(&codec, data[size - 1]);
	}
	assert(!codec.no_memory);
	assert(out + kiln_raw_flush(&codec).n <= size);
	kiln_raw_done(&codec);
	(void)kiln_traceback_parse(kiln_span(data, size), name, sizeof(name), value, sizeof(value));
	return 0;
}
