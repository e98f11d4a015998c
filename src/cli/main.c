/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program. It answers to several names: as `esptool.py` it is that command, whatever its own
 * line looks like; as `kiln` it finds the command by its first word.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/host.h"
#include "cli/personas.h"
#include "cli/secret.h"
#include "sim/run_find.h"
#include "sim/sim.h"

struct main_params {
	bool help, version;
};

static const struct opt main_options[] = {
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct main_params, help), "show this help" },
	{ 0, "version", NULL, OPT_FLAG, offsetof(struct main_params, version),
	  "print the version" },
	{ 0 },
};

static int run_words(struct cli *cli, const struct main_params *params, char *program, int argc,
		     char **argv)
{
	struct kiln_err err = KILN_ERR_INIT;
	const struct command *command;

	if (params->version)
		return cmd_version.run(cli, &cmd_version, 1, (char *[]){ program, NULL });
	if (params->help || argc == 0) {
		cli_help_all(params->help ? stdout : stderr);
		return params->help ? 0 : 2;
	}
	if (cli_find(argv[0], &command, &err) != KILN_OK)
		return cli_fail(cli, &err);
	return command->run(cli, command, argc, argv);
}

static int run_kiln(struct cli *cli, int argc, char **argv)
{
	struct main_params params = { 0 };
	const struct opt_group groups[] = { { main_options, &params },
					    { cli_options, cli },
					    { NULL, NULL } };
	struct kiln_err err = KILN_ERR_INIT;
	struct opt_list words = { 0 };
	int exit_code;

	/* all that follows the command is the command's, options too */
	if (opts_parse_groups(groups, OPT_STOP_AT_WORD, argc - 1, argv + 1, &words, &err)) {
		if (!err.hint[0])
			kiln_hint(&err, "'kiln help' shows what it takes");
		exit_code = cli_fail(cli, &err);
	} else {
		host_set_level(cli);
		exit_code = run_words(cli, &params, argv[0], (int)words.n, argv + argc - words.n);
	}
	opt_list_done(&words);
	return exit_code;
}

static kiln_code virtual_boards(struct kiln_err *err)
{
	struct sim_run_program program;

	return sim_run_find(&program, err);
}

int main(int argc, char **argv)
{
	const struct kiln_scheme schemes[] = { kiln_sim_scheme, { .name = NULL } };
	struct cli cli = { .host.schemes = schemes, .virtual_boards = virtual_boards };
	struct kiln_err err = KILN_ERR_INIT;

	if (argc < 1)
		return 2;
	if (host_init(&cli, &err) != KILN_OK)
		return cli_error(&err);

	cli_take_logins(&cli, argc, argv);
	const struct command *persona = persona_of(argv[0]);
	const int exit_code = persona ? persona->run(&cli, persona, argc, argv)
				      : run_kiln(&cli, argc, argv);

	/* a full disk or a closed pipe must not look like success */
	if ((fflush(stdout) != 0 || ferror(stdout)) && exit_code == 0)
		return 1;
	return exit_code;
}
