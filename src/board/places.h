/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_PLACES_H
#define KILN_BOARD_PLACES_H

#include "board/devices.h"

/*
 * Where things of notebooks lie: $IOT_PROJECTS (~/projects), and what stands below it. Texts that
 * are returned are the caller's to free.
 */

/* The value of a variable, "" if it is not set. */
const char *kiln_place_variable(const struct kiln_devices_env *env, const char *name);

/*
 * `text` with a leading ~ and $NAME, ${NAME} replaced; IOT_PROJECTS counts as set. *ret_unknown
 * (may be NULL) is a variable that is not set, then NULL is returned; NULL and "": no memory.
 */
char *kiln_place_expand(const struct kiln_devices_env *env, const char *text, char ret_unknown[64]);

/*
 * $NAME, else $IOT_PROJECTS/`below`, expanded and absolute. Fails with: E_CONFIG, E_NOMEM.
 */
KILN_CHECK kiln_code kiln_place_find(const struct kiln_devices_env *env, const char *name,
				     const char *below, char **ret_path, struct kiln_err *err);

/* A path in its shortest form: no "//", "." or slash at the end. False if it has a "..". */
bool kiln_place_tidy(char *path);

#endif
