/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_WRAP_H
#define KILN_CLI_WRAP_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Append text broken between words so that lines end before `width`. The first line begins at
 * column `at` (what stands there already), the others are indented by `indent`. A '\n' breaks too,
 * "\n\n" leaves a blank line. A final newline is added.
 */
void wrap_text(struct kiln_buf *out, const char *text, size_t at, size_t indent, size_t width);

#endif
