/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync: a folder of a board like one of this computer.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/ports.h"
#include "cli/sync.h"

static const struct opt options[] = {
	{ 'p', "port", "PORT", OPT_LIST, offsetof(struct sync_params, ports),
	  "port or URL of the board, several are served side by side; may be left out if there is "
	  "just one" },
	{ 'b', "baud", "BAUD", OPT_UINT, offsetof(struct sync_params, baud),
	  "speed of the board's console (115200)" },
	{ 'n', "dry-run", NULL, OPT_FLAG, offsetof(struct sync_params, dry_run),
	  "only say what would be done" },
	{ 'm', "mirror", NULL, OPT_FLAG, offsetof(struct sync_params, mirror),
	  "remove what the board has and the folder has not" },
	{ 'y', "yes", NULL, OPT_FLAG, offsetof(struct sync_params, yes), "remove without asking" },
	{ 'x', "exclude", "PATTERN", OPT_LIST, offsetof(struct sync_params, exclude),
	  "leave these out; as a line of .kilnignore" },
	{ 'i', "include", "PATTERN", OPT_LIST, offsetof(struct sync_params, include),
	  "take only these files" },
	{ 'w', "watch", NULL, OPT_FLAG, offsetof(struct sync_params, watch),
	  "go on, and bring each change over as it is saved" },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct sync_params, json), "one JSON object a line" },
	{ 0 },
};

static int run_one(struct sync *s, const char *url)
{
	struct kiln_err err = KILN_ERR_INIT;

	if (!kiln_text_copy(s->url, sizeof(s->url), url)) {
		(void)kiln_fail(&err, KILN_E_INVALID, "cannot open '%.40s...'", url);
		kiln_why(&err, "that is too long for a port");
		return cli_fail(s->fs.cli, &err);
	}
	return sync_run_board(s, &err) == KILN_OK ? 0 : cli_fail(s->fs.cli, &err);
}

/* Somebody may have to answer. */
static bool may_ask(const struct sync_params *params)
{
	return params->mirror && !params->yes && !params->dry_run && !params->json &&
	       isatty(STDIN_FILENO);
}

static int run_in_turn(struct sync *s)
{
	const struct opt_list *ports = &s->params->ports;
	int exit_code = 0;

	for (size_t i = 0; i < ports->n && exit_code != 130; i++) {
		int failed;

		printf("%s\n", ports->items[i]);
		failed = run_one(s, ports->items[i]);
		exit_code = failed > exit_code ? failed : exit_code;
	}
	return exit_code;
}

static int run_boards(struct sync *s)
{
	const struct opt_list *ports = &s->params->ports;
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_port only;

	if (ports->n > 1)
		return may_ask(s->params) ? run_in_turn(s) : sync_run_many(s);
	if (ports->n == 1)
		return run_one(s, ports->items[0]);
	if (ports_only_board(&s->fs.cli->host, &only, &err) != KILN_OK)
		return cli_fail(s->fs.cli, &err);
	return run_one(s, only.url);
}

static int run_sync(struct sync *s)
{
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code = KILN_OK;
	int exit_code;

	s->watch.fd = -1;
	if (s->params->watch)
		code = kiln_host_watch_open(&s->watch, &err);
	if (code == KILN_OK)
		code = sync_scan(s, &err);
	exit_code = code == KILN_OK ? run_boards(s) : cli_fail(s->fs.cli, &err);
	kiln_host_watch_close(&s->watch);
	kiln_host_tree_done(&s->tree);
	kiln_ignore_done(&s->ignore);
	kiln_ignore_done(&s->include);
	return exit_code;
}

static int check(struct cli *cli, const struct command *self, const struct sync_params *params,
		 const struct opt_list *words)
{
	if (words->n < 1)
		return cli_usage(cli, self, "sync what?");
	if (words->n > 2)
		return cli_usage(cli, self, "'%s' is one word too many", words->items[2]);
	if (fs_is_board(words->items[0]))
		return cli_usage(cli, self, "only folders of this computer are synced to boards");
	if (words->n == 2 && !fs_is_board(words->items[1]))
		return cli_usage(cli, self, "the target '%s' needs a ':' in front",
				 words->items[1]);
	if (params->watch && params->ports.n > 1)
		return cli_usage(cli, self, "--watch serves one board");
	if (params->watch && params->dry_run)
		return cli_usage(cli, self, "--watch and --dry-run do not go together");
	if (params->watch && params->mirror && !params->yes)
		return cli_usage(cli, self, "--watch with --mirror removes files unasked: add -y");
	return -1;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct sync_params params = { .baud = 115200 };
	struct sync s = { .params = &params, .fs = { .cli = cli, .self = self }, .out = stdout };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	cli->json = params.json;
	s.fs.params.json = params.json;
	if (exit_code < 0)
		exit_code = check(cli, self, &params, &words);
	if (exit_code < 0) {
		s.folder = words.items[0];
		s.target = words.n > 1 ? fs_board_path(words.items[1]) : "";
		exit_code = run_sync(&s);
	}
	opt_list_done(&params.ports);
	opt_list_done(&params.exclude);
	opt_list_done(&params.include);
	opt_list_done(&words);
	return exit_code;
}

const struct command cmd_sync = {
	.name = "sync",
	.summary = "make a folder of a board like one of this computer",
	.usage = "[-p PORT]... [-n] [--mirror [-y]] [--watch] [--json] FOLDER [:TARGET]",
	.description =
		"Put what is in FOLDER into TARGET on a board, but only what differs: the board "
		"hashes its files, one round trip tells what must travel. Without a target it is "
		"the folder that the board is in. Files go only to the board, never from it.\n\n"
		"What only the board has stays, unless --mirror is given: then it is removed, "
		"below "
		"TARGET and not in file systems that are mounted there, after a question or with "
		"-y.\n\n"
		"Patterns as in .gitignore say what is left out, on both sides: those of "
		".kilnignore in FOLDER, and of --exclude. .git/, __pycache__/ and .kilnignore stay "
		"behind by themselves; a pattern with '!' in front takes them all the same. A "
		"symbolic link that leaves FOLDER is an error.\n\n"
		"Whether all fits on the board is checked before anything is written or removed. "
		"With --watch the command goes on until Ctrl-C, and waits for a board that is "
		"unplugged.",
	.options = options,
	.run = run,
	.examples = (const char *const[]){ "kiln sync src", "Bring a board up to date.",
					   "kiln sync --mirror -n src :/lib",
					   "Say what would be changed, and removed, below /lib.",
					   "kiln sync -w -x '*.md' src",
					   "Keep a board up to date while you write.", NULL },
};
