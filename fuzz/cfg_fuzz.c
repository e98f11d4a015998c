/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "cli/cfg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static kiln_code entry(void *user, const char *key, const char *value, struct kiln_err *err)
{
	const size_t *size = user;

	(void)err;
	assert(key[0] && strlen(key) < *size && strlen(value) <= *size);
	for (const char *c = key; *c; c++)
		assert(*c < 'A' || *c > 'Z');
	return KILN_OK;
}

/* Any file is read or refused with a reason; entries are of the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_err err = KILN_ERR_INIT;
	bool found;

	if (cfg_read(kiln_span(data, size), "esptool", entry, &size, &found, &err) != KILN_OK)
		assert(err.why[0]);
	return 0;
}
