/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_STATE_H
#define KILN_KERNEL_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "board/state.h"

/* Expand ~ at the beginning, $NAME and ${NAME}. False: it got too long. */
bool kiln_path_expand(const char *path, char *ret_path, size_t size);

/*
 * What is remembered of this notebook: "cwd". Jupyter tells its path in JPY_SESSION_NAME; without
 * that nothing is kept. `get` returns false if there is nothing.
 */
bool kiln_notebook_get(const char *key, char *ret_value, size_t size);
KILN_CHECK kiln_code kiln_notebook_set(const char *key, const char *value, struct kiln_err *err);

#endif
