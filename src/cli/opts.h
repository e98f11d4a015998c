/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_OPTS_H
#define KILN_CLI_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>

/*
 * Options as tables. A table says where each value goes (an offset into the command's parameter
 * struct), so it is const, and `--help`, the man page and shell completion come from it too.
 *
 *	struct params { const char *port; bool json; uint64_t address; struct opt_list files; };
 *	static const struct opt table[] = {
 *		{ 'p', "port", "PORT", OPT_STRING, offsetof(struct params, port), "port or URL" },
 *		{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "JSON lines" },
 *		{ 0 },
 *	};
 *
 * Accepted: -p X, -pX, --port X, --port=X, bundled flags (-av), -fm X (alias), "--" ends options.
 */
typedef enum opt_kind {
	OPT_END = 0,
	OPT_FLAG,   /* bool, becomes true */
	OPT_COUNT,  /* int, counts up: -vv */
	OPT_STRING, /* const char *, borrowed from argv */
	OPT_UINT,   /* uint64_t, as Python literals: 0x1000, 1_000 */
	OPT_LIST,   /* struct opt_list: may be given several times */
	OPT_MAYBE,  /* const char *: the next word if it is one of the choices (with `ends`: if that
		     * does not say no), else "" */
	OPT_EAT,    /* struct opt_list: all words up to the next option, or where `ends` says */
} opt_kind;

struct opt {
	char letter;      /* 0: no short form */
	const char *name; /* long form without dashes; never NULL but at the end */
	const char *arg;  /* name of the value in the help; NULL for flags */
	opt_kind kind;
	size_t offset;    /* of the value in the parameter struct */
	const char *help; /* one line, no full stop */
	/* Values that it takes, ended by NULL; NULL: any. Checked, shown in help and completion. */
	const char *const *choices;
	const char *alias; /* a short form of several letters: "fm" for -fm; NULL: none */
	const char *env;   /* variable that gives the value if the line does not; NULL: none */
	bool (*ends)(const char *word); /* of OPT_EAT and OPT_MAYBE; may be NULL */
};

/* A table and the struct that its offsets point into. */
struct opt_group {
	const struct opt *table;
	void *params;
};

struct opt_list {
	const char **items; /* heap; items themselves are borrowed */
	size_t n;
};

void opt_list_done(struct opt_list *list);

typedef enum opt_rule {
	OPT_PLAIN = 0,
	OPT_STOP_AT_WORD =
		1 << 0,           /* the first word that is no option ends parsing (sub-commands) */
	OPT_PREFIXES = 1 << 1,    /* unambiguous prefixes of long names are accepted */
	OPT_UNDERSCORES = 1 << 2, /* '_' and '-' in long names and choices are the same */
	OPT_HYPHENS = 1 << 3,     /* texts show '-' for the '_' in names and choices */
} opt_rule;

/*
 * Parse argv[0..argc) (without the command's name). Words that are no options go to `ret_words`.
 * Fails with: E_INVALID; the text is what the user did wrong.
 */
KILN_CHECK kiln_code opts_parse(const struct opt *table, unsigned rules, int argc, char **argv,
				void *params, struct opt_list *ret_words, struct kiln_err *err);

/*
 * The same over several tables: a command's own options and those of the program. A name is looked
 * for in the order of the groups. `groups` ends with a NULL table.
 */
KILN_CHECK kiln_code opts_parse_groups(const struct opt_group *groups, unsigned rules, int argc,
				       char **argv, struct opt_list *ret_words,
				       struct kiln_err *err);

/* Take values from the environment, for options that name a variable. Fails with: E_INVALID. */
KILN_CHECK kiln_code opts_from_env(const struct opt *table, unsigned rules, void *params,
				   struct kiln_err *err);

struct kiln_buf;

/* The "options:" block of a help text. Of the rules, OPT_HYPHENS counts. */
void opts_help(const struct opt *table, unsigned rules, struct kiln_buf *out);

/* A name as the rules show it. */
void opts_put_name(struct kiln_buf *out, unsigned rules, const char *name);

#endif
