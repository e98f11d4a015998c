/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "cli/bootlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a board says is judged, and what is shown of it cannot steer a terminal. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kiln_span log = kiln_span(data, size);
	const bootlog_kind kind = bootlog_judge(log);
	char line[64];

	assert((kind == BOOTLOG_SILENT) == (size == 0));
	bootlog_line(log, line, sizeof(line));
	assert(strlen(line) < sizeof(line));
	for (const char *c = line; *c; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
	return 0;
}
