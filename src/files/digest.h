/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_FILES_DIGEST_H
#define KILN_FILES_DIGEST_H

#include <stddef.h>

#include <kiln/err.h>

/* By what a transfer is verified: the best that the board has. */
typedef enum kiln_digest_kind {
	KILN_DIGEST_SHA256 = 0,
	KILN_DIGEST_CRC32,
	KILN_DIGEST_ADLER32, /* in plain Python, for boards that have nothing */
} kiln_digest_kind;

enum { KILN_DIGEST_TEXT = 65 };

const char *kiln_digest_name(kiln_digest_kind kind);

/* Lower-case hex. Fails with: E_NOMEM. */
KILN_CHECK kiln_code kiln_digest_text(kiln_digest_kind kind, const void *data, size_t n,
				      char ret_text[KILN_DIGEST_TEXT], struct kiln_err *err);

#endif
