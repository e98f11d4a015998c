/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_MANUAL_H
#define KILN_CLI_MANUAL_H

#include "base/buf.h"
#include "cli/cli.h"

/*
 * What is made from the commands' tables besides --help: their man pages (man(7) macros), and
 * completion for three shells. Checked in below docs/man and data/completions; tools/make-manual
 * writes them, a test says when they differ.
 */
void manual_page(const struct command *command, struct kiln_buf *out);

/* The part of kiln(1) that the tables give: the commands, and the options of all. */
void manual_commands(struct kiln_buf *out);
void manual_common_options(struct kiln_buf *out);

void completion_bash(struct kiln_buf *out);
void completion_zsh(struct kiln_buf *out);
void completion_fish(struct kiln_buf *out);

/* A command as completion shows it: most have one face, drop-ins with two dialects have two. */
struct completion_face {
	const struct command *command;
	const char *name; /* of the command, or the persona */
	unsigned rules;   /* OPT_HYPHENS: how its names are shown */
};

/* The n-th face of all commands that are not hidden. False after the last. */
bool completion_face(size_t n, struct completion_face *ret_face);
/* The face that a persona of the command has. */
struct completion_face completion_face_of(const struct command *command, const char *persona);

/* Is it known what an option may be given? Then " a b c", with `before` in front of the first. */
bool completion_has_values(const struct opt *o);
void completion_put_values(struct kiln_buf *out, unsigned rules, const struct opt *o,
			   const char *before);

/*
 * Call `visit` for each table that completion knows: with the face, its subcommand or NULL, and
 * the options (without those that all commands have).
 */
struct completion_visit {
	void (*visit)(struct kiln_buf *out, const struct completion_face *face,
		      const struct subcommand *subcommand, const struct opt *options);
	struct kiln_buf *out;
};
void completion_each(const struct completion_visit *visit);

#endif
