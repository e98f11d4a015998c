/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

static void help(void)
{
	printf("usage: kiln COMMAND [ARGUMENTS]\n\n"
	       "Find, flash and program microcontrollers that run MicroPython.\n\ncommands:\n");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n'kiln COMMAND --help' tells more of each.\n");
}

static int run_command(struct cli *cli, int argc, char **argv)
{
	struct kiln_err err = KILN_ERR_INIT;

	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, argv[0]) == 0)
			return commands[i]->run(cli, commands[i], argc, argv);
	}
	(void)kiln_fail(&err, KILN_E_INVALID, "no such command: '%s'", argv[0]);
	kiln_hint(&err, "'kiln help' lists the commands");
	return cli_error(&err);
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };

	if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0) {
		help();
		return argc < 2 ? 2 : 0;
	}
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version.run(&cli, &cmd_version, 1, argv + 1);
	return run_command(&cli, argc - 1, argv + 1);
}
