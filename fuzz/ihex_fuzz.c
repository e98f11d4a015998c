/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "image/ihex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written, and what was written is read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_ihex hex, again;
	struct kiln_piece pieces[64];
	struct kiln_buf out = KILN_BUF_INIT(4 << 20);

	if (kiln_ihex_read(kiln_span(data, size), &hex, NULL) != KILN_OK)
		return 0;
	for (size_t i = 0; i < hex.regions.n && i < 64; i++)
		pieces[i] = (struct kiln_piece){ hex.regions.items[i].address,
						 kiln_buf_span(&hex.regions.items[i].data) };
	if (hex.regions.n <= 64) {
		assert(kiln_ihex_write(pieces, hex.regions.n, &out, NULL) == KILN_OK);
		assert(kiln_ihex_read(kiln_buf_span(&out), &again, NULL) == KILN_OK);
		assert(again.regions.n == hex.regions.n);
		for (size_t i = 0; i < hex.regions.n; i++)
			assert(again.regions.items[i].address == pieces[i].address &&
			       kiln_span_equal(kiln_buf_span(&again.regions.items[i].data),
					       pieces[i].data));
		kiln_ihex_done(&again);
	}
	kiln_buf_done(&out);
	kiln_ihex_done(&hex);
	return 0;
}
