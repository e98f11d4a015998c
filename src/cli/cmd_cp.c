/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cp, put, get and cat: files between this computer and a board.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/fs.h"
#include "cli/hostfs.h"
#include "cli/render.h"

enum { PATH_LENGTH = 16 * 1024 };

/* What is shown while files travel, and told of each when it is there. */
struct show {
	struct fs *fs;
	struct term_line line;
	kiln_ms drawn;
};

static void on_progress(void *user, const struct kiln_files_progress *p)
{
	struct show *show = user;
	const kiln_ms now = kiln_now();
	char bar[80] = "", clean[128], text[256];

	if (now - show->drawn < 100)
		return;
	show->drawn = now;
	if (p->total)
		render_bar(bar, sizeof(bar), 30, p->done, p->total);
	kiln_text_format(text, sizeof(text), "%s%s%s (%zu of %zu), %llu bytes", bar,
			 bar[0] ? "  " : "", fs_clean(p->path, clean, sizeof(clean)), p->item + 1,
			 p->items, (unsigned long long)p->done);
	term_line_show(&show->line, text);
}

static struct show show_begin(struct fs *fs)
{
	struct show show = { .fs = fs };

	if (!fs->params.json)
		(void)term_line_init(&show.line, stderr);
	return show;
}

static void say_copied(const struct fs *fs, const char *path, const char *to, size_t n)
{
	if (fs->params.json)
		cli_json(json_pack("{s:s, s:s, s:s, s:I}", "event", "copied", "path", path, "to",
				   to, "size", (json_int_t)n));
}

/* Is the target a folder on the board, so that copies go into it? */
static kiln_code board_folder(struct fs *fs, const char *path, bool *ret_is, struct kiln_err *err)
{
	const size_t n = strlen(path);
	struct kiln_err why = KILN_ERR_INIT;
	struct kiln_file_info info;
	kiln_code code;

	*ret_is = n == 0 || path[n - 1] == '/' || strcmp(path, ".") == 0;
	if (*ret_is)
		return KILN_OK;
	code = kiln_files_stat(fs->files, path, &info, &why);
	if (code == KILN_E_NOT_FOUND)
		return KILN_OK;
	if (code != KILN_OK && err)
		*err = why;
	*ret_is = code == KILN_OK && info.kind == KILN_FILE_FOLDER;
	return code;
}

static kiln_code fail_no_folder(size_t n, const char *target, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_INVALID, "cannot copy %zu files to '%s'", n, target);
	kiln_why(err, "that is no folder");
	kiln_hint(err, "make it first");
	return KILN_E_INVALID;
}

/* target, or target/NAME if it is a folder. */
static void target_path(struct kiln_buf *out, const char *source, const char *target, bool into)
{
	char name[256];

	kiln_buf_reset(out);
	fs_base_name(source, name, sizeof(name));
	if (into && name[0] && strcmp(name, ".") != 0)
		fs_join(out, target, name);
	else
		(void)kiln_buf_puts(out, target);
}

static kiln_code put(struct fs *fs, const char *const *sources, size_t n, const char *target,
		     struct kiln_err *err)
{
	struct show show = show_begin(fs);
	const struct kiln_files_watch watch = { .progress = on_progress, .user = &show };
	struct host_tree tree = { 0 };
	struct kiln_buf path = KILN_BUF_INIT(PATH_LENGTH);
	bool into;
	kiln_code code = board_folder(fs, target, &into, err);

	if (code == KILN_OK && n > 1 && !into)
		code = fail_no_folder(n, target, err);
	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		target_path(&path, sources[i], target, into);
		code = host_tree_add(&tree, sources[i], kiln_buf_str(&path), fs->params.recursive,
				     err);
	}
	fs->cli->line = &show.line;
	if (code == KILN_OK)
		code = kiln_files_put(fs->files, tree.items, tree.n, &watch, err);
	term_line_clear(&show.line);
	fs->cli->line = NULL;
	for (size_t i = 0; i < tree.n && code == KILN_OK; i++) {
		if (!tree.items[i].folder)
			say_copied(fs, tree.items[i].path, tree.items[i].path, tree.items[i].n);
	}
	kiln_buf_done(&path);
	host_tree_done(&tree);
	return code;
}

/* What is to be got: files of the board, and where each goes below `folder`. */
struct wanted {
	struct fs *fs;
	const char *folder;
	char **paths, **below;
	size_t n, cap;
	struct kiln_err *err;
	kiln_code code;
	const char *source, *target; /* of the folder that is being listed */
};

static bool want(struct wanted *w, const char *path, const char *below)
{
	if (w->n == w->cap) {
		const size_t cap = w->cap ? 2 * w->cap : 32;
		char **paths = reallocarray(w->paths, cap, sizeof(*paths));
		char **names;

		if (!paths)
			return false;
		w->paths = paths;
		names = reallocarray(w->below, cap, sizeof(*names));
		if (!names)
			return false;
		w->below = names;
		w->cap = cap;
	}
	w->paths[w->n] = strdup(path);
	w->below[w->n] = strdup(below);
	w->n++; /* freed with the others, whichever is NULL */
	return w->paths[w->n - 1] && w->below[w->n - 1];
}

static void wanted_done(struct wanted *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->paths[i]);
		free(w->below[i]);
	}
	free(w->paths);
	free(w->below);
}

/* An entry of a folder: folders are made at once, files are remembered. */
static void on_entry(void *user, const struct kiln_file_info *info)
{
	struct wanted *w = user;
	struct kiln_buf from = KILN_BUF_INIT(PATH_LENGTH), to = KILN_BUF_INIT(PATH_LENGTH);

	fs_join(&from, w->source, info->path);
	fs_join(&to, w->target, info->path);
	if (w->code != KILN_OK)
		; /* one failure is enough */
	else if (from.failed || to.failed)
		w->code = kiln_fail(w->err, KILN_E_TOO_BIG, "cannot get ':%s'", w->source);
	else if (host_check_below(info->path, w->err) != KILN_OK)
		w->code = KILN_E_INVALID;
	else if (info->kind == KILN_FILE_FOLDER)
		w->code = host_write_below(w->folder, kiln_buf_str(&to), NULL, 0, w->err);
	else if (!want(w, kiln_buf_str(&from), kiln_buf_str(&to)))
		w->code = kiln_fail(w->err, KILN_E_NOMEM, "cannot get ':%s'", w->source);
	kiln_buf_done(&from);
	kiln_buf_done(&to);
}

static kiln_code want_folder(struct wanted *w, const char *source, const char *target,
			     struct kiln_err *err)
{
	if (!w->fs->params.recursive) {
		(void)kiln_fail(err, KILN_E_IO, "cannot get ':%s'", source);
		kiln_why(err, "is a directory");
		kiln_hint(err, "-r copies a folder with what is in it");
		return KILN_E_IO;
	}
	w->source = source;
	w->target = target;
	if (target[0])
		KILN_TRY(host_write_below(w->folder, target, NULL, 0, err));
	w->err = err;
	KILN_TRY(kiln_files_list(w->fs->files, source, true, on_entry, w, err));
	return w->code;
}

static kiln_code want_source(struct wanted *w, const char *source, const char *target,
			     struct kiln_err *err)
{
	struct kiln_file_info info;

	KILN_TRY(kiln_files_stat(w->fs->files, source[0] ? source : ".", &info, err));
	if (info.kind == KILN_FILE_FOLDER)
		return want_folder(w, source, target, err);
	if (!want(w, source, target))
		return kiln_fail(err, KILN_E_NOMEM, "cannot get ':%s'", source);
	return KILN_OK;
}

static kiln_code take(void *user, size_t i, const void *data, size_t size, struct kiln_err *err)
{
	const struct wanted *w = user;

	KILN_TRY(host_write_below(w->folder, w->below[i], data ? data : "", size, err));
	say_copied(w->fs, w->paths[i], w->below[i], size);
	return KILN_OK;
}

static kiln_code get_wanted(struct fs *fs, struct wanted *w, struct kiln_err *err)
{
	struct show show = show_begin(fs);
	const struct kiln_files_watch watch = { .progress = on_progress, .user = &show };
	kiln_code code;

	fs->cli->line = &show.line;
	code = kiln_files_get(fs->files, (const char *const *)w->paths, w->n, take, &watch, w, err);
	term_line_clear(&show.line);
	fs->cli->line = NULL;
	return code;
}

/* The folder that a path names a file in. */
static void parent_of(struct kiln_buf *out, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		(void)kiln_buf_puts(out, ".");
	else
		(void)kiln_buf_append(out, path, slash == path ? 1 : (size_t)(slash - path));
}

static kiln_code get(struct fs *fs, const char *const *sources, size_t n, const char *target,
		     struct kiln_err *err)
{
	const bool into = host_is_folder(target);
	struct kiln_buf folder = KILN_BUF_INIT(PATH_LENGTH);
	struct wanted w = { .fs = fs };
	kiln_code code = KILN_OK;
	char name[256];

	if (n > 1 && !into)
		return fail_no_folder(n, target, err);
	if (into)
		(void)kiln_buf_puts(&folder, target);
	else
		parent_of(&folder, target);
	w.folder = kiln_buf_str(&folder);
	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		const char *source = fs_board_path(sources[i]);

		fs_base_name(into ? source : target, name, sizeof(name));
		if (strcmp(name, ".") == 0)
			name[0] = '\0';
		code = want_source(&w, source, name, err);
	}
	if (code == KILN_OK)
		code = get_wanted(fs, &w, err);
	wanted_done(&w);
	kiln_buf_done(&folder);
	return code;
}

static kiln_code copy_there(struct fs *fs, const char *const *sources, size_t n, const char *target,
			    struct kiln_err *err)
{
	bool into;

	KILN_TRY(board_folder(fs, target, &into, err));
	if (n > 1 && !into)
		return fail_no_folder(n, target, err);
	for (size_t i = 0; i < n; i++) {
		const char *source = fs_board_path(sources[i]);

		KILN_TRY(kiln_files_copy(fs->files, source, target,
					 fs->params.recursive ? KILN_FILES_DEEP : 0, err));
		if (fs->params.json)
			cli_json(json_pack("{s:s, s:s, s:s}", "event", "copied", "path", source,
					   "to", target));
	}
	return KILN_OK;
}

kiln_code fs_copy(struct fs *fs, const char *const *sources, size_t n, const char *target,
		  struct kiln_err *err)
{
	size_t on_board = 0;

	for (size_t i = 0; i < n; i++)
		on_board += fs_is_board(sources[i]);
	if (on_board == n && fs_is_board(target))
		return copy_there(fs, sources, n, fs_board_path(target), err);
	if (on_board == n)
		return get(fs, sources, n, target, err);
	if (on_board == 0 && fs_is_board(target))
		return put(fs, sources, n, fs_board_path(target), err);
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
	const size_t n = fs->words.n;

	if (n > 1 && fs_is_board(fs->words.items[n - 1]))
		return put(fs, fs->words.items, n - 1, fs_board_path(fs->words.items[n - 1]), err);
	return put(fs, fs->words.items, n, "", err);
}

/* get :FILE... [FOLDER]: the last word is the target if it has no ':' and is not the only one */
static kiln_code work_get(struct fs *fs, struct kiln_err *err)
{
	const size_t n = fs->words.n;

	if (n > 1 && !fs_is_board(fs->words.items[n - 1]))
		return get(fs, fs->words.items, n - 1, fs->words.items[n - 1], err);
	return get(fs, fs->words.items, n, ".", err);
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
