/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BASE_FOLDER_H
#define KILN_BASE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <kiln/err.h>

/*
 * Where a user's things are, by the XDG base directory specification: in the folder that
 * `variable` names (XDG_STATE_HOME), or else in `usual` below the home directory (.local/state;
 * NULL: nowhere else). A variable whose path is not absolute is to be ignored. False: there is no
 * such place, or its path does not fit.
 */
bool kiln_folder_user(char *ret_path, size_t size, const char *variable, const char *usual,
		      const char *below);
/* The same, with the values of the two variables; NULL: not set. */
bool kiln_folder_xdg(char *ret_path, size_t size, const char *folder, const char *home,
		     const char *usual, const char *below);

/*
 * Make a folder, and those above it; one that is there is fine. `err` names the one that could not
 * be made. Fails with: E_DENIED, E_IO, E_TOO_BIG.
 */
kiln_code kiln_folder_make(const char *path, mode_t mode, struct kiln_err *err);
/* The same for the folder that the file `path` is in. */
kiln_code kiln_folder_make_for(const char *path, mode_t mode, struct kiln_err *err);

/*
 * Open a file of the user's that several processes write at its end, which is made if it is
 * missing, and wait for its lock: whoever has that writes a line, which takes no time worth a poll.
 * A link, or what is no regular file, is not opened. The descriptor; -1: it can't be.
 */
int kiln_folder_open_locked(const char *path);

#endif
