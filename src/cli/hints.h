/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_HINTS_H
#define KILN_CLI_HINTS_H

#include <kiln/err.h>

/*
 * What to do about an error, when the layer that failed had nothing better to say. NULL if nothing
 * can be said that would help.
 */
const char *hint_for(kiln_code code);

#endif
