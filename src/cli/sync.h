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

/* What cmd_sync.c (one board) and sync_many.c share. */
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

/* Open the board at s->url, bring it up to date, and watch on if that is wanted. */
KILN_CHECK kiln_code sync_run_board(struct sync *s, struct kiln_err *err);

/* All boards that were named, side by side. Returns the worst exit code. */
int sync_run_many(const struct sync *s);

#endif
