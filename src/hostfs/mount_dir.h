/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_MOUNT_DIR_H
#define KILN_HOSTFS_MOUNT_DIR_H

#include "hostfs/mount_wire.h"

/*
 * The folder behind a mount: answers requests, and never leaves it (hostfs/beneath.h). What a
 * board may keep open is bounded.
 */
struct kiln_mount_dir;

/* `unsafe_links`: symbolic links may lead out of the folder. Fails with: E_IO, E_NOMEM. */
KILN_CHECK kiln_code kiln_mount_dir_open(const char *folder, bool unsafe_links,
					 struct kiln_mount_dir **ret_dir, struct kiln_err *err);
void kiln_mount_dir_close(struct kiln_mount_dir *dir);
/* The board starts afresh: close what it had open. */
void kiln_mount_dir_forget(struct kiln_mount_dir *dir);

/* Append the answer to a request to `out`; at most `max` bytes are wanted. */
void kiln_mount_dir_answer(struct kiln_mount_dir *dir, const struct kiln_mount_request *request,
			   size_t max, struct kiln_buf *out);

#endif
