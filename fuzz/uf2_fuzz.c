/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "image/uf2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any blocks are read without a fault; what is written is read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kiln_uf2_options o = { .family = 1, .chunk = size ? data[0] & ~3u : 0 };
	const struct kiln_piece piece = { 0x1000, kiln_span(data, size) };
	struct kiln_buf out = KILN_BUF_INIT(64 << 20);
	struct kiln_regions regions;
	uint32_t family;

	if (kiln_uf2_read(kiln_span(data, size), &regions, &family, NULL) == KILN_OK)
		kiln_regions_done(&regions);
	if (size && kiln_uf2_write(&piece, 1, &o, &out, NULL) == KILN_OK) {
		assert(kiln_uf2_read(kiln_buf_span(&out), &regions, &family, NULL) == KILN_OK);
		assert(regions.n == 1 && family == 1);
		assert(kiln_span_equal(kiln_buf_span(&regions.items[0].data), piece.data));
		kiln_regions_done(&regions);
	}
	kiln_buf_done(&out);
	return 0;
}
