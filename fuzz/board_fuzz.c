/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "board/identify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a board answers, the texts end, and none steers a terminal. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_board_info info;

	if (!kiln_board_parse(kiln_span(data, size), &info))
		return 0;
	assert(strlen(info.uid) % 3 == 2 || info.uid[0] == '\0');
	assert(info.implementation[0] && info.platform[0]);
	for (const char *p = info.machine; *p; p++)
		assert((uint8_t)*p >= 0x20 && *p != 0x7F);
	return 0;
}
