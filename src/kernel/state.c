/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/state.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char notebooks[] = "notebooks.json";

/* ---- paths ---- */

static bool add(char *dst, size_t size, size_t *at, const char *text, size_t n)
{
	if (*at + n >= size)
		return false;
	memcpy(dst + *at, text, n);
	*at += n;
	dst[*at] = '\0';
	return true;
}

/* "$NAME" or "${NAME}" at `text`: its length, and the value; 0 if it is none or not set. */
static size_t variable(const char *text, const char **ret_value)
{
	const bool braces = text[1] == '{';
	const char *name = text + 1 + braces;
	char copy[128];
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || name[n] == '_')
		n++;
	if (n == 0 || isdigit((unsigned char)name[0]) || (braces && name[n] != '}') ||
	    !kiln_text_format(copy, sizeof(copy), "%.*s", (int)n, name))
		return 0;
	*ret_value = getenv(copy);
	return *ret_value ? n + 1 + 2 * (size_t)braces : 0;
}

bool kiln_path_expand(const char *path, char *ret_path, size_t size)
{
	const char *home = getenv("HOME"), *value;
	size_t at = 0;

	ret_path[0] = '\0';
	if (path[0] == '~' && home && (path[1] == '/' || path[1] == '\0')) {
		if (!add(ret_path, size, &at, home, strlen(home)))
			return false;
		path++;
	}
	while (*path) {
		const size_t n = *path == '$' ? variable(path, &value) : 0;

		if (!add(ret_path, size, &at, n ? value : path, n ? strlen(value) : 1))
			return false;
		path += n ? n : 1;
	}
	return true;
}

/* ---- notebooks ---- */

static const char *notebook(void)
{
	const char *name = getenv("JPY_SESSION_NAME");

	return name && name[0] ? name : NULL;
}

bool kiln_notebook_get(const char *key, char *ret_value, size_t size)
{
	json_t *all = NULL;
	const char *value = NULL;

	if (notebook() && kiln_state_load(notebooks, &all, NULL) == KILN_OK)
		value = json_string_value(json_object_get(json_object_get(all, notebook()), key));
	if (value)
		kiln_text_copy(ret_value, size, value);
	json_decref(all);
	return value != NULL;
}

kiln_code kiln_notebook_set(const char *key, const char *value, struct kiln_err *err)
{
	json_t *all, *mine;
	kiln_code code;

	if (!notebook())
		return KILN_OK;
	KILN_TRY(kiln_state_load(notebooks, &all, err));
	mine = json_object_get(all, notebook());
	if (!json_is_object(mine)) {
		mine = json_object();
		(void)json_object_set_new(all, notebook(), mine);
	}
	(void)json_object_set_new(mine, key, json_string(value));
	code = kiln_state_save(notebooks, all, err);
	json_decref(all);
	return code;
}
