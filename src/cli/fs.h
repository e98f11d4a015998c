/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_FS_H
#define KILN_CLI_FS_H

#include <kiln/files.h>

#include "cli/cli.h"
#include "cli/render.h"
#include "hostfs/path.h"

/* What the commands for a board's files share: their options, and a board that is open. */
struct fs_params {
	const char *port;
	uint64_t baud;
	bool json, recursive, force, parents;
};

#define FS_OPTIONS                                                            \
	{ 'p',                                                                \
	  "port",                                                             \
	  "PORT",                                                             \
	  OPT_STRING,                                                         \
	  offsetof(struct fs_params, port),                                   \
	  "port or URL of the board; may be left out if there is just one" }, \
		{ 'b',                                                        \
		  "baud",                                                     \
		  "BAUD",                                                     \
		  OPT_UINT,                                                   \
		  offsetof(struct fs_params, baud),                           \
		  "speed of the board's console (115200)" },                  \
	{                                                                     \
		0, "json", NULL, OPT_FLAG, offsetof(struct fs_params, json),  \
			"one JSON object a line"                              \
	}
#define FS_RECURSIVE(help)                                                                    \
	{                                                                                     \
		'r', "recursive", NULL, OPT_FLAG, offsetof(struct fs_params, recursive), help \
	}

struct fs {
	struct cli *cli;
	const struct command *self;
	struct fs_params params;
	struct opt_list words;
	struct kiln_repl *repl;
	struct kiln_files *files;
	bool on_board; /* what is copied does not travel */
	/* What is shown while files travel. */
	struct term_line line;
	kiln_ms drawn;
};

/* A command's work, with the board open. */
typedef kiln_code fs_work(struct fs *fs, struct kiln_err *err);

/*
 * The whole of a command: parse, check that there are min..max words (max 0: any number), open
 * the board, work, close. Returns the exit code.
 */
int fs_run(struct cli *cli, const struct command *self, int argc, char **argv, size_t min,
	   size_t max, fs_work *work);

/* A path on the board without the ':' that may stand in front of it. */
const char *fs_board_path(const char *word);
bool fs_is_board(const char *word);
/* A line on the terminal that tells how far a transfer is: between begin and end. */
void fs_progress_begin(struct fs *fs);
void fs_progress_end(struct fs *fs);
void fs_progress(void *user, const struct kiln_files_progress *progress); /* user: the fs */

/* Copy with a list of words: sources, then the target. */
KILN_CHECK kiln_code fs_copy(struct fs *fs, const char *const *sources, size_t n,
			     const char *target, struct kiln_err *err);

#endif
