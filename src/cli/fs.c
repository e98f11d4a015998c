/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fs.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/board.h"

bool fs_is_board(const char *word)
{
	return word[0] == ':';
}

const char *fs_board_path(const char *word)
{
	return word + fs_is_board(word);
}

void fs_progress_begin(struct fs *fs)
{
	fs->line = (struct term_line){ 0 };
	if (!fs->params.json)
		(void)term_line_init(&fs->line, stderr);
	fs->cli->line = &fs->line;
}

void fs_progress_end(struct fs *fs)
{
	term_line_clear(&fs->line);
	fs->cli->line = NULL;
}

void fs_progress(void *user, const struct kiln_files_progress *p)
{
	struct fs *fs = user;
	const kiln_ms now = kiln_now();
	char bar[80] = "", clean[128], text[256];

	if (now - fs->drawn < 100)
		return;
	fs->drawn = now;
	if (p->total)
		render_bar(bar, sizeof(bar), 30, p->done, p->total);
	kiln_text_format(text, sizeof(text), "%s%s%s (%zu of %zu), %llu bytes", bar,
			 bar[0] ? "  " : "", kiln_path_clean(p->path, clean, sizeof(clean)),
			 p->item + 1, p->items, (unsigned long long)p->done);
	term_line_show(&fs->line, text);
}

static int with_board(struct fs *fs, fs_work *work)
{
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code = board_open(fs->cli, fs->params.port, fs->params.baud, &fs->repl, &err);

	if (code == KILN_OK)
		code = kiln_files_open(fs->repl, &fs->files, &err);
	if (code == KILN_OK)
		code = work(fs, &err);
	kiln_files_close(fs->files);
	kiln_repl_close(fs->repl);
	return code == KILN_OK ? 0 : cli_fail(fs->cli, &err);
}

int fs_run(struct cli *cli, const struct command *self, int argc, char **argv, size_t min,
	   size_t max, fs_work *work)
{
	struct fs fs = { .cli = cli, .self = self, .params = { .baud = 115200 } };
	int exit_code = cli_parse(cli, self, argc, argv, &fs.params, &fs.words);

	cli->json = fs.params.json;
	if (exit_code >= 0)
		; /* said already */
	else if (fs.words.n < min)
		exit_code = cli_usage(cli, self, "%s what?", self->name);
	else if (max && fs.words.n > max)
		exit_code = cli_usage(cli, self, "'%s' is one word too many", fs.words.items[max]);
	else if (fs.params.baud > 10000000)
		exit_code = cli_usage(cli, self, "no port does %llu baud",
				      (unsigned long long)fs.params.baud);
	else
		exit_code = with_board(&fs, work);
	opt_list_done(&fs.words);
	return exit_code;
}
