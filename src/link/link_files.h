/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_LINK_FILES_H
#define KILN_LINK_LINK_FILES_H

#include "base/buf.h"
#include "link/link_impl.h"

/*
 * Some transports carry files by a protocol of their own, beside the REPL's bytes. That is a way to
 * carry bytes, and no more: folders, room, temporary names and digests are the business of whoever
 * uses it (src/files). The board must be at its prompt, and nothing else may use the link
 * meanwhile.
 *
 * A transfer can't be called off in the middle. E_CANCELLED comes when the file that was under way
 * has ended; a second wish to cancel, and whatever else leaves the far end in the middle of one,
 * gives the connection up, and all later calls fail with E_PORT_GONE.
 */
struct kiln_link_file {
	const char *name;
	const void *data;
	size_t n; /* over 0: old ends never answer to an empty one */
};

struct kiln_link_files_watch {
	void (*moved)(void *user, size_t i, size_t bytes); /* so much of file i; may be NULL */
	void *user;
};

struct kiln_link_files {
	size_t name_max; /* bytes that a name may have */
	/*
	 * Does the far end do it? Fails with: E_UNSUPPORTED (the link can be used on), and as a
	 * read of the link.
	 */
	kiln_code (*ask)(struct kiln_link *link, struct kiln_err *err);
	/*
	 * Write files, in order; *ret_done of them are whole, also on failure. Fails with:
	 * E_REFUSED (by the board; the link can be used on), E_CANCELLED, E_TIMEOUT, E_PORT_GONE,
	 * E_PROTOCOL.
	 */
	kiln_code (*put)(struct kiln_link *link, const struct kiln_link_file *files, size_t n,
			 const struct kiln_link_files_watch *watch, size_t *ret_done,
			 struct kiln_err *err);
	/*
	 * Append a file that has `size` bytes. Fails with: as `put`; E_PROTOCOL if it is longer.
	 */
	kiln_code (*get)(struct kiln_link *link, const char *name, size_t size,
			 const struct kiln_link_files_watch *watch, struct kiln_buf *ret_data,
			 struct kiln_err *err);
};

/* How this link carries files; NULL if it does not. */
const struct kiln_link_files *kiln_link_files(const struct kiln_link *link);

#endif
