/* SPDX-License-Identifier: Apache-2.0 */
#include "mip/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum { RECORD_MAX = 1024 * 1024 };

json_t *kiln_mip_record_packages(const json_t *record)
{
	return json_object_get(record, "packages");
}

/* ---- reading ---- */

static bool is_digest(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* A board may have been anywhere: what could lead out of the target is not taken over. */
static void clean_files(json_t *package)
{
	json_t *files = json_object_get(package, "files"), *digest;
	const char *path;
	void *next;

	if (!json_is_object(files)) {
		(void)json_object_set_new(package, "files", json_object());
		return;
	}
	json_object_foreach_safe(files, next, path, digest)
	{
		if (!is_digest(digest) || kiln_mip_check_path(path, NULL) != KILN_OK)
			(void)json_object_del(files, path);
	}
}

static bool is_record(const json_t *root)
{
	return json_integer_value(json_object_get(root, "v")) == 1 &&
	       json_is_object(kiln_mip_record_packages(root));
}

kiln_code kiln_mip_record_parse(const void *text, size_t n, json_t **ret_record,
				struct kiln_err *err)
{
	json_t *root = json_loadb(text, n, 0, NULL), *package;
	const char *name;
	void *next;

	if (!is_record(root)) {
		json_decref(root);
		(void)kiln_fail(err, KILN_E_CONFIG, "cannot read what was installed");
		kiln_why(err, "%s is damaged", KILN_MIP_RECORD);
		kiln_hint(err, "remove that file from the target, then install anew: what is there "
			       "already is not sent again");
		return KILN_E_CONFIG;
	}
	json_object_foreach_safe(kiln_mip_record_packages(root), next, name, package)
	{
		if (json_is_object(package))
			clean_files(package);
		else
			(void)json_object_del(kiln_mip_record_packages(root), name);
	}
	*ret_record = root;
	return KILN_OK;
}

kiln_code kiln_mip_record_read(const struct kiln_mip_place *place, json_t **ret_record,
			       struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(RECORD_MAX);
	struct kiln_err why = KILN_ERR_INIT;
	kiln_code code = kiln_mip_get(place, KILN_MIP_RECORD, &text, &why);

	if (code == KILN_E_NOT_FOUND) {
		*ret_record = json_pack("{s:i, s:{}}", "v", 1, "packages");
		code = *ret_record ? KILN_OK : kiln_fail(err, KILN_E_NOMEM, "out of memory");
	} else if (code == KILN_OK) {
		code = kiln_mip_record_parse(text.data, text.len, ret_record, err);
	} else if (err) {
		*err = why;
	}
	kiln_buf_done(&text);
	return code;
}

/* ---- writing ---- */

static json_t *needs_of(const struct kiln_mip_package *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_needs; i++)
		(void)json_array_append_new(list, json_string(p->needs[i]));
	return list;
}

static json_t *files_of(const struct kiln_mip_set *set, size_t package)
{
	json_t *files = json_object();

	for (size_t i = 0; i < set->n_files; i++) {
		if (set->files[i].package == package && !set->files[i].replaced)
			(void)json_object_set_new(files, set->files[i].path,
						  json_string(set->files[i].sha256));
	}
	return files;
}

void kiln_mip_record_add(json_t *record, const struct kiln_mip_set *set)
{
	json_t *packages = kiln_mip_record_packages(record);

	(void)json_object_set_new(record, "mpy", json_integer(set->mpy));
	(void)json_object_set_new(record, "index", json_string(set->index));
	for (size_t i = 0; i < set->n_packages; i++) {
		const struct kiln_mip_package *p = &set->packages[i];
		const json_t *old = json_object_get(packages, p->name);
		if (p->superseded)
			continue;
		const bool asked = p->asked || json_is_true(json_object_get(old, "asked"));

		(void)json_object_set_new(packages, p->name,
					  json_pack("{s:s, s:s, s:b, s:o, s:o}", "version",
						    p->version, "wanted", p->wanted, "asked",
						    (int)asked, "needs", needs_of(p), "files",
						    files_of(set, i)));
	}
}

kiln_code kiln_mip_record_text(const json_t *record, char **ret_text, struct kiln_err *err)
{
	*ret_text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
	return *ret_text ? KILN_OK : kiln_fail(err, KILN_E_NOMEM, "out of memory");
}

/* ---- listing ---- */

const char *kiln_mip_state_name(kiln_mip_state state)
{
	static const char *const names[] = {
		[KILN_MIP_OK] = "ok",
		[KILN_MIP_CHANGED] = "changed",
		[KILN_MIP_MISSING] = "missing",
		[KILN_MIP_UNKNOWN] = "unknown",
	};

	return names[state];
}

static kiln_mip_state worse(kiln_mip_state a, kiln_mip_state b)
{
	return a > b ? a : b;
}

static kiln_mip_state state_of(const char *there, const char *recorded)
{
	if (!there[0])
		return KILN_MIP_MISSING;
	if (strcmp(there, "?") == 0)
		return KILN_MIP_UNKNOWN;
	return strcmp(there, recorded) == 0 ? KILN_MIP_OK : KILN_MIP_CHANGED;
}

kiln_code kiln_mip_states(const struct kiln_mip_place *place, const json_t *files,
			  kiln_mip_state *ret_states, struct kiln_err *err)
{
	const size_t n = json_object_size(files);
	const char **paths = calloc(n + 1, sizeof(*paths));
	char(*digests)[65] = calloc(n + 1, sizeof(*digests));
	kiln_code code = KILN_OK;
	const char *path;
	json_t *digest;
	size_t i = 0;

	if (!paths || !digests) {
		code = kiln_fail(err, KILN_E_NOMEM, "out of memory");
	} else {
		json_object_foreach((json_t *)(uintptr_t)files, path, digest) paths[i++] = path;
		code = kiln_mip_digests(place, paths, n, digests, err);
		i = 0;
		json_object_foreach((json_t *)(uintptr_t)files, path, digest)
		{
			if (code == KILN_OK)
				ret_states[i] = state_of(digests[i], json_string_value(digest));
			i++;
		}
	}
	free(paths);
	free(digests);
	return code;
}

static kiln_code list_package(const struct kiln_mip_place *place, const char *name,
			      const json_t *package,
			      void (*found)(void *user, const struct kiln_mip_found *found),
			      void *user, struct kiln_err *err)
{
	const json_t *files = json_object_get(package, "files");
	const char *version = json_string_value(json_object_get(package, "version"));
	struct kiln_mip_found f = {
		.name = name,
		.version = version ? version : "",
		.asked = json_is_true(json_object_get(package, "asked")),
		.n_files = json_object_size(files),
		.state = KILN_MIP_OK,
	};
	kiln_mip_state *states = calloc(f.n_files + 1, sizeof(*states));
	kiln_code code;

	if (!states)
		return kiln_fail(err, KILN_E_NOMEM, "out of memory");
	code = kiln_mip_states(place, files, states, err);
	for (size_t i = 0; i < f.n_files && code == KILN_OK; i++)
		f.state = worse(f.state, states[i]);
	free(states);
	if (code == KILN_OK)
		found(user, &f);
	return code;
}

struct others {
	const json_t *record;
	void (*other)(void *user, const char *path);
	void *user;
};

static void on_file(void *user, const char *path)
{
	const struct others *o = user;
	const char *name;
	json_t *package;

	if (strcmp(path, KILN_MIP_RECORD) == 0)
		return;
	json_object_foreach(kiln_mip_record_packages(o->record), name, package)
	{
		if (json_object_get(json_object_get(package, "files"), path))
			return;
	}
	o->other(o->user, path);
}

kiln_code kiln_mip_list(const struct kiln_mip_place *place, const json_t *record,
			void (*package)(void *user, const struct kiln_mip_found *found),
			void (*other)(void *user, const char *path), void *user,
			struct kiln_err *err)
{
	struct others others = { .record = record, .other = other, .user = user };
	const char *name;
	json_t *entry;

	json_object_foreach(kiln_mip_record_packages(record), name, entry)
		KILN_TRY(list_package(place, name, entry, package, user, err));
	return other ? kiln_mip_files(place, on_file, &others, err) : KILN_OK;
}
