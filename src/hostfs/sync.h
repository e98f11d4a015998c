/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_SYNC_H
#define KILN_HOSTFS_SYNC_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/files.h>

#include "hostfs/hostfs.h"

/*
 * Make a folder of a board like a tree of this computer; the other direction does not exist. First
 * a plan, by one round trip that brings the board's tree with its digests; then what the plan
 * says, and nothing else.
 *
 *	const struct kiln_sync sync = { .board = files, .tree = &tree, .target = "" };
 *	kiln_sync_plan(&sync, &plan, &err);
 *	kiln_sync_apply(&sync, &plan, NULL, &err);
 *	kiln_sync_plan_done(&plan);
 */
struct kiln_sync {
	struct kiln_files *board;
	const struct kiln_host_tree *tree; /* paths below the target; folders before their files */
	const char *target;                /* folder of the board */
	bool mirror;                       /* what is not in the tree goes; not through mounts */
	/* What `mirror` leaves alone, besides; may be NULL. */
	bool (*keeps)(void *user, const char *path, bool folder);
	void *user;
	bool only_look; /* the plan is for people to read: it need not fit on the board */
};

typedef enum kiln_sync_kind {
	KILN_SYNC_DELETE = 1,
	KILN_SYNC_MAKE, /* a folder */
	KILN_SYNC_ADD,
	KILN_SYNC_UPDATE,
} kiln_sync_kind;

struct kiln_sync_change {
	kiln_sync_kind kind;
	bool folder; /* with DELETE */
	char *path;  /* below the target; of DELETE untrusted */
	uint64_t size;
	size_t item; /* of the tree; not with DELETE */
};

struct kiln_sync_plan {
	struct kiln_sync_change *changes; /* in the order in which they are done */
	size_t n, cap;
	size_t deletes, same; /* files that are the same */
	uint64_t bytes;       /* of the files that travel */
};

/*
 * Nothing is written. Fails with: what kiln_files_survey fails with, E_IO (a file stands where a
 * folder must, or the other way, and may not go), E_TOO_BIG (no room), E_NOMEM.
 */
KILN_CHECK kiln_code kiln_sync_plan(const struct kiln_sync *sync, struct kiln_sync_plan *ret_plan,
				    struct kiln_err *err);
void kiln_sync_plan_done(struct kiln_sync_plan *plan);

/* Fails with: what kiln_files_put and kiln_files_remove_all fail with. */
KILN_CHECK kiln_code kiln_sync_apply(const struct kiln_sync *sync,
				     const struct kiln_sync_plan *plan,
				     const struct kiln_files_watch *watch, struct kiln_err *err);

/* "ADD", "UPDATE", "DELETE", "MKDIR" */
const char *kiln_sync_word(kiln_sync_kind kind);

#endif
