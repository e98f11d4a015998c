/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cp, put, get and cat: files between this computer and a board.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/fs.h"
#include "hostfs/copy.h"

static void on_copied(void *user, const char *path, const char *to, size_t size)
{
	const struct fs *fs = user;
	json_t *object;

	if (!fs->params.json)
		return;
	object = json_pack("{s:s, s:s, s:s}", "event", "copied", "path", path, "to", to);
	if (!fs->on_board) /* there no size is known */
		(void)json_object_set_new(object, "size", json_integer((json_int_t)size));
	cli_json(object);
}

typedef kiln_code copy_way(const struct kiln_copy *copy, const char *const *sources, size_t n,
			   const char *target, struct kiln_err *err);

static kiln_code run_way(struct fs *fs, copy_way *way, const char *const *sources, size_t n,
			 const char *target, struct kiln_err *err)
{
	const struct kiln_files_watch watch = { .progress = fs_progress, .user = fs };
	const struct kiln_copy copy = {
		.board = fs->files,
		.deep = fs->params.recursive,
		.copied = on_copied,
		.watch = &watch,
		.user = fs,
	};
	const char **paths = calloc(n, sizeof(*paths));
	kiln_code code;

	if (!paths)
		return kiln_fail(err, KILN_E_NOMEM, "cannot copy files");
	for (size_t i = 0; i < n; i++)
		paths[i] = way == kiln_copy_to_board ? sources[i] : fs_board_path(sources[i]);
	fs->on_board = way == kiln_copy_on_board;
	fs_progress_begin(fs);
	code = way(&copy, paths, n, way == kiln_copy_from_board ? target : fs_board_path(target),
		   err);
	fs_progress_end(fs);
	free(paths);
	return code;
}

kiln_code fs_copy(struct fs *fs, const char *const *sources, size_t n, const char *target,
		  struct kiln_err *err)
{
	size_t on_board = 0;

	for (size_t i = 0; i < n; i++)
		on_board += fs_is_board(sources[i]);
	if (on_board == n && fs_is_board(target))
		return run_way(fs, kiln_copy_on_board, sources, n, target, err);
	if (on_board == n)
		return run_way(fs, kiln_copy_from_board, sources, n, target, err);
	if (on_board == 0 && fs_is_board(target))
		return run_way(fs, kiln_copy_to_board, sources, n, target, err);
	(void)kiln_fail(err, KILN_E_INVALID, "cannot copy to '%s'", target);
	kiln_why(err, on_board ? "some files are on the board, others here"
			       : "neither side is on the board");
	kiln_hint(err, "a ':' in front of a path means the board");
	return KILN_E_INVALID;
}

static kiln_code work_cp(struct fs *fs, struct kiln_err *err)
{
	const size_t n = fs->words.n - 1;

	return fs_copy(fs, fs->words.items, n, fs->words.items[n], err);
}

/* put FILE... [:FOLDER]: the last word is the target if it says so */
static kiln_code work_put(struct fs *fs, struct kiln_err *err)
{
	const bool has_target = fs->words.n > 1 && fs_is_board(fs->words.items[fs->words.n - 1]);
	const size_t n = fs->words.n - has_target;

	return run_way(fs, kiln_copy_to_board, fs->words.items, n,
		       has_target ? fs->words.items[n] : ":", err);
}

/* get :FILE... [FOLDER]: the last word is the target if it has no ':' and is not the only one */
static kiln_code work_get(struct fs *fs, struct kiln_err *err)
{
	const bool has_target = fs->words.n > 1 && !fs_is_board(fs->words.items[fs->words.n - 1]);
	const size_t n = fs->words.n - has_target;

	return run_way(fs, kiln_copy_from_board, fs->words.items, n,
		       has_target ? fs->words.items[n] : ".", err);
}

/* As text where it is text; JSON has no other bytes. */
static void print_file_json(const char *path, const void *data, size_t size)
{
	json_t *object = json_pack("{s:s, s:s, s:I}", "event", "file", "path", path, "size",
				   (json_int_t)size);
	json_t *text = json_stringn(data, size);
	char *coded;

	if (object && text) {
		(void)json_object_set_new(object, "text", text);
	} else if (object) {
		coded = malloc(size / 3 * 4 + 8);
		if (coded)
			(void)EVP_EncodeBlock((unsigned char *)coded, data, (int)size);
		(void)json_object_set_new(object, "base64", json_string(coded ? coded : ""));
		free(coded);
	}
	cli_json(object);
}

static kiln_code print_file(void *user, size_t i, const void *data, size_t size,
			    struct kiln_err *err)
{
	struct fs *fs = user;

	(void)err;
	if (fs->params.json)
		print_file_json(fs_board_path(fs->words.items[i]), data, size);
	else
		(void)fwrite(data, 1, size, stdout); /* a full disk is noticed at the end */
	return KILN_OK;
}

static kiln_code work_cat(struct fs *fs, struct kiln_err *err)
{
	const char **paths = calloc(fs->words.n, sizeof(*paths));
	kiln_code code;

	if (!paths)
		return kiln_fail(err, KILN_E_NOMEM, "cannot show files");
	for (size_t i = 0; i < fs->words.n; i++)
		paths[i] = fs_board_path(fs->words.items[i]);
	code = kiln_files_get(fs->files, paths, fs->words.n, print_file, NULL, fs, err);
	free(paths);
	return code;
}

#define CP_COMMAND(verb, least)                                                                   \
	static int run_##verb(struct cli *cli, const struct command *self, int argc, char **argv) \
	{                                                                                         \
		return fs_run(cli, self, argc, argv, least, 0, work_##verb);                      \
	}

CP_COMMAND(cp, 2)
CP_COMMAND(put, 1)
CP_COMMAND(get, 1)
CP_COMMAND(cat, 1)

static const struct opt cp_options[] = {
	FS_OPTIONS,
	FS_RECURSIVE("folders too, with all that is in them"),
	{ 0 },
};
static const struct opt cat_options[] = { FS_OPTIONS, { 0 } };

#define HOW_IT_IS_WRITTEN                                                                        \
	"\n\nA file is written under a temporary name, compared by its hash, and then renamed: " \
	"whatever is interrupted, there is never half a file under its own name. Files that "    \
	"are there are replaced."

const struct command cmd_cp = {
	.name = "cp",
	.summary = "copy files to, from and on a board",
	.usage = "[-p PORT] [-r] [--json] SOURCE... TARGET",
	.description =
		"Copy files. A ':' in front of a path means the board. If TARGET is a folder "
		"the copies go into it." HOW_IT_IS_WRITTEN,
	.options = cp_options,
	.run = run_cp,
	.examples = (const char *const[]){ "kiln cp main.py :", "Put a file on the board.",
					   "kiln cp -r :lib backup",
					   "Get a folder with all that is in it.", NULL },
};

const struct command cmd_put = {
	.name = "put",
	.summary = "put files on a board",
	.usage = "[-p PORT] [-r] [--json] FILE... [:TARGET]",
	.description = "Put files of this computer on a board. Without a target they go into the "
		       "folder that the board is in." HOW_IT_IS_WRITTEN,
	.options = cp_options,
	.run = run_put,
	.examples = (const char *const[]){ "kiln put -r lib main.py", "Put a folder and a file.",
					   NULL },
};

const struct command cmd_get = {
	.name = "get",
	.summary = "get files from a board",
	.usage = "[-p PORT] [-r] [--json] :FILE... [TARGET]",
	.description =
		"Get files of a board. Without a target they go into the folder in which you are; "
		"a name of the board never leads out of the target." HOW_IT_IS_WRITTEN,
	.options = cp_options,
	.run = run_get,
	.examples = (const char *const[]){ "kiln get :boot.py", "Get a file.", NULL },
};

const struct command cmd_cat = {
	.name = "cat",
	.summary = "show files of a board",
	.usage = "[-p PORT] [--json] PATH...",
	.description = "Write files of a board to standard output, byte for byte.",
	.options = cat_options,
	.run = run_cat,
};
