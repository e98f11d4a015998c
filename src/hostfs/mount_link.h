/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_MOUNT_LINK_H
#define KILN_HOSTFS_MOUNT_LINK_H

#include "hostfs/mount_dir.h"
#include "link/link_impl.h"

/* A link in front of another one, which it owns: answers requests that it reads. */
struct kiln_mount_link {
	struct kiln_link link;
	struct kiln_link *inner;
	struct kiln_mount_dir *dir; /* NULL: nothing is mounted, all passes */
	char *folder;
	bool unsafe_links;
	size_t reply_max; /* bytes that the board's input has room for */
	struct kiln_mount_filter filter;
	struct kiln_buf plain; /* not yet read */
	size_t at;
	struct kiln_buf reply; /* the last one, if the board asks for it again */
	char last;             /* its number; '\0': none */
};

/* Put one in front of `inner`. Fails with: E_NOMEM; `inner` is then as it was. */
KILN_CHECK kiln_code kiln_mount_link_new(struct kiln_link *inner, struct kiln_mount_link **ret_link,
					 struct kiln_err *err);
/* The one that `link` is; NULL if it is another kind. */
struct kiln_mount_link *kiln_mount_link_of(const struct kiln_link *link);
/* From now on requests have this token; what the board had open is closed. */
void kiln_mount_link_start(struct kiln_mount_link *m, const char *token);

#endif
