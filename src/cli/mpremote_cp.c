/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mpremote's cp and edit.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/edit.h"
#include "cli/fs.h"
#include "cli/mpremote.h"
#include "cli/mpremote_fs.h"
#include "hostfs/hostfs.h"

enum { PATH_LENGTH = 16 * 1024 };

/* Where a copy goes. */
struct target {
	bool board, exists, folder;
	struct kiln_buf path; /* without ':' and slashes at its end */
};

static void strip_slashes(struct kiln_buf *path)
{
	while (path->len > 1 && path->data[path->len - 1] == '/')
		path->data[--path->len] = '\0';
}

static kiln_code look_at(struct mpremote *m, const char *word, struct target *t,
			 struct kiln_err *err)
{
	struct kiln_file_info info;
	kiln_code code = KILN_OK;

	t->board = fs_is_board(word);
	(void)kiln_buf_puts(&t->path, t->board ? fs_board_path(word) : word);
	strip_slashes(&t->path);
	if (!t->board) {
		t->folder = kiln_host_is_folder(kiln_buf_str(&t->path));
		t->exists = access(kiln_buf_str(&t->path), F_OK) == 0;
		return KILN_OK;
	}
	if (t->path.len > 0)
		code = kiln_files_stat(m->files, kiln_buf_str(&t->path), &info, err);
	t->exists = code == KILN_OK;
	t->folder = t->exists && (t->path.len == 0 || info.kind == KILN_FILE_FOLDER);
	return code == KILN_E_NOT_FOUND ? KILN_OK : code;
}

/* The board's path of something that is copied into a folder; "" is "./". */
static void into(struct kiln_buf *out, const struct target *t, const char *source)
{
	const char *folder = kiln_buf_str(&t->path);
	char name[256];

	kiln_path_base(source, name, sizeof(name));
	if (!t->folder)
		(void)kiln_buf_puts(out, folder);
	else if (strcmp(folder, "/") == 0)
		(void)kiln_buf_printf(out, "/%s", name);
	else
		(void)kiln_buf_printf(out, "%s/%s", folder[0] ? folder : ".", name);
}

static void hex_digest(const struct kiln_files_item *item, char ret_hex[65])
{
	unsigned char sum[EVP_MAX_MD_SIZE];

	memset(sum, 0, sizeof(sum));
	(void)EVP_Digest(item->data ? item->data : "", item->n, sum, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < 32; i++)
		kiln_text_format(ret_hex + 2 * i, 3, "%02x", sum[i]);
}

/* Is it there already, byte for byte? */
static bool is_up_to_date(struct mpremote *m, const struct kiln_files_item *item)
{
	char here[65], there[65];

	if (item->folder || kiln_files_sha256(m->files, item->path, there, NULL) != KILN_OK)
		return false;
	hex_digest(item, here);
	if (strcmp(here, there) != 0)
		return false;
	printf("Up to date: %s\n", item->path);
	return true;
}

/* The items that are to be put, in their order; the others are where they should be. */
static kiln_code put_changed(struct mpremote *m, const struct kiln_host_tree *tree, bool compare,
			     struct kiln_err *err)
{
	struct kiln_files_item *items = calloc(tree->n + 1, sizeof(*items));
	kiln_code code = KILN_OK;
	size_t n = 0;

	if (!items)
		return kiln_fail(err, KILN_E_NOMEM, "cannot copy");
	for (size_t i = 0; i < tree->n; i++) {
		if (!compare || !is_up_to_date(m, &tree->items[i]))
			items[n++] = tree->items[i];
	}
	fflush(stdout);
	if (n > 0)
		code = kiln_files_put(m->files, items, n, NULL, err);
	free(items);
	return code;
}

static int fail_here(const struct kiln_err *err)
{
	if (err->sys > 0)
		return mpremote_say("cp: %s: %s.", strerror(err->sys), strerror(err->sys));
	return mpremote_fail(err);
}

static int put(struct mpremote *m, const char *source, const struct target *t)
{
	const bool compare = !m->params.force && t->exists;
	struct kiln_buf path = KILN_BUF_INIT(PATH_LENGTH);
	struct kiln_host_tree tree = { 0 };
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code = -1;

	into(&path, t, source);
	if (kiln_host_tree_add(&tree, source, kiln_buf_str(&path), m->params.recursive, &err) !=
	    KILN_OK)
		exit_code = fail_here(&err);
	else if (put_changed(m, &tree, compare, &err) != KILN_OK)
		exit_code = mpremote_fs_fail(m, kiln_buf_str(&path), &err);
	kiln_host_tree_done(&tree);
	kiln_buf_done(&path);
	return exit_code;
}

/* From the board to here, or on the board itself. */
static int get(struct mpremote *m, const char *source, const struct target *t)
{
	struct fs fs = { .cli = m->cli, .repl = m->repl, .files = m->files };
	struct kiln_buf path = KILN_BUF_INIT(PATH_LENGTH);
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	fs.params.recursive = m->params.recursive;
	if (t->board) {
		into(&path, t, fs_board_path(source));
		code = kiln_files_copy(m->files, fs_board_path(source), kiln_buf_str(&path),
				       m->params.recursive ? KILN_FILES_DEEP : 0, &err);
	} else {
		code = fs_copy(&fs, &source, 1, kiln_buf_str(&t->path), &err);
	}
	kiln_buf_done(&path);
	return code == KILN_OK ? -1 : mpremote_fs_fail(m, fs_board_path(source), &err);
}

static int copy_one(struct mpremote *m, const char *source, const struct target *t)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct target from = { .path = KILN_BUF_INIT(PATH_LENGTH) };
	int exit_code;

	if (look_at(m, source, &from, &err) != KILN_OK)
		exit_code = mpremote_fs_fail(m, source, &err);
	else if (from.folder && !m->params.recursive)
		exit_code = mpremote_say("cp: -r not specified; omitting directory");
	else if (!from.board && t->board)
		exit_code = put(m, kiln_buf_str(&from.path), t);
	else if (from.board)
		exit_code = get(m, source, t);
	else
		exit_code = mpremote_say("cp: neither '%s' nor the destination is on the board; a "
					 "path there begins with ':'",
					 source);
	kiln_buf_done(&from.path);
	return exit_code;
}

static int check_target(const struct mpremote *m, const char *word, const struct target *t)
{
	const bool many = m->n_words > 3;
	const size_t n = strlen(word);

	/* with -r a slash at the end means nothing, as for Unix's cp */
	if (!m->params.recursive && t->board && word[n - 1] == '/' && !t->folder)
		return mpremote_say("cp: destination is not a directory");
	if (many && !t->exists)
		return mpremote_say("cp: destination does not exist");
	if (many && !t->folder)
		return mpremote_say("cp: destination is not a directory");
	return -1;
}

static int copy_to(struct mpremote *m, const char *word, const struct target *t)
{
	int exit_code = -1;

	for (size_t i = 1; i + 1 < m->n_words && exit_code < 0; i++) {
		if (!m->params.no_verbose)
			printf("cp %s %s\n", m->words[i], word);
		exit_code = check_target(m, word, t);
		if (exit_code < 0)
			exit_code = copy_one(m, m->words[i], t);
	}
	return exit_code;
}

int mpremote_cp(struct mpremote *m)
{
	struct target t = { .path = KILN_BUF_INIT(PATH_LENGTH) };
	struct kiln_err err = KILN_ERR_INIT;
	const char *word = m->words[m->n_words - 1];
	int exit_code;

	if (m->n_words < 3)
		return mpremote_say("cp: missing destination path");
	if (look_at(m, word, &t, &err) != KILN_OK)
		exit_code = mpremote_fs_fail(m, fs_board_path(word), &err);
	else
		exit_code = copy_to(m, word, &t);
	kiln_buf_done(&t.path);
	return exit_code;
}

/* An editor that fails changes nothing, and says so itself. */
static int edit_one(struct mpremote *m, const char *editor, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;
	edit_end end;
	kiln_code code;

	printf("edit :%s\n", path);
	fflush(stdout);
	code = kiln_files_touch(m->files, path, &err);
	if (code == KILN_OK)
		code = edit_file(m->files, path, editor, &end, &err);
	m->words[0] = "edit";
	if (code == KILN_OK)
		return -1;
	(void)mpremote_fs_fail(m, path, &err);
	if (err.hint[0] && err.sys > 0)
		fprintf(stderr, "hint: %s\n", err.hint);
	return 1;
}

int mpremote_edit(struct mpremote *m)
{
	struct kiln_err err = KILN_ERR_INIT;
	const char *editor = getenv("EDITOR");
	const size_t n = m->n_words;
	int exit_code = -1;

	if (!editor || !editor[0])
		return mpremote_say("edit: $EDITOR not set");
	if (kiln_files_open(m->repl, &m->files, &err) != KILN_OK)
		return mpremote_fail(&err);
	for (size_t i = 0; i < n && exit_code < 0; i++) {
		const char *path = m->words[i] + strspn(m->words[i], ":");

		exit_code = edit_one(m, editor, path);
	}
	kiln_files_close(m->files);
	m->files = NULL;
	return exit_code;
}
