/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_COMPLETE_H
#define KILN_KERNEL_COMPLETE_H

#include "base/bytes.h"

/*
 * May a console run what was typed so far, or does more follow? Pure. What no lexer can tell (an
 * expression that makes no sense) is "complete": the board says it better.
 */
typedef enum kiln_completeness {
	KILN_CODE_COMPLETE = 1,
	KILN_CODE_INCOMPLETE,
	KILN_CODE_INVALID,
} kiln_completeness;

/* `ret_indent` becomes the number of spaces to put before the next line, if incomplete. */
kiln_completeness kiln_code_completeness(struct kiln_span code, size_t *ret_indent);

#endif
