/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_KERNEL_MAGIC_H
#define KILN_KERNEL_MAGIC_H

#include "kernel/kernel_impl.h"
#include "kernel/words.h"

/*
 * Magics: one const table row each, in a file by theme; magic.c has the table of all. Options are
 * rows too: `-h`, usage and parsing come from them.
 */
struct kiln_magic;

struct kiln_magic_args {
	const struct kiln_magic *magic; /* the one that runs */
	struct kiln_span body;          /* of a cell magic */
	bool *flags;                    /* by the option's index in the table */
	const char **values;            /* likewise; NULL where not given */
	const char **words;
	size_t n_words;
};

struct kiln_magic_option {
	char letter;      /* 0: it has only a long form */
	const char *name; /* long form; NULL ends the table */
	const char *arg;  /* name of its value; NULL: a flag */
	const char *help;
};

/* What the words of a magic are, for completion. */
typedef enum kiln_magic_takes {
	KILN_TAKES_HOST_PATHS = 0,
	KILN_TAKES_BOARD_PATHS,
	KILN_TAKES_PATHS, /* the board's after a ':', else the host's */
	KILN_TAKES_BOARDS,
	KILN_TAKES_VARIABLES,
	KILN_TAKES_LEVELS,
} kiln_magic_takes;

struct kiln_magic {
	const char *name;
	bool cell;         /* %%name */
	const char *words; /* "NAME [SCHEME ...]" for the usage; NULL: takes none */
	size_t min_words, max_words;
	kiln_magic_takes takes;
	const char *summary;                     /* one line, for %lsmagic and -h */
	const char *more;                        /* further paragraphs of -h; may be NULL */
	const struct kiln_magic_option *options; /* may be NULL */
	/* False: it failed, and that was said. */
	bool (*run)(struct kiln_kernel *k, const struct kiln_magic_args *args);
};

extern const struct kiln_magic kiln_magic_discover, kiln_magic_connect, kiln_magic_lsmagic;
extern const struct kiln_magic kiln_magic_register, kiln_magic_unregister;
extern const struct kiln_magic kiln_magic_softreset, kiln_magic_hardreset;
extern const struct kiln_magic kiln_magic_uid, kiln_magic_name, kiln_magic_info,
	kiln_magic_loglevel;
extern const struct kiln_magic kiln_magic_gettime, kiln_magic_synctime;
extern const struct kiln_magic kiln_magic_cd, kiln_magic_flash, kiln_magic_plot, kiln_magic_store;
extern const struct kiln_magic kiln_magic_cat, kiln_magic_mkdirs, kiln_magic_rlist, kiln_magic_rm;
extern const struct kiln_magic kiln_magic_mip, kiln_magic_pip, kiln_magic_upip;
extern const struct kiln_magic kiln_magic_cp, kiln_magic_rdiff, kiln_magic_rsync;
extern const struct kiln_magic kiln_magic_cell_plot, kiln_magic_cell_host;
extern const struct kiln_magic kiln_magic_cell_bash, kiln_magic_cell_connect,
	kiln_magic_cell_writefile, kiln_magic_cell_ssh, kiln_magic_cell_service;

/* All of them, line magics first, ended by NULL. */
extern const struct kiln_magic *const kiln_magics[];

/* NULL: there is none. */
const struct kiln_magic *kiln_magic_find(struct kiln_span name, bool cell);
/* "%" or "%%" */
const char *kiln_magic_sign(const struct kiln_magic *m);
void kiln_magic_usage(const struct kiln_magic *m, struct kiln_buf *out);
void kiln_magic_help(const struct kiln_magic *m, struct kiln_buf *out);

/* Run "name arguments" (without the %). False: it failed, and the cell ends. */
bool kiln_magic_line(struct kiln_kernel *k, struct kiln_span text);
bool kiln_magic_cell(struct kiln_kernel *k, struct kiln_span text, struct kiln_span body);
/* Run one whose words are split already; the first is its name. */
bool kiln_magic_run(struct kiln_kernel *k, const struct kiln_magic *m,
		    const struct kiln_words *words, struct kiln_span body);

/* For arguments that the table can't judge: usage and the error on stderr; returns false. */
bool kiln_magic_usage_error(struct kiln_kernel *k, const struct kiln_magic_args *args,
			    const char *fmt, ...) KILN_PRINTF(3, 4);

/* execute.c, for magics that run their body */
bool kiln_kernel_run_cell(struct kiln_kernel *k, struct kiln_span code);

#endif
