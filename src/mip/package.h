/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_MIP_PACKAGE_H
#define KILN_MIP_PACKAGE_H

#include <jansson.h>
#include <stdbool.h>

#include <kiln/err.h>

/*
 * A package.json, of an index (format 2) or of a repository, checked as a whole:
 *
 *	{"v": 1, "version": "0.2",
 *	 "hashes": [["aioble/core.mpy", "1f5a0dd2"], ...],     by content, from
 *INDEX/file/1f/1f5a0dd2 "urls":   [["pkg/a.py", "pkg/a.py"], ...],            relative to this
 *file, or addresses "deps":   [["name or place", "version or branch"], ...]}
 *
 * All members may be missing. Format: micropython-lib's tools/build.py and README.
 */
enum {
	KILN_MIP_JSON_MAX = 1024 * 1024,
	KILN_MIP_FILES_MAX = 4096, /* of one package */
	KILN_MIP_DEPS_MAX = 256,
};

/* Fails with: E_CONFIG (no such file, and what is wrong in it), E_INVALID (a bad path), E_TOO_BIG.
 * The caller drops the reference. */
KILN_CHECK kiln_code kiln_mip_package_read(const void *text, size_t n, json_t **ret_package,
					   struct kiln_err *err);

/* The i-th pair of a member ("hashes", "urls", "deps"); false after the last. */
bool kiln_mip_package_pair(const json_t *package, const char *member, size_t i,
			   const char **ret_first, const char **ret_second);

/* "" if it says none. */
const char *kiln_mip_package_version(const json_t *package);

#endif
