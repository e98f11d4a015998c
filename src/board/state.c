/* SPDX-License-Identifier: Apache-2.0 */
#include "board/state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"

enum { PATH_SIZE = 4096 };

static bool state_path(const char *name, char *ret_path, size_t size)
{
	char below[256];

	return kiln_text_format(below, sizeof(below), "kiln/%s", name) &&
	       kiln_folder_user(ret_path, size, "XDG_STATE_HOME", ".local/state", below);
}

static kiln_code no_place(const char *name, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_IO, "cannot keep '%s'", name);
	kiln_why(err, "neither XDG_STATE_HOME nor HOME names a folder by its full path");
	kiln_hint(err, "set HOME, or XDG_STATE_HOME");
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
	KILN_TRY(kiln_folder_make_for(path, 0700, err));
	if (write_beside(path, beside, sizeof(beside), object))
		return KILN_OK;
	return kiln_fail_errno(err, KILN_E_IO, errno ? errno : EIO, "cannot write '%s'", path);
}
