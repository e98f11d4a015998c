/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_MIP_RECORD_H
#define KILN_MIP_RECORD_H

#include "mip/place.h"

/*
 * What was installed is written down where it was installed, so that it goes with the board to
 * another computer: JSON in TARGET/.kiln-mip.json.
 *
 *	{"v": 1, "mpy": 6, "index": "https://...",
 *	 "packages": {"aioble": {"version": "0.6.1", "wanted": "", "asked": true,
 *	              "needs": ["aioble-core"], "files": {"aioble/core.mpy": "SHA256"}}}}
 *
 * It may be lost or be wrong: whoever reads it compares with the files.
 */
#define KILN_MIP_RECORD ".kiln-mip.json"

/* The record of a place; an empty one if there is none. Fails with: E_CONFIG (it is damaged), and
 * what kiln_mip_get fails with. The caller drops the reference. */
KILN_CHECK kiln_code kiln_mip_record_read(const struct kiln_mip_place *place, json_t **ret_record,
					  struct kiln_err *err);
/* The same of a text. Entries whose paths must not be are left out. */
KILN_CHECK kiln_code kiln_mip_record_parse(const void *text, size_t n, json_t **ret_record,
					   struct kiln_err *err);
/* Enter what a set brings. */
void kiln_mip_record_add(json_t *record, const struct kiln_mip_set *set);
/* As it is written; the caller frees it. Fails with: E_NOMEM. */
KILN_CHECK kiln_code kiln_mip_record_text(const json_t *record, char **ret_text,
					  struct kiln_err *err);

/* {name: package} */
json_t *kiln_mip_record_packages(const json_t *record);

typedef enum kiln_mip_state {
	KILN_MIP_OK = 1,
	KILN_MIP_CHANGED, /* a file of it has other bytes now */
	KILN_MIP_MISSING, /* a file of it is gone */
	KILN_MIP_UNKNOWN, /* the board can't tell */
} kiln_mip_state;
const char *kiln_mip_state_name(kiln_mip_state state);

/* How the files of a package are: {path: sha256}, in the object's order. */
KILN_CHECK kiln_code kiln_mip_states(const struct kiln_mip_place *place, const json_t *files,
				     kiln_mip_state *ret_states, struct kiln_err *err);

/* A package as it is found. */
struct kiln_mip_found {
	const char *name, *version; /* borrowed of the record */
	bool asked;
	size_t n_files;
	kiln_mip_state state;
};

/*
 * Call `package` for each package of the record, and `other` for each file below the target that
 * belongs to none of them. One look at the files serves all.
 */
KILN_CHECK kiln_code kiln_mip_list(const struct kiln_mip_place *place, const json_t *record,
				   void (*package)(void *user, const struct kiln_mip_found *found),
				   void (*other)(void *user, const char *path), void *user,
				   struct kiln_err *err);

/* What an uninstallation does, told as it does it. */
struct kiln_mip_uninstall {
	bool force; /* files that were changed go too */
	void (*removed)(void *user, const char *package, const char *path);
	void (*kept)(void *user, const char *package, const char *path); /* it was changed */
	void *user;
};

/*
 * Remove packages, and those that only they needed; then their empty folders. Files that another
 * package has too, or that were changed, stay. The record is written anew, or removed when nothing
 * is left.
 * Fails with: E_NOT_FOUND (no such package), E_REFUSED (another one needs it), and as the files.
 */
KILN_CHECK kiln_code kiln_mip_uninstall(const struct kiln_mip_place *place, json_t *record,
					const char *const *names, size_t n,
					const struct kiln_mip_uninstall *options,
					struct kiln_err *err);

#endif
