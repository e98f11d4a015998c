/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_HOSTFS_MOUNT_H
#define KILN_HOSTFS_MOUNT_H

#include <stdbool.h>

#include <kiln/repl.h>

/*
 * A folder of this computer as /remote on a board, while the session lasts. The session's link is
 * put behind one that answers the board's requests (hostfs/mount_wire.h) whenever somebody reads,
 * and passes on the rest; so whatever uses the link, a program or a terminal, sees nothing of it.
 *
 *	kiln_mount_begin(repl, "src", false, &err);
 *	kiln_repl_exec(repl, "import app", ...);       src/app.py
 *	kiln_mount_end(repl, &err);
 */
#define KILN_MOUNT_POINT "/remote"

/*
 * Mount `folder`; the board's working folder becomes /remote. One that is mounted already is
 * replaced. `unsafe_links`: symbolic links may lead out of the folder.
 * Fails with: E_IO (the folder can't be opened), E_UNSUPPORTED (this MicroPython can't mount),
 * and as kiln_repl_exec.
 */
KILN_CHECK kiln_code kiln_mount_begin(struct kiln_repl *repl, const char *folder, bool unsafe_links,
				      struct kiln_err *err);
/* After the interpreter has restarted: mount the same folder again. */
KILN_CHECK kiln_code kiln_mount_again(struct kiln_repl *repl, struct kiln_err *err);
/* Fails with: what kiln_repl_exec fails with. Nothing mounted is fine. */
KILN_CHECK kiln_code kiln_mount_end(struct kiln_repl *repl, struct kiln_err *err);

/* The folder that is mounted by way of this link; NULL: none. */
const char *kiln_mount_folder(const struct kiln_link *link);

#endif
