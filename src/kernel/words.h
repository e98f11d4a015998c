/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_WORDS_H
#define KILN_KERNEL_WORDS_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * The words of a magic's line, as a POSIX shell splits them: blanks separate; 'single' and
 * "double" quotes and backslash keep. Nothing is expanded. Pure.
 */
struct kiln_words {
	const char **items; /* ended by NULL; they point into `text` */
	size_t n;
	struct kiln_buf text;
};

/* Fails with: E_INVALID (a quote is not closed), E_TOO_BIG, E_NOMEM. */
kiln_code kiln_words_split(struct kiln_span line, struct kiln_words *ret_words,
			   struct kiln_err *err);
void kiln_words_done(struct kiln_words *words);

#endif
