/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_WHOLE_H
#define KILN_CLI_WHOLE_H

#include <kiln/err.h>

#include "base/buf.h"

/* Whole files for commands that turn one into another; "-" is standard input or output. */

/* Append the file's bytes. Fails with: E_NOT_FOUND, E_DENIED, E_IO, E_TOO_BIG, E_NOMEM. */
KILN_CHECK kiln_code whole_read(const char *path, struct kiln_buf *ret_data, struct kiln_err *err);

/*
 * Write a file under another name beside it, then rename it: whoever reads it finds the old bytes
 * or all of the new ones. What is no plain file (a device, a pipe) is written to as it is. Fails
 * with: E_DENIED, E_NOT_FOUND, E_IO.
 */
KILN_CHECK kiln_code whole_write(const char *path, struct kiln_span data, struct kiln_err *err);

#endif
