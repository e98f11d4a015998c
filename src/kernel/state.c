/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/state.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { PATH_SIZE = 4096 };

static const char notebooks[] = "notebooks.json";

static bool state_path(const char *name, char *ret_path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && state[0] == '/')
		return kiln_text_format(ret_path, size, "%s/kiln/%s", state, name);
	return home && kiln_text_format(ret_path, size, "%s/.local/state/kiln/%s", home, name);
}

static kiln_code no_place(const char *name, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_IO, "cannot keep '%s'", name);
	kiln_why(err, "neither XDG_STATE_HOME nor HOME names a folder");
	return KILN_E_IO;
}

kiln_code kiln_state_load(const char *name, json_t **ret_object, struct kiln_err *err)
{
	char path[PATH_SIZE];
	struct stat st;
	json_error_t why;
	json_t *object;

	if (!state_path(name, path, sizeof(path)))
		return no_place(name, err);
	if (stat(path, &st) != 0 && errno != ENOENT)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot read '%s'", path);
	if (access(path, F_OK) != 0) {
		object = json_object();
	} else {
		if (st.st_size > KILN_STATE_MAX)
			return kiln_fail(err, KILN_E_TOO_BIG, "cannot read '%s'", path);
		object = json_load_file(path, 0, &why);
	}
	if (json_is_object(object)) {
		*ret_object = object;
		return KILN_OK;
	}
	json_decref(object);
	(void)kiln_fail(err, KILN_E_CONFIG, "cannot read '%s'", path);
	kiln_why(err, "it is damaged");
	kiln_hint(err, "mend or remove this file");
	return KILN_E_CONFIG;
}

/* mkdir -p of the folder of `path`. */
static bool make_folder(const char *path)
{
	char part[PATH_SIZE];

	for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		kiln_text_format(part, sizeof(part), "%.*s", (int)(at - path), path);
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return false;
	}
	return true;
}

static bool write_beside(const char *path, char *beside, size_t size, const json_t *object)
{
	int fd;
	bool good;

	if (!kiln_text_format(beside, size, "%s.XXXXXX", path))
		return false;
	fd = mkstemp(beside);
	if (fd < 0)
		return false;
	good = json_dumpfd(object, fd, JSON_INDENT(1) | JSON_SORT_KEYS) == 0;
	good = close(fd) == 0 && good;
	good = good && rename(beside, path) == 0;
	if (!good)
		(void)unlink(beside);
	return good;
}

kiln_code kiln_state_save(const char *name, const json_t *object, struct kiln_err *err)
{
	char path[PATH_SIZE], beside[PATH_SIZE + 8];

	if (!state_path(name, path, sizeof(path)))
		return no_place(name, err);
	if (json_dumpb(object, NULL, 0, JSON_INDENT(1)) > KILN_STATE_MAX)
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot write '%s'", path);
	if (make_folder(path) && write_beside(path, beside, sizeof(beside), object))
		return KILN_OK;
	return kiln_fail_errno(err, KILN_E_IO, errno ? errno : EIO, "cannot write '%s'", path);
}

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
