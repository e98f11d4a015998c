/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_PYLEX_H
#define KILN_KERNEL_PYLEX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * As much of Python's lexical structure as it takes to know where a statement may end: strings,
 * brackets, comments, line continuation. Pure; fed line by line.
 *
 * Document: Python language reference, chapter 2 (Lexical analysis).
 */
enum { KILN_PYLEX_DEPTH = 200 }; /* CPython's limit too */

struct kiln_pylex {
	char brackets[KILN_PYLEX_DEPTH];
	unsigned depth;
	char quote;     /* of the string that is open, or 0 */
	bool triple;    /* that string ends with three of them */
	bool continued; /* the last line ended in a backslash */
	bool bad;       /* no more input can make this right */
	char last;      /* last character that is no space or comment; 0: none yet */
};

void kiln_pylex_init(struct kiln_pylex *lex);
/* Take one line, without its newline. */
void kiln_pylex_line(struct kiln_pylex *lex, const char *line, size_t n);
/* The next line goes on with something that was begun. */
bool kiln_pylex_open(const struct kiln_pylex *lex);

#endif
