/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_DEVICES_YAML_H
#define KILN_BOARD_DEVICES_YAML_H

#include <yaml.h>

#include "board/devices.h"

/*
 * A YAML document that is walked by hand: nodes, keys, and errors with their line. Aliases are
 * nodes like others; merge keys (<<) are followed, a few of them.
 */
struct kiln_yaml {
	yaml_document_t doc;
	const char *file;
	const struct kiln_devices_env *env;
	struct kiln_devices *out;
	struct kiln_err *err;
};

/* A key that a mapping may have. A list of them ends with a NULL name. */
struct kiln_yaml_key {
	const char *name;
	bool list; /* of texts, or one text; else one text alone */
	bool any;  /* looked at elsewhere */
};

kiln_code kiln_yaml_bad(const struct kiln_yaml *r, size_t line, const char *hint, const char *fmt,
			...) KILN_PRINTF(4, 5);
kiln_code kiln_yaml_no_memory(const struct kiln_yaml *r);

size_t kiln_yaml_line(const yaml_node_t *node);
yaml_node_t *kiln_yaml_node(struct kiln_yaml *r, int id);
const char *kiln_yaml_text(const yaml_node_t *node);
/* A text without a nul byte in it. */
bool kiln_yaml_is_text(const yaml_node_t *node);
/* "key:" with nothing behind it, "~" or "null" */
bool kiln_yaml_is_null(const yaml_node_t *node);
/* A node for an error. What a user can't have typed does not steer the terminal. */
const char *kiln_yaml_shown(const yaml_node_t *node, char text[48]);

/* The value of a key, its own before those of merged mappings. NULL: not there, or null. */
yaml_node_t *kiln_yaml_find(struct kiln_yaml *r, const yaml_node_t *map, const char *key);
/* Every key, of merged mappings too, is one of `keys`, stands once, has a value of its kind. */
kiln_code kiln_yaml_check(struct kiln_yaml *r, yaml_node_t *map, const struct kiln_yaml_key *keys);

#endif
