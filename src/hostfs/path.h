/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_PATH_H
#define KILN_HOSTFS_PATH_H

#include "base/buf.h"

/* Paths as text, of this computer and of boards. */

/* The last part of a path, without slashes at its end; into `dst`. */
void kiln_path_base(const char *path, char *dst, size_t size);
/* folder + '/' + name */
void kiln_path_join(struct kiln_buf *out, const char *folder, const char *name);
/* Fit to be shown: control characters replaced. */
const char *kiln_path_clean(const char *path, char *dst, size_t size);

/* For sorting: a folder stands before what is in it, and that before its next neighbour. */
int kiln_path_order(const char *a, const char *b);
bool kiln_path_is_below(const char *path, const char *folder);

#endif
