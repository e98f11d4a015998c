/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lock files:
 *
 *	{"kiln-lock": 1, "index": "https://...", "mpy": 6,
 *	 "packages": [{"name": "aioble", "version": "0.6.1", "wanted": "", "place": "https://...",
 *	               "asked": true, "needs": ["aioble-core"],
 *	               "files": [["aioble/core.mpy", "https://...", "SHA256", 1234]]}]}
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fetch/cache.h"
#include "mip/package.h"
#include "mip/set.h"

enum { LOCK_MAX = 8 * 1024 * 1024 };

/* ---- writing ---- */

static json_t *write_needs(const struct kiln_mip_package *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_needs; i++)
		(void)json_array_append_new(list, json_string(p->needs[i]));
	return list;
}

static json_t *write_files(const struct kiln_mip_set *set, size_t package)
{
	json_t *list = json_array();

	for (size_t i = 0; i < set->n_files; i++) {
		const struct kiln_mip_file *f = &set->files[i];

		if (f->package == package && !f->replaced)
			(void)json_array_append_new(list,
						    json_pack("[s, s, s, I]", f->path, f->url,
							      f->sha256, (json_int_t)f->size));
	}
	return list;
}

kiln_code kiln_mip_lock_write(const struct kiln_mip_set *set, char **ret_text, struct kiln_err *err)
{
	json_t *packages = json_array(), *root;
	char *text;

	for (size_t i = 0; i < set->n_packages; i++) {
		const struct kiln_mip_package *p = &set->packages[i];

		if (p->superseded)
			continue;
		(void)json_array_append_new(
			packages, json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o}", "name", p->name,
					    "version", p->version, "wanted", p->wanted, "place",
					    p->place, "asked", (int)p->asked, "needs",
					    write_needs(p), "files", write_files(set, i)));
	}
	root = json_pack("{s:i, s:s, s:i, s:o}", "kiln-lock", 1, "index", set->index, "mpy",
			 (int)set->mpy, "packages", packages);
	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	json_decref(root);
	if (!text)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write a lock file");
	*ret_text = text;
	return KILN_OK;
}

/* ---- reading ---- */

static kiln_code fail_form(const char *why, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_CONFIG, "that is no lock file");
	kiln_why(err, "%s", why);
	kiln_hint(err, "'kiln mip lock' writes one");
	return KILN_E_CONFIG;
}

static const char *text_of(const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);
	const char *value = json_string_value(text);

	return value && strlen(value) == json_string_length(text) && strlen(value) < KILN_MIP_PLACE
		       ? value
		       : "";
}

static kiln_code get(struct kiln_fetcher *fetcher, const char *url, const char *sha256,
		     struct kiln_fetched *ret_file, struct kiln_err *err)
{
	const struct kiln_fetch_request request = { .url = url,
						    .sha256 = sha256,
						    .max = KILN_MIP_FILE_MAX };
	struct kiln_fetched file = { .kept = true };
	int sys;

	if (kiln_fetch_is_url(url))
		return kiln_fetch(fetcher, &request, ret_file, err);
	sys = kiln_cache_read_file(url, KILN_MIP_FILE_MAX, &file.data, &file.size);
	if (sys != 0)
		return kiln_fail_errno(err, KILN_E_IO, sys, "cannot open '%s'", url);
	kiln_cache_sha256(file.data, file.size, file.sha256);
	if (strcmp(file.sha256, sha256) == 0) {
		*ret_file = file;
		return KILN_OK;
	}
	kiln_fetched_done(&file);
	(void)kiln_fail(err, KILN_E_VERIFY, "cannot use '%s'", url);
	kiln_why(err, "it has changed since it was locked");
	kiln_hint(err, "lock anew: 'kiln mip lock'");
	return KILN_E_VERIFY;
}

static kiln_code read_file(struct kiln_fetcher *fetcher, struct kiln_mip_set *set,
			   const json_t *entry, struct kiln_err *err)
{
	const char *path, *url, *sha256;
	struct kiln_mip_file file = { .package = set->n_packages - 1 };
	struct kiln_fetched got = { .data = NULL };
	char texts[3][KILN_MIP_PLACE] = { "" };

	path = json_string_value(json_array_get(entry, 0));
	url = json_string_value(json_array_get(entry, 1));
	sha256 = json_string_value(json_array_get(entry, 2));
	if (!path || !url || !sha256 || strlen(sha256) != 64 ||
	    strspn(sha256, "0123456789abcdef") != 64 || strlen(url) >= KILN_MIP_PLACE)
		return fail_form("a file in it has no path, place and whole hash", err);
	KILN_TRY(kiln_mip_check_path(path, err));
	KILN_TRY(get(fetcher, url, sha256, &got, err));
	kiln_text_copy(texts[0], sizeof(texts[0]), path);
	kiln_text_copy(texts[1], sizeof(texts[1]), url);
	file.path = texts[0];
	file.url = texts[1];
	file.hash = texts[2];
	file.data = got.data;
	file.size = got.size;
	kiln_text_copy(file.sha256, sizeof(file.sha256), got.sha256);
	return kiln_mip_set_file(set, &file, err);
}

static kiln_code read_package(struct kiln_fetcher *fetcher, struct kiln_mip_set *set,
			      const json_t *entry, struct kiln_err *err)
{
	const json_t *files = json_object_get(entry, "files");
	const json_t *needs = json_object_get(entry, "needs"), *item;
	char name[KILN_MIP_PLACE], version[128], wanted[128], place[KILN_MIP_PLACE];
	const struct kiln_mip_package package = {
		.name = name,
		.version = version,
		.wanted = wanted,
		.place = place,
		.kind = KILN_MIP_JSON,
		.asked = json_is_true(json_object_get(entry, "asked")),
	};
	size_t i;

	kiln_text_copy(name, sizeof(name), text_of(entry, "name"));
	kiln_text_copy(version, sizeof(version), text_of(entry, "version"));
	kiln_text_copy(wanted, sizeof(wanted), text_of(entry, "wanted"));
	kiln_text_copy(place, sizeof(place), text_of(entry, "place"));
	if (!name[0] || !json_is_array(files) || json_array_size(files) > KILN_MIP_FILES_MAX)
		return fail_form("a package in it has no name or no list of files", err);
	KILN_TRY(kiln_mip_set_package(set, &package, err));
	json_array_foreach(needs, i, item)
	{
		if (json_is_string(item) && i < KILN_MIP_DEPS_MAX)
			KILN_TRY(kiln_mip_set_need(set, set->n_packages - 1,
						   json_string_value(item), err));
	}
	json_array_foreach(files, i, item) KILN_TRY(read_file(fetcher, set, item, err));
	return KILN_OK;
}

static kiln_code read_root(struct kiln_fetcher *fetcher, const json_t *root,
			   struct kiln_mip_set **ret_set, struct kiln_err *err)
{
	const json_t *packages = json_object_get(root, "packages");
	const json_int_t mpy = json_integer_value(json_object_get(root, "mpy"));
	struct kiln_mip_set *set;
	kiln_code code = KILN_OK;

	if (json_integer_value(json_object_get(root, "kiln-lock")) != 1)
		return fail_form("it does not begin with \"kiln-lock\": 1", err);
	if (!json_is_array(packages) || mpy < 0 || mpy > 255)
		return fail_form("it has no list of packages", err);
	KILN_TRY(kiln_mip_set_new(text_of(root, "index"), (unsigned)mpy, &set, err));
	for (size_t i = 0; i < json_array_size(packages) && code == KILN_OK; i++)
		code = read_package(fetcher, set, json_array_get(packages, i), err);
	if (code == KILN_OK)
		*ret_set = set;
	else
		kiln_mip_set_free(set);
	return code;
}

kiln_code kiln_mip_lock_read(struct kiln_fetcher *fetcher, const void *text, size_t n,
			     struct kiln_mip_set **ret_set, struct kiln_err *err)
{
	json_error_t why;
	json_t *root;
	kiln_code code;

	if (n > LOCK_MAX)
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot read a lock file of %zu bytes", n);
	root = json_loadb(text, n, 0, &why);
	code = root ? read_root(fetcher, root, ret_set, err) : fail_form("it is no JSON", err);
	json_decref(root);
	return code;
}
