/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_LINEVIEW_H
#define KILN_CLI_LINEVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The line in which the cursor stands, as a terminal shows it: what the board echoes, with the
 * editing that MicroPython's readline does (shared/readline/readline.c: BS, CR, and the sequences
 * ESC [ K, ESC [ n D, ESC [ n C). So what a user has typed is known without knowing the keys. Pure.
 */
enum { LINEVIEW_MAX = 1024 };

struct lineview {
	char text[LINEVIEW_MAX]; /* bytes; a character takes one column or several bytes of one */
	size_t n, cursor;
	bool lost; /* longer than this, or sequences that are not known: text means nothing */
	char escape[16];
	size_t n_escape;
};

void lineview_init(struct lineview *v);
void lineview_byte(struct lineview *v, uint8_t byte);
/* What stands behind ">>> "; NULL: this is no line at the prompt. Not ended by a nul byte. */
const char *lineview_typed(const struct lineview *v, size_t *ret_n);

#endif
