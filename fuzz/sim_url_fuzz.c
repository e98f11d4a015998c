/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/flash.h"
#include "sim/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text as a URL: it is understood whole, or refused with a reason. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sim_options o;
	struct kiln_err err = KILN_ERR_INIT;
	char *url = malloc(size + 5);

	if (!url)
		return 0;
	memcpy(url, "sim:", 4);
	memcpy(url + 4, data, size);
	url[size + 4] = '\0';
	if (sim_options_parse(url, &o, &err) == KILN_OK) {
		assert(sim_name_is_valid(o.name) && o.faults.n <= SIM_FAULTS_MAX);
		assert(o.flash_size == 0 || sim_flash_is_size(o.flash_size));
	} else {
		assert(err.code != KILN_OK && err.what[0] && err.why[0]);
	}
	free(url);
	return 0;
}
