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

/* One file of that tree: where it goes, and where it comes from. */
struct kiln_resource_file {
	char *path;   /* absolute, on the board */
	char *source; /* on this computer */
	size_t size;
};

struct kiln_resource_files {
	struct kiln_resource_file *items; /* sorted by path */
	size_t n;
};

/* Its files alone. Fails with: as kiln_resources_tree. */
KILN_CHECK kiln_code kiln_resources_list(const struct kiln_device *device,
					 struct kiln_resource_files *ret_files,
					 struct kiln_err *err);
void kiln_resource_files_done(struct kiln_resource_files *files);

/* Does `path` (from the board's root, without the slash) belong to what the configuration
 * describes: is it below one of its folders, and not excluded there? */
bool kiln_resources_own(const struct kiln_device *device, const char *path);

#endif
