/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_RESOURCES_H
#define KILN_HOSTFS_RESOURCES_H

#include "board/devices.h"
#include "hostfs/hostfs.h"

/*
 * The files that a device's configuration wants on it, as a tree with paths from the board's root.
 * Of two that would go to the same place the later one counts.
 * Fails with: what kiln_host_tree_add and kiln_host_scan fail with.
 */
KILN_CHECK kiln_code kiln_resources_tree(const struct kiln_device *device,
					 struct kiln_host_tree *ret_tree, struct kiln_err *err);

/* Does `path` (from the board's root, without the slash) belong to what the configuration
 * describes: is it below one of its folders, and not excluded there? */
bool kiln_resources_own(const struct kiln_device *device, const char *path);

#endif
