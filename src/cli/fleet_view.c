/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many boards on one screen: each line that stays begins with the board's name; on a terminal a
 * bar for each board that is being worked on stands below. With --json an object for each event.
 */
#include <string.h>

#include "base/text.h"
#include "cli/fleet.h"
#include "cli/render.h"

enum {
	DRAW_MS = 100,
	MAC_WIDTH = 17 + 2,
	BAR_WIDTH = 20 + 9,
};

void fleet_view_init(struct fleet *fleet)
{
	if (!fleet->cli->json)
		(void)term_line_init(&fleet->line, stdout);
	fleet->cli->line = &fleet->line;
}

void fleet_view_watching(const struct fleet *fleet)
{
	if (fleet->cli->json)
		cli_json(json_pack("{s:s}", "event", "watching"));
	else
		puts("waiting for boards to be plugged in; Ctrl-C ends this");
	fflush(stdout);
}

static void add_bar(const struct fleet_board *b, struct kiln_buf *out)
{
	const struct fleet *fleet = b->fleet;
	const int columns = fleet->line.columns, rest = columns - fleet->name_width - 4;
	char bar[80] = "";

	/* how far it is must be seen, whatever is cut off behind it */
	if (b->total > 0 && rest >= MAC_WIDTH + BAR_WIDTH)
		render_bar(bar, sizeof(bar), 20, b->at, b->total);
	else if (b->total > 0)
		kiln_text_format(bar, sizeof(bar), "%3d %%", (int)(100 * b->at / b->total));
	(void)kiln_buf_printf(out, "%s%-*s  ", out->len ? "\n" : "", fleet->name_width, b->name);
	if (rest >= MAC_WIDTH + BAR_WIDTH)
		(void)kiln_buf_printf(out, "%-17s  ", b->mac);
	(void)kiln_buf_printf(out, "%s%s%s", bar, bar[0] ? "  " : "", b->doing);
}

static void draw(struct fleet *fleet, bool at_once)
{
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);
	const kiln_ms now = kiln_now();

	if (!fleet->line.file || (!at_once && now - fleet->drawn < DRAW_MS))
		return;
	fleet->drawn = now;
	for (size_t i = 0; i < fleet->n; i++) {
		if (fleet->boards[i]->state == FLEET_BUSY)
			add_bar(fleet->boards[i], &out);
	}
	term_line_show(&fleet->line, kiln_buf_str(&out));
	kiln_buf_done(&out);
}

static void say(const struct fleet_board *b, const char *line)
{
	term_line_clear(&b->fleet->line);
	printf("%-*s  %s\n", b->fleet->name_width, b->name, line);
	fflush(stdout);
}

static void print_json(const struct fleet_board *b, json_t *object)
{
	if (object)
		(void)json_object_set_new(object, "port", json_string(b->port.url));
	cli_json(object);
}

static void feed(struct fleet_board *b, const struct kiln_flash_event *event)
{
	struct kiln_buf text = KILN_BUF_INIT(4096);

	b->going.end = DIALECT_LINE; /* each text stands for itself */
	(void)dialect_feed(&b->going, event, &text);
	if (text.len > 0) {
		kiln_text_copy(b->doing, sizeof(b->doing), kiln_buf_str(&text));
		b->at = b->total = 0;
	}
	if (event->stage == KILN_FLASH_WRITING) {
		b->at = event->done;
		b->total = event->total;
	}
	kiln_buf_reset(&text);
	(void)dialect_feed(&b->done, event, &text);
	if (text.len > 0) {
		text.data[text.len - 1] = '\0'; /* instead of its newline */
		say(b, kiln_buf_str(&text));
	}
	kiln_buf_done(&text);
	draw(b->fleet, event->stage != KILN_FLASH_WRITING);
}

void fleet_view_event(struct fleet_board *b, const struct kiln_flash_event *event)
{
	if (b->fleet->cli->json)
		print_json(b, render_json(event));
	else
		feed(b, event);
}

void fleet_view_retry(struct fleet_board *b, const struct kiln_err *err)
{
	char text[sizeof(err->what) + sizeof(err->why) + 64];

	if (b->fleet->cli->json) {
		print_json(b, json_pack("{s:s, s:i, s:s, s:s}", "event", "again", "tries",
					(int)b->tries, "what", err->what, "why", err->why));
		return;
	}
	kiln_text_format(text, sizeof(text), "again    %s: %s", err->what, err->why);
	say(b, text);
	draw(b->fleet, true);
}

/* For programs that show a bench: people see it. */
void fleet_view_unplugged(const struct fleet_board *b)
{
	if (b->fleet->cli->json)
		print_json(b, json_pack("{s:s}", "event", "unplugged"));
}

void fleet_view_ended(struct fleet_board *b)
{
	struct fleet *fleet = b->fleet;
	struct kiln_err err = b->err;
	char text[sizeof(b->runs) + 16];

	if (fleet->cli->json) {
		cli_json(fleet_json(b));
	} else if (b->state == FLEET_OK) {
		kiln_text_format(text, sizeof(text), "runs     %s",
				 b->runs[0] ? b->runs : "what was written; not waited for");
		say(b, text);
	} else {
		kiln_because(&err, "cannot flash '%s'", b->name);
		(void)cli_fail(fleet->cli, &err);
	}
	draw(fleet, true);
}

static size_t count_ok(const struct fleet *fleet)
{
	size_t n = 0;

	for (size_t i = 0; i < fleet->n; i++)
		n += fleet->boards[i]->state == FLEET_OK;
	return n;
}

static void print_table(const struct fleet *fleet)
{
	const int width = fleet->name_width > 5 ? fleet->name_width : 5;

	printf("\n%-*s  %-17s  %-8s  %s\n", width, "board", "MAC", "result", "seconds");
	for (size_t i = 0; i < fleet->n; i++) {
		const struct fleet_board *b = fleet->boards[i];

		printf("%-*s  %-17s  %-8s  %7.1f", width, b->name, b->mac[0] ? b->mac : "-",
		       b->state == FLEET_OK ? "verified" : "failed", (double)b->elapsed / 1000);
		if (b->state != FLEET_OK)
			printf("  %s", b->err.what);
		else if (b->tries > 1)
			printf("  at try %u", b->tries);
		putchar('\n');
	}
	printf("%zu of %zu boards are done\n", count_ok(fleet), fleet->n);
}

void fleet_view_summary(struct fleet *fleet)
{
	const size_t ok = count_ok(fleet);

	term_line_clear(&fleet->line);
	fleet->cli->line = NULL;
	if (fleet->cli->json)
		cli_json(json_pack("{s:s, s:I, s:I, s:I}", "event", "summary", "boards",
				   (json_int_t)fleet->n, "verified", (json_int_t)ok, "failed",
				   (json_int_t)(fleet->n - ok)));
	else if (fleet->n > 0)
		print_table(fleet);
	fflush(stdout);
}
