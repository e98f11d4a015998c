/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_SYNC_H
#define KILN_CLI_SYNC_H

#include <stdio.h>

#include <kiln/port.h>

#include "cli/fs.h"
#include "hostfs/ignore.h"
#include "hostfs/sync.h"
#include "hostfs/watch.h"
#include "link/crew.h"

/* Between the files of sync: the command, one board, the same watched, several at once. */
struct sync_params {
	struct opt_list ports, exclude, include;
	uint64_t baud;
	bool json, mirror, yes, dry_run, watch;
};

struct sync {
	struct fs fs; /* the board, and its progress */
	const struct sync_params *params;
	const char *folder, *target;
	char url[256];
	struct kiln_port port; /* that the board was plugged in as, for --watch */
	FILE *out;
	struct kiln_crew *crew; /* of which this is one; NULL: alone */
	struct kiln_ignore ignore, include;
	struct kiln_host_tree tree;
	struct kiln_host_watch watch;
};

/* The folder as it is now, into s->tree; with --watch its folders are watched from here on. */
KILN_CHECK kiln_code sync_scan(struct sync *s, struct kiln_err *err);

KILN_CHECK kiln_code sync_open_board(struct sync *s, struct kiln_err *err);
void sync_close_board(struct sync *s);

/* With the board open. `always`: say so too when there is nothing to do. */
KILN_CHECK kiln_code sync_once(struct sync *s, bool always, struct kiln_err *err);

/* With the board open and up to date: until Ctrl-C, which is E_CANCELLED. */
KILN_CHECK kiln_code sync_watch(struct sync *s, struct kiln_err *err);

/* Open the board at s->url, bring it up to date, and watch on if that is wanted. */
KILN_CHECK kiln_code sync_run_board(struct sync *s, struct kiln_err *err);

/* All boards that were named, side by side. Returns the worst exit code. */
int sync_run_many(const struct sync *s);

#endif
