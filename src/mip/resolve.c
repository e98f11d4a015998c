/* SPDX-License-Identifier: Apache-2.0 */
/* From names to a set: package.json by package.json, depth first, each once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fetch/fetch.h"
#include "mip/package.h"
#include "mip/set.h"

struct resolve {
	struct kiln_fetcher *fetcher;
	const struct kiln_mip_options *options;
	struct kiln_mip_set *set;
	unsigned depth;
};

static kiln_code note_trouble(const struct resolve *r, bool is_package, const char *place,
			      kiln_code code)
{
	struct kiln_mip_trouble *trouble = r->options->trouble;

	if (trouble && code != KILN_OK) {
		trouble->is_package = is_package;
		kiln_text_copy(trouble->place, sizeof(trouble->place), place);
	}
	return code;
}

static kiln_code read_local(const char *path, uint64_t max, struct kiln_fetched *ret_file,
			    struct kiln_err *err)
{
	struct kiln_fetched file = { .kept = true };
	const int sys = kiln_cache_read_file(path, max, &file.data, &file.size);

	if (sys == EFBIG)
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot read '%s'", path);
	if (sys != 0)
		return kiln_fail_errno(err, KILN_E_IO, sys, "cannot open '%s'", path);
	kiln_cache_sha256(file.data, file.size, file.sha256);
	*ret_file = file;
	return KILN_OK;
}

/* `place` is a path of this computer, or is turned into an address. */
static kiln_code get(const struct resolve *r, const char *place, const char *ref, const char *hash,
		     uint64_t max, struct kiln_fetched *ret_file, char *ret_url, size_t size,
		     struct kiln_err *err)
{
	KILN_TRY(kiln_mip_url(place, ref, ret_url, size, err));
	if (!kiln_mip_is_remote(place) && !kiln_fetch_is_url(place))
		return read_local(place, max, ret_file, err);
	return kiln_fetch(r->fetcher,
			  &(struct kiln_fetch_request){
				  .url = ret_url, .sha256 = hash[0] ? hash : NULL, .max = max },
			  ret_file, err);
}

static kiln_code add_file(struct resolve *r, const char *path, const char *place, const char *ref,
			  const char *hash, struct kiln_err *err)
{
	struct kiln_mip_file file = { .hash = NULL };
	struct kiln_fetched got;
	char url[2 * KILN_MIP_PLACE], text[2 * KILN_MIP_PLACE], known[65];
	kiln_code code = get(r, place, ref, hash, KILN_MIP_FILE_MAX, &got, url, sizeof(url), err);

	KILN_TRY(note_trouble(r, false, code == KILN_E_INVALID ? place : url, code));
	kiln_text_copy(text, sizeof(text), path);
	kiln_text_copy(known, sizeof(known), hash);
	file = (struct kiln_mip_file){ .path = text,
				       .url = url,
				       .hash = known,
				       .data = got.data,
				       .size = got.size,
				       .package = r->set->n_packages - 1 };
	kiln_text_copy(file.sha256, sizeof(file.sha256), got.sha256);
	return kiln_mip_set_file(r->set, &file, err);
}

static kiln_code add_hashes(struct resolve *r, const json_t *json, struct kiln_err *err)
{
	char place[KILN_MIP_PLACE];
	const char *path, *hash;

	for (size_t i = 0; kiln_mip_package_pair(json, "hashes", i, &path, &hash); i++) {
		if (!kiln_text_format(place, sizeof(place), "%s/file/%.2s/%s", r->set->index, hash,
				      hash))
			return kiln_fail(err, KILN_E_INVALID, "the index has too long an address");
		KILN_TRY(add_file(r, path, place, "", hash, err));
	}
	return KILN_OK;
}

static kiln_code add_urls(struct resolve *r, const json_t *json, const char *base, const char *ref,
			  struct kiln_err *err)
{
	char place[KILN_MIP_PLACE];
	const char *path, *name;

	for (size_t i = 0; kiln_mip_package_pair(json, "urls", i, &path, &name); i++) {
		KILN_TRY(kiln_mip_join(base, name, place, sizeof(place), err));
		KILN_TRY(add_file(r, path, place, ref, "", err));
	}
	return KILN_OK;
}

static kiln_code add_spec(struct resolve *r, const struct kiln_mip_spec *spec, bool asked,
			  struct kiln_err *err);

static kiln_code fail_local_dep(const char *parent, const char *name, struct kiln_err *err)
{
	char shown[80];

	kiln_text_copy_untrusted(shown, sizeof(shown), name, strlen(name));
	(void)kiln_fail(err, KILN_E_INVALID, "'%.80s' must not need '%s'", parent, shown);
	kiln_why(err, "what comes over the network takes no files of this computer");
	kiln_hint(err, "nothing was installed; tell whoever makes this package");
	return KILN_E_INVALID;
}

static kiln_code add_deps(struct resolve *r, const json_t *json, size_t package, bool local,
			  struct kiln_err *err)
{
	const char *name, *version;
	struct kiln_mip_spec spec;

	for (size_t i = 0; kiln_mip_package_pair(json, "deps", i, &name, &version); i++) {
		KILN_TRY(kiln_mip_spec_dep(name, version, &spec, err));
		if (spec.local && !local)
			return fail_local_dep(r->set->packages[package].name, name, err);
		KILN_TRY(kiln_mip_set_need(r->set, package, spec.package, err));
		KILN_TRY(add_spec(r, &spec, false, err));
	}
	return KILN_OK;
}

/* A single file: it goes by its own name to the top of the target. */
static kiln_code add_single(struct resolve *r, const struct kiln_mip_spec *spec, bool asked,
			    struct kiln_err *err)
{
	const char *slash = strrchr(spec->place, '/');
	const char *name = slash ? slash + 1 : spec->place;
	struct kiln_mip_package package = { .asked = asked, .kind = spec->kind };
	struct kiln_mip_spec copy = *spec;

	KILN_TRY(kiln_mip_check_path(name, err));
	package.name = copy.package;
	package.version = package.wanted = copy.version;
	package.place = copy.place;
	KILN_TRY(kiln_mip_set_package(r->set, &package, err));
	return add_file(r, name, spec->place, spec->version, "", err);
}

static kiln_code index_place(const struct resolve *r, const struct kiln_mip_spec *spec, char *dst,
			     size_t size, struct kiln_err *err)
{
	char mpy[16] = "py";

	if (r->set->mpy)
		kiln_text_format(mpy, sizeof(mpy), "%u", r->set->mpy);
	if (kiln_text_format(dst, size, "%s/package/%s/%s/%s.json", r->set->index, mpy,
			     spec->package, spec->version[0] ? spec->version : "latest"))
		return KILN_OK;
	return kiln_fail(err, KILN_E_INVALID, "the index has too long an address");
}

/* Its package.json, parsed; `ret_place` is where it is. */
static kiln_code get_json(const struct resolve *r, const struct kiln_mip_spec *spec,
			  char ret_place[KILN_MIP_PLACE], json_t **ret_json, struct kiln_err *err)
{
	char url[2 * KILN_MIP_PLACE];
	struct kiln_fetched got;
	kiln_code code;

	if (spec->kind == KILN_MIP_INDEX)
		KILN_TRY(index_place(r, spec, ret_place, KILN_MIP_PLACE, err));
	else
		kiln_text_copy(ret_place, KILN_MIP_PLACE, spec->place);
	code = get(r, ret_place, spec->kind == KILN_MIP_INDEX ? "" : spec->version, "",
		   KILN_MIP_JSON_MAX, &got, url, sizeof(url), err);
	if (code != KILN_OK) {
		if (spec->kind == KILN_MIP_INDEX && code == KILN_E_NOT_FOUND) {
			kiln_because(err, "cannot find package '%.60s'%s%.40s", spec->package,
				     spec->version[0] ? " in version " : "", spec->version);
			kiln_hint(err, "check its name at https://micropython.org/pi/v2; --no-mpy "
				       "asks for its sources");
		}
		return note_trouble(r, true, ret_place, code);
	}
	code = kiln_mip_package_read(got.data, got.size, ret_json, err);
	kiln_fetched_done(&got);
	if (code != KILN_OK)
		kiln_because(err, "cannot use '%.120s'", ret_place);
	return code;
}

static kiln_code add_json(struct resolve *r, const struct kiln_mip_spec *spec, bool asked,
			  struct kiln_err *err)
{
	const char *ref = spec->kind == KILN_MIP_INDEX ? "" : spec->version;
	struct kiln_mip_package package = { .asked = asked, .kind = spec->kind };
	struct kiln_mip_spec copy = *spec;
	char place[KILN_MIP_PLACE], version[128];
	json_t *json;
	kiln_code code;

	KILN_TRY(get_json(r, spec, place, &json, err));
	kiln_text_copy(version, sizeof(version), kiln_mip_package_version(json));
	package.name = copy.package;
	package.version = version[0] ? version : copy.version;
	package.wanted = copy.version;
	package.place = place;
	code = kiln_mip_set_package(r->set, &package, err);
	const size_t me = r->set->n_packages - 1;

	if (code == KILN_OK)
		code = add_hashes(r, json, err);
	if (code == KILN_OK)
		code = add_urls(r, json, place, ref, err);
	if (code == KILN_OK)
		code = add_deps(r, json, me, spec->local, err);
	json_decref(json);
	return code;
}

/* Two packages may need each other: what is there already is passed over. */
static bool is_there(struct resolve *r, const struct kiln_mip_spec *spec, bool asked)
{
	for (size_t i = 0; i < r->set->n_packages; i++) {
		struct kiln_mip_package *p = &r->set->packages[i];

		/* whoever takes any version takes the one that another has chosen */
		if (strcmp(p->name, spec->package) == 0 && !p->superseded &&
		    (!spec->version[0] || strcmp(p->wanted, spec->version) == 0)) {
			p->asked |= asked;
			return true;
		}
	}
	return false;
}

static kiln_code add_spec(struct resolve *r, const struct kiln_mip_spec *spec, bool asked,
			  struct kiln_err *err)
{
	struct kiln_mip_spec whole = *spec;
	kiln_code code;

	/* micropython-lib says "latest" in its deps; people leave it out */
	if (whole.kind == KILN_MIP_INDEX && strcmp(whole.version, "latest") == 0)
		whole.version[0] = '\0';
	if (is_there(r, &whole, asked))
		return KILN_OK;
	if (++r->depth > KILN_MIP_DEPTH_MAX) {
		code = kiln_fail(err, KILN_E_TOO_BIG, "cannot install '%.80s'", whole.package);
		kiln_why(err, "packages need each other through more than %d others",
			 KILN_MIP_DEPTH_MAX);
		return code;
	}
	if (r->options->begin)
		r->options->begin(r->options->user, &whole);
	code = whole.kind == KILN_MIP_FILE ? add_single(r, &whole, asked, err)
					   : add_json(r, &whole, asked, err);
	r->depth--;
	return code;
}

kiln_code kiln_mip_resolve(struct kiln_fetcher *fetcher, const struct kiln_mip_options *options,
			   const char *const *specs, size_t n, struct kiln_mip_set **ret_set,
			   struct kiln_err *err)
{
	struct resolve r = { .fetcher = fetcher, .options = options };
	struct kiln_mip_spec spec;
	kiln_code code;

	KILN_TRY(kiln_mip_set_new(options->index ? options->index : KILN_MIP_INDEX_URL,
				  options->mpy, &r.set, err));
	code = KILN_OK;
	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		code = kiln_mip_spec_read(specs[i], &spec, err);
		if (code == KILN_OK)
			code = add_spec(&r, &spec, true, err);
	}
	if (code == KILN_OK)
		*ret_set = r.set;
	else
		kiln_mip_set_free(r.set);
	return code;
}
