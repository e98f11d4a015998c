/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "kernel/plot.h"

static bool put(struct kiln_plot *plot, const char *line)
{
	return kiln_plot_line(plot, line, strlen(line));
}

static void says(const struct kiln_plot *plot, const char *wanted)
{
	struct kiln_buf out = KILN_BUF_INIT(4096);

	kiln_plot_text(plot, &out);
	assert_string_equal(kiln_buf_str(&out), wanted);
	kiln_buf_done(&out);
}

static void numbers_are_points(void **state)
{
	struct kiln_plot plot;

	(void)state;
	assert_true(kiln_plot_init(&plot, 100, ""));
	assert_true(put(&plot, "21.5"));
	assert_true(put(&plot, "(-3, 48)"));
	assert_true(put(&plot, " 1e2;.5\t"));
	assert_true(put(&plot, "[+7]"));
	says(&plot, "4 points: 1 -3 to 100, 2 0.5 to 48");
	kiln_plot_done(&plot);
}

static void names_make_series(void **state)
{
	struct kiln_plot plot;

	(void)state;
	assert_true(kiln_plot_init(&plot, 100, ""));
	assert_true(put(&plot, "temp:21.5 hum=48"));
	assert_true(put(&plot, "hum: 50, temp: 20"));
	assert_true(put(&plot, "{'temp': 22, 'hum': 47}"));
	says(&plot, "3 points: temp 20 to 22, hum 47 to 50");
	kiln_plot_done(&plot);
}

static void text_is_no_point(void **state)
{
	static const char *const lines[] = {
		"",           "hello",    "temp",   "temp:",
		"temp: warm", "1 apple",  "0x3ffb", "None",
		"nano 1",     "12:30:05", "1.2.3",  "1e999",
		"- 5",        "()",       "a b:1",  "1 2 3 4 5 6 7 8 9 10 11 12 13"
	};
	struct kiln_plot plot;

	(void)state;
	assert_true(kiln_plot_init(&plot, 100, ""));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (put(&plot, lines[i]))
			fail_msg("'%s' was plotted", lines[i]);
	}
	assert_false(kiln_plot_line(&plot, "1\0002", 3));
	says(&plot, "0 points");
	kiln_plot_done(&plot);
}

static void the_window_rolls(void **state)
{
	struct kiln_plot plot;
	char line[32];

	(void)state;
	assert_true(kiln_plot_init(&plot, 10, ""));
	kiln_plot_label(&plot, 0, "n", 1);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof(line), "%d", i);
		assert_true(put(&plot, line));
	}
	says(&plot, "1000 points: n 990 to 999");
	kiln_plot_done(&plot);
}

static void series_are_bounded(void **state)
{
	struct kiln_plot plot;
	char line[32];

	(void)state;
	assert_true(kiln_plot_init(&plot, 10, ""));
	for (int i = 0; i < 100; i++) {
		(void)snprintf(line, sizeof(line), "s%d:1", i);
		assert_true(put(&plot, line));
	}
	assert_int_equal(plot.n_series, KILN_PLOT_SERIES);
	kiln_plot_done(&plot);
}

static void the_chart_is_escaped_and_finite(void **state)
{
	struct kiln_buf svg = KILN_BUF_INIT(65536);
	struct kiln_plot plot;

	(void)state;
	assert_true(kiln_plot_init(&plot, 10, "a <b> & \"c\""));
	kiln_plot_label(&plot, 0, "</svg><script>", 14);
	kiln_plot_svg(&plot, &svg); /* no point yet */
	assert_true(put(&plot, "1e308 -1e308"));
	assert_true(put(&plot, "5"));
	kiln_plot_svg(&plot, &svg);
	assert_false(svg.failed);
	assert_null(strstr(kiln_buf_str(&svg), "<script"));
	assert_non_null(strstr(kiln_buf_str(&svg), "a &lt;b&gt; &amp; &quot;c&quot;"));
	assert_null(strstr(kiln_buf_str(&svg), "nan"));
	assert_null(strstr(kiln_buf_str(&svg), "inf"));
	kiln_buf_done(&svg);
	kiln_plot_done(&plot);
}

static void no_number_is_a_gap(void **state)
{
	struct kiln_buf svg = KILN_BUF_INIT(65536);
	struct kiln_plot plot;

	(void)state;
	assert_true(kiln_plot_init(&plot, 10, ""));
	assert_true(put(&plot, "1 10"));
	assert_true(put(&plot, "nan, 11"));
	assert_true(put(&plot, "(3, None)"));
	assert_true(put(&plot, "-inf"));
	assert_true(put(&plot, "nan 12"));
	says(&plot, "5 points: 1 1 to 3, 2 10 to 12");
	kiln_plot_svg(&plot, &svg);
	assert_null(strstr(kiln_buf_str(&svg), "nan"));
	kiln_buf_done(&svg);
	kiln_plot_done(&plot);
}

/* What stands at the value axis of a chart of two points. */
static void axis_of(double low, double high, char *dst, size_t size)
{
	static const char mark[] = "text-anchor=\"end\">";
	struct kiln_buf svg = KILN_BUF_INIT(65536);
	struct kiln_plot plot;
	char line[64];
	size_t n = 0;

	assert_true(kiln_plot_init(&plot, 10, ""));
	(void)snprintf(line, sizeof(line), "%.12g", low);
	assert_true(put(&plot, line));
	(void)snprintf(line, sizeof(line), "%.12g", high);
	assert_true(put(&plot, line));
	kiln_plot_svg(&plot, &svg);
	for (const char *at = kiln_buf_str(&svg); (at = strstr(at, mark));) {
		at += strlen(mark);
		n += (size_t)snprintf(dst + n, size - n, "%.*s ", (int)strcspn(at, "<"), at);
	}
	kiln_buf_done(&svg);
	kiln_plot_done(&plot);
}

static void ticks_are_round_and_differ(void **state)
{
	static const struct {
		double low, high;
		const char *ticks; /* and the number of the last point */
	} cases[] = {
		{ -1, 1, "-1.0 -0.5 0.0 0.5 1.0 2 " },
		{ 20.3, 23.9, "20 21 22 23 24 2 " },
		{ 21.5, 21.5, "19 20 21 22 23 24 2 " },
		{ 1700000000, 1700000004,
		  "1700000000 1700000001 1700000002 1700000003 "
		  "1700000004 2 " },
		{ 0, 3e-9, "0 5e-10 1e-09 1.5e-09 2e-09 2.5e-09 3e-09 2 " },
		{ 1e308, -1e308, "-1e+300 -5e+299 0 5e+299 1e+300 2 " },
		{ 0, 0, "-0.6 -0.4 -0.2 0.0 0.2 0.4 0.6 2 " },
	};
	char axis[300];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		axis_of(cases[i].low, cases[i].high, axis, sizeof(axis));
		assert_string_equal(axis, cases[i].ticks);
	}
}

/* Twelve rows of names, and as many points as there can be: what is drawn stays small. */
static void the_largest_chart_is_bounded(void **state)
{
	static const char name[] = "a name as long as names can be, or so..";
	struct kiln_buf svg = KILN_BUF_INIT(1 << 20);
	struct kiln_plot plot;
	char line[200];

	(void)state;
	assert_true(kiln_plot_init(&plot, KILN_PLOT_POINTS, ""));
	for (size_t i = 0; i < KILN_PLOT_SERIES; i++)
		kiln_plot_label(&plot, i, name, strlen(name));
	for (int i = 0; i < 2 * KILN_PLOT_POINTS; i++) {
		const int v = i * 7919 % 1000;

		(void)snprintf(line, sizeof(line), "%d %d %d %d %d %d %d %d %d %d %d %d", v, v + 1,
			       v + 2, v + 3, v + 4, v + 5, v + 6, v + 7, v + 8, v + 9, v + 10,
			       v + 11);
		assert_true(put(&plot, line));
	}
	kiln_plot_svg(&plot, &svg);
	assert_false(svg.failed);
	assert_true(svg.len < 512 * 1024);
	assert_non_null(strstr(kiln_buf_str(&svg), "height=\"476\"")); /* 300, and 11 more rows */
	kiln_buf_done(&svg);
	kiln_plot_done(&plot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_points),
		cmocka_unit_test(names_make_series),
		cmocka_unit_test(text_is_no_point),
		cmocka_unit_test(the_window_rolls),
		cmocka_unit_test(series_are_bounded),
		cmocka_unit_test(the_chart_is_escaped_and_finite),
		cmocka_unit_test(no_number_is_a_gap),
		cmocka_unit_test(ticks_are_round_and_differ),
		cmocka_unit_test(the_largest_chart_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
