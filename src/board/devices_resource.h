/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_DEVICES_RESOURCE_H
#define KILN_BOARD_DEVICES_RESOURCE_H

#include "board/devices_yaml.h"

/* What a device says for all its resources; then what one of them says itself. */
struct kiln_device_settings {
	char *path;
	const char *install_dir;
	yaml_node_t *include, *exclude;
};

/* A copy of `text`, within the bound of all files. Fails with: E_CONFIG, E_NOMEM. */
kiln_code kiln_device_keep(struct kiln_yaml *r, const char *text, char **ret_text);
/* A `path`: expanded, absolute. NULL node: the folder of projects. */
kiln_code kiln_device_read_path(struct kiln_yaml *r, yaml_node_t *node, char **ret_path);
/* Of a failure too what was read so far is d's. */
kiln_code kiln_device_read_resources(struct kiln_yaml *r, yaml_node_t *list,
				     const struct kiln_device_settings *s, struct kiln_device *d);

#endif
