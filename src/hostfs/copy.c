/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "hostfs/hostfs.h"
#include "hostfs/path.h"

enum { PATH_LENGTH = 16 * 1024 };

/* Is the target a folder on the board, so that copies go into it? */
static kiln_code board_folder(struct kiln_files *files, const char *path, bool *ret_is,
			      struct kiln_err *err)
{
	const size_t n = strlen(path);
	struct kiln_err why = KILN_ERR_INIT;
	struct kiln_file_info info;
	kiln_code code;

	*ret_is = n == 0 || path[n - 1] == '/' || strcmp(path, ".") == 0;
	if (*ret_is)
		return KILN_OK;
	code = kiln_files_stat(files, path, &info, &why);
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

/* The board's target for n sources. */
static kiln_code check_target(struct kiln_files *files, size_t n, const char *target,
			      bool *ret_into, struct kiln_err *err)
{
	KILN_TRY(board_folder(files, target, ret_into, err));
	return n > 1 && !*ret_into ? fail_no_folder(n, target, err) : KILN_OK;
}

/* target, or target/NAME if it is a folder. */
static void target_path(struct kiln_buf *out, const char *source, const char *target, bool into)
{
	char name[256];

	kiln_buf_reset(out);
	kiln_path_base(source, name, sizeof(name));
	if (into && name[0] && strcmp(name, ".") != 0 && strcmp(name, "/") != 0)
		kiln_path_join(out, target, name);
	else
		(void)kiln_buf_puts(out, target);
}

static void tell(const struct kiln_copy *copy, const char *path, const char *to, size_t size)
{
	if (copy->copied)
		copy->copied(copy->user, path, to, size);
}

static kiln_code put_tree(const struct kiln_copy *copy, struct kiln_files *board,
			  const struct kiln_host_tree *tree, struct kiln_err *err)
{
	KILN_TRY(kiln_files_put(board, tree->items, tree->n, copy->watch, err));
	for (size_t i = 0; i < tree->n; i++) {
		const struct kiln_files_item *item = &tree->items[i];

		if (!item->folder)
			tell(copy, item->path, item->path, item->n);
	}
	return KILN_OK;
}

kiln_code kiln_copy_to_board(const struct kiln_copy *copy, const char *const *sources, size_t n,
			     const char *target, struct kiln_err *err)
{
	struct kiln_host_tree tree = { 0 };
	struct kiln_buf path = KILN_BUF_INIT(PATH_LENGTH);
	bool into;
	kiln_code code = check_target(copy->board, n, target, &into, err);

	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		target_path(&path, sources[i], target, into);
		code = kiln_host_tree_add(&tree, sources[i], kiln_buf_str(&path), copy->deep, err);
	}
	if (code == KILN_OK)
		code = put_tree(copy, copy->board, &tree, err);
	kiln_buf_done(&path);
	kiln_host_tree_done(&tree);
	return code;
}

/* What is to be got: files of the board, and what each becomes. */
struct wanted {
	const struct kiln_copy *copy;
	const char *folder;          /* of this computer, or NULL: into `tree` */
	struct kiln_host_tree *tree; /* for another board */
	char **paths, **to;
	size_t n, cap;
	struct kiln_err *err;
	kiln_code code;
	const char *source, *target; /* of the folder that is being listed */
};

static bool want(struct wanted *w, const char *path, const char *to)
{
	if (w->n == w->cap) {
		const size_t cap = w->cap ? 2 * w->cap : 32;
		char **paths = reallocarray(w->paths, cap, sizeof(*paths));
		char **names;

		if (!paths)
			return false;
		w->paths = paths;
		names = reallocarray(w->to, cap, sizeof(*names));
		if (!names)
			return false;
		w->to = names;
		w->cap = cap;
	}
	w->paths[w->n] = strdup(path);
	w->to[w->n] = strdup(to);
	w->n++; /* freed with the others, whichever is NULL */
	return w->paths[w->n - 1] && w->to[w->n - 1];
}

static void wanted_done(struct wanted *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->paths[i]);
		free(w->to[i]);
	}
	free(w->paths);
	free(w->to);
}

static kiln_code make_folder(struct wanted *w, const char *to, struct kiln_err *err)
{
	const struct kiln_files_item folder = { .folder = true };

	if (to[0] == '\0' || strcmp(to, "/") == 0)
		return KILN_OK;
	return w->folder ? kiln_host_write_below(w->folder, to, NULL, 0, err)
			 : kiln_host_tree_keep(w->tree, to, &folder, err);
}

/* An entry of a folder: folders are made at once, files are remembered. */
static void on_entry(void *user, const struct kiln_file_info *info)
{
	struct wanted *w = user;
	struct kiln_buf from = KILN_BUF_INIT(PATH_LENGTH), to = KILN_BUF_INIT(PATH_LENGTH);

	kiln_path_join(&from, w->source, info->path);
	kiln_path_join(&to, w->target, info->path);
	if (w->code != KILN_OK)
		; /* one failure is enough */
	else if (from.failed || to.failed)
		w->code = kiln_fail(w->err, KILN_E_TOO_BIG, "cannot get ':%s'", w->source);
	else if (kiln_host_check_below(info->path, w->err) != KILN_OK)
		w->code = KILN_E_INVALID;
	else if (info->kind == KILN_FILE_FOLDER)
		w->code = make_folder(w, kiln_buf_str(&to), w->err);
	else if (!want(w, kiln_buf_str(&from), kiln_buf_str(&to)))
		w->code = kiln_fail(w->err, KILN_E_NOMEM, "cannot get ':%s'", w->source);
	kiln_buf_done(&from);
	kiln_buf_done(&to);
}

static kiln_code want_folder(struct wanted *w, const char *source, const char *target,
			     struct kiln_err *err)
{
	if (!w->copy->deep) {
		(void)kiln_fail(err, KILN_E_IO, "cannot get ':%s'", source);
		kiln_why(err, "is a directory");
		kiln_hint(err, "-r copies a folder with what is in it");
		return KILN_E_IO;
	}
	w->source = source;
	w->target = target;
	KILN_TRY(make_folder(w, target, err));
	w->err = err;
	KILN_TRY(kiln_files_list(w->copy->board, source, true, on_entry, w, err));
	return w->code;
}

static kiln_code want_source(struct wanted *w, const char *source, const char *target,
			     struct kiln_err *err)
{
	struct kiln_file_info info;

	KILN_TRY(kiln_files_stat(w->copy->board, source[0] ? source : ".", &info, err));
	if (info.kind == KILN_FILE_FOLDER)
		return want_folder(w, source, target, err);
	if (!want(w, source, target))
		return kiln_fail(err, KILN_E_NOMEM, "cannot get ':%s'", source);
	return KILN_OK;
}

static kiln_code write_here(void *user, size_t i, const void *data, size_t size,
			    struct kiln_err *err)
{
	const struct wanted *w = user;

	KILN_TRY(kiln_host_write_below(w->folder, w->to[i], data ? data : "", size, err));
	tell(w->copy, w->paths[i], w->to[i], size);
	return KILN_OK;
}

static kiln_code get_wanted(struct wanted *w,
			    kiln_code (*take)(void *user, size_t i, const void *data, size_t size,
					      struct kiln_err *err),
			    struct kiln_err *err)
{
	return kiln_files_get(w->copy->board, (const char *const *)w->paths, w->n, take,
			      w->copy->watch, w, err);
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

kiln_code kiln_copy_from_board(const struct kiln_copy *copy, const char *const *sources, size_t n,
			       const char *target, struct kiln_err *err)
{
	const bool into = kiln_host_is_folder(target);
	struct kiln_buf folder = KILN_BUF_INIT(PATH_LENGTH);
	struct wanted w = { .copy = copy };
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
		kiln_path_base(into ? sources[i] : target, name, sizeof(name));
		if (strcmp(name, ".") == 0 || strcmp(name, "/") == 0)
			name[0] = '\0';
		code = want_source(&w, sources[i], name, err);
	}
	if (code == KILN_OK)
		code = get_wanted(&w, write_here, err);
	wanted_done(&w);
	kiln_buf_done(&folder);
	return code;
}

kiln_code kiln_copy_on_board(const struct kiln_copy *copy, const char *const *sources, size_t n,
			     const char *target, struct kiln_err *err)
{
	bool into;

	KILN_TRY(check_target(copy->board, n, target, &into, err));
	for (size_t i = 0; i < n; i++) {
		KILN_TRY(kiln_files_copy(copy->board, sources[i], target,
					 copy->deep ? KILN_FILES_DEEP : 0, err));
		tell(copy, sources[i], target, 0);
	}
	return KILN_OK;
}

static kiln_code keep(void *user, size_t i, const void *data, size_t size, struct kiln_err *err)
{
	const struct wanted *w = user;

	return kiln_host_tree_keep(w->tree, w->to[i],
				   &(struct kiln_files_item){ .data = data, .n = size }, err);
}

kiln_code kiln_copy_across(const struct kiln_copy *copy, const char *const *sources, size_t n,
			   struct kiln_files *other, const char *target, struct kiln_err *err)
{
	struct kiln_host_tree tree = { 0 };
	struct kiln_buf path = KILN_BUF_INIT(PATH_LENGTH);
	struct wanted w = { .copy = copy, .tree = &tree };
	bool into;
	kiln_code code = check_target(other, n, target, &into, err);

	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		target_path(&path, sources[i], target, into);
		code = want_source(&w, sources[i], kiln_buf_str(&path), err);
	}
	if (code == KILN_OK)
		code = get_wanted(&w, keep, err);
	if (code == KILN_OK)
		code = put_tree(copy, other, &tree, err);
	wanted_done(&w);
	kiln_buf_done(&path);
	kiln_host_tree_done(&tree);
	return code;
}
