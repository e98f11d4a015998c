/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/plot_impl.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { LINE_MAX_BYTES = 1000 }; /* longer ones are no numbers for a chart */

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

size_t kiln_plot_first(const struct kiln_plot *plot)
{
	return plot->n_points > plot->window ? plot->n_points - plot->window : 0;
}

double kiln_plot_value(const struct kiln_plot *plot, size_t point, size_t series)
{
	return row(plot, point)[series];
}

/* ---- lines ---- */

/* One line's numbers, until it is known that there is nothing else in it. */
struct numbers {
	const char *names[KILN_PLOT_SERIES];
	size_t name_lengths[KILN_PLOT_SERIES]; /* 0: by its place */
	double values[KILN_PLOT_SERIES];
	size_t n;
	size_t n_values; /* without None: such a line may be a plot's, but is none by itself */
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

/* What Python prints where a sensor gave no number: a gap in the line. */
static bool take_gap(const char **at, bool *ret_none)
{
	static const char *const words[] = { "None", "nan", "-nan", "inf", "-inf" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const size_t n = strlen(words[i]);

		if (strncmp(*at, words[i], n) != 0 || ((*at)[n] && !is_between((*at)[n])))
			continue;
		*at += n;
		*ret_none = i == 0;
		return true;
	}
	return false;
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
	size_t n = name_length(*at);
	const char *number = n ? skip_colon(*at + n) : *at;
	bool none = false;

	if (!number) { /* a word by itself: perhaps one that stands for a number */
		number = *at;
		n = 0;
	}
	if (x->n == KILN_PLOT_SERIES)
		return false;
	x->names[x->n] = *at;
	x->name_lengths[x->n] = n;
	x->values[x->n] = NAN;
	if (!take_gap(&number, &none) && !take_number(&number, &x->values[x->n]))
		return false;
	x->n++;
	x->n_values += !none;
	*at = number;
	return true;
}

static bool parse(const char *at, struct numbers *ret_numbers)
{
	ret_numbers->n = ret_numbers->n_values = 0;
	for (;;) {
		while (is_between(*at))
			at++;
		if (!*at)
			return ret_numbers->n_values > 0;
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

/* ---- ranges ---- */

static void widen(struct kiln_plot_range *r, double value)
{
	if (isnan(value))
		return;
	r->low = isnan(r->low) || value < r->low ? value : r->low;
	r->high = isnan(r->high) || value > r->high ? value : r->high;
}

struct kiln_plot_range kiln_plot_range(const struct kiln_plot *plot, size_t from, size_t to)
{
	struct kiln_plot_range r = { NAN, NAN };

	for (size_t p = kiln_plot_first(plot); p < plot->n_points; p++) {
		for (size_t s = from; s < to; s++)
			widen(&r, row(plot, p)[s]);
	}
	return r;
}

/* Whole numbers whole: counters and times have more digits than measurements. */
static void add_number(struct kiln_buf *out, double value)
{
	(void)kiln_buf_printf(out, floor(value) == value && fabs(value) < 1e15 ? "%.0f" : "%.7g",
			      value);
}

void kiln_plot_text(const struct kiln_plot *plot, struct kiln_buf *out)
{
	const char *between = ":";

	(void)kiln_buf_printf(out, "%zu point%s", plot->n_points, plot->n_points == 1 ? "" : "s");
	for (size_t s = 0; s < plot->n_series; s++) {
		const struct kiln_plot_range r = kiln_plot_range(plot, s, s + 1);

		if (isnan(r.low))
			continue;
		(void)kiln_buf_printf(out, "%s %s ", between, plot->names[s]);
		add_number(out, r.low);
		(void)kiln_buf_puts(out, " to ");
		add_number(out, r.high);
		between = ",";
	}
}
