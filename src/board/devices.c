/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of devices: what is found in it, and the folder it is read from.
 */
#include "board/devices.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "board/places.h"

enum {
	FILE_MAX = 1024 * 1024,
	FILES_MAX = 1024, /* of one folder */
	UID_MAX = 64,     /* as kiln_board_info has it */
};

bool kiln_uid_normal(const char *text, char *uid, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	while (kiln_hex_digit(text[0]) >= 0 && kiln_hex_digit(text[1]) >= 0) {
		if (n + 3 > size)
			return false;
		if (n > 0)
			uid[n++] = ':';
		uid[n++] = digits[kiln_hex_digit(text[0])];
		uid[n++] = digits[kiln_hex_digit(text[1])];
		text += 2;
		/* a separator at the end is a slip of old files: "...:39:20:" */
		if (text[0] == ':' || text[0] == '-')
			text++;
	}
	if (n + 1 > size)
		return false;
	uid[n] = '\0';
	return n > 0 && text[0] == '\0';
}

const struct kiln_device *kiln_devices_find(const struct kiln_devices *devices, const char *what)
{
	char uid[UID_MAX] = "";
	const bool is_uid = kiln_uid_normal(what, uid, sizeof(uid));

	for (size_t i = 0; i < devices->n; i++) {
		if (strcmp(devices->items[i].name, what) == 0)
			return &devices->items[i];
	}
	for (size_t i = 0; is_uid && i < devices->n; i++) {
		if (strcmp(devices->items[i].uid, uid) == 0)
			return &devices->items[i];
	}
	return NULL;
}

const char *kiln_devices_name_of(void *devices, const char *uid)
{
	const struct kiln_devices *all = devices;

	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->items[i].uid, uid) == 0)
			return all->items[i].name;
	}
	return NULL;
}

/* ---- the folder ---- */

static kiln_code note_problem(struct kiln_devices *d, const struct kiln_err *problem,
			      struct kiln_err *err)
{
	struct kiln_err *grown = realloc(d->problems, (d->n_problems + 1) * sizeof(*grown));

	if (!grown)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read the device configurations");
	d->problems = grown;
	d->problems[d->n_problems++] = *problem;
	return KILN_OK;
}

static kiln_code read_text(const char *path, struct kiln_buf *ret_text, struct kiln_err *err)
{
	FILE *f = fopen(path, "re");
	kiln_code code = KILN_OK;

	if (!f)
		return kiln_fail_errno(err, KILN_E_CONFIG, errno, "cannot read '%s'", path);
	while (code == KILN_OK && !feof(f)) {
		char part[4096];
		const size_t n = fread(part, 1, sizeof(part), f);

		if (ferror(f)) {
			code = kiln_fail_errno(err, KILN_E_CONFIG, errno, "cannot read '%s'", path);
			break;
		}
		code = kiln_buf_append(ret_text, part, n);
		if (code == KILN_E_TOO_BIG) {
			code = kiln_fail(err, KILN_E_CONFIG, "cannot read '%s'", path);
			kiln_why(err, "it is longer than 1 MB");
		} else if (code != KILN_OK) {
			(void)kiln_fail(err, code, "cannot read '%s'", path);
		}
	}
	fclose(f);
	return code;
}

static kiln_code read_device_file(struct kiln_devices *d, const struct kiln_devices_env *env,
				  const char *path, struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(FILE_MAX);
	struct kiln_err problem = KILN_ERR_INIT;
	kiln_code code;

	code = read_text(path, &text, &problem);
	if (code == KILN_OK)
		code = kiln_devices_parse(d, env, path, kiln_buf_str(&text), text.len, &problem);
	kiln_buf_done(&text);
	if (code == KILN_OK)
		return KILN_OK;
	if (code != KILN_E_NOMEM)
		return note_problem(d, &problem, err);
	if (err)
		*err = problem;
	return code;
}

static int is_device_file(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && end &&
	       (strcmp(end, ".yaml") == 0 || strcmp(end, ".yml") == 0);
}

static kiln_code read_folder(struct kiln_devices *d, const struct kiln_devices_env *env,
			     const char *folder, struct kiln_err *err)
{
	struct dirent **names = NULL;
	const int n = scandir(folder, &names, is_device_file, alphasort);
	kiln_code code = KILN_OK;

	if (n < 0 && (errno == ENOENT || errno == ENOTDIR))
		return KILN_OK;
	if (n < 0)
		return kiln_fail_errno(err, KILN_E_CONFIG, errno, "cannot read '%s'", folder);
	if (n > FILES_MAX) {
		code = kiln_fail(err, KILN_E_CONFIG, "cannot read '%s'", folder);
		kiln_why(err, "it holds %d files, more than %d", n, FILES_MAX);
	}
	for (int i = 0; i < n; i++) {
		char path[4096];

		if (code == KILN_OK &&
		    kiln_text_format(path, sizeof(path), "%s/%s", folder, names[i]->d_name))
			code = read_device_file(d, env, path, err);
		free(names[i]);
	}
	free(names);
	return code;
}

kiln_code kiln_devices_folder(const struct kiln_devices_env *env, char **ret_folder,
			      struct kiln_err *err)
{
	return kiln_place_find(env, "IOT_DEVICES", "devices", ret_folder, err);
}

kiln_code kiln_devices_load(const struct kiln_devices_env *env, struct kiln_devices *ret_devices,
			    struct kiln_err *err)
{
	struct kiln_devices d = { .n = 0 };
	char *folder;
	kiln_code code;

	KILN_TRY(kiln_devices_folder(env, &folder, err));
	code = read_folder(&d, env, folder, err);
	free(folder);
	if (code != KILN_OK) {
		kiln_devices_done(&d);
		return code;
	}
	*ret_devices = d;
	return KILN_OK;
}
