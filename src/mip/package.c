/* SPDX-License-Identifier: Apache-2.0 */
#include "mip/package.h"

#include <string.h>

#include "base/text.h"
#include "mip/spec.h"

static kiln_code fail_form(struct kiln_err *err, const char *fmt, ...) KILN_PRINTF(2, 3);

static kiln_code fail_form(struct kiln_err *err, const char *fmt, ...)
{
	char why[200];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(why, sizeof(why), fmt, args);
	va_end(args);
	(void)kiln_fail(err, KILN_E_CONFIG, "that is no package.json");
	kiln_why(err, "%s", why);
	kiln_hint(err, "check the address; nothing was installed");
	return KILN_E_CONFIG;
}

/* What index hashes are: the beginning of a SHA-256, 8 digits in micropython-lib's. */
static bool is_hash(const char *text)
{
	const size_t n = strlen(text);

	return n >= 8 && n <= 64 && strspn(text, "0123456789abcdef") == n;
}

static bool is_text(const json_t *text)
{
	return json_is_string(text) && strlen(json_string_value(text)) == json_string_length(text);
}

static kiln_code check_pair(const char *member, size_t i, const json_t *pair, struct kiln_err *err)
{
	const json_t *first = json_array_get(pair, 0), *second = json_array_get(pair, 1);

	if (json_array_size(pair) != 2 || !is_text(first) || !is_text(second))
		return fail_form(err, "\"%s\"[%zu] is not a list of two texts", member, i);
	if (strcmp(member, "deps") == 0)
		return KILN_OK;
	if (strcmp(member, "hashes") == 0 && !is_hash(json_string_value(second)))
		return fail_form(err, "\"hashes\"[%zu] has no hash of 8 to 64 hex digits", i);
	return kiln_mip_check_path(json_string_value(first), err);
}

static kiln_code check_member(const json_t *package, const char *member, size_t max,
			      struct kiln_err *err)
{
	const json_t *list = json_object_get(package, member);

	if (!list || json_is_null(list))
		return KILN_OK;
	if (!json_is_array(list))
		return fail_form(err, "\"%s\" is no list", member);
	if (json_array_size(list) > max)
		return fail_form(err, "\"%s\" has %zu entries; %zu are too many", member,
				 json_array_size(list), max);
	for (size_t i = 0; i < json_array_size(list); i++)
		KILN_TRY(check_pair(member, i, json_array_get(list, i), err));
	return KILN_OK;
}

static kiln_code check(const json_t *package, const json_error_t *why, struct kiln_err *err)
{
	char text[120];

	if (!package) {
		kiln_text_copy_untrusted(text, sizeof(text), why->text, strlen(why->text));
		return fail_form(err, "line %d: %s", why->line, text);
	}
	if (!json_is_object(package))
		return fail_form(err, "it is no object");
	KILN_TRY(check_member(package, "hashes", KILN_MIP_FILES_MAX, err));
	KILN_TRY(check_member(package, "urls", KILN_MIP_FILES_MAX, err));
	return check_member(package, "deps", KILN_MIP_DEPS_MAX, err);
}

kiln_code kiln_mip_package_read(const void *text, size_t n, json_t **ret_package,
				struct kiln_err *err)
{
	json_error_t why = { .line = 0 };
	json_t *package;
	kiln_code code;

	if (n > KILN_MIP_JSON_MAX)
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot read a package.json of %zu bytes", n);
	package = json_loadb(text, n, 0, &why);
	code = check(package, &why, err);
	if (code == KILN_OK)
		*ret_package = package;
	else
		json_decref(package);
	return code;
}

bool kiln_mip_package_pair(const json_t *package, const char *member, size_t i,
			   const char **ret_first, const char **ret_second)
{
	const json_t *pair = json_array_get(json_object_get(package, member), i);

	if (!pair)
		return false;
	*ret_first = json_string_value(json_array_get(pair, 0));
	*ret_second = json_string_value(json_array_get(pair, 1));
	return true;
}

const char *kiln_mip_package_version(const json_t *package)
{
	const json_t *version = json_object_get(package, "version");

	return is_text(version) && strlen(json_string_value(version)) < 64
		       ? json_string_value(version)
		       : "";
}
