/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_TERM_H
#define KILN_CLI_TERM_H

#include <stdbool.h>
#include <stdio.h>

/*
 * One line at the bottom of a terminal that comes and goes (a progress bar). Whoever prints
 * something else calls term_line_clear() first, so that lines never run into the bar.
 */
struct term_line {
	FILE *file;
	bool shown;
	int columns;
};

/* False if `file` is no terminal that can do this; then show and clear do nothing. */
bool term_line_init(struct term_line *line, FILE *file);
/* Replace the line by `text`, cut to the width of the terminal. */
void term_line_show(struct term_line *line, const char *text);
void term_line_clear(struct term_line *line);

/* Is this a terminal on which colours are wanted ($NO_COLOR, TERM=dumb)? */
bool term_has_color(int fd);

#endif
