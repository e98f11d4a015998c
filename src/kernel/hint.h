/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_HINT_H
#define KILN_KERNEL_HINT_H

#include "base/buf.h"

/*
 * Append a hint as it can be typed in a notebook. Hints name commands of the shell, in quotes:
 * 'kiln flash --erase' is '%flash --erase' here, 'kiln df' is '!kiln df'.
 */
void kiln_notebook_hint(struct kiln_buf *out, const char *hint);

#endif
