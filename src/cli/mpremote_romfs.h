/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_MPREMOTE_ROMFS_H
#define KILN_CLI_MPREMOTE_ROMFS_H

#include "base/buf.h"
#include "cli/mpremote.h"

/* Append the image of a folder to `out`, and say what goes into it. -1, or the exit code. */
int mpremote_romfs_image(struct mpremote *m, const char *folder, struct kiln_buf *out);

bool mpremote_ends_with(const char *text, const char *end);

#endif
