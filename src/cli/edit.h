/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_EDIT_H
#define KILN_CLI_EDIT_H

#include <kiln/files.h>

/* A file of a board in the user's editor. */
typedef enum edit_end {
	EDIT_SAME = 1, /* left as it was: nothing was written */
	EDIT_WRITTEN,
	EDIT_GIVEN_UP, /* the editor ended with an error: nothing was written */
} edit_end;

/*
 * Get the file (one that is not there is empty), run `editor`, a shell command, on a copy, and put
 * it back if it is another one. If that fails the copy stays, and the error's hint says where.
 * Fails with: what kiln_files_get and kiln_files_put fail with, E_INVALID (it names no file), E_IO.
 */
KILN_CHECK kiln_code edit_file(struct kiln_files *files, const char *path, const char *editor,
			       edit_end *ret_end, struct kiln_err *err);

#endif
