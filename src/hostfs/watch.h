/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_WATCH_H
#define KILN_HOSTFS_WATCH_H

#include <stdbool.h>

#include "hostfs/hostfs.h"

/*
 * Tells when something in a folder changes, by inotify(7): the descriptor polls readable. What
 * changed is for the next scan to find.
 */
struct kiln_host_watch {
	int fd;     /* -1: not open */
	int newest; /* inotify numbers watches upwards */
};

/* Fails with: E_IO. */
KILN_CHECK kiln_code kiln_host_watch_open(struct kiln_host_watch *ret_watch, struct kiln_err *err);
void kiln_host_watch_close(struct kiln_host_watch *watch);

/*
 * Watch `folder` and the folders of its scanned tree; those that are watched already stay so.
 * *ret_more: some are new, so that things may have changed there since the scan.
 * Fails with: E_IO.
 */
KILN_CHECK kiln_code kiln_host_watch_tree(struct kiln_host_watch *watch, const char *folder,
					  const struct kiln_host_tree *tree, bool *ret_more,
					  struct kiln_err *err);
/* Forget what was told so far. */
void kiln_host_watch_drain(const struct kiln_host_watch *watch);

#endif
