/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/flasher.h"

#include <openssl/evp.h>

kiln_code kiln_md5(const void *data, size_t n, uint8_t ret_md5[16], struct kiln_err *err)
{
	if (EVP_Digest(data, n, ret_md5, NULL, EVP_md5(), NULL) != 1)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compute an MD5 digest");
	return KILN_OK;
}

kiln_code kiln_flasher_md5(struct kiln_flasher *f, uint32_t address, uint32_t size,
			   uint8_t ret_md5[16], struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_md5(address, size);
	struct kiln_reply reply;

	KILN_TRY(kiln_loader_ask(&f->loader, &request,
				 kiln_flasher_timeout(KILN_FLASH_MD5_MS_PER_MB, size), &reply,
				 err));
	if (!kiln_md5_decode(reply.body, ret_md5)) {
		(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot verify flash at 0x%08x", address);
		kiln_why(err, "the chip's answer is no MD5 digest");
		return KILN_E_PROTOCOL;
	}
	return KILN_OK;
}
