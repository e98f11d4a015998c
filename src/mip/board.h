/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_MIP_BOARD_H
#define KILN_MIP_BOARD_H

#include "base/buf.h"
#include "mip/place.h"

/* The board's side of place.c. */

/* target + '/' + path */
void kiln_mip_board_path(struct kiln_buf *out, const char *target, const char *path);

/* Of the kind that the board makes (files/digest.h); "" for one that is not there. */
KILN_CHECK kiln_code kiln_mip_board_digests(struct kiln_files *files, const char *target,
					    const char *const *paths, size_t n,
					    char (*ret_digests)[65], struct kiln_err *err);

#endif
