/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "slip/slip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes decode without a fault, in pieces of any size; what is encoded decodes to itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_slip_decoder dec;
	struct kiln_buf wire = KILN_BUF_INIT(256 * 1024);
	size_t used;

	kiln_slip_init(&dec, 4096);
	for (size_t at = 0; at < size; at += used) {
		const size_t piece = 1 + at % 7;

		(void)kiln_slip_decode(&dec, data + at, piece < size - at ? piece : size - at,
				       &used);
	}
	kiln_slip_done(&dec);

	kiln_slip_init(&dec, 64 * 1024);
	if (size && kiln_slip_encode(&wire, data, size) == KILN_OK) {
		const kiln_slip_event event = kiln_slip_decode(&dec, wire.data, wire.len, &used);

		assert(event == KILN_SLIP_FRAME && used == wire.len);
		assert(kiln_span_equal(kiln_buf_span(&dec.frame), kiln_span(data, size)));
	}
	kiln_slip_done(&dec);
	kiln_buf_done(&wire);
	return 0;
}
