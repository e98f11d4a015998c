/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/board.h"

#include <errno.h>

#include "cli/ports.h"
#include "cli/probe.h"

kiln_code board_open(const struct cli *cli, const char *url, uint64_t baud,
		     struct kiln_repl **ret_repl, struct kiln_err *err)
{
	struct kiln_port only;
	struct kiln_link *link;
	kiln_code code;

	if (!url) {
		KILN_TRY(ports_only_board(&cli->host, &only, err));
		url = only.url;
	}
	KILN_TRY(kiln_link_open(&cli->host, url, (unsigned)baud, &link, err));
	code = kiln_repl_open(link, ret_repl, err);
	/* a chip in download mode says so only when it gets there */
	if (code == KILN_E_NO_PROMPT && err->sys == ETIMEDOUT)
		return probe_loader(&cli->host, url, err);
	return code;
}
