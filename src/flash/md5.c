/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/flasher.h"

#include <openssl/evp.h>

kiln_code kiln_md5(const void *data, size_t n, uint8_t ret_md5[16], struct kiln_err *err)
{
	if (EVP_Digest(data, n, ret_md5, NULL, EVP_md5(), NULL) != 1)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compute an MD5 digest");
	return KILN_OK;
}

static kiln_code take(const struct kiln_reply *reply, uint32_t address, uint8_t ret_md5[16],
		      struct kiln_err *err)
{
	if (kiln_md5_decode(reply->body, ret_md5))
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot verify flash at 0x%08x", address);
	kiln_why(err, "the chip's answer is no MD5 digest");
	return KILN_E_PROTOCOL;
}

static kiln_code check_loader(const struct kiln_flasher *f, uint32_t address, struct kiln_err *err)
{
	if (kiln_flasher_has_md5(f))
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot compare flash at 0x%08x", address);
	kiln_why(err, f->loader.secure_download ? "secure download mode has no digests"
						: "the ESP8266's ROM has no digests; the stub has");
	return KILN_E_UNSUPPORTED;
}

kiln_code kiln_flasher_md5(struct kiln_flasher *f, uint32_t address, uint32_t size,
			   uint8_t ret_md5[16], struct kiln_err *err)
{
	const struct kiln_request request = kiln_request_md5(address, size);
	struct kiln_reply reply;

	KILN_TRY(check_loader(f, address, err));
	KILN_TRY(kiln_loader_ask(&f->loader, &request, kiln_flasher_timeout(f, KILN_WORK_MD5, size),
				 &reply, err));
	return take(&reply, address, ret_md5, err);
}

/*
 * A stub takes one request in while it works on another (it has two buffers for frames); a third
 * would be lost. Answers carry no number: if one is lost the rest is off by one, and the last one
 * does not come.
 */
kiln_code kiln_flasher_md5s(struct kiln_flasher *f, const struct kiln_flash_place *places, size_t n,
			    uint8_t (*ret_md5s)[16], struct kiln_err *err)
{
	const size_t ahead = f->loader.ahead ? 2 : 1;
	struct kiln_request request = kiln_request_md5(0, 0);
	size_t sent = 0;

	KILN_TRY(kiln_loader_absorb(&f->loader, err));
	for (size_t i = 0; i < n; i++) {
		struct kiln_reply reply;
		kiln_ms ms;

		for (; sent < n && sent < i + ahead; sent++) {
			request = kiln_request_md5(places[sent].address, places[sent].size);
			if (sent > i)
				kiln_loader_gap(&f->loader);
			KILN_TRY(kiln_loader_send(&f->loader, &request, err));
		}
		ms = kiln_flasher_timeout(f, KILN_WORK_MD5, places[i].size);
		KILN_TRY(kiln_loader_receive(&f->loader, &request, ms, &reply, err));
		KILN_TRY(take(&reply, places[i].address, ret_md5s[i], err));
	}
	return KILN_OK;
}
