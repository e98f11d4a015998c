/* SPDX-License-Identifier: Apache-2.0 */
/* What a device's resources are: texts and paths that are kept, and the list of them. */
#include "board/devices_resource.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "board/places.h"

enum {
	BUDGET = 8 * 1024 * 1024, /* of texts, over all files: an alias may stand for many */
};

static const struct kiln_yaml_key resource_keys[] = {
	{ "path", .list = false },
	{ "install-dir", .list = false },
	{ "unpack", .list = false },
	{ "include-patterns", .list = true },
	{ "exclude-patterns", .list = true },
	{ "<<", .any = true },
	{ NULL },
};

/* ---- texts that are kept ---- */

kiln_code kiln_device_keep(struct kiln_yaml *r, const char *text, char **ret_text)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a path that was read is there */
	const size_t cost = strlen(text) + 1 + sizeof(char *);

	if (r->out->used + cost > BUDGET) {
		(void)kiln_fail(r->err, KILN_E_CONFIG, "cannot use '%s'", r->file);
		kiln_why(r->err, "the device configurations come to more than 8 MB");
		return KILN_E_CONFIG;
	}
	*ret_text = strdup(text);
	if (!*ret_text)
		return kiln_yaml_no_memory(r);
	r->out->used += cost;
	return KILN_OK;
}

/* One text of a list, of a text alone, or of those that are meant where there is no node. */
static const char *nth_text(struct kiln_yaml *r, const yaml_node_t *node,
			    const char *const *without, size_t i)
{
	if (!node)
		return without[i];
	if (node->type == YAML_SEQUENCE_NODE)
		node = kiln_yaml_node(r, node->data.sequence.items.start[i]);
	return kiln_yaml_text(node);
}

static size_t count_texts(const yaml_node_t *node, const char *const *without)
{
	size_t n = 0;

	if (node && node->type == YAML_SEQUENCE_NODE)
		return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (node)
		return 1;
	while (without[n])
		n++;
	return n;
}

static kiln_code keep_texts(struct kiln_yaml *r, const yaml_node_t *node,
			    const char *const *without, struct kiln_texts *ret)
{
	const size_t n = count_texts(node, without);

	if (n == 0)
		return KILN_OK;
	ret->items = calloc(n, sizeof(*ret->items));
	if (!ret->items)
		return kiln_yaml_no_memory(r);
	for (size_t i = 0; i < n; i++) {
		KILN_TRY(kiln_device_keep(r, nth_text(r, node, without, i), &ret->items[i]));
		ret->n++;
	}
	return KILN_OK;
}

/* ---- resources ---- */

static const char *const default_include[] = { "./**/*.py", "./**/*.mpy", "./**/", NULL };
static const char *const default_exclude[] = { "boot_out.txt", NULL };

/* The words for true and false of YAML 1.1. */
static int truth(const char *text)
{
	static const char *const words[][2] = {
		{ "false", "true" },
		{ "no", "yes" },
		{ "off", "on" },
		{ "n", "y" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i][0]) == 0)
			return 0;
		if (strcasecmp(text, words[i][1]) == 0)
			return 1;
	}
	return -1;
}

static kiln_code read_unpack(struct kiln_yaml *r, yaml_node_t *params, enum kiln_unpack *ret)
{
	yaml_node_t *node = kiln_yaml_find(r, params, "unpack");
	const int value = node ? truth(kiln_yaml_text(node)) : 0;

	if (!node)
		return KILN_OK;
	if (value < 0)
		return kiln_yaml_bad(r, kiln_yaml_line(node), NULL,
				     "'unpack' is neither true nor false");
	*ret = value ? KILN_UNPACK_YES : KILN_UNPACK_NO;
	return KILN_OK;
}

kiln_code kiln_device_read_path(struct kiln_yaml *r, yaml_node_t *node, char **ret_path)
{
	char unknown[64], text[4096];
	char *path;

	if (!node)
		return kiln_place_find(r->env, "IOT_PROJECTS", "", ret_path, r->err);
	path = kiln_place_expand(r->env, kiln_yaml_text(node), unknown);
	if (path && path[0] == '/') {
		*ret_path = path;
		return KILN_OK;
	}
	if (path) {
		kiln_text_format(text, sizeof(text), "$IOT_PROJECTS/%s", path);
		free(path);
		path = kiln_place_expand(r->env, text, unknown);
	}
	if (path) {
		*ret_path = path;
		return KILN_OK;
	}
	if (!unknown[0])
		return kiln_yaml_bad(r, kiln_yaml_line(node), NULL, "the path is too long");
	return kiln_yaml_bad(r, kiln_yaml_line(node), NULL, "the variable %s is not set", unknown);
}

static kiln_code keep_install_dir(struct kiln_yaml *r, size_t line, const char *text,
				  char **ret_dir)
{
	char dir[1024];

	if (!kiln_text_format(dir, sizeof(dir), "/%s", text))
		return kiln_yaml_bad(r, line, NULL, "'install-dir' is too long");
	if (!kiln_place_tidy(dir))
		return kiln_yaml_bad(r, line, NULL, "'install-dir' has a '..' in it");
	return kiln_device_keep(r, dir, ret_dir);
}

static kiln_code keep_resource_name(struct kiln_yaml *r, yaml_node_t *node, char **ret_name)
{
	static const char hint[] =
		"its folder is named by 'path:', as in \"- boot: {path: ~/common}\"";
	char name[1024], text[48];

	if (!kiln_yaml_is_text(node) || kiln_yaml_is_null(node))
		return kiln_yaml_bad(r, kiln_yaml_line(node), NULL,
				     "a resource is the name of a file or folder");
	if (!kiln_text_copy(name, sizeof(name), kiln_yaml_text(node)))
		return kiln_yaml_bad(r, kiln_yaml_line(node), NULL, "the name is too long");
	if (name[0] == '/' || name[0] == '~' || !kiln_place_tidy(name) || !name[0])
		return kiln_yaml_bad(r, kiln_yaml_line(node), hint,
				     "the resource '%s' is not below 'path'",
				     kiln_yaml_shown(node, text));
	return kiln_device_keep(r, name, ret_name);
}

/* What stands behind a resource's name: nothing, an install-dir, or a mapping. */
static kiln_code override(struct kiln_yaml *r, yaml_node_t *params, struct kiln_device_settings *s,
			  struct kiln_resource *res)
{
	yaml_node_t *path, *dir;

	if (!params || kiln_yaml_is_null(params))
		return KILN_OK;
	if (kiln_yaml_is_text(params)) {
		s->install_dir = kiln_yaml_text(params);
		return KILN_OK;
	}
	if (params->type != YAML_MAPPING_NODE)
		return kiln_yaml_bad(r, kiln_yaml_line(params), NULL,
				     "behind a resource stands where it goes, or a mapping");
	KILN_TRY(kiln_yaml_check(r, params, resource_keys));
	path = kiln_yaml_find(r, params, "path");
	dir = kiln_yaml_find(r, params, "install-dir");
	if (path)
		KILN_TRY(kiln_device_read_path(r, path, &res->path));
	if (dir)
		s->install_dir = kiln_yaml_text(dir);
	if (kiln_yaml_find(r, params, "include-patterns"))
		s->include = kiln_yaml_find(r, params, "include-patterns");
	if (kiln_yaml_find(r, params, "exclude-patterns"))
		s->exclude = kiln_yaml_find(r, params, "exclude-patterns");
	return read_unpack(r, params, &res->unpack);
}

static kiln_code read_resource(struct kiln_yaml *r, yaml_node_t *item,
			       struct kiln_device_settings s, struct kiln_resource *res)
{
	yaml_node_t *name = item, *params = NULL;

	res->line = kiln_yaml_line(item);
	if (item->type == YAML_MAPPING_NODE) {
		const yaml_node_pair_t *pair = item->data.mapping.pairs.start;

		if (item->data.mapping.pairs.top - pair != 1)
			return kiln_yaml_bad(
				r, kiln_yaml_line(item),
				"what belongs to a resource is indented deeper than its name",
				"an item of 'resources' names more than one, or none");
		name = kiln_yaml_node(r, pair->key);
		params = kiln_yaml_node(r, pair->value);
	}
	KILN_TRY(keep_resource_name(r, name, &res->name));
	KILN_TRY(override(r, params, &s, res));
	if (!res->path)
		KILN_TRY(kiln_device_keep(r, s.path, &res->path));
	KILN_TRY(keep_install_dir(r, res->line, s.install_dir, &res->install_dir));
	KILN_TRY(keep_texts(r, s.include, default_include, &res->include));
	return keep_texts(r, s.exclude, default_exclude, &res->exclude);
}

kiln_code kiln_device_read_resources(struct kiln_yaml *r, yaml_node_t *list,
				     const struct kiln_device_settings *s, struct kiln_device *d)
{
	size_t n;

	if (list->type != YAML_SEQUENCE_NODE)
		return kiln_yaml_bad(r, kiln_yaml_line(list), "each resource stands behind a '-'",
				     "'resources' is no list");
	n = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
	if (r->out->used + n * sizeof(*d->resources) > BUDGET)
		return kiln_yaml_bad(r, kiln_yaml_line(list), NULL,
				     "more resources than fit into 8 MB");
	r->out->used += n * sizeof(*d->resources);
	d->resources = calloc(n ? n : 1, sizeof(*d->resources));
	if (!d->resources)
		return kiln_yaml_no_memory(r);
	for (size_t i = 0; i < n; i++) {
		d->n_resources++;
		KILN_TRY(read_resource(r, kiln_yaml_node(r, list->data.sequence.items.start[i]), *s,
				       &d->resources[i]));
	}
	return KILN_OK;
}
