/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_COPY_H
#define KILN_HOSTFS_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/files.h>

/*
 * cp, in all directions, as the shell's cp reads its words: several sources need a folder as
 * target, and what is copied to a folder goes into it.
 *
 *	const struct kiln_copy copy = { .board = files, .deep = true };
 *	kiln_copy_to_board(&copy, (const char *[]){ "lib", "main.py" }, 2, "", &err);
 *
 * All of them fail with what kiln_files_put and kiln_files_get fail with, those of hostfs.h, and
 * E_INVALID for sources that the target can't take.
 */
struct kiln_copy {
	struct kiln_files *board;
	bool deep; /* folders too */
	/* Each file when it is there; may be NULL. */
	void (*copied)(void *user, const char *path, const char *to, size_t size);
	const struct kiln_files_watch *watch; /* may be NULL */
	void *user;
};

KILN_CHECK kiln_code kiln_copy_to_board(const struct kiln_copy *copy, const char *const *sources,
					size_t n, const char *target, struct kiln_err *err);
KILN_CHECK kiln_code kiln_copy_from_board(const struct kiln_copy *copy, const char *const *sources,
					  size_t n, const char *target, struct kiln_err *err);
/* On the board itself: nothing travels. */
KILN_CHECK kiln_code kiln_copy_on_board(const struct kiln_copy *copy, const char *const *sources,
					size_t n, const char *target, struct kiln_err *err);
/* From copy->board to another one, by way of this computer's memory. */
KILN_CHECK kiln_code kiln_copy_across(const struct kiln_copy *copy, const char *const *sources,
				      size_t n, struct kiln_files *other, const char *target,
				      struct kiln_err *err);

#endif
