/* SPDX-License-Identifier: Apache-2.0 */
/*
 * %plot and %%plot: while the cell runs, lines of numbers that the board prints become a chart
 * that moves. It is a picture, so a saved notebook has it too.
 */
#include "kernel/magic.h"

#include "base/text.h"
#include "kernel/picture.h"
#include "kernel/plot.h"

enum { PLOT_LABELS, PLOT_WINDOW, PLOT_TITLE, PLOT_PRINT };
enum { WINDOW = 200, LINE_MAX_BYTES = 4096, SVG_MAX = 1 << 20 };

/* From a %plot to the end of its cell. */
struct kiln_plotter {
	struct kiln_plot plot;
	struct kiln_display display;
	struct kiln_buf line; /* the beginning of one */
	bool print;           /* numbers are shown as text too */
	bool changed;         /* since it was last shown */
};

static void show_chart(struct kiln_kernel *k, struct kiln_plotter *p)
{
	struct kiln_buf svg = KILN_BUF_INIT(SVG_MAX), text = KILN_BUF_INIT(8192);

	kiln_plot_svg(&p->plot, &svg);
	kiln_plot_text(&p->plot, &text);
	kiln_display_show(k, &p->display, svg.failed ? NULL : "image/svg+xml", kiln_buf_str(&svg),
			  kiln_buf_str(&text));
	p->changed = false;
	kiln_buf_done(&svg);
	kiln_buf_done(&text);
}

/* The line that was gathered goes to the chart, else it is text. */
static void take_line(struct kiln_kernel *k, struct kiln_plotter *p, bool ended)
{
	const bool plotted = kiln_plot_line(&p->plot, kiln_buf_str(&p->line), p->line.len);

	p->changed = p->changed || plotted;
	if (!plotted || p->print) {
		kiln_kernel_text(k, KILN_STDOUT, kiln_buf_str(&p->line), p->line.len);
		kiln_kernel_text(k, KILN_STDOUT, "\n", ended ? 1 : 0);
	}
	kiln_buf_reset(&p->line);
}

void kiln_plotter_put(struct kiln_kernel *k, const char *text, size_t n)
{
	struct kiln_plotter *p = k->plotter;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n') {
			take_line(k, p, true);
		} else {
			if (p->line.len == LINE_MAX_BYTES)
				take_line(k, p, false);
			(void)kiln_buf_putc(&p->line, (uint8_t)text[i]);
		}
	}
	if (p->changed && kiln_display_due(&p->display))
		show_chart(k, p);
}

kiln_ms kiln_plotter_due(const struct kiln_kernel *k)
{
	return k->plotter && k->plotter->changed ? k->plotter->display.next : KILN_FOREVER;
}

void kiln_plotter_show(struct kiln_kernel *k)
{
	show_chart(k, k->plotter);
}

void kiln_plotter_end(struct kiln_kernel *k)
{
	struct kiln_plotter *p = k->plotter;

	k->plotter = NULL;
	if (!p)
		return;
	if (p->line.len > 0)
		take_line(k, p, false);
	if (p->changed)
		show_chart(k, p);
	kiln_plot_done(&p->plot);
	kiln_buf_done(&p->line);
	free(p);
}

static void set_labels(struct kiln_plot *plot, const char *labels)
{
	for (size_t i = 0; labels; i++) {
		const size_t n = strcspn(labels, ",");

		kiln_plot_label(plot, i, labels, n);
		labels = labels[n] ? labels + n + 1 : NULL;
	}
}

static bool begin(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const char *window = args->values[PLOT_WINDOW], *title = args->values[PLOT_TITLE];
	struct kiln_plotter *p;
	uint64_t points = WINDOW;

	if (window &&
	    (!kiln_text_to_u64(window, &points) || points < 1 || points > KILN_PLOT_POINTS))
		return kiln_magic_usage_error(k, args,
					      "argument -w/--window: from 1 to %d points, not '%s'",
					      KILN_PLOT_POINTS, window);
	kiln_plotter_end(k);
	p = calloc(1, sizeof(*p));
	if (!p || !kiln_plot_init(&p->plot, (size_t)points, title ? title : "")) {
		free(p);
		return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NOMEM), "out of memory");
	}
	kiln_buf_init(&p->line, LINE_MAX_BYTES);
	set_labels(&p->plot, args->values[PLOT_LABELS]);
	p->print = args->flags[PLOT_PRINT];
	k->plotter = p;
	return true;
}

static bool run_plot(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	return begin(k, args);
}

static bool run_cell_plot(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	return begin(k, args) && kiln_kernel_run_cell(k, args->body);
}

#define FORMS                                                                                     \
	"A printed line of numbers is a point: '21.5', '(21.5, 48)' or 'temp:21.5 hum:48'; nan, " \
	"inf "                                                                                    \
	"and None are gaps. Other lines are shown as text.\n\n"

static const struct kiln_magic_option options[] = {
	[PLOT_LABELS] = { 'l', "labels", "A,B", "names of the series" },
	[PLOT_WINDOW] = { 'w', "window", "N", "show the last N points (200; at most 10000)" },
	[PLOT_TITLE] = { 't', "title", "TEXT", "above the chart" },
	[PLOT_PRINT] = { 'p', "print", NULL, "show the numbers as text too" },
	{ 0 },
};

const struct kiln_magic kiln_magic_plot = {
	.name = "plot",
	.summary = "Draw what the rest of the cell prints, live",
	.more = FORMS "Example:\n  %plot -l temp,hum\n  while True:\n      print(read())",
	.options = options,
	.run = run_plot,
};

const struct kiln_magic kiln_magic_cell_plot = {
	.name = "plot",
	.cell = true,
	.summary = "Draw what the cell prints, live",
	.more = FORMS "Example:\n  %%plot -w 50\n  for i in range(100):\n      print(i, i * i)",
	.options = options,
	.run = run_cell_plot,
};
