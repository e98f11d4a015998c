/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_PLOT_H
#define KILN_KERNEL_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Numbers in printed lines, and a chart of them. Pure: text in, SVG out, all of it bounded.
 *
 *	21.5                   one series, "1"
 *	(21.5, 48)   21.5 48   "1" and "2"; brackets, commas, semicolons and blanks separate
 *	temp:21.5 hum=48       series by name, in any order
 *
 *	nan 48                 a gap in the first; inf too, and None beside a number
 *
 * A line with another word plots nothing: it is text.
 */
enum {
	KILN_PLOT_SERIES = 12,
	KILN_PLOT_POINTS = 10000, /* that the widest window has */
	KILN_PLOT_NAME = 40,
};

struct kiln_plot {
	char names[KILN_PLOT_SERIES][KILN_PLOT_NAME]; /* untrusted */
	size_t n_series;
	size_t window;   /* points that are shown; 1 to KILN_PLOT_POINTS */
	size_t n_points; /* all that came */
	char title[120];
	double *values; /* [window][KILN_PLOT_SERIES], a ring; NaN: no value */
};

/* False: no memory. */
bool kiln_plot_init(struct kiln_plot *plot, size_t window, const char *title);
void kiln_plot_done(struct kiln_plot *plot);
/* Name a series before its numbers come: "-l temp,hum". */
void kiln_plot_label(struct kiln_plot *plot, size_t series, const char *name, size_t n);
/* One printed line, without its newline. True: it was numbers, and is plotted. */
bool kiln_plot_line(struct kiln_plot *plot, const char *line, size_t n);
void kiln_plot_svg(const struct kiln_plot *plot, struct kiln_buf *out);
/* "3 points: temp 20.5 to 23, last 21.5": what is shown where there are no pictures. */
void kiln_plot_text(const struct kiln_plot *plot, struct kiln_buf *out);

#endif
