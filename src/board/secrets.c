/* SPDX-License-Identifier: Apache-2.0 */
#include "board/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/folder.h"
#include "base/text.h"
#include "board/devices_yaml.h"
#include "board/places.h"
#include "link/logins.h"

enum { SECRETS_MAX = 256 * 1024 };

static const struct {
	const char *what, *key, *python;
} secrets[] = {
	{ "WebREPL password", "webrepl_password", "webrepl_pwd" },
	{ "user name", "telnet_user", NULL },
	{ "password", "telnet_password", NULL },
};

static bool read_whole(const char *path, struct kiln_buf *text)
{
	FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		(void)kiln_buf_append(text, part, n);
	fclose(f);
	return !text->failed;
}

/* "'pass' # a comment": what stands between the quotes. */
static bool take_quoted(const char *p, char *dst, size_t size)
{
	const char quote = *p++;
	size_t n = 0;

	if (quote != '\'' && quote != '"')
		return false;
	for (; *p && *p != '\n' && *p != quote; p++) {
		if (*p == '\\' && p[1])
			p++;
		if (n + 1 >= size)
			return false;
		dst[n++] = *p;
	}
	dst[n] = '\0';
	return *p == quote && n > 0;
}

bool kiln_secret_in_python(const char *text, const char *name, char *ret_secret, size_t size)
{
	const size_t n = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *p = line += *line == '\n';

		if (strncmp(p, name, n) != 0)
			continue;
		p += n + strspn(p + n, " \t");
		if (*p != '=' || p[1] == '=')
			continue;
		p++;
		if (take_quoted(p + strspn(p, " \t"), ret_secret, size))
			return true;
	}
	return false;
}

static bool look_in_python(const struct kiln_devices_env *env, const char *name, char *ret_secret,
			   size_t size)
{
	struct kiln_buf text = KILN_BUF_INIT(SECRETS_MAX);
	char *path = NULL;
	bool found;

	found = kiln_place_find(env, "IOT_SECRETS", "libs/secrets.py", &path, NULL) == KILN_OK &&
		read_whole(path, &text) &&
		kiln_secret_in_python(kiln_buf_str(&text), name, ret_secret, size);
	free(path);
	kiln_buf_done(&text);
	return found;
}

static bool find_key(struct kiln_yaml *y, const yaml_node_t *root, const char *key,
		     char *ret_secret, size_t size)
{
	const yaml_node_t *value = kiln_yaml_find(y, root, key);

	return value && kiln_yaml_is_text(value) &&
	       kiln_text_copy(ret_secret, size, kiln_yaml_text(value));
}

/* The `ports:` of the file may have a login for this one. */
static bool find_port(struct kiln_yaml *y, const yaml_node_t *root, const char *url,
		      const char *what, char *ret_secret, size_t size)
{
	const yaml_node_t *list = kiln_yaml_find(y, root, "ports"), *item;

	if (!list || list->type != YAML_SEQUENCE_NODE)
		return false;
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		item = yaml_document_get_node(&y->doc, *i);
		if (item && kiln_yaml_is_text(item) &&
		    kiln_login_in(kiln_yaml_text(item), url, what, ret_secret, size))
			return true;
	}
	return false;
}

static bool look_in_yaml(const struct kiln_buf *text, const char *url, const char *what,
			 const char *key, char *ret_secret, size_t size)
{
	struct kiln_yaml y = { .file = "" };
	yaml_parser_t parser;
	bool found = false;

	if (!yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_string(&parser, text->data, text->len);
	if (yaml_parser_load(&parser, &y.doc)) {
		const yaml_node_t *root = yaml_document_get_root_node(&y.doc);

		found = root && root->type == YAML_MAPPING_NODE &&
			(find_port(&y, root, url, what, ret_secret, size) ||
			 find_key(&y, root, key, ret_secret, size));
		yaml_document_delete(&y.doc);
	}
	yaml_parser_delete(&parser);
	return found;
}

static bool look_in_config(const struct kiln_devices_env *env, const char *url, const char *what,
			   const char *key, char *ret_secret, size_t size)
{
	struct kiln_buf text = KILN_BUF_INIT(SECRETS_MAX);
	char path[4096];
	bool found;

	found = kiln_folder_xdg(path, sizeof(path), kiln_place_variable(env, "XDG_CONFIG_HOME"),
				kiln_place_variable(env, "HOME"), ".config", "kiln/config.yaml") &&
		read_whole(path, &text) && look_in_yaml(&text, url, what, key, ret_secret, size);
	kiln_buf_done(&text);
	return found;
}

bool kiln_secret_lookup(void *env, const char *url, const char *what, char *ret_secret, size_t size)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (strcmp(secrets[i].what, what) != 0)
			continue;
		return look_in_config(env, url, what, secrets[i].key, ret_secret, size) ||
		       (secrets[i].python &&
			look_in_python(env, secrets[i].python, ret_secret, size));
	}
	return false;
}
