/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdint.h>

#include "loader/command.h"
#include "loader/connect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a chip says, as a reply, as a body of each kind, and as boot text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kiln_span frame = kiln_span(data, size);
	struct kiln_security_info info;
	struct kiln_boot_text boot;
	struct kiln_op_room room;
	struct kiln_reply reply;
	uint8_t md5[16];

	for (unsigned status = 2; status <= 4; status += 2) {
		if (!kiln_reply_decode(frame, status, &reply))
			continue;
		assert(reply.body.n + status + KILN_REPLY_HEADER == size);
		assert(kiln_op_name(reply.op, &room) && kiln_reply_error_text(reply.error));
		(void)kiln_md5_decode(reply.body, md5);
		(void)kiln_security_info_decode(reply.body, &info);
	}
	(void)kiln_md5_decode(frame, md5);
	(void)kiln_security_info_decode(frame, &info);
	kiln_boot_text_parse(frame, &boot);
	return 0;
}
