/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kiln/port.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/ports.h"
#include "cli/terminal.h"

/* How often a board that went is looked for. */
enum { LOOK_MS = 250 };

struct params {
	const char *port, *capture, *inject_code, *inject_file;
	uint64_t baud;
	bool escape;
};

static const struct opt options[] = {
	{ 'p', "port", "PORT", OPT_STRING, offsetof(struct params, port),
	  "port or URL of the board; may be left out if there is just one" },
	{ 'b', "baud", "BAUD", OPT_UINT, offsetof(struct params, baud),
	  "speed of the board's console (115200)" },
	{ 'e', "escape-non-printable", NULL, OPT_FLAG, offsetof(struct params, escape),
	  "show bytes that cannot be printed as [xx]" },
	{ 0, "capture", "FILE", OPT_STRING, offsetof(struct params, capture),
	  "write what is shown to a file too" },
	{ 0, "inject-code", "CODE", OPT_STRING, offsetof(struct params, inject_code),
	  "what Ctrl-J types; \\n in it is the Enter key" },
	{ 0, "inject-file", "FILE", OPT_STRING, offsetof(struct params, inject_file),
	  "the program that Ctrl-K runs" },
	{ 0 },
};

struct session {
	const struct params *params;
	struct terminal terminal;
	struct terminal_options options;
	struct terminal_history history;
	struct kiln_link *link;
	char url[256];
	struct kiln_port port; /* what it was plugged in as; empty if that is not known */
};

static kiln_code connect_to(struct session *s, struct kiln_err *err)
{
	KILN_TRY(kiln_link_open(&s->terminal.host, s->url, (unsigned)s->params->baud, &s->link,
				err));
	/* at its prompt the board shows it; raw mode that someone left behind is left */
	return kiln_link_write(s->link, "\x02", 1, kiln_link_after(s->link, 1000), NULL) ==
			       KILN_E_PORT_GONE
		       ? kiln_fail(err, KILN_E_PORT_GONE, "cannot talk to '%s'", s->url)
		       : KILN_OK;
}

/* False if the user has had enough of waiting. */
static bool reconnect(struct session *s)
{
	char before[sizeof(s->url)];

	kiln_text_copy(before, sizeof(before), s->url);
	kiln_link_close(s->link);
	s->link = NULL;
	printf("\r\n(the board is gone: waiting for it; Ctrl-] leaves)\r\n");
	fflush(stdout);
	while (!ports_find_again(&s->terminal.host, &s->port, s->url, sizeof(s->url)) ||
	       connect_to(s, NULL) != KILN_OK) {
		kiln_link_close(s->link);
		s->link = NULL;
		if (terminal_pause(&s->terminal, LOOK_MS))
			return false;
	}
	if (strcmp(before, s->url) == 0)
		printf("(it is back)\r\n");
	else
		printf("(it is back, at %s)\r\n", s->url);
	fflush(stdout);
	return true;
}

static kiln_code talk(struct session *s, struct kiln_err *err)
{
	for (;;) {
		const kiln_code code = terminal_run(&s->terminal, &s->link, &s->options, err);

		if (code != KILN_E_PORT_GONE && code != KILN_E_IO && code != KILN_E_NO_PROMPT)
			return code;
		if (!reconnect(s))
			return KILN_OK;
	}
}

static kiln_code find_port(struct session *s, struct kiln_err *err)
{
	struct kiln_port only;
	const char *url = s->params->port;

	if (!url) {
		KILN_TRY(ports_only_board(&s->terminal.host, &only, err));
		url = only.url;
	}
	kiln_text_copy(s->url, sizeof(s->url), url);
	return KILN_OK;
}

static kiln_code open_capture(struct session *s, struct kiln_err *err)
{
	const char *name = s->params->capture;

	if (!name)
		return KILN_OK;
	s->options.capture = fopen(name, "we");
	if (!s->options.capture)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", name);
	return KILN_OK;
}

static kiln_code run_session(struct session *s, struct kiln_err *err)
{
	KILN_TRY(find_port(s, err));
	KILN_TRY(terminal_enter(&s->terminal, err));
	KILN_TRY(open_capture(s, err));
	KILN_TRY(connect_to(s, err));
	ports_remember(&s->terminal.host, s->url, &s->port);
	printf("Connected to %s; Ctrl-] leaves.\r\n", s->url);
	fflush(stdout);
	return talk(s, err);
}

static int run_params(struct cli *cli, const struct params *params)
{
	struct session s = { .params = params,
			     .options = { .escape = params->escape,
					  .whole_paste = true,
					  .tells = true,
					  .inject_code = params->inject_code,
					  .inject_file = params->inject_file } };
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	terminal_init(&s.terminal, &cli->host);
	terminal_history_open(&s.history);
	s.options.history = &s.history;
	code = run_session(&s, &err);
	kiln_link_close(s.link);
	terminal_leave(&s.terminal);
	terminal_history_close(&s.history);
	if (s.options.capture && fclose(s.options.capture) != 0 && code == KILN_OK)
		code = kiln_fail_errno(&err, KILN_E_IO, errno, "cannot write '%s'",
				       params->capture);
	if (code == KILN_E_CANCELLED && !err.what[0]) {
		putchar('\n');
		return 130;
	}
	if (code != KILN_OK)
		return cli_fail(cli, &err);
	putchar('\n');
	return 0;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	struct params params = { .baud = 115200 };
	struct opt_list words = { 0 };
	int exit_code = cli_parse(cli, self, argc, argv, &params, &words);

	if (exit_code < 0 && words.n > 0)
		exit_code = cli_usage(cli, self, "no words are expected, but '%s'", words.items[0]);
	else if (exit_code < 0 && params.baud > 10000000)
		exit_code = cli_usage(cli, self, "no port does %llu baud",
				      (unsigned long long)params.baud);
	else if (exit_code < 0)
		exit_code = run_params(cli, &params);
	opt_list_done(&words);
	return exit_code;
}

static const char *const examples[] = {
	"kiln repl",
	"Talk to the only board there is.",
	"kiln repl -p /dev/ttyACM0 --capture session.txt",
	"Keep what is shown in a file.",
	"kiln repl -p /dev/ttyACM0 --inject-file test.py",
	"Run test.py on the board, as it is then, whenever Ctrl-K is pressed.",
	NULL,
};

const struct command cmd_repl = {
	.name = "repl",
	.summary = "talk to a board's prompt in this terminal",
	.usage = "[-p PORT] [-b BAUD] [OPTIONS]",
	.description =
		"Make this terminal the board's. All keys go to the board, Ctrl-C and Ctrl-D too, "
		"but for Ctrl-] and Ctrl-x, which leave. A program that runs is not stopped, "
		"neither by coming nor by leaving.\n\n"
		"When the board is unplugged or resets its USB port, the terminal waits until it "
		"is back, and goes on; a board with a USB serial number is found under another "
		"device name too. A reset of the chip is told, with its reason.\n\n"
		"Ctrl-R at the prompt looks back through what was typed, in earlier sessions too: "
		"letters narrow it down, Ctrl-R again goes to an older line, Enter runs the line, "
		"Tab takes it over, Ctrl-C leaves it. The arrow keys are the board's, with the "
		"history of its own.\n\n"
		"Several lines that are pasted at the prompt are run as one program, with flow "
		"control: their indentation stays as it is, and nothing is lost. Elsewhere, and in "
		"terminals without bracketed paste, a paste is typed. Ctrl-E begins the paste mode "
		"of the board itself.",
	.options = options,
	.run = run,
	.examples = examples,
};
