/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>

#include <kiln/version.h>

#include "cli/commands.h"

struct params {
	bool json;
};

static const struct opt options[] = {
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct params, json), "as a JSON object" },
	{ 0 },
};

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { 0 };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	if (exit_code < 0 && words.n > 0)
		exit_code = cli_usage(cli, self, "it takes no arguments, not '%s'", words.items[0]);
	opt_list_done(&words);
	if (exit_code >= 0)
		return exit_code;
	if (params.json)
		cli_json(json_pack("{s:s, s:s}", "program", "kiln", "version", kiln_version()));
	else
		printf("kiln %s\n", kiln_version());
	return 0;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "print the version",
	.usage = "[--json]",
	.options = options,
	.run = run,
};
