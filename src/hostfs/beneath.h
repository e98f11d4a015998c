/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_BENEATH_H
#define KILN_HOSTFS_BENEATH_H

#include <stdbool.h>

/*
 * Names that someone else gives, below a folder that must not be left: neither by "..", nor by
 * symbolic links, nor by what another process changes meanwhile. Each folder on the way is opened
 * by itself, from its parent's descriptor, never following a link; what a link says is walked in
 * the same way. So it is what openat2(2) does with RESOLVE_BENEATH, on every kernel.
 *
 *	struct kiln_beneath at;
 *	if (kiln_beneath_find(root, "lib/x.py", KILN_BENEATH_FOLLOW, &at) != 0)
 *		return -errno;          EXDEV: it would lead out of the folder
 *	fd = openat(at.folder, at.name, at.flags | O_RDONLY);
 *	kiln_beneath_done(&at);
 */
enum { KILN_BENEATH_NAME = 256 };

typedef enum kiln_beneath_rule {
	KILN_BENEATH_FOLLOW = 1 << 0, /* a link in the last place is followed too */
	KILN_BENEATH_UNSAFE = 1 << 1, /* links may lead anywhere */
} kiln_beneath_rule;

struct kiln_beneath {
	int folder;                   /* that `name` is in */
	char name[KILN_BENEATH_NAME]; /* "." for the root itself */
	int flags; /* for openat(): O_NOFOLLOW | O_CLOEXEC, as the rules want it */
};

/* Returns 0, or -1 with errno. The last part of the path need not be there. */
int kiln_beneath_find(int root, const char *path, unsigned rules, struct kiln_beneath *ret);
void kiln_beneath_done(struct kiln_beneath *at);

#endif
