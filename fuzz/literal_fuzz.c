/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "files/escape.h"
#include "files/literal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes that go out as a literal come back the same. */
static void round_trip(const uint8_t *data, size_t size)
{
	struct kiln_buf text = KILN_BUF_INIT(8 * size + 16), back = KILN_BUF_INIT(size + 1);
	struct kiln_span in;

	assert(kiln_literal_bytes(&text, data, size) == KILN_OK);
	in = kiln_buf_span(&text);
	assert(kiln_literal_read(&in, &back) && in.n == 0);
	assert(back.len == size && memcmp(back.data, data, size) == 0);
	kiln_buf_done(&text);
	kiln_buf_done(&back);
}

/* Whatever a board prints is a literal or is refused, and is never longer than it was. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_buf out = KILN_BUF_INIT(size + 1);
	struct kiln_span in = kiln_span(data, size);
	struct kiln_unescape u = { .half = false };
	size_t used = 0;

	if (kiln_literal_read(&in, &out))
		assert(in.n < size);
	kiln_buf_reset(&out);
	(void)kiln_unescape(&u, data, size, &out, &used);
	assert(used <= size && out.len <= used);
	kiln_buf_done(&out);
	round_trip(data, size);
	return 0;
}
