/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_STATE_H
#define KILN_BOARD_STATE_H

#include <jansson.h>
#include <kiln/err.h>

/*
 * What is kept between sessions, as JSON objects in files of $XDG_STATE_HOME/kiln. Each
 * is read whole, changed and written whole under another name, then renamed.
 */
enum { KILN_STATE_MAX = 16 << 20 }; /* bytes of a file */

/* The object in file `name`; a new one if there is no such file. Fails with: E_IO, E_DENIED,
 * E_CONFIG (it is damaged), E_TOO_BIG, E_NOMEM. */
KILN_CHECK kiln_code kiln_state_load(const char *name, json_t **ret_object, struct kiln_err *err);
/* Fails with: E_IO, E_DENIED, E_NOMEM, E_TOO_BIG. */
KILN_CHECK kiln_code kiln_state_save(const char *name, const json_t *object, struct kiln_err *err);

#endif
