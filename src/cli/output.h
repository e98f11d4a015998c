/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_OUTPUT_H
#define KILN_CLI_OUTPUT_H

#include <kiln/err.h>

#include "base/buf.h"

/*
 * A file that is written piece by piece: it grows under another name beside its own, and takes its
 * name when it is whole. What is no plain file (a device, a pipe) is written to as it is.
 *
 *	output_open(&out, path, err);
 *	output_write(&out, piece, err); ...
 *	output_finish(&out, err);
 *	output_done(&out);
 */
struct output {
	const char *path;  /* borrowed */
	char beside[4096]; /* "": written in place */
	int fd;
};

/* Fails with: E_DENIED, E_NOT_FOUND, E_IO. */
KILN_CHECK kiln_code output_open(struct output *ret_out, const char *path, struct kiln_err *err);
KILN_CHECK kiln_code output_write(struct output *out, struct kiln_span piece, struct kiln_err *err);
/* All is written: close, and give it its name. */
KILN_CHECK kiln_code output_finish(struct output *out, struct kiln_err *err);
/* What is not finished is removed. */
void output_done(struct output *out);

#endif
