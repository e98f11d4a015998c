/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_FILES_H
#define KILN_CLI_FILES_H

#include <kiln/flash.h>

/*
 * The files of a flash job, read whole before a board is touched: a file that is missing or cut
 * is found then, not when half of the flash is written.
 */
struct files {
	struct kiln_flash_file *items;
	size_t n;
	const struct files_source *source; /* of those that are URLs; NULL: none is */
	bool may_be_empty;                 /* a file without bytes is one too */
};

/* Gets a URL's bytes; they are the caller's, to be freed. */
struct files_source {
	kiln_code (*get)(void *user, const char *url, void **ret_data, size_t *ret_size,
			 struct kiln_err *err);
	void *user;
};

/* Read the file at `path`, a URL too if there is a source, which goes to `address`. Fails with:
 * E_NOT_FOUND, E_DENIED, E_IO, E_INVALID (a folder; an empty file, unless these may be), E_TOO_BIG,
 * E_NOMEM, and as the source. */
KILN_CHECK kiln_code files_add(struct files *files, uint32_t address, const char *path,
			       struct kiln_err *err);
/*
 * If the last file is Intel HEX, its pieces take its place, each at the address that the file
 * names. What only begins like one is left as it is, unless its name says that it is one. Fails
 * with: E_IMAGE, E_OVERLAP, E_TOO_BIG, E_NOMEM.
 */
KILN_CHECK kiln_code files_split_hex(struct files *files, struct kiln_err *err);
void files_done(struct files *files);

/* An address or size as people type it. Fails with: E_INVALID. */
KILN_CHECK kiln_code files_address(const char *text, uint32_t *ret_address, struct kiln_err *err);

#endif
