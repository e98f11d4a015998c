/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_DIGEST_H
#define KILN_IMAGE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>

/* SHA-256 into KILN_IMAGE_DIGEST_SIZE bytes. Fails with: E_NOMEM. */
kiln_code kiln_image_digest(const void *data, size_t n, uint8_t *ret_digest, struct kiln_err *err);

#endif
