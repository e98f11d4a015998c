/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is put on a board: read whole first, so that a file that can't be read is found before the
 * board is touched.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "hostfs/path.h"
#include "hostfs/hostfs.h"

enum {
	DEEPEST = 32, /* a link may point up: such a tree has no end */
	BYTES_MAX = 64 * 1024 * 1024,
};

static kiln_code fail_read(const char *source, int sys, struct kiln_err *err)
{
	return kiln_fail_errno(err, KILN_E_IO, sys, "cannot read '%s'", source);
}

static kiln_code add_item(struct kiln_host_tree *tree, const char *target,
			  const struct kiln_files_item *like, struct kiln_err *err)
{
	if (tree->n == tree->cap) {
		const size_t cap = tree->cap ? 2 * tree->cap : 32;
		struct kiln_files_item *grown = reallocarray(tree->items, cap, sizeof(*grown));

		if (!grown)
			return kiln_fail(err, KILN_E_NOMEM, "cannot read '%s'", target);
		tree->items = grown;
		tree->cap = cap;
	}
	tree->items[tree->n] = *like;
	tree->items[tree->n].path = strdup(target);
	if (!tree->items[tree->n].path)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read '%s'", target);
	tree->n++;
	return KILN_OK;
}

static kiln_code read_fd(struct kiln_host_tree *tree, int fd, const char *source,
			 struct kiln_buf *data, struct kiln_err *err)
{
	for (;;) {
		ssize_t n;

		if (kiln_buf_reserve(data, 16 * 1024) != KILN_OK ||
		    tree->bytes + data->len > BYTES_MAX) {
			(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot read '%s'", source);
			kiln_why(err, "that is over 64 MiB: more than boards have room for");
			return KILN_E_TOO_BIG;
		}
		n = read(fd, data->data + data->len, 16 * 1024);
		if (n < 0 && errno != EINTR)
			return fail_read(source, errno, err);
		if (n == 0)
			return KILN_OK;
		if (n > 0)
			kiln_buf_grew(data, (size_t)n);
	}
}

static kiln_code add_file(struct kiln_host_tree *tree, int fd, const char *source,
			  const char *target, struct kiln_err *err)
{
	struct kiln_buf data = KILN_BUF_INIT((size_t)BYTES_MAX + 64 * 1024);
	struct kiln_files_item item = { 0 };
	kiln_code code = read_fd(tree, fd, source, &data, err);

	if (code == KILN_OK) {
		tree->bytes += data.len;
		item.data = kiln_buf_detach(&data, &item.n);
		code = item.data ? add_item(tree, target, &item, err)
				 : kiln_fail(err, KILN_E_NOMEM, "cannot read '%s'", source);
		if (code != KILN_OK)
			free((void *)(uintptr_t)item.data);
	}
	kiln_buf_done(&data);
	return code;
}

static kiln_code add(struct kiln_host_tree *tree, const char *source, const char *target, bool deep,
		     unsigned depth, struct kiln_err *err);

static kiln_code add_below(struct kiln_host_tree *tree, const char *source, const char *target,
			   const char *name, unsigned depth, struct kiln_err *err)
{
	struct kiln_buf from = KILN_BUF_INIT(16 * 1024), to = KILN_BUF_INIT(16 * 1024);
	kiln_code code;

	kiln_path_join(&from, source, name);
	kiln_path_join(&to, target, name);
	if (from.failed || to.failed)
		code = kiln_fail(err, KILN_E_TOO_BIG, "cannot read '%s': its name is too long",
				 name);
	else
		code = add(tree, kiln_buf_str(&from), kiln_buf_str(&to), true, depth + 1, err);
	kiln_buf_done(&from);
	kiln_buf_done(&to);
	return code;
}

static int no_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static kiln_code add_folder(struct kiln_host_tree *tree, const char *source, const char *target,
			    unsigned depth, struct kiln_err *err)
{
	const struct kiln_files_item folder = { .folder = true };
	struct dirent **names = NULL;
	kiln_code code = KILN_OK;
	int n;

	if (depth > DEEPEST) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot read '%s'", source);
		kiln_why(err, "it is more than %d folders deep: a link may point up", DEEPEST);
		return KILN_E_INVALID;
	}
	n = scandir(source, &names, no_dots, alphasort);
	if (n < 0)
		return fail_read(source, errno, err);
	if (target[0] && strcmp(target, "/") != 0) /* the board's own folder is there */
		code = add_item(tree, target, &folder, err);
	for (int i = 0; i < n; i++) {
		if (code == KILN_OK)
			code = add_below(tree, source, target, names[i]->d_name, depth, err);
		free(names[i]);
	}
	free(names);
	return code;
}

static kiln_code add(struct kiln_host_tree *tree, const char *source, const char *target, bool deep,
		     unsigned depth, struct kiln_err *err)
{
	/* a pipe without a writer would hold us for ever */
	const int fd = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	kiln_code code;

	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", source);
	if (fstat(fd, &st) != 0) {
		code = fail_read(source, errno, err);
	} else if (S_ISDIR(st.st_mode) && deep) {
		code = add_folder(tree, source, target, depth, err);
	} else if (S_ISDIR(st.st_mode)) {
		code = fail_read(source, EISDIR, err);
		kiln_hint(err, "-r copies a folder with what is in it");
	} else if (S_ISREG(st.st_mode)) {
		code = add_file(tree, fd, source, target, err);
	} else {
		code = kiln_fail(err, KILN_E_INVALID, "cannot read '%s'", source);
		kiln_why(err, "it is neither a file nor a folder");
	}
	close(fd);
	return code;
}

kiln_code kiln_host_tree_add(struct kiln_host_tree *tree, const char *source, const char *target,
			     bool deep, struct kiln_err *err)
{
	return add(tree, source, target, deep, 0, err);
}

kiln_code kiln_host_tree_read(struct kiln_host_tree *tree, int fd, const char *target,
			      struct kiln_err *err)
{
	return add_file(tree, fd, target, target, err);
}

kiln_code kiln_host_tree_keep(struct kiln_host_tree *tree, const char *target,
			      const struct kiln_files_item *item, struct kiln_err *err)
{
	struct kiln_files_item own = { .folder = item->folder };
	void *data = NULL;
	kiln_code code;

	if (tree->bytes + item->n > BYTES_MAX)
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot keep '%s': over 64 MiB", target);
	if (!item->folder) {
		data = malloc(item->n + 1);
		if (!data)
			return kiln_fail(err, KILN_E_NOMEM, "cannot keep '%s'", target);
		if (item->n > 0)
			memcpy(data, item->data, item->n);
		own.data = data;
		own.n = item->n;
	}
	code = add_item(tree, target, &own, err);
	if (code != KILN_OK)
		free(data);
	else
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the data is the tree's */
		tree->bytes += item->n;
	return code;
}

static void item_done(const struct kiln_files_item *item)
{
	free((void *)(uintptr_t)item->path);
	free((void *)(uintptr_t)item->data); /* NOLINT(clang-analyzer-unix.Malloc) */
}

kiln_code kiln_host_tree_move(struct kiln_host_tree *tree, const char *target,
			      struct kiln_host_tree *other, struct kiln_err *err)
{
	for (; other->n > 0; other->n--) {
		struct kiln_files_item *item = &other->items[other->n - 1];
		struct kiln_buf path = KILN_BUF_INIT(16 * 1024);
		kiln_code code;

		kiln_path_join(&path, target, item->path);
		code = tree->bytes + item->n > BYTES_MAX || path.failed
			       ? kiln_fail(err, KILN_E_TOO_BIG, "cannot keep '%s'", item->path)
			       : add_item(tree, kiln_buf_str(&path), item, err);
		kiln_buf_done(&path);
		KILN_TRY(code);
		tree->bytes += item->n;
		free((void *)(uintptr_t)item->path); /* its data went along */
	}
	return KILN_OK;
}

static kiln_code add_folders_above(struct kiln_host_tree *tree, const char *path,
				   struct kiln_err *err)
{
	const struct kiln_files_item folder = { .folder = true };
	char *copy = strdup(path);
	kiln_code code = KILN_OK;

	if (!copy)
		return kiln_fail(err, KILN_E_NOMEM, "cannot keep '%s'", path);
	for (char *slash = strchr(copy, '/'); slash && code == KILN_OK;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		code = add_item(tree, copy, &folder, err);
		*slash = '/';
	}
	free(copy);
	return code;
}

/* By path; of the same path those that came first stand first, as the array was in order. */
static int by_path(const void *a, const void *b)
{
	const struct kiln_files_item *x = a, *y = b;
	const int order = kiln_path_order(x->path, y->path);

	if (order != 0 || x->folder != y->folder)
		return order != 0 ? order : y->folder - x->folder;
	return 0;
}

/* qsort() is not stable: the later of two is made sure by their own numbers. */
static void sort_stable(struct kiln_files_item *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct kiln_files_item item = items[i];
		size_t k = i;

		for (; k > 0 && by_path(&items[k - 1], &item) > 0; k--)
			items[k] = items[k - 1];
		items[k] = item;
	}
}

kiln_code kiln_host_tree_settle(struct kiln_host_tree *tree, struct kiln_err *err)
{
	const size_t n = tree->n;
	size_t kept = 0;
	kiln_code code = KILN_OK;

	for (size_t i = 0; i < n; i++)
		KILN_TRY(add_folders_above(tree, tree->items[i].path, err));
	sort_stable(tree->items, tree->n);
	for (size_t i = 0; i < tree->n; i++) {
		struct kiln_files_item *last = kept ? &tree->items[kept - 1] : NULL;

		if (last && strcmp(last->path, tree->items[i].path) == 0) {
			if (last->folder != tree->items[i].folder && code == KILN_OK) {
				code = kiln_fail(err, KILN_E_INVALID, "cannot put ':%s'",
						 last->path);
				kiln_why(err, "it is to be a file and a folder");
			}
			item_done(last);
			*last = tree->items[i];
		} else {
			tree->items[kept++] = tree->items[i];
		}
	}
	tree->n = kept;
	return code;
}

static bool holds_files(const struct kiln_host_tree *tree, size_t folder)
{
	for (size_t i = folder + 1; i < tree->n; i++) {
		if (!tree->items[i].folder &&
		    kiln_path_is_below(tree->items[i].path, tree->items[folder].path))
			return true;
	}
	return false;
}

void kiln_host_tree_prune(struct kiln_host_tree *tree)
{
	size_t kept = 0;

	for (size_t i = 0; i < tree->n; i++) {
		if (tree->items[i].folder && !holds_files(tree, i))
			item_done(&tree->items[i]);
		else
			tree->items[kept++] = tree->items[i];
	}
	tree->n = kept;
}

void kiln_host_tree_done(struct kiln_host_tree *tree)
{
	for (size_t i = 0; i < tree->n; i++)
		item_done(&tree->items[i]);
	free(tree->items);
	*tree = (struct kiln_host_tree){ 0 };
}
