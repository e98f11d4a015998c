/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_IMAGE_NVS_WRITE_H
#define KILN_IMAGE_NVS_WRITE_H

#include "image/nvs.h"

/* Fills pages one after the other. */
struct kiln_nvs_writer {
	struct kiln_buf *out; /* all pages, FF where nothing was written */
	unsigned pages;       /* that may be used */
	unsigned page;        /* the one that is being filled */
	unsigned used;        /* entries of it */
	unsigned namespaces;
	char names[KILN_NVS_NAMESPACES][KILN_NVS_KEY + 1];
	uint8_t ns; /* that values go to */
};

/* Fails with: E_TOO_BIG (the partition is full), E_IMAGE. */
kiln_code kiln_nvs_begin(struct kiln_nvs_writer *w, struct kiln_err *err);
kiln_code kiln_nvs_put_namespace(struct kiln_nvs_writer *w, const char *name, struct kiln_err *err);
kiln_code kiln_nvs_put_int(struct kiln_nvs_writer *w, const char *key, uint8_t type, uint64_t value,
			   struct kiln_err *err);
/* With the zero at its end. */
kiln_code kiln_nvs_put_string(struct kiln_nvs_writer *w, const char *key, struct kiln_span text,
			      struct kiln_err *err);
kiln_code kiln_nvs_put_blob(struct kiln_nvs_writer *w, const char *key, struct kiln_span data,
			    struct kiln_err *err);

#endif
