/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_MIP_PLACE_H
#define KILN_MIP_PLACE_H

#include <kiln/files.h>

#include "base/buf.h"
#include "mip/set.h"

/*
 * Where packages are installed: a folder of a board, or one of this computer. Paths are below it.
 * Fallible calls fail with what kiln_files_* (files of a board) and hostfs fail with.
 */
struct kiln_mip_place {
	struct kiln_files *files; /* of a board; NULL: a folder of this computer */
	const char *target;       /* "/lib"; borrowed */
};

/* What a board says of itself, to choose packages for it. */
struct kiln_mip_board {
	unsigned mpy;     /* version of .mpy files that it runs; 0: none, or it can't tell */
	char target[256]; /* where its libraries go; "": no folder of sys.path is named so */
};

/* Fails with: what kiln_repl_exec fails with, E_PROTOCOL. */
KILN_CHECK kiln_code kiln_mip_ask(struct kiln_repl *repl, struct kiln_mip_board *ret_board,
				  struct kiln_err *err);

/* Target of a board for which the user named none. Fails with: E_INVALID. */
KILN_CHECK kiln_code kiln_mip_target(const struct kiln_mip_board *board, const char *named,
				     const char **ret_target, struct kiln_err *err);

/* Which of a set's files are there with the same bytes? ret_same has set->n_files elements. */
KILN_CHECK kiln_code kiln_mip_look(const struct kiln_mip_place *place,
				   const struct kiln_mip_set *set, bool *ret_same,
				   struct kiln_err *err);

/*
 * Put those that are not the same, and `record` (may be NULL) as the last one, all in one go: each
 * under a temporary name, verified, renamed. Folders on the way are made. `watch` sees the n-th of
 * the files that are put.
 */
KILN_CHECK kiln_code kiln_mip_put(const struct kiln_mip_place *place,
				  const struct kiln_mip_set *set, const bool *same,
				  const char *record, const struct kiln_files_watch *watch,
				  struct kiln_err *err);

/* SHA-256 of n files, as hex; "" for one that is not there, "?" where the board can't tell. */
KILN_CHECK kiln_code kiln_mip_digests(const struct kiln_mip_place *place, const char *const *paths,
				      size_t n, char (*ret_digests)[65], struct kiln_err *err);

/* A whole file; appended. Fails with also: E_NOT_FOUND. */
KILN_CHECK kiln_code kiln_mip_get(const struct kiln_mip_place *place, const char *path,
				  struct kiln_buf *ret_data, struct kiln_err *err);
/* Write one file. */
KILN_CHECK kiln_code kiln_mip_put_one(const struct kiln_mip_place *place, const char *path,
				      const char *text, struct kiln_err *err);
/* Remove a file, or an empty folder; one that is not there, or not empty, is no error. */
KILN_CHECK kiln_code kiln_mip_remove(const struct kiln_mip_place *place, const char *path,
				     bool folder, struct kiln_err *err);
/* Call `found` for each plain file below the target. No target, no files. */
KILN_CHECK kiln_code kiln_mip_files(const struct kiln_mip_place *place,
				    void (*found)(void *user, const char *path), void *user,
				    struct kiln_err *err);

#endif
