/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ls and tree: what is on a board. Names come from the board: they are shown without control
 * characters.
 */
#include <jansson.h>
#include <stdio.h>

#include "cli/commands.h"
#include "cli/entries.h"
#include "cli/fs.h"

static void print_json(const struct entry *e)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:I}", "event", "entry", "path", e->path,
				   "kind", e->is_folder ? "folder" : "file", "size",
				   (json_int_t)e->size);

	if (object && e->mtime >= 0)
		(void)json_object_set_new(object, "mtime", json_integer(e->mtime));
	cli_json(object);
}

static void print_entry(const struct entry *e)
{
	char clean[512];

	printf("%12llu %s%s\n", (unsigned long long)e->size,
	       kiln_path_clean(e->path, clean, sizeof(clean)), e->is_folder ? "/" : "");
}

static unsigned depth(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Does another entry of the same folder as items[i]'s ancestor at `level` follow? */
static bool more_at(const struct entries *all, size_t i, unsigned level)
{
	for (size_t k = i + 1; k < all->n; k++) {
		const unsigned d = depth(all->items[k].path);

		if (d <= level)
			return d == level;
	}
	return false;
}

static void print_branch(const struct entries *all, size_t i)
{
	const unsigned level = depth(all->items[i].path);
	char name[256], clean[256];

	for (unsigned k = 0; k < level; k++)
		fputs(more_at(all, i, k) ? "│   " : "    ", stdout);
	kiln_path_base(all->items[i].path, name, sizeof(name));
	printf("%s%s\n", more_at(all, i, level) ? "├── " : "└── ",
	       kiln_path_clean(name, clean, sizeof(clean)));
}

static kiln_code show(struct fs *fs, const char *path, bool deep, struct kiln_err *err)
{
	struct entries all = { 0 };
	kiln_code code = entries_list(fs->files, path, deep, &all, err);
	char clean[512];

	if (code == KILN_OK && !fs->params.json && (deep || fs->words.n > 1))
		printf(":%s\n", kiln_path_clean(path, clean, sizeof(clean)));
	for (size_t i = 0; code == KILN_OK && i < all.n; i++) {
		if (fs->params.json)
			print_json(&all.items[i]);
		else if (deep)
			print_branch(&all, i);
		else
			print_entry(&all.items[i]);
	}
	entries_done(&all);
	return code;
}

static kiln_code show_all(struct fs *fs, bool deep, struct kiln_err *err)
{
	if (fs->words.n == 0)
		return show(fs, "", deep, err);
	for (size_t i = 0; i < fs->words.n; i++)
		KILN_TRY(show(fs, fs_board_path(fs->words.items[i]), deep, err));
	return KILN_OK;
}

static kiln_code work_ls(struct fs *fs, struct kiln_err *err)
{
	return show_all(fs, false, err);
}

static kiln_code work_tree(struct fs *fs, struct kiln_err *err)
{
	return show_all(fs, true, err);
}

static int run_ls(struct cli *cli, const struct command *self, int argc, char **argv)
{
	return fs_run(cli, self, argc, argv, 0, 0, work_ls);
}

static int run_tree(struct cli *cli, const struct command *self, int argc, char **argv)
{
	return fs_run(cli, self, argc, argv, 0, 0, work_tree);
}

static const struct opt options[] = { FS_OPTIONS, { 0 } };

const struct command cmd_ls = {
	.name = "ls",
	.summary = "list the files of a board",
	.usage = "[-p PORT] [--json] [FOLDER...]",
	.description = "List folders of a board: the size in bytes and the name, with a '/' after "
		       "folders. A ':' may stand in front of a path. Without one it is the folder "
		       "that the board is in.",
	.options = options,
	.run = run_ls,
	.examples = (const char *const[]){ "kiln ls -p /dev/ttyUSB0 :lib", "What is in /lib.",
					   NULL },
};

const struct command cmd_tree = {
	.name = "tree",
	.summary = "list the files of a board as a tree",
	.usage = "[-p PORT] [--json] [FOLDER...]",
	.description = "Show all files below folders of a board.",
	.options = options,
	.run = run_tree,
};
