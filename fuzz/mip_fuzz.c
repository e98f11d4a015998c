/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What indexes, repositories and boards say: names, package.json, records. Whatever passes has only
 * paths that stay below the target, and addresses without spaces.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mip/package.h"
#include "mip/record.h"
#include "mip/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stays_below(const char *path)
{
	assert(path[0] && path[0] != '/' && strcmp(path, "..") != 0 &&
	       strncmp(path, "../", 3) != 0);
	assert(!strstr(path, "/../") && !strstr(path, "//") && !strchr(path, '\\'));
	assert(strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
}

static void try_spec(const char *name, const char *version)
{
	struct kiln_mip_spec spec;
	char url[2 * KILN_MIP_PLACE], place[KILN_MIP_PLACE];

	if (kiln_mip_spec_read(name, &spec, NULL) == KILN_OK)
		assert(spec.kind == KILN_MIP_INDEX || spec.place[0]);
	if (kiln_mip_spec_dep(name, version, &spec, NULL) != KILN_OK)
		return;
	if (spec.kind == KILN_MIP_INDEX) {
		assert(!strchr(spec.package, '/') && !strchr(spec.version, '/'));
		assert(!strstr(spec.version, "..") && spec.package[0] != '.');
	} else if (!spec.local) {
		assert(kiln_mip_url(spec.place, spec.version, url, sizeof(url), NULL) == KILN_OK);
		assert(!strchr(url, ' '));
	}
	if (kiln_mip_join("d/package.json", name, place, sizeof(place), NULL) == KILN_OK &&
	    !kiln_mip_is_remote(place))
		stays_below(place);
}

static void try_package(const uint8_t *data, size_t size)
{
	static const char *const members[] = { "hashes", "urls" };
	const char *first, *second;
	json_t *package;

	if (kiln_mip_package_read(data, size, &package, NULL) != KILN_OK)
		return;
	for (size_t m = 0; m < 2; m++) {
		for (size_t i = 0; kiln_mip_package_pair(package, members[m], i, &first, &second);
		     i++)
			stays_below(first);
	}
	for (size_t i = 0; kiln_mip_package_pair(package, "deps", i, &first, &second); i++)
		try_spec(first, second);
	(void)kiln_mip_package_version(package);
	json_decref(package);
}

static void try_record(const uint8_t *data, size_t size)
{
	json_t *record, *package, *digest;
	const char *name, *path;

	if (kiln_mip_record_parse(data, size, &record, NULL) != KILN_OK)
		return;
	json_object_foreach(kiln_mip_record_packages(record), name, package)
	{
		json_object_foreach(json_object_get(package, "files"), path, digest)
			stays_below(path);
	}
	json_decref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	try_spec(text, "");
	try_package(data, size);
	try_record(data, size);
	free(text);
	return 0;
}
