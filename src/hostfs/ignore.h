/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_IGNORE_H
#define KILN_HOSTFS_IGNORE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Which files stay behind: patterns as in gitignore(5). Pure.
 *
 *	*.tmp      a name at any depth         build/       a folder, with all below it
 *	/main.py   beside the ignore file      docs/x.txt   a slash within anchors it too
 *	!keep.tmp  taken all the same
 *
 * As part of a path "**" stands for folders at any depth. '*' and '?' stop at a slash, "[a-z]" and
 *"[!a-z]" are one character, '\' takes the next one as it is. The last pattern that matches
 * decides; what lies below an ignored folder can't be taken.
 */
struct kiln_ignore_rule {
	bool negated, folders_only, anchored;
	char *pattern; /* without '!', and the slashes in front and at the end */
};

struct kiln_ignore {
	struct kiln_ignore_rule *rules;
	size_t n, cap;
};

enum { KILN_IGNORE_RULES = 10000, KILN_IGNORE_PATTERN = 512 };

/* Add one pattern, or a text with one on each line ('#' begins a comment). Rules that are longer
 * than KILN_IGNORE_PATTERN fail. Fails with: E_CONFIG (which line), E_NOMEM. */
KILN_CHECK kiln_code kiln_ignore_add(struct kiln_ignore *ignore, const char *pattern,
				     struct kiln_err *err);
KILN_CHECK kiln_code kiln_ignore_text(struct kiln_ignore *ignore, struct kiln_span text,
				      const char *name, struct kiln_err *err);
void kiln_ignore_done(struct kiln_ignore *ignore);

/* Do the patterns say that `path` (relative, no "./") is left out? Those of its parents are not
 * asked: whoever walks a tree does not go into a folder that is ignored. */
bool kiln_ignore_matches(const struct kiln_ignore *ignore, const char *path, bool folder);
/* The same with its parents, for a path that comes alone. */
bool kiln_ignore_below(const struct kiln_ignore *ignore, const char *path, bool folder);

#endif
