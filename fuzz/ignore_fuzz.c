/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "hostfs/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The last line is a path, the others are rules. Any rules and any path: no fault, one answer, and
 * the same for a path alone as for one whose parents were asked too and taken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memrchr(data, '\n', size) : NULL;
	const size_t n = line ? (size_t)(line - data) : 0;
	struct kiln_ignore ignore = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	char *path = strndup((const char *)data + n + (line != NULL), size - n - (line != NULL));

	assert(path);
	if (kiln_ignore_text(&ignore, kiln_span(data, n), "rules", &err) == KILN_OK) {
		const bool folder = kiln_ignore_matches(&ignore, path, true);
		const bool file = kiln_ignore_matches(&ignore, path, false);

		assert(!file || kiln_ignore_below(&ignore, path, false));
		assert(!folder || kiln_ignore_below(&ignore, path, true));
		if (!strchr(path, '/'))
			assert(file == kiln_ignore_below(&ignore, path, false));
	} else {
		assert(err.code == KILN_E_CONFIG && err.why[0]);
	}
	kiln_ignore_done(&ignore);
	free(path);
	return 0;
}
