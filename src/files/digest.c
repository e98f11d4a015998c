/* SPDX-License-Identifier: Apache-2.0 */
#include "files/digest.h"

#include <libdeflate.h>
#include <openssl/evp.h>

#include "base/text.h"

const char *kiln_digest_name(kiln_digest_kind kind)
{
	static const char *const names[] = {
		[KILN_DIGEST_SHA256] = "sha256",
		[KILN_DIGEST_CRC32] = "crc32",
		[KILN_DIGEST_ADLER32] = "adler32",
	};

	return names[kind];
}

static kiln_code sha256(const void *data, size_t n, char ret_text[KILN_DIGEST_TEXT],
			struct kiln_err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(data, n, digest, NULL, EVP_sha256(), NULL) != 1)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compute a digest");
	for (size_t i = 0; i < 32; i++)
		kiln_text_format(ret_text + 2 * i, 3, "%02x", digest[i]);
	return KILN_OK;
}

kiln_code kiln_digest_text(kiln_digest_kind kind, const void *data, size_t n,
			   char ret_text[KILN_DIGEST_TEXT], struct kiln_err *err)
{
	const void *p = n > 0 ? data : ""; /* libdeflate takes NULL for "the initial value" */

	if (kind == KILN_DIGEST_SHA256)
		return sha256(p, n, ret_text, err);
	kiln_text_format(ret_text, KILN_DIGEST_TEXT, "%08x",
			 kind == KILN_DIGEST_CRC32 ? libdeflate_crc32(0, p, n)
						   : libdeflate_adler32(1, p, n));
	return KILN_OK;
}
