/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_HOSTFS_H
#define KILN_HOSTFS_HOSTFS_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/files.h>

/*
 * Files of this computer, for copies to and from boards.
 */

/* Files and folders that are put on a board, read whole before the board is touched. */
struct kiln_host_tree {
	struct kiln_files_item *items; /* path and data are owned */
	size_t n, cap;
	size_t bytes;
};

/*
 * Add the file `source`, or with `deep` the folder and all below it, as `target` on the board.
 * Links are followed; what is neither file nor folder is refused.
 * Fails with: E_NOT_FOUND, E_DENIED, E_IO, E_INVALID, E_TOO_BIG, E_NOMEM.
 */
KILN_CHECK kiln_code kiln_host_tree_add(struct kiln_host_tree *tree, const char *source,
					const char *target, bool deep, struct kiln_err *err);
/*
 * Add all below `folder`, with paths relative to it, but what `leaves` says is left out (of a
 * folder: with all below it). A link is followed as long as it stays in the folder.
 * Fails with also: E_INVALID (a link that leaves the folder, a device).
 */
KILN_CHECK kiln_code kiln_host_scan(struct kiln_host_tree *tree, const char *folder,
				    bool (*leaves)(void *user, const char *path, bool folder),
				    void *user, struct kiln_err *err);
/* Add what an open file holds. */
KILN_CHECK kiln_code kiln_host_tree_read(struct kiln_host_tree *tree, int fd, const char *target,
					 struct kiln_err *err);
/* Add a copy of an item that is not of this computer. Fails with: E_TOO_BIG, E_NOMEM. */
KILN_CHECK kiln_code kiln_host_tree_keep(struct kiln_host_tree *tree, const char *target,
					 const struct kiln_files_item *item, struct kiln_err *err);
/* Move all of `other` below `target`. Fails with: E_TOO_BIG, E_NOMEM. */
KILN_CHECK kiln_code kiln_host_tree_move(struct kiln_host_tree *tree, const char *target,
					 struct kiln_host_tree *other, struct kiln_err *err);
/*
 * Make a tree that was put together from pieces one that kiln_files_put takes: sorted, each path
 * once (the last one counts), with all folders on the way. Fails with: E_INVALID (a file where
 * another one needs a folder), E_NOMEM.
 */
KILN_CHECK kiln_code kiln_host_tree_settle(struct kiln_host_tree *tree, struct kiln_err *err);
/* Take out folders that hold no file, at any depth. */
void kiln_host_tree_prune(struct kiln_host_tree *tree);
void kiln_host_tree_done(struct kiln_host_tree *tree);

/* Is there a folder of that name? */
bool kiln_host_is_folder(const char *path);

/* Is each part of a path that a board gave a plain name? Fails with: E_INVALID. */
KILN_CHECK kiln_code kiln_host_check_below(const char *below, struct kiln_err *err);

/*
 * Write a file whole, by a temporary name and a rename. `below` is a path that a board gave: each
 * part of it must be a plain name, and no symbolic link on the way is followed, so that nothing
 * outside `folder` is written. Folders on the way are made. With `below` a folder (data NULL) it is
 * made.
 * Fails with: E_INVALID (a name that leads elsewhere), E_DENIED, E_IO.
 */
KILN_CHECK kiln_code kiln_host_write_below(const char *folder, const char *below, const void *data,
					   size_t n, struct kiln_err *err);

#endif
