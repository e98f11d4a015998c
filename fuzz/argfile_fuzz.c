/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "cli/argfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any line is split or refused with a reason; all words together are no longer than it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct argfile args = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	size_t all = 0;

	if (argfile_split(kiln_span(data, size), &args, &err) != KILN_OK)
		assert(err.what[0]);
	for (int i = 0; i < args.argc; i++)
		all += strlen(args.argv[i]);
	assert(all <= size && (!args.argv || !args.argv[args.argc]));
	argfile_done(&args);
	return 0;
}
