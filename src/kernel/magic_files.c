/* SPDX-License-Identifier: Apache-2.0 */
/* Magics for the files of the connected board. */
#include "kernel/magic.h"

#include <inttypes.h>
#include <time.h>

#include <kiln/files.h>

#include "base/text.h"

#define GREEN "\033[32m"
#define BLUE "\033[34m"
#define PLAIN "\033[0m"

/* Open the board's files; NULL: it was said why not. */
static struct kiln_files *open_files(struct kiln_kernel *k)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_files *files = NULL;

	if (!kiln_kernel_board_need(k))
		return NULL;
	if (kiln_files_open(k->board.repl, &files, &err) == KILN_OK)
		return files;
	(void)kiln_kernel_fail_err(k, &err);
	return NULL;
}

static bool finish(struct kiln_kernel *k, struct kiln_files *files, kiln_code code,
		   const struct kiln_err *err)
{
	kiln_files_close(files);
	return code == KILN_OK || kiln_kernel_fail_err(k, err);
}

/* People write ":main.py" for the board's main.py, as in %cp. */
static const char *board_path(const char *path)
{
	return path[0] == ':' ? path + 1 : path;
}

/* ---- %cat ---- */

static kiln_code show_file(void *user, size_t i, const void *data, size_t size,
			   struct kiln_err *err)
{
	(void)i;
	(void)err;
	kiln_kernel_text(user, KILN_STDOUT, data, size);
	return KILN_OK;
}

static bool run_cat(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const char *path = board_path(args->words[0]);
	struct kiln_files *files = open_files(k);
	struct kiln_err err = KILN_ERR_INIT;

	return files &&
	       finish(k, files, kiln_files_get(files, &path, 1, show_file, NULL, k, &err), &err);
}

const struct kiln_magic kiln_magic_cat = {
	.name = "cat",
	.words = "PATH",
	.min_words = 1,
	.max_words = 1,
	.takes = KILN_TAKES_BOARD_PATHS,
	.summary = "Print a file of the board",
	.more = "Example:\n  %cat main.py",
	.run = run_cat,
};

/* ---- %mkdirs ---- */

static bool run_mkdirs(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	struct kiln_files *files = open_files(k);
	struct kiln_err err = KILN_ERR_INIT;

	return files &&
	       finish(k, files,
		      kiln_files_mkdir(files, board_path(args->words[0]), KILN_FILES_PARENTS, &err),
		      &err);
}

const struct kiln_magic kiln_magic_mkdirs = {
	.name = "mkdirs",
	.words = "PATH",
	.min_words = 1,
	.max_words = 1,
	.takes = KILN_TAKES_BOARD_PATHS,
	.summary = "Make a folder on the board, and those above it",
	.more = "One that is there already is fine.\n\nExample:\n  %mkdirs lib/sensors",
	.run = run_mkdirs,
};

/* ---- %rm ---- */

enum { RM_DEEP, RM_FOLDERS };

/* The plain files below a folder, gathered before any is removed. */
struct below {
	const char *folder;
	struct kiln_buf paths; /* each ended by 0 */
};

static void keep_plain(void *user, const struct kiln_file_info *info)
{
	struct below *b = user;

	if (info->kind != KILN_FILE_PLAIN)
		return;
	(void)kiln_buf_printf(&b->paths, "%s/%s", b->folder, info->path);
	(void)kiln_buf_putc(&b->paths, 0);
}

static kiln_code remove_below(struct kiln_files *files, const char *folder, struct kiln_err *err)
{
	struct below b = { .folder = folder, .paths = KILN_BUF_INIT(4 << 20) };
	kiln_code code = kiln_files_list(files, folder, true, keep_plain, &b, err);

	if (code == KILN_OK && b.paths.failed)
		code = kiln_fail(err, KILN_E_TOO_BIG, "cannot remove the files below '%s'", folder);
	for (size_t at = 0; code == KILN_OK && at < b.paths.len;) {
		const char *path = kiln_buf_str(&b.paths) + at;

		code = kiln_files_remove(files, path, KILN_FILES_FORCE, err);
		at += strlen(path) + 1;
	}
	kiln_buf_done(&b.paths);
	return code;
}

/* -r takes the files below a folder, -f empty folders, both all of it. */
static kiln_code remove_one(struct kiln_files *files, const char *path, bool deep, bool folders,
			    struct kiln_err *err)
{
	struct kiln_err why = KILN_ERR_INIT;
	struct kiln_file_info info;
	const kiln_code code = kiln_files_stat(files, path, &info, &why);

	if (code == KILN_E_NOT_FOUND)
		return KILN_OK;
	if (code != KILN_OK) {
		*err = why;
		return code;
	}
	if (info.kind == KILN_FILE_PLAIN)
		return kiln_files_remove(files, path, KILN_FILES_FORCE, err);
	if (deep && folders)
		return kiln_files_remove(files, path, KILN_FILES_DEEP | KILN_FILES_FORCE, err);
	if (deep)
		return remove_below(files, path, err);
	if (folders)
		return kiln_files_rmdir(files, path, err);
	(void)kiln_fail(err, KILN_E_INVALID, "cannot remove '%s'", path);
	kiln_why(err, "it is a folder");
	kiln_hint(err, "-r removes the files below it, -r -f the folder too");
	return KILN_E_INVALID;
}

static bool run_rm(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	struct kiln_files *files = open_files(k);
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code = KILN_OK;

	if (!files)
		return false;
	for (size_t i = 0; code == KILN_OK && i < args->n_words; i++)
		code = remove_one(files, board_path(args->words[i]), args->flags[RM_DEEP],
				  args->flags[RM_FOLDERS], &err);
	return finish(k, files, code, &err);
}

const struct kiln_magic kiln_magic_rm = {
	.name = "rm",
	.words = "PATH [PATH ...]",
	.min_words = 1,
	.max_words = 64,
	.takes = KILN_TAKES_BOARD_PATHS,
	.summary = "Remove files of the board",
	.more = "What is not there is no error.\n\n"
		"Example:\n  %rm main.py\n  %rm -rf lib/old",
	.options =
		(const struct kiln_magic_option[]){
			[RM_DEEP] = { 'r', "recursive", NULL, "the files below a folder" },
			[RM_FOLDERS] = { 'f', "force", NULL, "folders; with -r full ones too" },
			{ 0 },
		},
	.run = run_rm,
};

/* ---- %rlist ---- */

struct listing {
	struct kiln_kernel *k;
	int64_t epoch; /* of the board's clock, in Unix seconds */
};

static void write_time(const struct listing *l, int64_t mtime, char *ret_text, size_t size)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	const time_t seconds = (time_t)(mtime + l->epoch);
	struct tm t;

	ret_text[0] = '\0';
	/* a board's files may say anything: only years that have four digits */
	if (mtime < 0 || mtime > 200000000000 || !gmtime_r(&seconds, &t))
		return;
	kiln_text_format(ret_text, size, "%s %2d %02d:%02d %d", months[t.tm_mon], t.tm_mday,
			 t.tm_hour, t.tm_min, t.tm_year + 1900);
}

static void list_one(void *user, const struct kiln_file_info *info)
{
	const struct listing *l = user;
	const bool folder = info->kind == KILN_FILE_FOLDER;
	char size[24] = "", when[32] = "", name[256];
	const char *last = info->path;
	int level = 0;

	for (const char *c = info->path; *c; c++) {
		if (*c == '/') {
			level++;
			last = c + 1;
		}
	}
	kiln_text_copy_untrusted(name, sizeof(name), last, strlen(last));
	if (!folder) {
		kiln_text_format(size, sizeof(size), "%" PRIu64, info->size);
		write_time(l, info->mtime, when, sizeof(when));
	}
	kiln_kernel_print(l->k, KILN_STDOUT, "%7s  %-17s  %*s%s%s%s" PLAIN "\n", size, when,
			  4 * (level < 32 ? level : 32), "", folder ? GREEN : BLUE, name,
			  folder ? "/" : "");
}

/* Clocks count from 1970, or from 2000 on older ports of MicroPython. */
static bool ask_epoch(struct kiln_kernel *k, int64_t *ret_epoch)
{
	static const char program[] = "def _kiln():\n"
				      " try:\n"
				      "  import time\n"
				      "  print('kiln-epoch',time.gmtime(0)[0])\n"
				      " except Exception:\n"
				      "  pass\n"
				      "_kiln()\n"
				      "del _kiln\n";
	struct kiln_buf answer = KILN_BUF_INIT(4096);
	const bool good = kiln_kernel_board_ask(k, program, &answer);

	*ret_epoch = strstr(kiln_buf_str(&answer), "kiln-epoch 2000") ? 946684800 : 0;
	kiln_buf_done(&answer);
	return good;
}

static bool run_rlist(struct kiln_kernel *k, const struct kiln_magic_args *args)
{
	const char *path = args->n_words ? board_path(args->words[0]) : "";
	struct listing l = { .k = k };
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_files *files;

	if (!ask_epoch(k, &l.epoch))
		return false;
	files = open_files(k);
	return files &&
	       finish(k, files, kiln_files_list(files, path, true, list_one, &l, &err), &err);
}

const struct kiln_magic kiln_magic_rlist = {
	.name = "rlist",
	.words = "[PATH]",
	.max_words = 1,
	.takes = KILN_TAKES_BOARD_PATHS,
	.summary = "List the board's files as a tree",
	.more = "Size, time of the last change where the board knows it, name.",
	.run = run_rlist,
};
