/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_DOWNLOAD_H
#define KILN_CLI_DOWNLOAD_H

#include <kiln/fetch.h>

#include "cli/cli.h"
#include "cli/term.h"

/*
 * Downloads as the command line shows them: a bar on a terminal; on stderr what the user must know
 * (a copy that is kept is used, for the network is away); nothing else.
 */
struct download {
	struct cli *cli;
	const struct kiln_host *host;
	struct kiln_fetcher *fetcher;
	struct term_line line;
	kiln_ms drawn;
};

/* `d` stays where it is until download_close. `host` is the program's, or that of a crew's worker.
 * Fails as kiln_fetcher_open. */
KILN_CHECK kiln_code download_open(struct download *d, struct cli *cli,
				   const struct kiln_host *host, bool offline,
				   struct kiln_err *err);
void download_close(struct download *d);

/* One file, with a fetcher of its own. `request->url` is what kiln_fetch takes. */
KILN_CHECK kiln_code download_one(struct cli *cli, bool offline,
				  const struct kiln_fetch_request *request,
				  struct kiln_fetched *ret_file, struct kiln_err *err);

#endif
