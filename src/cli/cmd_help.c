/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/buf.h"
#include "cli/commands.h"

void cli_help_all(FILE *to)
{
	struct kiln_buf options = KILN_BUF_INIT(16 * 1024);

	fputs("usage: kiln [-v] [-q] COMMAND [ARGUMENTS]\n\n"
	      "Find, flash and program microcontrollers that run MicroPython.\n\ncommands:\n",
	      to);
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->hidden)
			fprintf(to, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
	}
	opts_help(cli_options, OPT_PLAIN, &options);
	fprintf(to,
		"\noptions of all commands:\n%s  -h, --help                   show help\n"
		"\n'kiln help COMMAND' tells more of each.\n",
		kiln_buf_str(&options));
	kiln_buf_done(&options);
}

static const struct opt options[] = { { 0 } };

/* A drop-in's own --help knows more than its entry here. */
static int help_of(struct cli *cli, char *name)
{
	struct kiln_err err = KILN_ERR_INIT;
	const struct command *command;
	char option[] = "--help";
	char *argv[] = { name, option, NULL };

	if (cli_find(name, &command, &err) != KILN_OK)
		return cli_fail(cli, &err);
	return command->run(cli, command, 2, argv);
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, NULL, &words);
	const size_t n = words.n;

	opt_list_done(&words);
	if (exit_code >= 0)
		return exit_code;
	if (n > 1)
		return cli_usage(cli, self, "one command at a time, not '%s' too", argv[argc - 1]);
	if (n == 1)
		return help_of(cli, argv[argc - 1]);
	cli_help_all(stdout);
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.summary = "tell what there is, or more of one command",
	.usage = "[COMMAND]",
	.options = options,
	.run = run,
};
