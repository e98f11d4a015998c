/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that a board prints into a chart: whatever comes, the picture is XML without raw text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/plot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t count(const char *text, const char *what)
{
	size_t found = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		found++;
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct kiln_buf svg = KILN_BUF_INIT(1 << 20), text = KILN_BUF_INIT(8192);
	struct kiln_plot plot;
	size_t at = 0;

	if (!kiln_plot_init(&plot, 20, "t"))
		return 0;
	while (at < n) {
		const uint8_t *end = memchr(data + at, '\n', n - at);
		const size_t length = end ? (size_t)(end - (data + at)) : n - at;

		(void)kiln_plot_line(&plot, (const char *)data + at, length);
		at += length + 1;
	}
	kiln_plot_svg(&plot, &svg);
	kiln_plot_text(&plot, &text);
	if (svg.failed || text.failed || count(kiln_buf_str(&svg), "<svg") != 1 ||
	    count(kiln_buf_str(&svg), "&#9632;") != plot.n_series ||
	    count(kiln_buf_str(&svg), "<script"))
		abort();
	kiln_buf_done(&svg);
	kiln_buf_done(&text);
	kiln_plot_done(&plot);
	return 0;
}
