/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file of device configurations. The whole document is loaded first, for aliases and merge keys
 * point back in it; then it is walked by hand, no deeper than its shape goes, so that no alias
 * makes it grow. A key that is not known is an error: what it was meant to say would be lost in
 * silence.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "board/devices_yaml.h"
#include "board/places.h"

enum {
	BUDGET = 8 * 1024 * 1024, /* of texts, over all files: an alias may stand for many */
	DEVICES_MAX = 4096,
	NAME_SIZE = 64, /* as kiln_board has it */
};

/* What a device says for all its resources; then what one of them says itself. */
struct settings {
	char *path;
	const char *install_dir;
	yaml_node_t *include, *exclude;
};

static const struct kiln_yaml_key device_keys[] = {
	{ "uid", .list = false },
	{ "path", .list = false },
	{ "install-dir", .list = false },
	{ "include-patterns", .list = true },
	{ "exclude-patterns", .list = true },
	{ "resources", .any = true },
	{ "<<", .any = true },
	{ NULL },
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

static kiln_code keep(struct kiln_yaml *r, const char *text, char **ret_text)
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
		KILN_TRY(keep(r, nth_text(r, node, without, i), &ret->items[i]));
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

/* A `path`: expanded, absolute. NULL node: the folder of projects. */
static kiln_code read_path(struct kiln_yaml *r, yaml_node_t *node, char **ret_path)
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
	return keep(r, dir, ret_dir);
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
	return keep(r, name, ret_name);
}

/* What stands behind a resource's name: nothing, an install-dir, or a mapping. */
static kiln_code override(struct kiln_yaml *r, yaml_node_t *params, struct settings *s,
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
		KILN_TRY(read_path(r, path, &res->path));
	if (dir)
		s->install_dir = kiln_yaml_text(dir);
	if (kiln_yaml_find(r, params, "include-patterns"))
		s->include = kiln_yaml_find(r, params, "include-patterns");
	if (kiln_yaml_find(r, params, "exclude-patterns"))
		s->exclude = kiln_yaml_find(r, params, "exclude-patterns");
	return read_unpack(r, params, &res->unpack);
}

static kiln_code read_resource(struct kiln_yaml *r, yaml_node_t *item, struct settings s,
			       struct kiln_resource *res)
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
		KILN_TRY(keep(r, s.path, &res->path));
	KILN_TRY(keep_install_dir(r, res->line, s.install_dir, &res->install_dir));
	KILN_TRY(keep_texts(r, s.include, default_include, &res->include));
	return keep_texts(r, s.exclude, default_exclude, &res->exclude);
}

static kiln_code read_resources(struct kiln_yaml *r, yaml_node_t *list, const struct settings *s,
				struct kiln_device *d)
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

/* ---- devices ---- */

static kiln_code check_name(struct kiln_yaml *r, const yaml_node_t *node)
{
	const char *name = kiln_yaml_is_text(node) ? kiln_yaml_text(node) : "";
	char text[NAME_SIZE];

	if (!name[0] || !kiln_text_copy_untrusted(text, sizeof(text), name, strlen(name)) ||
	    strcmp(text, name) != 0 || strpbrk(name, " /:?*'\""))
		return kiln_yaml_bad(
			r, kiln_yaml_line(node),
			"a name has up to 63 characters, no spaces, and none of / : ? * ' \"",
			"'%s' is no name for a device", kiln_yaml_shown(node, text));
	return KILN_OK;
}

static kiln_code check_unique(struct kiln_yaml *r, size_t line, const struct kiln_device *d)
{
	for (size_t i = 0; i < r->out->n; i++) {
		const struct kiln_device *other = &r->out->items[i];

		if (strcmp(other->name, d->name) == 0)
			return kiln_yaml_bad(r, line, NULL,
					     "'%s' is a device already (%s, line %zu)", d->name,
					     other->file, other->line);
		if (strcmp(other->uid, d->uid) == 0)
			return kiln_yaml_bad(r, line, NULL,
					     "the uid %s is that of '%s' (%s, line %zu)", d->uid,
					     other->name, other->file, other->line);
	}
	return KILN_OK;
}

static kiln_code read_uid(struct kiln_yaml *r, size_t line, yaml_node_t *spec,
			  struct kiln_device *d)
{
	static const char hint[] = "'kiln discover -v' shows the uid of each board";
	yaml_node_t *node = kiln_yaml_find(r, spec, "uid");
	char uid[NAME_SIZE], text[48];

	if (!node)
		return kiln_yaml_bad(r, line, hint, "the device '%s' has no uid", d->name);
	if (!kiln_uid_normal(kiln_yaml_text(node), uid, sizeof(uid)))
		return kiln_yaml_bad(r, kiln_yaml_line(node), hint, "'%s' is no uid",
				     kiln_yaml_shown(node, text));
	KILN_TRY(keep(r, uid, &d->uid));
	return check_unique(r, line, d);
}

static kiln_code read_spec(struct kiln_yaml *r, yaml_node_t *spec, struct kiln_device *d)
{
	yaml_node_t *dir = kiln_yaml_find(r, spec, "install-dir"),
		    *list = kiln_yaml_find(r, spec, "resources");
	struct settings s = {
		.install_dir = dir ? kiln_yaml_text(dir) : "/",
		.include = kiln_yaml_find(r, spec, "include-patterns"),
		.exclude = kiln_yaml_find(r, spec, "exclude-patterns"),
	};
	kiln_code code = KILN_OK;

	KILN_TRY(read_path(r, kiln_yaml_find(r, spec, "path"), &s.path));
	if (list)
		code = read_resources(r, list, &s, d);
	free(s.path);
	return code;
}

static kiln_code read_device(struct kiln_yaml *r, yaml_node_t *name, yaml_node_t *spec,
			     struct kiln_device *d)
{
	d->line = kiln_yaml_line(name);
	KILN_TRY(check_name(r, name));
	KILN_TRY(keep(r, kiln_yaml_text(name), &d->name));
	KILN_TRY(keep(r, r->file, &d->file));
	if (spec->type != YAML_MAPPING_NODE)
		return kiln_yaml_bad(r, d->line,
				     "at least its uid has to be given: \"NAME: {uid: ...}\"",
				     "nothing is said of the device '%s'", d->name);
	KILN_TRY(kiln_yaml_check(r, spec, device_keys));
	KILN_TRY(read_uid(r, d->line, spec, d));
	return read_spec(r, spec, d);
}

static void device_done(struct kiln_device *d)
{
	for (size_t i = 0; i < d->n_resources; i++) {
		struct kiln_resource *res = &d->resources[i];
		struct kiln_texts *const lists[] = { &res->include, &res->exclude };

		for (size_t l = 0; l < 2; l++) {
			for (size_t t = 0; t < lists[l]->n; t++)
				free(lists[l]->items[t]);
			free(lists[l]->items);
		}
		free(res->name);
		free(res->path);
		free(res->install_dir);
	}
	free(d->resources);
	free(d->name);
	free(d->uid);
	free(d->file);
}

void kiln_devices_done(struct kiln_devices *devices)
{
	for (size_t i = 0; i < devices->n; i++)
		device_done(&devices->items[i]);
	free(devices->items);
	free(devices->problems);
	*devices = (struct kiln_devices){ .n = 0 };
}

static kiln_code add_device(struct kiln_yaml *r, yaml_node_t *name, yaml_node_t *spec)
{
	struct kiln_devices *all = r->out;
	struct kiln_device d = { .name = NULL }, *grown;
	kiln_code code = read_device(r, name, spec, &d);

	if (code == KILN_OK && all->n == DEVICES_MAX)
		code = kiln_yaml_bad(r, d.line, NULL, "more than %d devices", DEVICES_MAX);
	if (code == KILN_OK) {
		grown = realloc(all->items, (all->n + 1) * sizeof(*grown));
		if (grown)
			all->items = grown;
		else
			code = kiln_yaml_no_memory(r);
	}
	if (code == KILN_OK)
		all->items[all->n++] = d;
	else
		device_done(&d);
	return code;
}

/* ---- the document ---- */

/* A tab at the front of a line is the slip that YAML forgives least, and explains worst. */
static bool has_tab(const char *text, size_t n, size_t line)
{
	const char *const end = text + n;

	for (size_t at = 0; at < line && text < end; at++) {
		text = memchr(text, '\n', (size_t)(end - text));
		text = text ? text + 1 : end;
	}
	while (text < end && (*text == ' ' || *text == '-'))
		text++;
	return text < end && *text == '\t';
}

static kiln_code no_yaml(struct kiln_yaml *r, const yaml_parser_t *p, const char *text, size_t n)
{
	const size_t line = p->problem_mark.line;

	if (p->error == YAML_MEMORY_ERROR)
		return kiln_yaml_no_memory(r);
	if (has_tab(text, n, line))
		return kiln_yaml_bad(r, line + 1, "indent with spaces",
				     "a tab: YAML allows none here");
	return kiln_yaml_bad(r, line + 1, NULL, "%s", p->problem ? p->problem : "not YAML");
}

/* One more document behind the first would be overlooked. */
static kiln_code check_end(struct kiln_yaml *r, yaml_parser_t *p, const char *text, size_t n)
{
	yaml_document_t second;
	kiln_code code = KILN_OK;

	if (!yaml_parser_load(p, &second))
		return no_yaml(r, p, text, n);
	if (yaml_document_get_root_node(&second))
		code = kiln_yaml_bad(r, second.start_mark.line + 1, NULL,
				     "a second document begins");
	yaml_document_delete(&second);
	return code;
}

static kiln_code read_root(struct kiln_yaml *r)
{
	yaml_node_t *root = yaml_document_get_root_node(&r->doc);

	if (!root || kiln_yaml_is_null(root))
		return KILN_OK; /* nothing, or comments */
	if (root->type != YAML_MAPPING_NODE)
		return kiln_yaml_bad(r, kiln_yaml_line(root),
				     "a device is described as \"NAME: {uid: ...}\"",
				     "the file is no mapping of names to devices");
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top;
	     p++)
		KILN_TRY(add_device(r, kiln_yaml_node(r, p->key), kiln_yaml_node(r, p->value)));
	return KILN_OK;
}

static kiln_code read_document(struct kiln_yaml *r, yaml_parser_t *p, const char *text, size_t n)
{
	kiln_code code;

	yaml_parser_set_input_string(p, (const unsigned char *)text, n);
	if (!yaml_parser_load(p, &r->doc))
		return no_yaml(r, p, text, n);
	code = yaml_document_get_root_node(&r->doc) ? check_end(r, p, text, n) : KILN_OK;
	if (code == KILN_OK)
		code = read_root(r);
	yaml_document_delete(&r->doc);
	return code;
}

kiln_code kiln_devices_parse(struct kiln_devices *devices, const struct kiln_devices_env *env,
			     const char *file, const char *text, size_t n, struct kiln_err *err)
{
	struct kiln_yaml r = { .file = file, .env = env, .out = devices, .err = err };
	const size_t before = devices->n, used = devices->used;
	yaml_parser_t parser;
	kiln_code code;

	if (!yaml_parser_initialize(&parser))
		return kiln_yaml_no_memory(&r);
	code = read_document(&r, &parser, text, n);
	yaml_parser_delete(&parser);
	if (code != KILN_OK) {
		while (devices->n > before)
			device_done(&devices->items[--devices->n]);
		devices->used = used;
	}
	return code;
}
