/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_MIP_SPEC_H
#define KILN_MIP_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/err.h>

/*
 * What people write for a package, as MicroPython's docs/reference/packages.rst has it:
 *
 *	NAME[@VERSION]                           of the index
 *	github:ORG/REPO[/PATH][@REF]             and gitlab:, codeberg:
 *	http://HOST/PATH, https://HOST/PATH
 *	PATH.json, PATH.py, PATH.mpy             of this computer
 *
 * What ends in .py or .mpy is one file; any other place has a package.json.
 */
typedef enum kiln_mip_kind {
	KILN_MIP_INDEX = 1, /* a name of the index */
	KILN_MIP_JSON,      /* a package.json */
	KILN_MIP_FILE,      /* a module by itself */
} kiln_mip_kind;

enum { KILN_MIP_PLACE = 1024 };

struct kiln_mip_spec {
	kiln_mip_kind kind;
	bool local;                   /* of this computer */
	char package[KILN_MIP_PLACE]; /* without @VERSION: what it is known by */
	char place[KILN_MIP_PLACE]; /* of JSON and FILE: with the package.json that was left out */
	char version[128];          /* or branch, tag, commit; "": none was said */
};

/* Fails with: E_INVALID (hint: what it should be). */
KILN_CHECK kiln_code kiln_mip_spec_read(const char *text, struct kiln_mip_spec *ret_spec,
					struct kiln_err *err);
/* The same of a dependency: name and version stand apart. */
KILN_CHECK kiln_code kiln_mip_spec_dep(const char *package, const char *version,
				       struct kiln_mip_spec *ret_spec, struct kiln_err *err);

/* Does it begin with a scheme that names another computer? */
bool kiln_mip_is_remote(const char *place);

/* github: and its like as https:, with `ref` or HEAD; others as they are. Fails with: E_INVALID. */
KILN_CHECK kiln_code kiln_mip_url(const char *place, const char *ref, char *ret_url, size_t size,
				  struct kiln_err *err);

/*
 * Where a file is that a package.json at `base` calls `name`. Of this computer only what lies
 * beside or below the package.json. Fails with: E_INVALID.
 */
KILN_CHECK kiln_code kiln_mip_join(const char *base, const char *name, char *ret_place, size_t size,
				   struct kiln_err *err);

/*
 * May a package put a file there, below its target? A plain path: relative, no part empty or made
 * of dots only, no control characters, no backslash. Fails with: E_INVALID.
 */
KILN_CHECK kiln_code kiln_mip_check_path(const char *path, struct kiln_err *err);

#endif
