/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "kernel/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct kiln_span part, const uint8_t *data, size_t size)
{
	assert(part.n == 0 || (part.p >= data && part.p + part.n <= data + size));
}

/* Whatever stands at a cursor lies in the code; positions go there and back. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kiln_span code = kiln_span(data, size);
	struct kiln_span name = { 0 };

	for (size_t cursor = 0; cursor <= size && cursor < 256; cursor++) {
		const struct kiln_place place = kiln_place_at(code, cursor);

		check_inside(place.word, data, size);
		check_inside(place.owner, data, size);
		check_inside(kiln_name_at(code, cursor), data, size);
		assert(kiln_bytes_of_points(code, cursor) <= size);
		assert(kiln_points_of_bytes(code, cursor) <= cursor);
	}
	if (kiln_is_question(code, &name))
		check_inside(name, data, size);
	return 0;
}
