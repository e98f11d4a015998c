/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "kernel/cell.h"
#include "kernel/complete.h"
#include "kernel/lastexpr.h"
#include "kernel/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text is split into parts that lie in it, in order and apart. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_cell cell;
	struct kiln_part part;
	const uint8_t *at = data;
	size_t indent, start, end;

	kiln_cell_init(&cell, kiln_span(data, size));
	while (kiln_cell_next(&cell, &part)) {
		assert(part.text.p >= at && part.text.p + part.text.n <= data + size);
		at = part.text.p + part.text.n;
		if (part.kind != KILN_PART_CELL_MAGIC)
			continue;
		assert(part.body.p >= at && part.body.p + part.body.n == data + size);
		at = data + size;
	}
	if (kiln_last_expression(kiln_span(data, size), &start, &end))
		assert(start < end && end <= size);
	(void)kiln_is_probe(kiln_span(data, size));
	(void)kiln_code_completeness(kiln_span(data, size), &indent);
	return 0;
}
