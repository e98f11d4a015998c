/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_CLI_H
#define KILN_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/err.h>
#include <kiln/link.h>

#include "cli/opts.h"

/* What every command of the program shares. */
struct cli {
	struct kiln_host host; /* log to stderr, Ctrl-C cancels waits, sim: is known */
	int verbose;
};

/*
 * A command: one const entry in a file of its own (cmd_NAME.c), listed in commands.c. `run` gets
 * argv without the program's name: argv[0] is the command. It returns the exit code; errors go
 * through cli_error().
 */
struct command {
	const char *name;
	const char *summary;       /* one line of `kiln help` */
	const char *usage;         /* "[-a] [-v] [--json]" */
	const char *description;   /* paragraphs for --help and the man page */
	const struct opt *options; /* NULL: the command parses its own line (drop-ins) */
	int (*run)(struct cli *cli, const struct command *self, int argc, char **argv);
};

extern const struct command *const commands[]; /* ended by NULL */

/*
 * Parse a command's options into params. Returns -1 to go on, else the exit code to return: the
 * help was printed (0), or the line was wrong and that was said (2).
 */
int cli_parse(struct cli *cli, const struct command *self, int argc, char **argv, void *params,
	      struct opt_list *ret_words);

/* "error: what: why" and "hint: ..." on stderr, in colour on a terminal; returns the exit code. */
int cli_error(const struct kiln_err *err);

/* Print a command's help. */
void cli_help(const struct command *self);

#endif
