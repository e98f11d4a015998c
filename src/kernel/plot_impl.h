/* SPDX-License-Identifier: Apache-2.0 */
/* What a plot's numbers and its picture share. */
#ifndef KILN_KERNEL_PLOT_IMPL_H
#define KILN_KERNEL_PLOT_IMPL_H

#include "kernel/plot.h"

struct kiln_plot_range {
	double low, high; /* NaN: there is no value */
};

/* The first point that is in the window. */
size_t kiln_plot_first(const struct kiln_plot *plot);
/* Of a point in the window; NaN: none. */
double kiln_plot_value(const struct kiln_plot *plot, size_t point, size_t series);
/* Of the series `from` to before `to`, in the window. */
struct kiln_plot_range kiln_plot_range(const struct kiln_plot *plot, size_t from, size_t to);

#endif
