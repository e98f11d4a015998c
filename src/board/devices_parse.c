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
#include "board/devices_resource.h"

enum {
	DEVICES_MAX = 4096,
	NAME_SIZE = 64, /* as kiln_board has it */
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
	KILN_TRY(kiln_device_keep(r, uid, &d->uid));
	return check_unique(r, line, d);
}

static kiln_code read_spec(struct kiln_yaml *r, yaml_node_t *spec, struct kiln_device *d)
{
	yaml_node_t *dir = kiln_yaml_find(r, spec, "install-dir"),
		    *list = kiln_yaml_find(r, spec, "resources");
	struct kiln_device_settings s = {
		.install_dir = dir ? kiln_yaml_text(dir) : "/",
		.include = kiln_yaml_find(r, spec, "include-patterns"),
		.exclude = kiln_yaml_find(r, spec, "exclude-patterns"),
	};
	kiln_code code = KILN_OK;

	KILN_TRY(kiln_device_read_path(r, kiln_yaml_find(r, spec, "path"), &s.path));
	if (list)
		code = kiln_device_read_resources(r, list, &s, d);
	free(s.path);
	return code;
}

static kiln_code read_device(struct kiln_yaml *r, yaml_node_t *name, yaml_node_t *spec,
			     struct kiln_device *d)
{
	d->line = kiln_yaml_line(name);
	KILN_TRY(check_name(r, name));
	KILN_TRY(kiln_device_keep(r, kiln_yaml_text(name), &d->name));
	KILN_TRY(kiln_device_keep(r, r->file, &d->file));
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
