/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount: a folder of this computer as a file system of a board, while something runs there.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/exec.h"
#include "cli/fs.h"
#include "cli/ports.h"
#include "cli/terminal.h"
#include "cli/whole.h"
#include "hostfs/mount.h"

enum { PROGRAM_MAX = 4 * 1024 * 1024 };

struct params {
	const char *port;
	uint64_t baud;
	bool unsafe_links;
};

struct session {
	struct cli *cli;
	const struct params *params;
	const char *folder, *verb, *argument;
	struct terminal terminal;
	struct kiln_repl *repl;
	struct kiln_link *link; /* instead, while the terminal is open */
};

static const struct opt options[] = {
	{ 'p', "port", "PORT", OPT_STRING, offsetof(struct params, port),
	  "port or URL of the board; may be left out if there is just one" },
	{ 'b', "baud", "BAUD", OPT_UINT, offsetof(struct params, baud),
	  "speed of the board's console (115200)" },
	{ 'l', "unsafe-links", NULL, OPT_FLAG, offsetof(struct params, unsafe_links),
	  "follow symbolic links that leave the folder" },
	{ 0 },
};

static int run_program(struct session *s)
{
	struct kiln_buf code = KILN_BUF_INIT(PROGRAM_MAX);
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code status;
	int exit_code;

	if (strcmp(s->verb, "exec") == 0)
		status = kiln_buf_puts(&code, s->argument);
	else
		status = whole_read(s->argument, &code, &err);
	exit_code = status == KILN_OK ? exec_program(s->cli, s->repl, &code)
				      : cli_fail(s->cli, &err);
	kiln_buf_done(&code);
	return exit_code;
}

static int run_terminal(struct session *s)
{
	const struct terminal_options terminal = { .whole_paste = true };
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	printf("'%s' is " KILN_MOUNT_POINT " on the board; Ctrl-] leaves.\n", s->folder);
	fflush(stdout);
	s->link = kiln_repl_detach(s->repl);
	s->repl = NULL;
	code = terminal_enter(&s->terminal, &err);
	/* the prompt that leaving raw mode brought is gone: ask for another one */
	if (code == KILN_OK)
		code = kiln_link_write(s->link, "\x02", 1, kiln_link_after(s->link, 1000), &err);
	if (code == KILN_OK)
		code = terminal_run(&s->terminal, &s->link, &terminal, &err);
	terminal_leave(&s->terminal);
	if (code == KILN_OK)
		putchar('\n');
	if (code != KILN_OK)
		return cli_fail(s->cli, &err);
	/* back to where the folder can be unmounted */
	code = kiln_repl_open(s->link, &s->repl, &err);
	s->link = NULL;
	return code == KILN_OK ? 0 : cli_fail(s->cli, &err);
}

static kiln_code open_board(struct session *s, struct kiln_err *err)
{
	const char *url = s->params->port;
	struct kiln_port only;
	struct kiln_link *link;

	if (!url) {
		KILN_TRY(ports_only_board(&s->terminal.host, &only, err));
		url = only.url;
	}
	KILN_TRY(kiln_link_open(&s->terminal.host, url, (unsigned)s->params->baud, &link, err));
	KILN_TRY(kiln_repl_open(link, &s->repl, err));
	return kiln_mount_begin(s->repl, s->folder, s->params->unsafe_links, err);
}

static int run_session(struct session *s)
{
	struct kiln_err err = KILN_ERR_INIT, later = KILN_ERR_INIT;
	int exit_code;

	terminal_init(&s->terminal, &s->cli->host);
	if (open_board(s, &err) != KILN_OK)
		exit_code = cli_fail(s->cli, &err);
	else if (s->argument)
		exit_code = run_program(s);
	else
		exit_code = run_terminal(s);
	if (s->repl && kiln_mount_end(s->repl, &later) != KILN_OK && exit_code == 0)
		exit_code = cli_fail(s->cli, &later);
	kiln_repl_close(s->repl);
	kiln_link_close(s->link);
	return exit_code;
}

static int run_words(struct cli *cli, const struct command *self, const struct params *params,
		     const struct opt_list *words)
{
	struct session s = { .cli = cli, .params = params };
	bool takes_one;

	if (words->n < 1)
		return cli_usage(cli, self, "mount what?");
	s.folder = words->items[0];
	s.verb = words->n > 1 ? words->items[1] : "repl";
	takes_one = strcmp(s.verb, "exec") == 0 || strcmp(s.verb, "run") == 0;
	if (!takes_one && strcmp(s.verb, "repl") != 0)
		return cli_usage(cli, self, "'%s' is none of exec, run and repl", s.verb);
	if (words->n > 2 + (size_t)takes_one)
		return cli_usage(cli, self, "'%s' is one word too many",
				 words->items[2 + takes_one]);
	if (takes_one && words->n < 3)
		return cli_usage(cli, self, "%s what?", s.verb);
	s.argument = takes_one ? words->items[2] : NULL;
	return run_session(&s);
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { .baud = 115200 };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	if (exit_code < 0)
		exit_code = run_words(cli, self, &params, &words);
	opt_list_done(&words);
	return exit_code;
}

const struct command cmd_mount = {
	.name = "mount",
	.summary = "a folder of this computer as a file system of a board",
	.usage = "[-p PORT] [-l] FOLDER [exec CODE | run FILE | repl]",
	.description =
		"Mount FOLDER as /remote on a board, as long as this command runs, and make it the "
		"working folder there: programs import modules from it, read files and write them, "
		"and nothing has to be copied. Then run CODE, or a FILE of this computer, or be a "
		"terminal, which is also what happens without a word.\n\n"
		"The board cannot leave the folder: neither by '..' nor by symbolic links, unless "
		"-l allows links. Files of other kinds are not seen.\n\n"
		"After a soft reset at the prompt (Ctrl-D) the folder is mounted again. A program "
		"that reads standard input while files are asked for may lose keys.",
	.options = options,
	.run = run,
	.examples = (const char *const[]){ "kiln mount src exec 'import app; app.main()'",
					   "Run a package of this computer on the board.",
					   "kiln mount src", "Try it out at the prompt.", NULL },
};
