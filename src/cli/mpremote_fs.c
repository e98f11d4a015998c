/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mpremote's `fs` on Kiln's file engine: the original's texts, for what the engine does.
 */
#include "cli/mpremote_fs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "board/places.h"
#include "cli/entries.h"
#include "cli/fs.h"
#include "cli/mpremote.h"
#include "hostfs/mount.h"

/* The original tells an OSError of the board from everything else that can go wrong. */
int mpremote_fs_fail(const struct mpremote *m, const char *path, const struct kiln_err *err)
{
	switch (err->code) {
	case KILN_E_CANCELLED:
		return 1;
	case KILN_E_NOT_FOUND:
	case KILN_E_EXISTS:
	case KILN_E_DENIED:
	case KILN_E_IO:
	case KILN_E_TOO_BIG:
		if (err->sys > 0)
			return mpremote_say("%s: %s: %s.", m->words[0], path, strerror(err->sys));
		break;
	default:
		break;
	}
	mpremote_say("Error with transport:\n%s%s%s", err->what, err->why[0] ? ": " : "", err->why);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	return 1;
}

static int done(const struct mpremote *m, const char *path, kiln_code code,
		const struct kiln_err *err)
{
	return code == KILN_OK ? -1 : mpremote_fs_fail(m, path, err);
}

static kiln_code print_data(void *user, size_t i, const void *data, size_t size,
			    struct kiln_err *err)
{
	(void)user;
	(void)i;
	(void)err;
	if (size > 0)
		(void)fwrite(data, 1, size, stdout);
	return KILN_OK;
}

static int cat(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;

	return done(m, path, kiln_files_get(m->files, &path, 1, print_data, NULL, NULL, &err),
		    &err);
}

static void print_entry(void *user, const struct kiln_file_info *info)
{
	char clean[512];

	(void)user;
	printf("%12llu %s%s\n", (unsigned long long)info->size,
	       kiln_path_clean(info->path, clean, sizeof(clean)),
	       info->kind == KILN_FILE_FOLDER ? "/" : "");
}

static int ls(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;

	return done(m, path, kiln_files_list(m->files, path, false, print_entry, NULL, &err), &err);
}

static int mkdir_one(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;

	return done(m, path, kiln_files_mkdir(m->files, path, 0, &err), &err);
}

static int rmdir_one(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;

	return done(m, path, kiln_files_rmdir(m->files, path, &err), &err);
}

static int touch(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;

	return done(m, path, kiln_files_touch(m->files, path, &err), &err);
}

static int sha256sum(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;
	char hex[65];
	const kiln_code code = kiln_files_sha256(m->files, path, hex, &err);

	if (code == KILN_OK)
		puts(hex);
	return done(m, path, code, &err);
}

/* The index after entry i and all that is below it. */
static size_t after(const struct entries *e, size_t i)
{
	size_t next = i + 1;

	while (next < e->n && kiln_path_is_below(e->items[next].path, e->items[i].path))
		next++;
	return next;
}

static kiln_code is_folder(struct mpremote *m, const char *path, bool *ret_is, struct kiln_err *err)
{
	struct kiln_file_info info;

	KILN_TRY(kiln_files_stat(m->files, path[0] ? path : ".", &info, err));
	*ret_is = info.kind == KILN_FILE_FOLDER;
	return KILN_OK;
}

static void join(struct kiln_buf *out, const char *folder, const char *below)
{
	size_t n = strlen(folder);

	while (n > 0 && folder[n - 1] == '/')
		n--;
	(void)kiln_buf_printf(out, "%.*s/%s", folder[0] ? (int)n : 1, folder[0] ? folder : ".",
			      below);
}

/* "" and "/" too: their contents go. A mount point stays. */
static int remove_root(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;
	const kiln_code code = path[0] ? kiln_files_rmdir(m->files, path, &err) : KILN_OK;

	if (code == KILN_OK && path[0] && m->params.verbose)
		printf("removed directory: '%s'\n", path);
	if (code == KILN_OK)
		return -1;
	if (code == KILN_E_CANCELLED || err.sys == 0)
		return mpremote_fs_fail(m, path, &err);
	if (err.sys != EINVAL)
		return mpremote_say("rm -r: cannot remove :%s %s", path, strerror(err.sys));
	if (m->params.verbose)
		printf("skipped: '%s' (vfs mountpoint)\n", path);
	return -1;
}

static int remove_file(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (kiln_files_remove(m->files, path, 0, &err) != KILN_OK)
		return mpremote_fs_fail(m, path, &err);
	if (m->params.recursive && m->params.verbose)
		printf("removed: '%s'\n", path);
	return -1;
}

/* Entries from..to, each folder after what is in it. */
static int remove_entries(struct mpremote *m, const char *root, const struct entries *e,
			  size_t from, size_t to)
{
	struct kiln_buf path = KILN_BUF_INIT(16 * 1024);
	int exit_code = -1;

	for (size_t i = from; i < to && exit_code < 0; i = after(e, i)) {
		kiln_buf_reset(&path);
		join(&path, root, e->items[i].path);
		if (!e->items[i].is_folder) {
			exit_code = remove_file(m, kiln_buf_str(&path));
			continue;
		}
		exit_code = remove_entries(m, root, e, i + 1, after(e, i));
		if (exit_code < 0)
			exit_code = remove_root(m, kiln_buf_str(&path));
	}
	kiln_buf_done(&path);
	return exit_code;
}

static void keep_text(void *user, const char *text, size_t n)
{
	(void)kiln_buf_append(user, text, n);
}

static kiln_code current_folder(struct mpremote *m, struct kiln_buf *ret_path, struct kiln_err *err)
{
	static const char program[] = "import os\nprint(os.getcwd())";
	const struct kiln_repl_output output = { .text = keep_text, .user = ret_path };
	struct kiln_repl_result result = { .exception = false };

	KILN_TRY(kiln_repl_exec(m->repl, program, strlen(program), &output, &result, err));
	kiln_repl_result_done(&result);
	while (ret_path->len > 0 && ret_path->data[ret_path->len - 1] <= ' ')
		ret_path->data[--ret_path->len] = '\0';
	return KILN_OK;
}

/* From the root on; false: that can't be told. */
static bool full_path(struct mpremote *m, const char *path, struct kiln_buf *ret_path)
{
	if (path[0] != '/' && current_folder(m, ret_path, NULL) != KILN_OK)
		return false;
	(void)kiln_buf_printf(ret_path, "/%s", path);
	return !ret_path->failed && kiln_place_tidy((char *)ret_path->data);
}

/* Is it, or holds it, what is mounted from this computer? In doubt it is. */
static bool is_mounted(struct mpremote *m, const char *path)
{
	struct kiln_buf full = KILN_BUF_INIT(16 * 1024);
	bool is;

	if (!kiln_mount_folder(kiln_repl_link(m->repl)))
		return false;
	is = !full_path(m, path, &full) || strcmp(kiln_buf_str(&full), "/") == 0 ||
	     strcmp(kiln_buf_str(&full), KILN_MOUNT_POINT) == 0 ||
	     kiln_path_is_below(kiln_buf_str(&full), KILN_MOUNT_POINT);
	kiln_buf_done(&full);
	return is;
}

static int rm(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct entries e = { 0 };
	bool folder = false;
	int exit_code;

	if (!m->params.recursive)
		return remove_file(m, path);
	if (is_mounted(m, path))
		return mpremote_say("rm -r not permitted on " KILN_MOUNT_POINT " directory");
	if (is_folder(m, path, &folder, &err) != KILN_OK)
		return mpremote_fs_fail(m, path, &err);
	if (!folder)
		return remove_file(m, path);
	if (entries_list(m->files, path, true, &e, &err) != KILN_OK)
		exit_code = mpremote_fs_fail(m, path, &err);
	else
		exit_code = remove_entries(m, path, &e, 0, e.n);
	entries_done(&e);
	return exit_code < 0 ? remove_root(m, path) : exit_code;
}

static void print_size(const struct mpremote_params *params, const struct entry *entry)
{
	static const char units[] = "BKMGT";
	double size = (double)entry->size;
	char text[32];
	size_t unit = 0;

	if (entry->is_folder && entry->size == 0)
		return;
	if (params->size)
		printf("[%9llu]  ", (unsigned long long)entry->size);
	if (!params->human)
		return;
	for (; size >= 1024 && unit < 4; unit++)
		size /= 1024;
	if (unit == 0)
		kiln_text_format(text, sizeof(text), "%.0f", size);
	else
		kiln_text_format(text, sizeof(text), "%.1f%c", size, units[unit]);
	printf("[%6s]  ", text);
}

static void print_tree(const struct mpremote *m, const struct entries *e, size_t from, size_t to,
		       struct kiln_buf *prefix)
{
	const size_t n = prefix->len;
	char clean[512];

	for (size_t i = from; i < to; i = after(e, i)) {
		const char *slash = strrchr(e->items[i].path, '/');
		const bool last = after(e, i) >= to;

		printf("%s%s", kiln_buf_str(prefix), last ? "└── " : "├── ");
		print_size(&m->params, &e->items[i]);
		puts(kiln_path_clean(slash ? slash + 1 : e->items[i].path, clean, sizeof(clean)));
		(void)kiln_buf_puts(prefix, last ? "    " : "│   ");
		print_tree(m, e, i + 1, after(e, i), prefix);
		prefix->len = n;
		if (n > 0 || prefix->cap > 0)
			prefix->data[n] = '\0';
	}
}

static int tree_of(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_buf prefix = KILN_BUF_INIT(64 * 1024);
	struct entries e = { 0 };
	bool folder = false;
	char clean[512];
	int exit_code = -1;

	if (is_folder(m, path, &folder, &err) == KILN_E_CANCELLED)
		return 1;
	if (!folder)
		return mpremote_say("tree: '%s' is not a directory", path);
	printf(":%s", kiln_path_clean(path, clean, sizeof(clean)));
	if (m->params.verbose)
		printf(" on %s", m->device);
	putchar('\n');
	if (entries_list(m->files, path, true, &e, &err) == KILN_OK)
		print_tree(m, &e, 0, e.n, &prefix);
	else
		exit_code = mpremote_fs_fail(m, path, &err);
	entries_done(&e);
	kiln_buf_done(&prefix);
	return exit_code;
}

static int tree(struct mpremote *m, const char *path)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_buf here = KILN_BUF_INIT(16 * 1024);
	int exit_code;

	if (path[0] && strcmp(path, ".") != 0)
		return tree_of(m, path);
	if (current_folder(m, &here, &err) != KILN_OK)
		exit_code = mpremote_fs_fail(m, path, &err);
	else
		exit_code = tree_of(m, kiln_buf_str(&here));
	kiln_buf_done(&here);
	return exit_code;
}

static const struct {
	const char *name;
	int (*each)(struct mpremote *m, const char *path);
} verbs[] = {
	{ "cat", cat },         { "ls", ls },
	{ "mkdir", mkdir_one }, { "rm", rm },
	{ "tree", tree },       { "rmdir", rmdir_one },
	{ "touch", touch },     { "sha256sum", sha256sum },
};

static int run_verb(struct mpremote *m)
{
	const char *name = m->words[0];
	const bool is_cat = strcmp(name, "cat") == 0;
	const bool verbose = is_cat ? m->params.verbose : !m->params.no_verbose;
	size_t v = 0;

	while (v < sizeof(verbs) / sizeof(verbs[0]) && strcmp(verbs[v].name, name) != 0)
		v++;
	if (v == sizeof(verbs) / sizeof(verbs[0]))
		return mpremote_say("fs: '%s' is not a command", name);
	for (size_t i = 1; i < m->n_words; i++) {
		const char *path = fs_board_path(m->words[i]);
		int exit_code;

		if (verbose)
			printf("%s :%s\n", name, path);
		exit_code = verbs[v].each(m, path);
		if (exit_code >= 0)
			return exit_code;
	}
	return -1;
}

int mpremote_fs(struct mpremote *m)
{
	struct kiln_err err = KILN_ERR_INIT;
	int exit_code;

	if (kiln_files_open(m->repl, &m->files, &err) != KILN_OK)
		return mpremote_fs_fail(m, "", &err);
	exit_code = strcmp(m->words[0], "cp") == 0 ? mpremote_cp(m) : run_verb(m);
	kiln_files_close(m->files);
	m->files = NULL;
	return exit_code;
}

bool mpremote_fs_may_end(int argc, const char *const *argv)
{
	size_t words = 0;

	if (argc < 1 || (strcmp(argv[0], "ls") != 0 && strcmp(argv[0], "tree") != 0))
		return false;
	for (int i = 0; i < argc; i++)
		words += argv[i][0] != '-';
	return words == 1;
}
