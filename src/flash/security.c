/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/flasher.h"

kiln_code kiln_flasher_security(struct kiln_flasher *flasher, struct kiln_security_info *ret_info,
				struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_bare(KILN_OP_GET_SECURITY_INFO);
	struct kiln_reply reply;
	kiln_code code = kiln_loader_ask(&flasher->loader, &request, KILN_LOADER_TIMEOUT, &reply,
					 err);

	if (code == KILN_E_UNSUPPORTED) {
		kiln_because(err, "cannot read security information");
		kiln_hint(err, "the %s has none; later chips have", flasher->loader.chip->name);
	}
	if (code != KILN_OK)
		return code;
	if (kiln_security_info_decode(reply.body, ret_info))
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot read security information");
	kiln_why(err, "the chip's answer is too short");
	return KILN_E_PROTOCOL;
}
