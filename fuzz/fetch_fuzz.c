/* SPDX-License-Identifier: Apache-2.0 */
/* What kiln-fetch passes on of a server: texts stay within their fields, and are fit for headers.
 */
#include <assert.h>
#include <string.h>

#include "fetch/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_tag(const char *text)
{
	for (; *text; text++)
		assert(*text >= ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_fetch_said said;
	struct kiln_err err = KILN_ERR_INIT;

	kiln_fetch_said_read((const char *)data, size, &said);
	is_tag(said.etag);
	is_tag(said.modified);
	assert(strlen(said.type) < sizeof(said.type) && strlen(said.text) < sizeof(said.text));
	if (said.kind == KILN_FETCH_END && said.how != KILN_FETCH_HOW_OK) {
		const kiln_code code = kiln_fetch_explain(&said, "http://h/x", "/c", 1, &err);

		assert(code == err.code);
	}
	return 0;
}
