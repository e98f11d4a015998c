/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "loader/reset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any way to reset is bounded, in steps and in time, or refused. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_reset_sequence s;
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_reset_parse(kiln_span(data, size), &s, &err) != KILN_OK) {
		assert(err.why[0]);
		return 0;
	}
	assert(s.n > 0 && s.n <= KILN_RESET_STEPS && s.n <= size);
	for (unsigned i = 0; i < s.n; i++)
		assert(s.steps[i].wait_ms >= 0 && s.steps[i].wait_ms <= 60000);
	return 0;
}
