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

void fs_base_name(const char *path, char *dst, size_t size)
{
	size_t n = strlen(path), from;

	while (n > 1 && path[n - 1] == '/')
		n--;
	from = n;
	while (from > 0 && path[from - 1] != '/')
		from--;
	kiln_text_format(dst, size, "%.*s", (int)(n - from), path + from);
}

void fs_join(struct kiln_buf *out, const char *folder, const char *name)
{
	const size_t n = strlen(folder);

	(void)kiln_buf_printf(out, "%s%s%s", folder, n > 0 && folder[n - 1] != '/' ? "/" : "",
			      name);
}

const char *fs_clean(const char *path, char *dst, size_t size)
{
	kiln_text_copy_untrusted(dst, size, path, strlen(path));
	return dst;
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
