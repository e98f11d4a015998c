/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_TYPED_H
#define KILN_CLI_TYPED_H

#include "base/buf.h"

/*
 * What was typed at boards' prompts, now and in earlier sessions: $XDG_STATE_HOME/kiln/typed, one
 * line each, the newest last; kept to 2000 lines, private to the user. A line that repeats the one
 * before is not kept.
 */
struct typed {
	char **lines;
	size_t n;
	char path[4096]; /* empty: there is no place to keep it */
};

void typed_load(struct typed *t);
void typed_done(struct typed *t);
/* Keep a line, in the file too. What can't be kept is forgotten: a prompt goes on without. */
void typed_add(struct typed *t, const char *line, size_t n);
/* The newest line before the one at `before` (t->n: all) that has `words` in it; -1: none. */
long typed_find(const struct typed *t, size_t before, const char *words);

#endif
