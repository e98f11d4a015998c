/* SPDX-License-Identifier: Apache-2.0 */
/* The chart of a plot: a picture with a ground of its own, so that it can be read on a dark page.
 */
#include "kernel/plot_impl.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "kernel/xml.h"

enum {
	WIDTH = 600,  /* what a notebook on a small screen has room for */
	HEIGHT = 300, /* with one row of names */
	RIGHT = 16,
	BOTTOM = 26,
	ROW = 16, /* of names */
	DIGIT_WIDTH = 7,
	TICKS = 5, /* about */
	LABEL_SIZE = 24,
};

/* Beyond this a difference may not be finite; no board measures such. */
static const double largest = 1e300;

static const char *const colours[KILN_PLOT_SERIES] = {
	"#e8792f", "#2f7fe8", "#3aa757", "#c2185b", "#8e5bd0", "#00897b",
	"#b38600", "#5d4037", "#546e7a", "#d81b60", "#1e88e5", "#7cb342",
};

struct chart {
	const struct kiln_plot *plot;
	double low, high, step; /* of the value axis: whole steps */
	int n_steps;
	int left, top, height;
};

/* ---- the value axis ---- */

/* 1, 2 or 5 times a power of ten: the one that is nearest. */
static double nice_step(double rough)
{
	const double power = pow(10, floor(log10(rough)));
	const double digit = rough / power;

	return (digit >= 7.1 ? 10 : digit >= 3.2 ? 5 : digit >= 1.4 ? 2 : 1) * power;
}

static double clamped(double value)
{
	return fmin(fmax(value, -largest), largest);
}

/* A line that is flat, or none at all, has a scale too. */
static void set_scale(struct chart *c)
{
	const struct kiln_plot_range r = kiln_plot_range(c->plot, 0, c->plot->n_series);
	double low = isnan(r.low) ? 0 : clamped(r.low), high = isnan(r.low) ? 1 : clamped(r.high);
	const double size = fmax(fabs(low), fabs(high));

	/* so little that it is the noise of the arithmetic */
	if (high - low <= size * 1e-12) {
		const double room = size > 0 ? size / 10 : 0.5;

		low -= room;
		high += room;
	}
	c->step = nice_step((high - low) / TICKS);
	c->low = floor(low / c->step + 1e-9) * c->step;
	c->n_steps = (int)ceil((high - c->low) / c->step - 1e-9);
	c->high = c->low + c->n_steps * c->step;
}

/* With as many digits as tell one tick from the next. */
static void format_tick(const struct chart *c, int i, char *dst)
{
	const double size = fmax(fabs(c->low), fabs(c->high));
	double value = c->low + i * c->step;
	const int decimals = (int)-floor(log10(c->step) + 1e-9);
	const int digits = (int)(floor(log10(size) + 1e-9) - floor(log10(c->step) + 1e-9)) + 1;

	if (fabs(value) < c->step / 2)
		value = 0; /* and not -0 */
	if (size < 1e7 && c->step > 9e-6)
		kiln_text_format(dst, LABEL_SIZE, "%.*f", decimals > 0 ? decimals : 0, value);
	else
		kiln_text_format(dst, LABEL_SIZE, "%.*g", digits < 12 ? digits : 12, value);
}

static void set_left(struct chart *c)
{
	char label[LABEL_SIZE];
	size_t longest = 3;

	for (int i = 0; i <= c->n_steps; i++) {
		format_tick(c, i, label);
		longest = strlen(label) > longest ? strlen(label) : longest;
	}
	c->left = (int)longest * DIGIT_WIDTH + 14;
}

static double place_y(const struct chart *c, double value)
{
	const double part = (clamped(value) - c->low) / (c->high - c->low);

	return c->height - BOTTOM - part * (c->height - c->top - BOTTOM);
}

static double place_x(const struct chart *c, size_t point)
{
	const size_t first = kiln_plot_first(c->plot), n = c->plot->n_points - first;
	const double part = n > 1 ? (double)(point - first) / (double)(n - 1) : 0.5;

	return c->left + part * (WIDTH - c->left - RIGHT);
}

static void add_axes(struct kiln_buf *out, const struct chart *c)
{
	const struct kiln_plot *plot = c->plot;
	char label[LABEL_SIZE];

	for (int i = 0; i <= c->n_steps; i++) {
		const double y = place_y(c, c->low + i * c->step);

		format_tick(c, i, label);
		(void)kiln_buf_printf(out,
				      "<path d=\"M%d %.1fH%d\" stroke=\"%s\"/>"
				      "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
				      c->left, y, WIDTH - RIGHT,
				      strcmp(label, "0") == 0 ? "#999" : "#ddd", c->left - 6, y + 4,
				      label);
	}
	(void)kiln_buf_printf(out, "<text x=\"%d\" y=\"%d\">%zu</text>", c->left, c->height - 8,
			      plot->n_points ? kiln_plot_first(plot) + 1 : 0);
	if (plot->n_points > 1)
		(void)kiln_buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%zu</text>",
				      WIDTH - RIGHT, c->height - 8, plot->n_points);
	(void)kiln_buf_putc(out, '\n');
}

/* ---- lines ---- */

/* Points in one column of the picture: more than four would not be seen. */
struct column {
	double x, first, last, low, high; /* y */
	size_t n;
};

static void add_column(struct kiln_buf *out, struct column *column, bool *pen_up)
{
	const double ys[] = { column->first, column->low, column->high, column->last };
	double at = NAN;

	for (size_t i = 0; column->n > 0 && i < sizeof(ys) / sizeof(ys[0]); i++) {
		if (at == ys[i])
			continue;
		at = ys[i];
		(void)kiln_buf_printf(out, "%s%.1f %.1f%s", *pen_up ? "M" : "L", column->x, at,
				      *pen_up ? "h0" : "");
		*pen_up = false;
	}
	column->n = 0;
}

static void take_point(struct column *column, double x, double y)
{
	if (column->n++ == 0)
		*column = (struct column){ x, y, y, y, y, 1 };
	column->last = y;
	column->low = fmin(column->low, y);
	column->high = fmax(column->high, y);
}

/* A line with a gap where there is no value; a lone point is a dot. */
static void add_series(struct kiln_buf *out, const struct chart *c, size_t series)
{
	const struct kiln_plot *plot = c->plot;
	const bool dense = plot->n_points - kiln_plot_first(plot) > WIDTH;
	struct column column = { .n = 0 };
	bool pen_up = true;

	(void)kiln_buf_printf(out,
			      "<path fill=\"none\" stroke-linecap=\"round\" "
			      "stroke-linejoin=\"round\" stroke-width=\"%s\" stroke=\"%s\" d=\"",
			      plot->n_points == 1 ? "6" : "1.6", colours[series]);
	for (size_t p = kiln_plot_first(plot); p < plot->n_points; p++) {
		const double value = kiln_plot_value(plot, p, series), x = place_x(c, p);

		if (isnan(value) || !dense || x >= column.x + 1)
			add_column(out, &column, &pen_up);
		if (isnan(value))
			pen_up = true;
		else
			take_point(&column, x, place_y(c, value));
	}
	add_column(out, &column, &pen_up);
	(void)kiln_buf_puts(out, "\"/>\n");
}

/* ---- names ---- */

/* About: a font's own measures are known where it is drawn. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++) {
		if (((unsigned char)*text & 0xC0) == 0x80)
			continue; /* in the midst of a character */
		width += (unsigned char)*text >= 0xE0 ? 13 : strchr("MWmw@%", *text) ? 10 : 7;
	}
	return width;
}

/* Where the next text of the legend stands. */
struct pen {
	int x, row;
};

/* Makes room, in a new row if need be; returns the width, which is never more than a row's. */
static int advance(struct pen *pen, const struct chart *c, const char *text, int extra)
{
	const int all = WIDTH - RIGHT - c->left;
	const int wanted = width_of(text) + extra, width = wanted < all ? wanted : all;

	if (pen->x > c->left && pen->x + width > WIDTH - RIGHT) {
		pen->x = c->left;
		pen->row++;
	}
	return width;
}

/* The names in rows; without `out` it is only found how many. A text that is too long is squeezed.
 */
static int add_legend(struct kiln_buf *out, const struct chart *c)
{
	const struct kiln_plot *plot = c->plot;
	struct pen pen = { c->left, 0 };

	for (size_t i = 0; i <= plot->n_series; i++) {
		const char *text = i ? plot->names[i - 1] : plot->title;
		const int mark = i ? 14 : 0, width = advance(&pen, c, text, mark);

		if (!text[0])
			continue;
		if (out) {
			(void)kiln_buf_printf(out, "<text x=\"%d\" y=\"%d\"", pen.x,
					      pen.row * ROW + ROW);
			if (width < width_of(text) + mark)
				(void)kiln_buf_printf(
					out, " textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\"",
					width);
			if (i)
				(void)kiln_buf_printf(out, " fill=\"%s\">&#9632; ", colours[i - 1]);
			else
				(void)kiln_buf_puts(out, " font-weight=\"bold\">");
			kiln_xml_text(out, text);
			(void)kiln_buf_puts(out, "</text>\n");
		}
		pen.x += width + ROW;
	}
	return pen.row + 1;
}

void kiln_plot_svg(const struct kiln_plot *plot, struct kiln_buf *out)
{
	struct chart c = { .plot = plot };
	int rows;

	set_scale(&c);
	set_left(&c);
	rows = add_legend(NULL, &c);
	c.top = ROW * rows + 12;
	c.height = HEIGHT + ROW * (rows - 1);
	kiln_svg_begin(out, WIDTH, c.height);
	add_axes(out, &c);
	for (size_t i = 0; i < plot->n_series; i++)
		add_series(out, &c, i);
	(void)add_legend(out, &c);
	(void)kiln_buf_puts(out, "</svg>\n");
}
