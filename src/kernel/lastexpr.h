/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_LASTEXPR_H
#define KILN_KERNEL_LASTEXPR_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * Is the last statement of this code an expression whose value a notebook shows? Pure.
 *
 *	x = 5
 *	x + 1   # so much      *ret_start..*ret_end is "x + 1"
 *
 * It must not be indented, nor followed by a semicolon. What may be something else than an
 * expression (lambda, for its colon) counts as none, and so does print(...), whose value is None.
 */
bool kiln_last_expression(struct kiln_span code, size_t *ret_start, size_t *ret_end);

#endif
