/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_TERM_H
#define KILN_CLI_TERM_H

#include <stdbool.h>
#include <stdio.h>

/*
 * What stands at the bottom of a terminal and comes and goes: a progress bar, or one for each of
 * several boards. Whoever prints something else calls term_line_clear() first, so that lines never
 * run into the bar.
 */
struct term_line {
	FILE *file;
	int shown; /* lines that stand there now */
	int columns, rows;
};

/* False if `file` is no terminal that can do this; then show and clear do nothing. */
bool term_line_init(struct term_line *line, FILE *file);
/* Replace what stands there by `text`: lines with '\n' between them, each cut to the width of the
 * terminal, not more of them than it is high. */
void term_line_show(struct term_line *line, const char *text);
void term_line_clear(struct term_line *line);

/* Is this a terminal that can move its cursor (not TERM=dumb)? */
bool term_is_smart(int fd);
/* Is it one on which colours are wanted ($NO_COLOR)? */
bool term_has_color(int fd);

#endif
