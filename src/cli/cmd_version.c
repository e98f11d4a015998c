/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <kiln/version.h>

#include "cli/commands.h"

static const struct opt options[] = { { 0 } };

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct opt_list words = { 0 };
	const int done = cli_parse(cli, self, argc, argv, NULL, &words);

	opt_list_done(&words);
	if (done >= 0)
		return done;
	printf("kiln %s\n", kiln_version());
	return 0;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "print the version",
	.usage = "",
	.options = options,
	.run = run,
};
