/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_MIP_INSTALL_H
#define KILN_MIP_INSTALL_H

#include "mip/place.h"

/* What became of a step of a set, told in the set's order as the installation goes on. */
typedef enum kiln_mip_did {
	KILN_MIP_DID_BEGIN = 1, /* a package */
	KILN_MIP_DID_SEND,      /* a file that is sent now */
	KILN_MIP_DID_SKIP,      /* one that is there with the same bytes */
	KILN_MIP_DID_REMOVE,    /* one that an earlier version of the package had; `path` */
} kiln_mip_did;

struct kiln_mip_install {
	bool record; /* write down what is installed (mip/record.h) */
	bool force;  /* send what is there too */
	void (*did)(void *user, const struct kiln_mip_set *set, const struct kiln_mip_step *step,
		    kiln_mip_did did, const char *path);
	void (*progress)(void *user, const struct kiln_files_progress *progress); /* may be NULL */
	void *user;
};

struct kiln_mip_count {
	size_t sent, same, removed;
	uint64_t bytes; /* of those that were sent */
};

/*
 * Install a set: only files that differ are sent. All of it is known to be possible before the
 * first byte is written, as far as it can be known.
 * Fails with: what the places fail with, E_CONFIG (the record is damaged).
 */
KILN_CHECK kiln_code kiln_mip_install(const struct kiln_mip_place *place,
				      const struct kiln_mip_set *set,
				      const struct kiln_mip_install *options,
				      struct kiln_mip_count *ret_count, struct kiln_err *err);

#endif
