/* SPDX-License-Identifier: Apache-2.0 */
#include "mip/spec.h"

#include <string.h>

#include "base/text.h"

enum { PATH_LENGTH = 255 };

/* %o: organisation, %r: repository, %b: branch, %p: path. As mpremote's mip.py has them. */
static const struct {
	const char *scheme, *url;
} hosts[] = {
	{ "github:", "https://raw.githubusercontent.com/%o/%r/%b/%p" },
	{ "gitlab:", "https://gitlab.com/%o/%r/-/raw/%b/%p" },
	{ "codeberg:", "https://codeberg.org/api/v1/repos/%o/%r/raw/%p?ref=%b" },
};
enum { HOSTS = sizeof(hosts) / sizeof(hosts[0]) };

static bool begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool ends(const char *text, const char *end)
{
	const size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

bool kiln_mip_is_remote(const char *place)
{
	for (size_t i = 0; i < HOSTS; i++) {
		if (begins(place, hosts[i].scheme))
			return true;
	}
	return begins(place, "http://") || begins(place, "https://");
}

/* ---- names ---- */

static kiln_code fail_spec(const char *text, const char *why, struct kiln_err *err)
{
	char shown[100];

	kiln_text_copy_untrusted(shown, sizeof(shown), text, strlen(text));
	(void)kiln_fail(err, KILN_E_INVALID, "no package can be called '%s'", shown);
	kiln_why(err, "%s", why);
	kiln_hint(err, "NAME, NAME@VERSION, github:ORG/REPO[@BRANCH], https://HOST/PATH or a file "
		       "of this computer");
	return KILN_E_INVALID;
}

/* Printable ASCII without spaces, and what has a meaning in URLs where it must not have one. */
static bool is_word(const char *text, const char * not )
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || strchr(not, *text))
			return false;
	}
	return true;
}

/* Names and versions become parts of an index's URL: no '/', and not "..". */
static bool is_name(const char *name)
{
	return name[0] && is_word(name, "/\\?#%&=+:@\"'<>") && name[0] != '.';
}

static kiln_code add_package_json(struct kiln_mip_spec *spec, struct kiln_err *err)
{
	const char *slash = ends(spec->package, "/") ? "" : "/";

	if (ends(spec->package, ".json"))
		kiln_text_copy(spec->place, sizeof(spec->place), spec->package);
	else if (!kiln_text_format(spec->place, sizeof(spec->place), "%s%spackage.json",
				   spec->package, slash))
		return fail_spec(spec->package, "it is too long", err);
	return KILN_OK;
}

static kiln_code find_kind(struct kiln_mip_spec *spec, struct kiln_err *err)
{
	const char *package = spec->package;
	const bool remote = kiln_mip_is_remote(package);
	char url[2 * KILN_MIP_PLACE];

	spec->local = !remote &&
		      (ends(package, ".json") || ends(package, ".py") || ends(package, ".mpy"));
	spec->kind = remote || spec->local ? KILN_MIP_JSON : KILN_MIP_INDEX;
	if (spec->kind == KILN_MIP_INDEX)
		return is_name(package) ? KILN_OK
					: fail_spec(package, "an index has no such name", err);
	if (remote && !is_word(package, "\"<>\\"))
		return fail_spec(package, "it is no address", err);
	if (ends(package, ".py") || ends(package, ".mpy")) {
		spec->kind = KILN_MIP_FILE;
		kiln_text_copy(spec->place, sizeof(spec->place), package);
	} else {
		KILN_TRY(add_package_json(spec, err));
	}
	return kiln_mip_url(spec->place, spec->version, url, sizeof(url), err);
}

kiln_code kiln_mip_spec_dep(const char *package, const char *version,
			    struct kiln_mip_spec *ret_spec, struct kiln_err *err)
{
	struct kiln_mip_spec spec = { .local = false };

	if (!kiln_text_copy(spec.package, sizeof(spec.package), package) ||
	    !kiln_text_copy(spec.version, sizeof(spec.version), version))
		return fail_spec(package, "it is too long", err);
	if (version[0] && (!is_word(version, "?#%&=\"'<>\\") || strstr(version, "..")))
		return fail_spec(package, "what stands behind its '@' is no version", err);
	KILN_TRY(find_kind(&spec, err));
	if (spec.kind == KILN_MIP_INDEX && strchr(version, '/'))
		return fail_spec(package, "what stands behind its '@' is no version", err);
	*ret_spec = spec;
	return KILN_OK;
}

/* Where the version begins: the '@' after the place; one in http://USER@HOST is not it. */
static const char *find_at(const char *text)
{
	const char *from = text;

	if (begins(text, "http://") || begins(text, "https://")) {
		from = strstr(text, "://") + 3;
		from += strcspn(from, "/");
	} else if (ends(text, ".json") || ends(text, ".py") || ends(text, ".mpy")) {
		/* a file of this computer may have any name */
		if (!kiln_mip_is_remote(text))
			return NULL;
	}
	return strchr(from, '@');
}

kiln_code kiln_mip_spec_read(const char *text, struct kiln_mip_spec *ret_spec, struct kiln_err *err)
{
	const char *at = find_at(text);
	char package[KILN_MIP_PLACE];

	if (!at)
		return kiln_mip_spec_dep(text, "", ret_spec, err);
	if (!at[1])
		return fail_spec(text, "nothing stands behind its '@'", err);
	if ((size_t)(at - text) >= sizeof(package))
		return fail_spec(text, "it is too long", err);
	kiln_text_format(package, sizeof(package), "%.*s", (int)(at - text), text);
	return kiln_mip_spec_dep(package, at + 1, ret_spec, err);
}

/* ---- addresses ---- */

/* ORG/REPO/PATH at `text` to the pieces; false if it has no path or an empty part before it. */
struct repo {
	char org[128], repo[128];
	const char *path;
};

static bool split_repo(const char *text, struct repo *ret_repo)
{
	const size_t org = strcspn(text, "/");
	const size_t repo = text[org] ? strcspn(text + org + 1, "/") : 0;
	const char *rest = text[org] ? text + org + 1 + repo : "";

	if (org == 0 || repo == 0 || *rest != '/' || !rest[1])
		return false;
	ret_repo->path = rest + 1;
	return kiln_text_format(ret_repo->org, sizeof(ret_repo->org), "%.*s", (int)org, text) &&
	       kiln_text_format(ret_repo->repo, sizeof(ret_repo->repo), "%.*s", (int)repo,
				text + org + 1);
}

static bool fill(const char *pattern, const struct repo *repo, const char *ref, char *dst,
		 size_t size)
{
	size_t at = 0;

	for (const char *c = pattern; *c; c++) {
		const char one[2] = { *c, '\0' };
		const char *piece = one;

		if (*c == '%') {
			c++;
			piece = *c == 'o'   ? repo->org
				: *c == 'r' ? repo->repo
				: *c == 'b' ? ref
					    : repo->path;
		}
		if (!kiln_text_copy(dst + at, size - at, piece))
			return false;
		at += strlen(piece);
	}
	return true;
}

kiln_code kiln_mip_url(const char *place, const char *ref, char *ret_url, size_t size,
		       struct kiln_err *err)
{
	struct repo repo;

	for (size_t i = 0; i < HOSTS; i++) {
		if (!begins(place, hosts[i].scheme))
			continue;
		if (!split_repo(place + strlen(hosts[i].scheme), &repo))
			return fail_spec(place, "an organisation and a repository are missing",
					 err);
		if (fill(hosts[i].url, &repo, ref[0] ? ref : "HEAD", ret_url, size))
			return KILN_OK;
		return fail_spec(place, "it is too long", err);
	}
	return kiln_text_copy(ret_url, size, place) ? KILN_OK
						    : fail_spec(place, "it is too long", err);
}

kiln_code kiln_mip_join(const char *base, const char *name, char *ret_place, size_t size,
			struct kiln_err *err)
{
	const char *slash = strrchr(base, '/');
	const int folder = slash ? (int)(slash - base) + 1 : 0;

	if (kiln_mip_is_remote(name))
		return kiln_text_copy(ret_place, size, name)
			       ? KILN_OK
			       : fail_spec(name, "it is too long", err);
	if (!kiln_mip_is_remote(base))
		KILN_TRY(kiln_mip_check_path(name, err));
	else if (!is_word(name, "\"<>\\"))
		return fail_spec(name, "it is no address", err);
	if (kiln_text_format(ret_place, size, "%.*s%s", folder, base, name))
		return KILN_OK;
	return fail_spec(name, "it is too long", err);
}

/* ---- paths ---- */

static const char *path_fault(const char *path)
{
	size_t part;

	if (strlen(path) > PATH_LENGTH)
		return "it is too long";
	for (const char *c = path; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '\\')
			return "it has a character that no path should have";
	}
	if (path[0] == '/')
		return "it begins at the root";
	for (const char *c = path;; c += part + 1) {
		part = strcspn(c, "/");
		if (part == 0)
			return "a part of it is empty";
		if (strspn(c, ".") >= part)
			return "it leads out of its folder";
		if (!c[part])
			return NULL;
	}
}

kiln_code kiln_mip_check_path(const char *path, struct kiln_err *err)
{
	const char *fault = path_fault(path);
	char shown[80];

	if (!fault)
		return KILN_OK;
	kiln_text_copy_untrusted(shown, sizeof(shown), path, strlen(path));
	(void)kiln_fail(err, KILN_E_INVALID, "a package must not have the path '%s'", shown);
	kiln_why(err, "%s", fault);
	kiln_hint(err, "nothing was installed; tell whoever makes this package");
	return KILN_E_INVALID;
}
