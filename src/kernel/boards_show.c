/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of boards as %discover shows it: the lines that its users know, and beside them a table
 * for front ends that draw one, with what has come and gone since it was shown last.
 */
#include "kernel/kernel_impl.h"

#include "base/text.h"
#include "discover/format.h"
#include "kernel/boards_table.h"

enum { TEXT_MAX = 512 * 1024, ROWS_MAX = 3 * KILN_REGISTRY_MAX };

/* One row, and room for those of its texts that are made here. */
struct row {
	struct kiln_boards_row row;
	char firmware[80], state[340];
};

struct table {
	struct row rows[ROWS_MAX];
	size_t n;
};

static struct row *add_row(struct table *t, const char *name, const char *port, const char *state)
{
	struct row *r = &t->rows[t->n];

	if (t->n == ROWS_MAX)
		return NULL;
	t->n++;
	kiln_text_copy(r->state, sizeof(r->state), state);
	r->row = (struct kiln_boards_row){ .name = name, .port = port, .state = r->state };
	return r;
}

static const char *state_of(const struct kiln_kernel *k, const struct kiln_board *board)
{
	if (board->missing)
		return "unplugged";
	if (k->board.chosen && strcmp(k->board.board.url, board->url) == 0)
		return "connected";
	return k->shown_boards && !json_object_get(k->shown_boards, board->url) ? "new" : "ready";
}

static void add_boards(struct table *t, const struct kiln_kernel *k)
{
	const struct kiln_registry *registry = k->board.registry;

	for (size_t i = 0; i < kiln_registry_count(registry); i++) {
		const struct kiln_board *b = kiln_registry_board(registry, i);
		struct row *r = add_row(t, b->name, b->url, state_of(k, b));

		if (!r)
			return;
		kiln_text_format(r->firmware, sizeof(r->firmware), "%s %s", b->info.implementation,
				 b->info.version);
		r->row.firmware = r->firmware;
		r->row.chip = b->info.machine[0] ? b->info.machine : b->info.platform;
		r->row.uid = b->info.uid;
		r->row.gone = b->missing;
	}
}

static void add_failures(struct table *t, const struct kiln_registry *registry)
{
	for (size_t i = 0; i < kiln_registry_failures(registry); i++) {
		const struct kiln_board_failure *f = kiln_registry_failure(registry, i);

		(void)add_row(t, "", f->url, f->err.why[0] ? f->err.why : f->err.what);
	}
}

/* Those that were shown before and are nowhere now. */
static void add_gone(struct table *t, json_t *shown)
{
	const size_t before = t->n;
	const char *url;
	json_t *name;

	json_object_foreach(shown, url, name)
	{
		bool there = false;
		struct row *r;

		for (size_t i = 0; i < before; i++)
			there = there || strcmp(t->rows[i].row.port, url) == 0;
		r = there ? NULL : add_row(t, json_string_value(name), url, "unplugged");
		if (r)
			r->row.gone = true;
	}
}

static void remember(struct kiln_kernel *k)
{
	const struct kiln_registry *registry = k->board.registry;

	json_decref(k->shown_boards);
	k->shown_boards = json_object();
	for (size_t i = 0; i < kiln_registry_count(registry); i++) {
		const struct kiln_board *b = kiln_registry_board(registry, i);

		if (!b->missing)
			(void)json_object_set_new(k->shown_boards, b->url, json_string(b->name));
	}
}

/* Its users know lines that end as if an empty uid stood there. */
static void format_lines(const struct kiln_registry *registry, bool verbose, struct kiln_buf *out)
{
	struct kiln_board_line lines[KILN_REGISTRY_MAX];
	size_t n = 0;

	for (; n < KILN_REGISTRY_MAX && n < kiln_registry_count(registry); n++) {
		const struct kiln_board *b = kiln_registry_board(registry, n);

		lines[n] = (struct kiln_board_line){ b->name, b->url, verbose ? b->info.uid : "" };
	}
	(void)kiln_boards_format(out, lines, n, true);
	if (n == 0)
		(void)kiln_buf_puts(out, "No devices available\n");
}

static void show(struct kiln_kernel *k, const struct table *t, const struct kiln_buf *lines,
		 bool verbose)
{
	struct kiln_boards_row rows[ROWS_MAX];
	struct kiln_buf html = KILN_BUF_INIT(TEXT_MAX);

	for (size_t i = 0; i < t->n; i++)
		rows[i] = t->rows[i].row;
	kiln_boards_html(&html, rows, t->n, verbose);
	/* the newline at the end is the front end's to make */
	kiln_kernel_display(k,
			    json_pack("{s:o, s:o}", "text/plain",
				      kiln_kernel_json_text(kiln_buf_str(lines), lines->len - 1),
				      "text/html",
				      kiln_kernel_json_text(kiln_buf_str(&html), html.len)),
			    NULL, false);
	kiln_buf_done(&html);
}

static void print_changes(struct kiln_kernel *k, const struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct kiln_boards_row *r = &t->rows[i].row;

		if (r->gone || strcmp(r->state, "new") == 0)
			kiln_kernel_print(k, KILN_STDERR, "%s: %s\n", r->port, r->state);
	}
}

void kiln_kernel_show_boards(struct kiln_kernel *k, bool verbose)
{
	struct kiln_buf lines = KILN_BUF_INIT(TEXT_MAX);
	struct table *t = calloc(1, sizeof(*t)); /* too large for a stack */

	format_lines(k->board.registry, verbose, &lines);
	if (t) {
		add_boards(t, k);
		add_failures(t, k->board.registry);
		add_gone(t, k->shown_boards);
	}
	if (t && t->n > 0)
		show(k, t, &lines, verbose);
	else
		kiln_kernel_text(k, KILN_STDOUT, kiln_buf_str(&lines), lines.len);
	if (t && verbose)
		print_changes(k, t);
	remember(k);
	kiln_buf_done(&lines);
	free(t);
}
