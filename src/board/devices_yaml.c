/* SPDX-License-Identifier: Apache-2.0 */
#include "board/devices_yaml.h"

#include <string.h>

#include "base/text.h"

enum { MERGES_MAX = 8 }; /* merge keys in what merge keys name */

kiln_code kiln_yaml_bad(const struct kiln_yaml *r, size_t line, const char *hint, const char *fmt,
			...)
{
	char why[200];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(why, sizeof(why), fmt, args);
	va_end(args);
	(void)kiln_fail(r->err, KILN_E_CONFIG, "cannot use '%s'", r->file);
	kiln_why(r->err, "line %zu: %s", line, why);
	if (hint)
		kiln_hint(r->err, "%s", hint);
	return KILN_E_CONFIG;
}

kiln_code kiln_yaml_no_memory(const struct kiln_yaml *r)
{
	return kiln_fail(r->err, KILN_E_NOMEM, "cannot use '%s'", r->file);
}

size_t kiln_yaml_line(const yaml_node_t *node)
{
	return node->start_mark.line + 1;
}

yaml_node_t *kiln_yaml_node(struct kiln_yaml *r, int id)
{
	return yaml_document_get_node(&r->doc, id);
}

const char *kiln_yaml_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

bool kiln_yaml_is_text(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       strlen(kiln_yaml_text(node)) == node->data.scalar.length;
}

static bool is_word(const yaml_node_t *node, const char *word)
{
	return kiln_yaml_is_text(node) && strcmp(kiln_yaml_text(node), word) == 0;
}

bool kiln_yaml_is_null(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (is_word(node, "") || is_word(node, "~") || is_word(node, "null"));
}

const char *kiln_yaml_shown(const yaml_node_t *node, char text[48])
{
	if (node->type != YAML_SCALAR_NODE)
		return node->type == YAML_SEQUENCE_NODE ? "a list" : "a mapping";
	kiln_text_copy_untrusted(text, 48, kiln_yaml_text(node), node->data.scalar.length);
	return text;
}

static yaml_node_t *find_own(struct kiln_yaml *r, const yaml_node_t *map, const char *key)
{
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		if (is_word(kiln_yaml_node(r, p->key), key))
			return kiln_yaml_node(r, p->value);
	}
	return NULL;
}

static yaml_node_t *find_key(struct kiln_yaml *r, const yaml_node_t *map, const char *key,
			     int depth)
{
	yaml_node_t *value = find_own(r, map, key);
	yaml_node_t *merged = depth < MERGES_MAX ? find_own(r, map, "<<") : NULL;

	if (!value && merged && merged->type == YAML_MAPPING_NODE)
		value = find_key(r, merged, key, depth + 1);
	return value && !kiln_yaml_is_null(value) ? value : NULL;
}

yaml_node_t *kiln_yaml_find(struct kiln_yaml *r, const yaml_node_t *map, const char *key)
{
	return find_key(r, map, key, 0);
}

static kiln_code check_texts(struct kiln_yaml *r, yaml_node_t *list, const char *key)
{
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		yaml_node_t *item = kiln_yaml_node(r, *i);

		if (!kiln_yaml_is_text(item) || kiln_yaml_is_null(item))
			return kiln_yaml_bad(r, kiln_yaml_line(item), NULL,
					     "an item of '%s' is no text", key);
	}
	return KILN_OK;
}

static kiln_code check_value(struct kiln_yaml *r, const struct kiln_yaml_key *key,
			     yaml_node_t *value)
{
	if (key->any || kiln_yaml_is_null(value))
		return KILN_OK;
	if (key->list && value->type == YAML_SEQUENCE_NODE)
		return check_texts(r, value, key->name);
	if (kiln_yaml_is_text(value))
		return KILN_OK;
	return kiln_yaml_bad(r, kiln_yaml_line(value), NULL, "'%s' is no text%s", key->name,
			     key->list ? " and no list of texts" : "");
}

static kiln_code unknown_key(struct kiln_yaml *r, yaml_node_t *node,
			     const struct kiln_yaml_key *keys)
{
	char hint[200] = "the keys here are:", text[48];

	for (; keys->name; keys++) {
		if (!keys->any || strcmp(keys->name, "resources") == 0)
			kiln_text_format(hint + strlen(hint), sizeof(hint) - strlen(hint), " %s",
					 keys->name);
	}
	return kiln_yaml_bad(r, kiln_yaml_line(node), hint, "no such key: '%s'",
			     kiln_yaml_shown(node, text));
}

/* Every key is one of `keys`, stands once, and has a value of its kind. */
static kiln_code check_map(struct kiln_yaml *r, yaml_node_t *map, const struct kiln_yaml_key *keys)
{
	unsigned seen = 0;

	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		yaml_node_t *name = kiln_yaml_node(r, p->key);
		unsigned k = 0;

		while (keys[k].name && !is_word(name, keys[k].name))
			k++;
		if (!keys[k].name)
			return unknown_key(r, name, keys);
		if (seen & 1u << k)
			return kiln_yaml_bad(r, kiln_yaml_line(name), NULL,
					     "'%s' stands here twice", keys[k].name);
		seen |= 1u << k;
		KILN_TRY(check_value(r, &keys[k], kiln_yaml_node(r, p->value)));
	}
	return KILN_OK;
}

kiln_code kiln_yaml_check(struct kiln_yaml *r, yaml_node_t *map, const struct kiln_yaml_key *keys)
{
	yaml_node_t *at = map;

	for (int depth = 0; at; depth++) {
		yaml_node_t *merged;

		KILN_TRY(check_map(r, at, keys));
		merged = find_own(r, at, "<<");
		if (merged && (merged->type != YAML_MAPPING_NODE || depth == MERGES_MAX))
			return kiln_yaml_bad(r, kiln_yaml_line(at), NULL,
					     "'<<' wants one mapping, as in "
					     "\"<<: *name\"");
		at = merged;
	}
	return KILN_OK;
}
