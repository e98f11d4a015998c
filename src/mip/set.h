/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_MIP_SET_H
#define KILN_MIP_SET_H

#include <jansson.h>
#include <kiln/fetch.h>

#include "mip/spec.h"

/*
 * What an installation is: packages with all that they depend on, and their files, downloaded and
 * checked. A set is made before any board is touched, once for all boards of a kind.
 */
#define KILN_MIP_INDEX_URL "https://micropython.org/pi/v2"

enum {
	KILN_MIP_PACKAGES_MAX = 256,
	KILN_MIP_DEPTH_MAX = 32,
};
#define KILN_MIP_FILE_MAX ((uint64_t)16 << 20)
#define KILN_MIP_SET_MAX ((uint64_t)64 << 20)

struct kiln_mip_package {
	char *name;    /* as it was asked for, without its version: what it is known by */
	char *version; /* as its package.json says, else as it was asked for; may be "" */
	char *wanted;  /* version, branch or tag that was asked for; may be "" */
	char *place;   /* of its package.json, or of its only file; github: and so on as they are */
	kiln_mip_kind kind;
	bool asked;      /* by the user; else another package needs it */
	bool superseded; /* another version of it, later in the set, takes its place */
	char **needs;    /* names of the packages that it depends on */
	size_t n_needs;
};

struct kiln_mip_file {
	char *path; /* below the target; checked */
	char *url;  /* or a path of this computer */
	char *hash; /* the beginning of its SHA-256 as the index says; "": it says none */
	void *data;
	size_t size;
	char sha256[65];
	size_t package;
	bool replaced; /* another package, later in the set, has a file of that path */
};

/* In the order in which mpremote would work: a package, its files, what it needs. */
struct kiln_mip_step {
	bool is_file;
	size_t i;
};

struct kiln_mip_set {
	char *index;
	unsigned mpy; /* version of .mpy files that was chosen; 0: sources */
	struct kiln_mip_package *packages;
	size_t n_packages;
	struct kiln_mip_file *files;
	size_t n_files;
	struct kiln_mip_step *steps;
	size_t n_steps;
	uint64_t bytes;
};

/* What could not be got, for texts of others. */
struct kiln_mip_trouble {
	bool is_package; /* its package.json; else one of its files */
	char place[2 * KILN_MIP_PLACE];
};

struct kiln_mip_options {
	const char *index;                /* NULL: micropython-lib's */
	unsigned mpy;                     /* 0: sources */
	struct kiln_mip_trouble *trouble; /* filled when something can't be got; may be NULL */
	/* Each package, before its package.json is asked for; may be NULL. */
	void (*begin)(void *user, const struct kiln_mip_spec *spec);
	void *user;
};

/*
 * Find and download the packages that the n specs name, and what they need.
 * Fails with: what kiln_fetch fails with; E_CONFIG (a package.json that is none), E_INVALID (a name
 * or a path that must not be), E_TOO_BIG.
 */
KILN_CHECK kiln_code kiln_mip_resolve(struct kiln_fetcher *fetcher,
				      const struct kiln_mip_options *options,
				      const char *const *specs, size_t n,
				      struct kiln_mip_set **ret_set, struct kiln_err *err);
struct kiln_mip_set *kiln_mip_set_free(struct kiln_mip_set *set);

/* A set that is built by hand, as a lock file is read: all texts are copied, `data` is taken (on
 * failure too). Fails with: E_NOMEM, E_TOO_BIG. */
KILN_CHECK kiln_code kiln_mip_set_new(const char *index, unsigned mpy,
				      struct kiln_mip_set **ret_set, struct kiln_err *err);
KILN_CHECK kiln_code kiln_mip_set_package(struct kiln_mip_set *set,
					  const struct kiln_mip_package *package,
					  struct kiln_err *err);
KILN_CHECK kiln_code kiln_mip_set_need(struct kiln_mip_set *set, size_t package, const char *name,
				       struct kiln_err *err);
KILN_CHECK kiln_code kiln_mip_set_file(struct kiln_mip_set *set, const struct kiln_mip_file *file,
				       struct kiln_err *err);

/*
 * Lock files: JSON that names each file with its place and whole hash, so that the same bytes can
 * be installed again. Writing gives a text that the caller frees.
 */
KILN_CHECK kiln_code kiln_mip_lock_write(const struct kiln_mip_set *set, char **ret_text,
					 struct kiln_err *err);
/*
 * Read one and download what it names. Fails with: what kiln_fetch fails with (E_VERIFY: a file has
 * changed since), E_CONFIG, E_INVALID, E_TOO_BIG.
 */
KILN_CHECK kiln_code kiln_mip_lock_read(struct kiln_fetcher *fetcher, const void *text, size_t n,
					struct kiln_mip_set **ret_set, struct kiln_err *err);

#endif
