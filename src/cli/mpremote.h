/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_MPREMOTE_H
#define KILN_CLI_MPREMOTE_H

#include <kiln/files.h>
#include <kiln/repl.h>

#include "cli/cli.h"
#include "cli/terminal.h"

/*
 * mpremote's command line: a chain of commands, each a row of a table (cmd_mpremote.c). Its texts
 * and exit codes are those of MicroPython's tools/mpremote 1.26 under Python 3.11, for scripts
 * read them.
 */
enum { MPREMOTE_WORDS = 2 }; /* positional arguments that a command has at most */

/* What the options of all commands say; zeroed for each command. */
struct mpremote_params {
	bool help;
	bool follow, no_follow;
	bool escape, no_escape;
	const char *capture, *inject_code, *inject_file;
	const char *target, *index;
	bool mpy, no_mpy;
	bool set, no_set;
	const char *partition, *output;
	bool unsafe_links, no_unsafe_links;
	bool recursive, no_recursive, force, no_force, verbose, no_verbose, size, human;
};

struct mpremote;

/* A positional argument. */
struct mpremote_word {
	const char *name, *help;
	bool many; /* takes all words that follow; the last one only */
};

struct mpremote_command {
	struct subcommand is; /* usage: as `COMMAND -h` prints it, wrapped */
	struct mpremote_word words[MPREMOTE_WORDS + 1]; /* ended by a NULL name */
	bool raw;                                       /* needs the raw prompt before it runs */
	bool acts; /* so that no terminal is opened at the end */
	/* Returns -1 to go on with the chain, else the exit code. */
	int (*run)(struct mpremote *m);
	/* May its last word be missing? NULL: no. */
	bool (*may_end)(int argc, const char *const *argv);
};

/* A word that stands for a command with its first arguments. */
struct mpremote_shortcut {
	const char *name, *help;
	const char *words[3];
};

struct mpremote {
	struct cli *cli;
	struct terminal terminal;
	/* Connected: one of the two. */
	struct kiln_link *link;
	struct kiln_repl *repl;
	struct kiln_files *files; /* while a command for files runs */
	char device[256];
	bool resumed; /* no soft reset before the next raw prompt */
	bool acted;
	/* The command that runs. */
	const struct mpremote_command *command;
	struct mpremote_params params;
	const char **words; /* its positional arguments */
	size_t n_words;
};

extern const struct mpremote_command mpremote_commands[]; /* ended by a NULL name */
extern const struct mpremote_shortcut mpremote_shortcuts[];

/*
 * Parse a command's arguments as Python's argparse does. *ret_used: where the next command begins.
 * Returns -1 to go on, else the exit code: help was printed, or what is wrong.
 */
int mpremote_parse(struct mpremote *m, int argc, const char *const *argv, int *ret_used);
void mpremote_help(const struct mpremote_command *command);
/* An argument that is wrong: usage and text to stderr; returns 2. */
int mpremote_wrong(const struct mpremote_command *command, const char *fmt, ...) KILN_PRINTF(2, 3);

/* "mpremote: TEXT" to stderr; returns 1. */
int mpremote_say(const char *fmt, ...) KILN_PRINTF(1, 2);
/* The same with an error of ours, and its hint. */
int mpremote_fail(const struct kiln_err *err);

/* Of these -1 means done. */
int mpremote_need_link(struct mpremote *m);
int mpremote_need_raw(struct mpremote *m, bool reset);
void mpremote_disconnect(struct mpremote *m);
/* The terminal; *ret_gone: it ended because the board went. */
int mpremote_terminal(struct mpremote *m, bool *ret_gone);

int mpremote_connect(struct mpremote *m);
int mpremote_eval(struct mpremote *m);
int mpremote_exec(struct mpremote *m);
int mpremote_run(struct mpremote *m);
int mpremote_rtc(struct mpremote *m);
int mpremote_repl(struct mpremote *m);
int mpremote_mip(struct mpremote *m);
int mpremote_romfs(struct mpremote *m);
bool mpremote_romfs_may_end(int argc, const char *const *argv);
int mpremote_mount(struct mpremote *m);
int mpremote_umount(struct mpremote *m);

#endif
