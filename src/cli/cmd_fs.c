/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small commands for a board's files: one call for each word.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/fs.h"

typedef kiln_code fs_each(struct fs *fs, const char *path, struct kiln_err *err);

static kiln_code for_each(struct fs *fs, fs_each *each, struct kiln_err *err)
{
	for (size_t i = 0; i < fs->words.n; i++) {
		const char *path = fs_board_path(fs->words.items[i]);

		KILN_TRY(each(fs, path, err));
		if (fs->params.json)
			cli_json(json_pack("{s:s, s:s}", "event", fs->self->name, "path", path));
	}
	return KILN_OK;
}

static kiln_code remove_one(struct fs *fs, const char *path, struct kiln_err *err)
{
	return kiln_files_remove(fs->files, path,
				 (fs->params.recursive ? KILN_FILES_DEEP : 0U) |
					 (fs->params.force ? KILN_FILES_FORCE : 0U),
				 err);
}

static kiln_code mkdir_one(struct fs *fs, const char *path, struct kiln_err *err)
{
	return kiln_files_mkdir(fs->files, path, fs->params.parents ? KILN_FILES_PARENTS : 0, err);
}

static kiln_code rmdir_one(struct fs *fs, const char *path, struct kiln_err *err)
{
	return kiln_files_rmdir(fs->files, path, err);
}

static kiln_code touch_one(struct fs *fs, const char *path, struct kiln_err *err)
{
	return kiln_files_touch(fs->files, path, err);
}

static kiln_code work_rm(struct fs *fs, struct kiln_err *err)
{
	return for_each(fs, remove_one, err);
}

static kiln_code work_mkdir(struct fs *fs, struct kiln_err *err)
{
	return for_each(fs, mkdir_one, err);
}

static kiln_code work_rmdir(struct fs *fs, struct kiln_err *err)
{
	return for_each(fs, rmdir_one, err);
}

static kiln_code work_touch(struct fs *fs, struct kiln_err *err)
{
	return for_each(fs, touch_one, err);
}

static kiln_code work_mv(struct fs *fs, struct kiln_err *err)
{
	const char *target = fs_board_path(fs->words.items[fs->words.n - 1]);

	if (fs->words.n > 2) { /* several go into a folder */
		struct kiln_file_info info;

		KILN_TRY(kiln_files_stat(fs->files, target, &info, err));
		if (info.kind != KILN_FILE_FOLDER) {
			(void)kiln_fail(err, KILN_E_INVALID, "cannot move %zu files",
					fs->words.n - 1);
			kiln_why(err, "':%s' is no folder", target);
			return KILN_E_INVALID;
		}
	}
	for (size_t i = 0; i + 1 < fs->words.n; i++) {
		const char *path = fs_board_path(fs->words.items[i]);

		KILN_TRY(kiln_files_rename(fs->files, path, target, err));
		if (fs->params.json)
			cli_json(json_pack("{s:s, s:s, s:s}", "event", "mv", "path", path, "to",
					   target));
	}
	return KILN_OK;
}

static kiln_code work_sha256sum(struct fs *fs, struct kiln_err *err)
{
	for (size_t i = 0; i < fs->words.n; i++) {
		const char *path = fs_board_path(fs->words.items[i]);
		char hex[65];

		KILN_TRY(kiln_files_sha256(fs->files, path, hex, err));
		if (fs->params.json)
			cli_json(json_pack("{s:s, s:s, s:s}", "event", "sha256sum", "path", path,
					   "sha256", hex));
		else
			printf("%s  %s\n", hex, path);
	}
	return KILN_OK;
}

static void print_space(void *user, const struct kiln_files_space *space)
{
	const struct fs *fs = user;
	const uint64_t used = space->total > space->free ? space->total - space->free : 0;
	char clean[128];

	if (fs->params.json)
		cli_json(json_pack("{s:s, s:s, s:I, s:I, s:I}", "event", "df", "path",
				   kiln_path_clean(space->path, clean, sizeof(clean)), "total",
				   (json_int_t)space->total, "used", (json_int_t)used, "free",
				   (json_int_t)space->free));
	else
		printf("%-12s %10llu %10llu %10llu %4llu %%\n",
		       kiln_path_clean(space->path, clean, sizeof(clean)),
		       (unsigned long long)space->total, (unsigned long long)used,
		       (unsigned long long)space->free,
		       (unsigned long long)(space->total ? used * 100 / space->total : 0));
}

static kiln_code work_df(struct fs *fs, struct kiln_err *err)
{
	if (!fs->params.json)
		printf("%-12s %10s %10s %10s %6s\n", "filesystem", "size", "used", "free", "used");
	if (fs->words.n == 0)
		return kiln_files_space(fs->files, NULL, print_space, fs, err);
	for (size_t i = 0; i < fs->words.n; i++)
		KILN_TRY(kiln_files_space(fs->files, fs_board_path(fs->words.items[i]), print_space,
					  fs, err));
	return KILN_OK;
}

static void print_stat(const struct fs *fs, const struct kiln_file_info *info)
{
	const char *kind = info->kind == KILN_FILE_FOLDER ? "folder" : "file";
	char clean[512];

	if (fs->params.json) {
		json_t *object = json_pack("{s:s, s:s, s:s, s:I}", "event", "stat", "path",
					   info->path, "kind", kind, "size",
					   (json_int_t)info->size);

		if (object && info->mtime >= 0)
			(void)json_object_set_new(object, "mtime", json_integer(info->mtime));
		cli_json(object);
		return;
	}
	printf("%s: %s", kiln_path_clean(info->path, clean, sizeof(clean)), kind);
	if (info->kind == KILN_FILE_PLAIN)
		printf(", %llu bytes", (unsigned long long)info->size);
	if (info->mtime >= 0)
		printf(", modified at %lld s of the board's clock", (long long)info->mtime);
	putchar('\n');
}

static kiln_code work_stat(struct fs *fs, struct kiln_err *err)
{
	for (size_t i = 0; i < fs->words.n; i++) {
		struct kiln_file_info info;

		KILN_TRY(kiln_files_stat(fs->files, fs_board_path(fs->words.items[i]), &info, err));
		print_stat(fs, &info);
	}
	return KILN_OK;
}

static const struct opt plain_options[] = { FS_OPTIONS, { 0 } };

static const struct opt rm_options[] = {
	FS_OPTIONS,
	FS_RECURSIVE("folders too, with all that is in them"),
	{ 'f', "force", NULL, OPT_FLAG, offsetof(struct fs_params, force),
	  "what is not there is no error" },
	{ 0 },
};

static const struct opt mkdir_options[] = {
	FS_OPTIONS,
	{ 'P', "parents", NULL, OPT_FLAG, offsetof(struct fs_params, parents),
	  "make parents too; a folder that is there is no error" },
	{ 0 },
};

#define FS_COMMAND(verb, least, most)                                                             \
	static int run_##verb(struct cli *cli, const struct command *self, int argc, char **argv) \
	{                                                                                         \
		return fs_run(cli, self, argc, argv, least, most, work_##verb);                   \
	}

FS_COMMAND(rm, 1, 0)
FS_COMMAND(mkdir, 1, 0)
FS_COMMAND(rmdir, 1, 0)
FS_COMMAND(touch, 1, 0)
FS_COMMAND(mv, 2, 0)
FS_COMMAND(sha256sum, 1, 0)
FS_COMMAND(df, 0, 0)
FS_COMMAND(stat, 1, 0)

const struct command cmd_rm = {
	.name = "rm",
	.summary = "remove files of a board",
	.usage = "[-p PORT] [-r] [-f] PATH...",
	.description =
		"Remove files of a board. A ':' may stand in front of a path. All that is on "
		"the board is removed only with -r and -f.",
	.options = rm_options,
	.run = run_rm,
	.examples = (const char *const[]){ "kiln rm -r :lib", "Remove a folder and what is in it.",
					   NULL },
};

const struct command cmd_mkdir = {
	.name = "mkdir",
	.summary = "make folders on a board",
	.usage = "[-p PORT] [-P] PATH...",
	.description = "Make folders on a board. A ':' may stand in front of a path.",
	.options = mkdir_options,
	.run = run_mkdir,
};

const struct command cmd_rmdir = {
	.name = "rmdir",
	.summary = "remove empty folders of a board",
	.usage = "[-p PORT] PATH...",
	.description = "Remove folders of a board, if there is nothing in them.",
	.options = plain_options,
	.run = run_rmdir,
};

const struct command cmd_touch = {
	.name = "touch",
	.summary = "make empty files on a board",
	.usage = "[-p PORT] PATH...",
	.description = "Make files on a board that are empty; those that are there stay as they "
		       "are.",
	.options = plain_options,
	.run = run_touch,
};

const struct command cmd_mv = {
	.name = "mv",
	.summary = "rename or move files on a board",
	.usage = "[-p PORT] PATH... TARGET",
	.description = "Rename a file or folder of a board, or move it into the folder TARGET. "
		       "Nothing travels: the board does it.",
	.options = plain_options,
	.run = run_mv,
};

const struct command cmd_sha256sum = {
	.name = "sha256sum",
	.summary = "hashes of a board's files",
	.usage = "[-p PORT] [--json] PATH...",
	.description = "Print the SHA-256 of files of a board, computed by the board where it can.",
	.options = plain_options,
	.run = run_sha256sum,
};

const struct command cmd_df = {
	.name = "df",
	.summary = "free space on a board",
	.usage = "[-p PORT] [--json] [PATH...]",
	.description = "Show size and free space, in bytes, of each file system of a board.",
	.options = plain_options,
	.run = run_df,
};

const struct command cmd_stat = {
	.name = "stat",
	.summary = "what a board's file is",
	.usage = "[-p PORT] [--json] PATH...",
	.description = "Show kind, size and time of files and folders of a board.",
	.options = plain_options,
	.run = run_stat,
};
