/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_MPREMOTE_FS_H
#define KILN_CLI_MPREMOTE_FS_H

#include <stdbool.h>

#include <kiln/err.h>

struct mpremote;

/* mpremote's commands for files. The exit code, or -1 to go on with the chain. */
int mpremote_fs(struct mpremote *m);
int mpremote_cp(struct mpremote *m);
int mpremote_edit(struct mpremote *m);

/* "COMMAND: PATH: No such file or directory.", as the board's error is; 1. */
int mpremote_fs_fail(const struct mpremote *m, const char *path, const struct kiln_err *err);

/* `ls` and `tree` may come without a path. */
bool mpremote_fs_may_end(int argc, const char *const *argv);

#endif
