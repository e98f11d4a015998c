/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "base/bytes.h"
#include "kernel/connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes are taken or refused with a text; what is taken has ports that can be bound. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kiln_connection c;
	struct kiln_err err = KILN_ERR_INIT;
	char address[256];

	if (kiln_connection_parse("fuzz", data, size, &c, &err) != KILN_OK) {
		assert(err.why[0] && err.hint[0]);
		return 0;
	}
	for (kiln_channel i = 0; i < KILN_CHANNELS; i++) {
		assert(c.ports[i] > 0);
		kiln_connection_address(&c, i, address, sizeof(address));
	}
	return 0;
}
