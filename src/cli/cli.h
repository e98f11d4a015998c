/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_CLI_H
#define KILN_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/err.h>
#include <kiln/link.h>

#include "cli/opts.h"
#include "link/logins.h"

/* What every command of the program shares. */
struct cli {
	struct kiln_host host; /* log to stderr, Ctrl-C cancels waits, sim: is known */
	int verbose, quiet;    /* how often -v and -q were given */
	bool json;             /* set by commands with --json: errors become objects too */
	/* Can virtual boards run their MicroPython here? The reason why not is in err. NULL: the
	 * program has none. */
	kiln_code (*virtual_boards)(struct kiln_err *err);
	struct kiln_logins logins; /* of URLs on the command line */
	struct term_line *line; /* what stands on the terminal's last line, if anything (term.h) */
};

/* A command within a command: what the man page and completion say of it. */
struct subcommand {
	const char *name, *usage, *summary;
	const struct opt *options;
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
	bool hidden; /* not in `kiln help`, the man pages and completion */
	/* For the man page: pairs of a command line and what it does, ended by NULL; may be NULL */
	const char *const *examples;
	/* Of drop-ins, which parse their own line: their options, and their i-th subcommand or
	 * NULL. */
	const struct opt *own_options;
	const struct subcommand *(*subcommand)(size_t i);
	const char *const *personas; /* names by which the program is this command; may be NULL */
	/* The persona that shows names as the tables have them, where all others show '-' for the
	 * '_' in them; NULL: there is no difference. */
	const char *underscored;
};

extern const struct command *const commands[]; /* ended by NULL */

/* Options of the program that stand before a command or among its own. */
extern const struct opt cli_options[];

/*
 * Parse a command's options into params; -v and -q, which all commands have, into the cli. Returns
 * -1 to go on, else the exit code to return: the help was printed (0), or the line was wrong and
 * that was said (2).
 */
int cli_parse(struct cli *cli, const struct command *self, int argc, char **argv, void *params,
	      struct opt_list *ret_words);

/*
 * Report an error and return the exit code. "error: what: why" and "hint: ..." on stderr, in
 * colour on a terminal; an object on stdout if cli->json. An error without a hint gets what
 * hint_for() knows.
 */
int cli_fail(struct cli *cli, const struct kiln_err *err);

/* A wrong command line, said as an error with a hint to the command's help; returns 2. */
int cli_usage(struct cli *cli, const struct command *self, const char *fmt, ...) KILN_PRINTF(3, 4);

/* The same as cli_fail for code that has no struct cli at hand. */
int cli_error(const struct kiln_err *err);

struct json_t; /* jansson.h */

/* Print one object as a line on stdout, at once, and drop the reference. */
void cli_json(struct json_t *object);

/* Print a command's help. */
void cli_help(const struct command *self);

/* Look a command up by its name; hidden ones too. Fails with: E_INVALID (hint: what was meant). */
KILN_CHECK kiln_code cli_find(const char *name, const struct command **ret_command,
			      struct kiln_err *err);

#endif
