/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/render.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct dialect_row done_rows[] = {
	{ KILN_FLASH_CHIP, DIALECT_ALWAYS, 0,
	  "chip     {description}{revision}, crystal {crystal}, MAC {mac}" },
	{ KILN_FLASH_ERASED, DIALECT_ALWAYS, 0, "erased   in {seconds} s" },
	{ KILN_FLASH_COMPARED, DIALECT_ALWAYS, 0,
	  "same     {done} of {total} bytes at {address} stand there already" },
	{ KILN_FLASH_WROTE, DIALECT_ALWAYS, 0,
	  "wrote    {total} bytes at {address} in {seconds} s ({kbits} kbit/s)" },
	{ KILN_FLASH_VERIFIED, DIALECT_ALWAYS, 0, "verified" },
	{ KILN_FLASH_WARNING, DIALECT_ALWAYS, 0, "warning: {item}" },
	{ KILN_FLASH_RETRY, DIALECT_ALWAYS, 0, "warning: sending again from {address}: {item}" },
	{ KILN_FLASH_GONE, DIALECT_ALWAYS, 0,
	  "gone     {item}: waiting for it to come back (up to {seconds} s)" },
	{ KILN_FLASH_BACK, DIALECT_ALWAYS, 0, "back     {item}" },
	{ 0 },
};

static const struct dialect_row going_rows[] = {
	{ KILN_FLASH_CONNECTING, DIALECT_ALWAYS, 0, "connecting", DIALECT_OPEN },
	{ KILN_FLASH_STUB_UPLOAD, DIALECT_ALWAYS, 0, "starting the flasher", DIALECT_OPEN },
	{ KILN_FLASH_BAUD, DIALECT_ALWAYS, 0, "changing to {total} baud", DIALECT_OPEN },
	{ KILN_FLASH_ERASING, DIALECT_ALWAYS, 0, "erasing (this may take a while)", DIALECT_OPEN },
	{ KILN_FLASH_COMPARING, DIALECT_ALWAYS, 0, "comparing with the flash", DIALECT_OPEN },
	{ KILN_FLASH_WRITING, DIALECT_ALWAYS, 0, "writing {item} at {address}", DIALECT_OPEN },
	{ KILN_FLASH_VERIFYING, DIALECT_ALWAYS, 0, "verifying", DIALECT_OPEN },
	{ KILN_FLASH_RESET, DIALECT_ALWAYS, 0, "resetting", DIALECT_OPEN },
	{ 0 },
};

const struct dialect render_done_texts = { "kiln", NULL, done_rows };
const struct dialect render_going_texts = { "kiln", NULL, going_rows };

void render_init(struct render *r, struct cli *cli)
{
	*r = (struct render){ .cli = cli };
	r->done.dialect = &render_done_texts;
	r->going.dialect = &render_going_texts;
	if (!cli->json)
		(void)term_line_init(&r->line, stdout);
	cli->line = &r->line;
}

void render_done(struct render *r)
{
	term_line_clear(&r->line);
	r->cli->line = NULL;
}

void render_bar(char *dst, size_t size, int width, uint64_t done, uint64_t total)
{
	const uint64_t part = total && done < total ? done : total;
	const int percent = total ? (int)(100 * part / total) : 100;
	const int filled = total ? (int)((uint64_t)width * part / total) : width;
	char bar[64] = { 0 };

	for (int i = 0; i < width && i < (int)sizeof(bar) - 1; i++)
		bar[i] = i < filled ? '=' : i == filled ? '>' : ' ';
	kiln_text_format(dst, size, "[%s] %3d %%", bar, percent);
}

/* Where the bar stands, redrawn when something new begins and else now and then. */
static void draw(struct render *r, const struct kiln_flash_event *event, const char *text)
{
	const bool writing = event->stage == KILN_FLASH_WRITING;
	const kiln_ms now = kiln_now();
	char bar[80] = "", all[512];

	if (writing && now - r->drawn < 100 && event->done < event->total)
		return;
	r->drawn = now;
	if (writing)
		render_bar(bar, sizeof(bar), r->line.columns < 70 ? 10 : 30, event->done,
			   event->total);
	kiln_text_format(all, sizeof(all), "%s%s%s", bar, bar[0] ? "  " : "", text);
	term_line_show(&r->line, all);
}

/* No terminal: say it when a quarter of a file is over. */
static void milestone(struct render *r, const struct kiln_flash_event *event, const char *text)
{
	const unsigned quarter = event->total ? (unsigned)(4 * event->done / event->total) : 4;

	if (event->stage != KILN_FLASH_WRITING)
		return;
	if (quarter < r->quarter)
		r->quarter = 0; /* the next file */
	if (quarter == r->quarter)
		return;
	r->quarter = quarter == 4 ? 0 : quarter;
	if (quarter < 4) /* the last one is said by "wrote" */
		printf("%3u %%    %s\n", 25 * quarter, text);
	fflush(stdout);
}

static void show_going(struct render *r, const struct kiln_flash_event *event)
{
	struct kiln_buf text = KILN_BUF_INIT(1024);

	r->going.end = DIALECT_LINE; /* each text stands for itself */
	(void)dialect_feed(&r->going, event, &text);
	if (text.len > 0 && r->line.file)
		draw(r, event, kiln_buf_str(&text));
	else if (text.len > 0)
		milestone(r, event, kiln_buf_str(&text));
	kiln_buf_done(&text);
}

void render_event(void *user, const struct kiln_flash_event *event)
{
	struct kiln_buf text = KILN_BUF_INIT(4096);
	struct render *r = user;

	if (r->cli->json) {
		cli_json(render_json(event));
		return;
	}
	show_going(r, event);
	(void)dialect_feed(&r->done, event, &text);
	if (text.len > 0) {
		term_line_clear(&r->line);
		fwrite(text.data, 1, text.len, stdout);
		fflush(stdout);
	}
	kiln_buf_done(&text);
}

void render_say(struct render *r, const char *fmt, ...)
{
	va_list args;

	if (r->cli->json)
		return;
	term_line_clear(&r->line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}
