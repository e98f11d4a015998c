/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "mip/record.h"

struct removal {
	const struct kiln_mip_place *place;
	json_t *packages; /* of the record */
	const struct kiln_mip_uninstall *options;
	json_t *going; /* {name: true} */
};

static bool needs(const json_t *package, const char *name)
{
	const json_t *list = json_object_get(package, "needs"), *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

/* Who stays and needs it; NULL: nobody. */
static const char *needed_by(const struct removal *r, const char *name)
{
	const char *other;
	json_t *package;

	json_object_foreach(r->packages, other, package)
	{
		if (!json_object_get(r->going, other) && strcmp(other, name) != 0 &&
		    needs(package, name))
			return other;
	}
	return NULL;
}

static kiln_code take_names(struct removal *r, const char *const *names, size_t n,
			    struct kiln_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (json_object_get(r->packages, names[i])) {
			(void)json_object_set_new(r->going, names[i], json_true());
			continue;
		}
		(void)kiln_fail(err, KILN_E_NOT_FOUND, "cannot uninstall '%.80s'", names[i]);
		kiln_why(err, "it is not among what was installed");
		kiln_hint(err, "'kiln mip list' shows what is");
		return KILN_E_NOT_FOUND;
	}
	return KILN_OK;
}

static kiln_code check_needs(const struct removal *r, const char *const *names, size_t n,
			     struct kiln_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *other = needed_by(r, names[i]);

		if (!other)
			continue;
		(void)kiln_fail(err, KILN_E_REFUSED, "cannot uninstall '%.80s'", names[i]);
		kiln_why(err, "'%.80s' needs it", other);
		kiln_hint(err, "uninstall both, or that one: what it needed goes with it");
		return KILN_E_REFUSED;
	}
	return KILN_OK;
}

/* What nobody asked for goes when nobody needs it any more; then perhaps what that needed. */
static void add_orphans(struct removal *r)
{
	const char *name;
	json_t *package;
	bool more = true;

	while (more) {
		more = false;
		json_object_foreach(r->packages, name, package)
		{
			if (json_object_get(r->going, name) ||
			    json_is_true(json_object_get(package, "asked")) || needed_by(r, name))
				continue;
			(void)json_object_set_new(r->going, name, json_true());
			more = true;
		}
	}
}

static bool is_shared(const struct removal *r, const char *path)
{
	const char *name;
	json_t *package;

	json_object_foreach(r->packages, name, package)
	{
		if (!json_object_get(r->going, name) &&
		    json_object_get(json_object_get(package, "files"), path))
			return true;
	}
	return false;
}

/* The folders that it was in, inner ones first, as far as they are empty. */
static kiln_code remove_folders(const struct removal *r, const char *path, struct kiln_err *err)
{
	char folder[512];

	kiln_text_copy(folder, sizeof(folder), path);
	for (char *slash; (slash = strrchr(folder, '/'));) {
		*slash = '\0';
		KILN_TRY(kiln_mip_remove(r->place, folder, true, err));
	}
	return KILN_OK;
}

static kiln_code remove_files(const struct removal *r, const char *name, const json_t *files,
			      const kiln_mip_state *states, struct kiln_err *err)
{
	const struct kiln_mip_uninstall *o = r->options;
	const char *path;
	json_t *digest;
	size_t i = 0;

	json_object_foreach((json_t *)(uintptr_t)files, path, digest)
	{
		const kiln_mip_state state = states[i++];

		if (is_shared(r, path) || state == KILN_MIP_MISSING)
			continue;
		if (state == KILN_MIP_CHANGED && !o->force) {
			if (o->kept)
				o->kept(o->user, name, path);
			continue;
		}
		KILN_TRY(kiln_mip_remove(r->place, path, false, err));
		if (o->removed)
			o->removed(o->user, name, path);
	}
	json_object_foreach((json_t *)(uintptr_t)files, path, digest)
		KILN_TRY(remove_folders(r, path, err));
	return KILN_OK;
}

static kiln_code remove_package(const struct removal *r, const char *name, struct kiln_err *err)
{
	const json_t *files = json_object_get(json_object_get(r->packages, name), "files");
	kiln_mip_state *states = calloc(json_object_size(files) + 1, sizeof(*states));
	kiln_code code;

	if (!states)
		return kiln_fail(err, KILN_E_NOMEM, "out of memory");
	code = kiln_mip_states(r->place, files, states, err);
	if (code == KILN_OK)
		code = remove_files(r, name, files, states, err);
	free(states);
	return code;
}

static kiln_code write_record(const struct removal *r, json_t *record, struct kiln_err *err)
{
	const char *name;
	json_t *going;
	char *text;
	kiln_code code;

	json_object_foreach(r->going, name, going)(void) json_object_del(r->packages, name);
	if (json_object_size(r->packages) == 0)
		return kiln_mip_remove(r->place, KILN_MIP_RECORD, false, err);
	KILN_TRY(kiln_mip_record_text(record, &text, err));
	code = kiln_mip_put_one(r->place, KILN_MIP_RECORD, text, err);
	free(text);
	return code;
}

kiln_code kiln_mip_uninstall(const struct kiln_mip_place *place, json_t *record,
			     const char *const *names, size_t n,
			     const struct kiln_mip_uninstall *options, struct kiln_err *err)
{
	struct removal r = { .place = place,
			     .packages = kiln_mip_record_packages(record),
			     .options = options,
			     .going = json_object() };
	kiln_code code = take_names(&r, names, n, err);
	const char *name;
	json_t *going;

	if (code == KILN_OK) {
		add_orphans(&r); /* before: those may need what goes, and do not count */
		code = check_needs(&r, names, n, err);
	}
	if (code == KILN_OK) {
		json_object_foreach(r.going, name, going)
		{
			if (code == KILN_OK)
				code = remove_package(&r, name, err);
		}
	}
	if (code == KILN_OK)
		code = write_record(&r, record, err);
	json_decref(r.going);
	return code;
}
