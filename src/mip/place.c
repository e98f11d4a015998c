/* SPDX-License-Identifier: Apache-2.0 */
#include "mip/place.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "fetch/cache.h"
#include "files/digest.h"
#include "files/session.h"
#include "hostfs/hostfs.h"
#include "mip/board.h"
#include "mip/record.h"

enum { PATH_LENGTH = 8 * 1024 };

/* target/path, owned by the caller; NULL without memory. */
static char *join(const struct kiln_mip_place *place, const char *path)
{
	struct kiln_buf out = KILN_BUF_INIT(PATH_LENGTH);

	kiln_mip_board_path(&out, place->target, path);
	if (!out.failed)
		return kiln_buf_detach(&out, NULL);
	kiln_buf_done(&out);
	return NULL;
}

static kiln_code no_memory(struct kiln_err *err)
{
	return kiln_fail(err, KILN_E_NOMEM, "cannot install packages");
}

/* ---- digests ---- */

static kiln_code host_digest(const struct kiln_mip_place *place, const char *path,
			     char ret_digest[65], struct kiln_err *err)
{
	char *whole = join(place, path);
	void *data;
	size_t n;
	int sys;

	if (!whole)
		return no_memory(err);
	ret_digest[0] = '\0';
	sys = kiln_cache_read_file(whole, KILN_MIP_FILE_MAX, &data, &n);
	free(whole);
	if (sys == 0) {
		kiln_cache_sha256(data, n, ret_digest);
		free(data);
	} else if (sys != ENOENT && sys != ENOTDIR) {
		kiln_text_copy(ret_digest, 65, "?");
	}
	return KILN_OK;
}

kiln_code kiln_mip_digests(const struct kiln_mip_place *place, const char *const *paths, size_t n,
			   char (*ret_digests)[65], struct kiln_err *err)
{
	for (size_t i = 0; i < n && !place->files; i++)
		KILN_TRY(host_digest(place, paths[i], ret_digests[i], err));
	if (!place->files)
		return KILN_OK;
	KILN_TRY(kiln_mip_board_digests(place->files, place->target, paths, n, ret_digests, err));
	for (size_t i = 0; i < n && place->files->digest != KILN_DIGEST_SHA256; i++) {
		if (ret_digests[i][0])
			kiln_text_copy(ret_digests[i], 65, "?");
	}
	return KILN_OK;
}

/* The digest that the board makes of a file that is here. */
static kiln_code digest_here(const struct kiln_mip_place *place, const struct kiln_mip_file *file,
			     char ret_digest[65], struct kiln_err *err)
{
	if (place->files && place->files->digest != KILN_DIGEST_SHA256)
		return kiln_digest_text(place->files->digest, file->data, file->size, ret_digest,
					err);
	kiln_text_copy(ret_digest, 65, file->sha256);
	return KILN_OK;
}

static kiln_code compare(const struct kiln_mip_place *place, const struct kiln_mip_set *set,
			 const char **paths, char (*digests)[65], bool *ret_same,
			 struct kiln_err *err)
{
	char here[65];

	for (size_t i = 0; i < set->n_files; i++)
		paths[i] = set->files[i].path;
	if (place->files)
		KILN_TRY(kiln_mip_board_digests(place->files, place->target, paths, set->n_files,
						digests, err));
	else
		KILN_TRY(kiln_mip_digests(place, paths, set->n_files, digests, err));
	for (size_t i = 0; i < set->n_files; i++) {
		KILN_TRY(digest_here(place, &set->files[i], here, err));
		ret_same[i] = strcmp(here, digests[i]) == 0;
	}
	return KILN_OK;
}

kiln_code kiln_mip_look(const struct kiln_mip_place *place, const struct kiln_mip_set *set,
			bool *ret_same, struct kiln_err *err)
{
	char(*digests)[65] = calloc(set->n_files + 1, sizeof(*digests));
	const char **paths = calloc(set->n_files + 1, sizeof(*paths));
	kiln_code code = digests && paths ? compare(place, set, paths, digests, ret_same, err)
					  : no_memory(err);

	free(digests);
	free(paths);
	return code;
}

/* ---- putting ---- */

/* Items for kiln_files_put; paths are owned. */
struct items {
	struct kiln_files_item *list;
	size_t n, cap;
};

static bool add_item(struct items *items, char *path, const void *data, size_t n, bool folder)
{
	if (path && items->n == items->cap) {
		const size_t cap = items->cap ? 2 * items->cap : 64;
		struct kiln_files_item *list = reallocarray(items->list, cap, sizeof(*list));

		if (list) {
			items->list = list;
			items->cap = cap;
		}
	}
	if (!path || items->n == items->cap) {
		free(path);
		return false;
	}
	items->list[items->n++] =
		(struct kiln_files_item){ .path = path, .data = data, .n = n, .folder = folder };
	return true;
}

static bool has_folder(const struct items *items, const char *path, size_t n)
{
	for (size_t i = 0; i < items->n; i++) {
		if (items->list[i].folder && strncmp(items->list[i].path, path, n) == 0 &&
		    items->list[i].path[n] == '\0')
			return true;
	}
	return false;
}

/* The folders on the way to `path`, each once, outer ones first. */
static bool add_folders(struct items *items, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		const size_t n = (size_t)(slash - path);

		if (!has_folder(items, path, n) &&
		    !add_item(items, strndup(path, n), NULL, 0, true))
			return false;
	}
	return true;
}

static bool add_file(struct items *items, const struct kiln_mip_place *place, const char *path,
		     const void *data, size_t n)
{
	char *whole = join(place, path);

	if (whole && !add_folders(items, whole)) {
		free(whole);
		return false;
	}
	return add_item(items, whole, data, n, false);
}

static void items_done(struct items *items)
{
	for (size_t i = 0; i < items->n; i++)
		free((void *)(uintptr_t)items->list[i].path);
	free(items->list);
}

static kiln_code put_board(const struct kiln_mip_place *place, const struct kiln_mip_set *set,
			   const bool *same, const char *record,
			   const struct kiln_files_watch *watch, struct kiln_err *err)
{
	struct items items = { .n = 0 };
	bool good = true;
	kiln_code code;

	for (size_t i = 0; i < set->n_files && good; i++) {
		const struct kiln_mip_file *f = &set->files[i];

		if (!same[i] && !f->replaced)
			good = add_file(&items, place, f->path, f->data, f->size);
	}
	if (record && good)
		good = add_file(&items, place, KILN_MIP_RECORD, record, strlen(record));
	code = good ? kiln_files_put(place->files, items.list, items.n, watch, err)
		    : no_memory(err);
	items_done(&items);
	return code;
}

static kiln_code put_host(const struct kiln_mip_place *place, const struct kiln_mip_set *set,
			  const bool *same, const char *record, struct kiln_err *err)
{
	for (size_t i = 0; i < set->n_files; i++) {
		const struct kiln_mip_file *f = &set->files[i];

		if (!same[i] && !f->replaced)
			KILN_TRY(kiln_host_write_below(place->target, f->path,
						       f->size ? f->data : "", f->size, err));
	}
	return record ? kiln_mip_put_one(place, KILN_MIP_RECORD, record, err) : KILN_OK;
}

kiln_code kiln_mip_put(const struct kiln_mip_place *place, const struct kiln_mip_set *set,
		       const bool *same, const char *record, const struct kiln_files_watch *watch,
		       struct kiln_err *err)
{
	if (place->files)
		return put_board(place, set, same, record, watch, err);
	return put_host(place, set, same, record, err);
}

kiln_code kiln_mip_put_one(const struct kiln_mip_place *place, const char *path, const char *text,
			   struct kiln_err *err)
{
	struct items items = { .n = 0 };
	kiln_code code;

	if (!place->files)
		return kiln_host_write_below(place->target, path, text, strlen(text), err);
	if (add_file(&items, place, path, text, strlen(text)))
		code = kiln_files_put(place->files, items.list, items.n, NULL, err);
	else
		code = no_memory(err);
	items_done(&items);
	return code;
}

/* ---- the rest ---- */

static kiln_code take(void *user, size_t i, const void *data, size_t size, struct kiln_err *err)
{
	(void)i;
	if (kiln_buf_append(user, data, size) == KILN_OK)
		return KILN_OK;
	return kiln_fail(err, KILN_E_TOO_BIG, "cannot read a file of %zu bytes", size);
}

static kiln_code get_host(const char *path, struct kiln_buf *ret_data, struct kiln_err *err)
{
	void *data;
	size_t n;
	const int sys = kiln_cache_read_file(path, ret_data->max, &data, &n);
	kiln_code code;

	if (sys != 0)
		return kiln_fail_errno(err, KILN_E_IO, sys, "cannot read '%s'", path);
	code = take(ret_data, 0, data, n, err);
	free(data);
	return code;
}

kiln_code kiln_mip_get(const struct kiln_mip_place *place, const char *path,
		       struct kiln_buf *ret_data, struct kiln_err *err)
{
	char *whole = join(place, path);
	const char *paths[1] = { whole };
	kiln_code code;

	if (!whole)
		return no_memory(err);
	code = place->files ? kiln_files_get(place->files, paths, 1, take, NULL, ret_data, err)
			    : get_host(whole, ret_data, err);
	free(whole);
	return code;
}

static kiln_code remove_host(const char *path, bool folder, struct kiln_err *err)
{
	if ((folder ? rmdir(path) : unlink(path)) == 0 || errno == ENOENT ||
	    (folder && (errno == ENOTEMPTY || errno == EEXIST)))
		return KILN_OK;
	return kiln_fail_errno(err, KILN_E_IO, errno, "cannot remove '%s'", path);
}

/* A board's errno for a folder that is not empty differs between file systems: it is not asked. */
static kiln_code remove_board(struct kiln_files *files, const char *path, bool folder,
			      struct kiln_err *err)
{
	struct kiln_err why = KILN_ERR_INIT;
	kiln_code code;

	if (!folder)
		return kiln_files_remove(files, path, KILN_FILES_FORCE, err);
	code = kiln_files_rmdir(files, path, &why);
	if (code == KILN_OK || why.sys > 0)
		return KILN_OK;
	if (err)
		*err = why;
	return code;
}

kiln_code kiln_mip_remove(const struct kiln_mip_place *place, const char *path, bool folder,
			  struct kiln_err *err)
{
	char *whole = join(place, path);
	kiln_code code;

	if (!whole)
		return no_memory(err);
	code = place->files ? remove_board(place->files, whole, folder, err)
			    : remove_host(whole, folder, err);
	free(whole);
	return code;
}

struct listing {
	void (*found)(void *user, const char *path);
	void *user;
};

static void on_entry(void *user, const struct kiln_file_info *info)
{
	const struct listing *l = user;

	if (info->kind == KILN_FILE_PLAIN)
		l->found(l->user, info->path);
}

enum { DEPTH_MAX = 16 };

/* Below folder/below; links are not followed. */
static void list_host(const struct listing *l, const char *folder, const char *below, int depth)
{
	char path[4096], next[4096];
	const struct dirent *d;
	struct stat st;
	DIR *dir;

	if (!kiln_text_format(path, sizeof(path), "%s/%s", folder, below) || depth > DEPTH_MAX)
		return;
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    !kiln_text_format(next, sizeof(next), "%s%s%s", below, below[0] ? "/" : "",
				      d->d_name) ||
		    !kiln_text_format(path, sizeof(path), "%s/%s", folder, next) ||
		    lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			list_host(l, folder, next, depth + 1);
		else if (S_ISREG(st.st_mode))
			l->found(l->user, next);
	}
	if (dir)
		closedir(dir);
}

kiln_code kiln_mip_files(const struct kiln_mip_place *place,
			 void (*found)(void *user, const char *path), void *user,
			 struct kiln_err *err)
{
	struct listing l = { .found = found, .user = user };
	struct kiln_err why = KILN_ERR_INIT;
	kiln_code code;

	if (!place->files) {
		list_host(&l, place->target, "", 0);
		return KILN_OK;
	}
	code = kiln_files_list(place->files, place->target, true, on_entry, &l, &why);
	if (code == KILN_OK || code == KILN_E_NOT_FOUND)
		return KILN_OK;
	if (err)
		*err = why;
	return code;
}
