/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/plot.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kernel/xml.h"

enum {
	LINE_MAX_BYTES = 1000, /* longer ones are no numbers for a chart */
	WIDTH = 760,
	HEIGHT = 300,
	LEFT = 70,
	RIGHT = 12,
	TOP = 26,
	BOTTOM = 24,
	TICKS = 4,
};

static const char *const colours[KILN_PLOT_SERIES] = {
	"#e8792f", "#2f7fe8", "#3aa757", "#c2185b", "#8e5bd0", "#00897b",
	"#b38600", "#5d4037", "#546e7a", "#d81b60", "#1e88e5", "#7cb342",
};

bool kiln_plot_init(struct kiln_plot *plot, size_t window, const char *title)
{
	*plot = (struct kiln_plot){ .window = window };
	kiln_text_copy_untrusted(plot->title, sizeof(plot->title), title, strlen(title));
	plot->values = malloc(window * KILN_PLOT_SERIES * sizeof(*plot->values));
	return plot->values != NULL;
}

void kiln_plot_done(struct kiln_plot *plot)
{
	free(plot->values);
	plot->values = NULL;
}

static double *row(const struct kiln_plot *plot, size_t point)
{
	return plot->values + point % plot->window * KILN_PLOT_SERIES;
}

static size_t first_point(const struct kiln_plot *plot)
{
	return plot->n_points > plot->window ? plot->n_points - plot->window : 0;
}

/* ---- lines ---- */

/* One line's numbers, until it is known that there is nothing else in it. */
struct numbers {
	const char *names[KILN_PLOT_SERIES];
	size_t name_lengths[KILN_PLOT_SERIES]; /* 0: by its place */
	double values[KILN_PLOT_SERIES];
	size_t n;
};

static bool is_between(char c)
{
	return isspace((unsigned char)c) || (c && strchr(",;()[]{}'\"", c));
}

/* "name:" or "name=" before a number; 0 if there is none. */
static size_t name_length(const char *at)
{
	size_t n = 0;

	if (!isalpha((unsigned char)at[0]) && at[0] != '_' && !((unsigned char)at[0] & 0x80))
		return 0;
	while (isalnum((unsigned char)at[n]) || (at[n] && strchr("_-./%", at[n])) ||
	       ((unsigned char)at[n] & 0x80))
		n++;
	return n;
}

/* What may stand between a name and its number: quotes of a printed dictionary, blanks. */
static const char *skip_colon(const char *at)
{
	at += strspn(at, "'\" ");
	if (*at != ':' && *at != '=')
		return NULL;
	return at + 1 + strspn(at + 1, " ");
}

static bool take_number(const char **at, double *ret_value)
{
	char *end;
	const char *digits = **at == '-' || **at == '+' ? *at + 1 : *at;

	if (!isdigit((unsigned char)digits[0]) &&
	    !(digits[0] == '.' && isdigit((unsigned char)digits[1])))
		return false;
	if (digits[0] == '0' && (digits[1] | 0x20) == 'x')
		return false; /* an address is no measurement */
	*ret_value = strtod(*at, &end);
	if (!isfinite(*ret_value) || (*end && !is_between(*end)))
		return false;
	*at = end;
	return true;
}

static bool take_item(struct numbers *x, const char **at)
{
	const size_t n = name_length(*at);
	const char *number = n ? skip_colon(*at + n) : *at;

	if (!number || x->n == KILN_PLOT_SERIES)
		return false;
	x->names[x->n] = *at;
	x->name_lengths[x->n] = n;
	if (!take_number(&number, &x->values[x->n]))
		return false;
	x->n++;
	*at = number;
	return true;
}

static bool parse(const char *at, struct numbers *ret_numbers)
{
	ret_numbers->n = 0;
	for (;;) {
		while (is_between(*at))
			at++;
		if (!*at)
			return ret_numbers->n > 0;
		if (!take_item(ret_numbers, &at))
			return false;
	}
}

void kiln_plot_label(struct kiln_plot *plot, size_t series, const char *name, size_t n)
{
	if (series >= KILN_PLOT_SERIES)
		return;
	kiln_text_copy_untrusted(plot->names[series], sizeof(plot->names[series]), name, n);
	if (plot->n_series <= series)
		plot->n_series = series + 1;
}

/* The series of this name; a new one. KILN_PLOT_SERIES: there is no room. */
static size_t by_name(struct kiln_plot *plot, const char *name, size_t n)
{
	char copy[KILN_PLOT_NAME];

	kiln_text_copy_untrusted(copy, sizeof(copy), name, n);
	for (size_t i = 0; i < plot->n_series; i++) {
		if (strcmp(plot->names[i], copy) == 0)
			return i;
	}
	if (plot->n_series < KILN_PLOT_SERIES)
		kiln_plot_label(plot, plot->n_series, name, n);
	else
		return KILN_PLOT_SERIES;
	return plot->n_series - 1;
}

static size_t by_place(struct kiln_plot *plot, size_t place)
{
	char name[16];

	while (plot->n_series <= place) {
		kiln_text_format(name, sizeof(name), "%zu", plot->n_series + 1);
		kiln_plot_label(plot, plot->n_series, name, strlen(name));
	}
	return place;
}

bool kiln_plot_line(struct kiln_plot *plot, const char *line, size_t n)
{
	char text[LINE_MAX_BYTES + 1];
	struct numbers numbers;
	double *values = row(plot, plot->n_points);

	if (n > LINE_MAX_BYTES || memchr(line, '\0', n))
		return false;
	memcpy(text, line, n);
	text[n] = '\0';
	if (!parse(text, &numbers))
		return false;
	for (size_t i = 0; i < KILN_PLOT_SERIES; i++)
		values[i] = NAN;
	for (size_t i = 0; i < numbers.n; i++) {
		const size_t series = numbers.name_lengths[i] ? by_name(plot, numbers.names[i],
									numbers.name_lengths[i])
							      : by_place(plot, i);

		if (series < KILN_PLOT_SERIES)
			values[series] = numbers.values[i];
	}
	plot->n_points++;
	return true;
}

/* ---- the chart ---- */

struct range {
	double low, high;
};

static void widen(struct range *r, double value)
{
	if (isnan(value))
		return;
	r->low = isnan(r->low) || value < r->low ? value : r->low;
	r->high = isnan(r->high) || value > r->high ? value : r->high;
}

static struct range range_of(const struct kiln_plot *plot, size_t from, size_t to)
{
	struct range r = { NAN, NAN };

	for (size_t p = first_point(plot); p < plot->n_points; p++) {
		for (size_t s = from; s < to; s++)
			widen(&r, row(plot, p)[s]);
	}
	return r;
}

/* A line that is flat, or none at all, has a scale too. */
static struct range scale_of(const struct kiln_plot *plot)
{
	struct range r = range_of(plot, 0, plot->n_series);
	double room;

	if (isnan(r.low))
		return (struct range){ 0, 1 };
	/* halves: the difference of two finite numbers may not be finite */
	room = r.high / 2 - r.low / 2 > 0 ? (r.high / 2 - r.low / 2) / 10
					  : fmax(fabs(r.low) / 10, 0.5);
	return (struct range){ fmax(r.low - room, -1e307), fmin(r.high + room, 1e307) };
}

static double place_y(const struct range *r, double value)
{
	const double part = (value / 2 - r->low / 2) / (r->high / 2 - r->low / 2);

	return HEIGHT - BOTTOM - fmin(fmax(part, 0), 1) * (HEIGHT - TOP - BOTTOM);
}

static double place_x(const struct kiln_plot *plot, size_t point)
{
	const size_t n = plot->n_points - first_point(plot);
	const double part = n > 1 ? (double)(point - first_point(plot)) / (double)(n - 1) : 0.5;

	return LEFT + part * (WIDTH - LEFT - RIGHT);
}

static void add_ticks(struct kiln_buf *out, const struct kiln_plot *plot, const struct range *r)
{
	for (int i = 0; i <= TICKS; i++) {
		const double value = r->low + (r->high / TICKS - r->low / TICKS) * i;
		const double y = place_y(r, value);

		(void)kiln_buf_printf(out,
				      "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>"
				      "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>\n",
				      LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, value);
	}
	(void)kiln_buf_printf(out,
			      "<text x=\"%d\" y=\"%d\">%zu</text>"
			      "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%zu</text>\n",
			      LEFT, HEIGHT - 6, plot->n_points ? first_point(plot) + 1 : 0,
			      WIDTH - RIGHT, HEIGHT - 6, plot->n_points);
}

/* A line with a gap where there is no value; a lone point is a dot. */
static void add_series(struct kiln_buf *out, const struct kiln_plot *plot, const struct range *r,
		       size_t series)
{
	bool pen_up = true;

	(void)kiln_buf_puts(out, "<path fill=\"none\" stroke-linecap=\"round\" "
				 "stroke-linejoin=\"round\" stroke-width=\"1.6\" stroke=\"");
	(void)kiln_buf_printf(out, "%s\" d=\"", colours[series]);
	for (size_t p = first_point(plot); p < plot->n_points; p++) {
		const double value = row(plot, p)[series];

		if (isnan(value)) {
			pen_up = true;
			continue;
		}
		(void)kiln_buf_printf(out, "%s%.1f %.1f%s", pen_up ? "M" : "L", place_x(plot, p),
				      place_y(r, value), pen_up ? "h0" : "");
		pen_up = false;
	}
	(void)kiln_buf_puts(out, "\"/>\n");
}

static void add_legend(struct kiln_buf *out, const struct kiln_plot *plot)
{
	(void)kiln_buf_printf(out, "<text x=\"%d\" y=\"16\"><tspan font-weight=\"bold\">", LEFT);
	kiln_xml_text(out, plot->title);
	(void)kiln_buf_puts(out, "</tspan>");
	for (size_t i = 0; i < plot->n_series; i++) {
		(void)kiln_buf_printf(out, "<tspan dx=\"12\" fill=\"%s\">&#9632; ", colours[i]);
		kiln_xml_text(out, plot->names[i]);
		(void)kiln_buf_puts(out, "</tspan>");
	}
	(void)kiln_buf_puts(out, "</text>\n");
}

void kiln_plot_svg(const struct kiln_plot *plot, struct kiln_buf *out)
{
	const struct range r = scale_of(plot);

	(void)kiln_buf_printf(out,
			      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
			      "height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n"
			      "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
			      WIDTH, HEIGHT, WIDTH, HEIGHT);
	add_ticks(out, plot, &r);
	for (size_t i = 0; i < plot->n_series; i++)
		add_series(out, plot, &r, i);
	add_legend(out, plot);
	(void)kiln_buf_puts(out, "</svg>\n");
}

void kiln_plot_text(const struct kiln_plot *plot, struct kiln_buf *out)
{
	(void)kiln_buf_printf(out, "%zu point%s", plot->n_points, plot->n_points == 1 ? "" : "s");
	for (size_t s = 0; s < plot->n_series; s++) {
		const struct range r = range_of(plot, s, s + 1);

		if (!isnan(r.low))
			(void)kiln_buf_printf(out, "%s %s %g to %g", s ? "," : ":", plot->names[s],
					      r.low, r.high);
	}
}
