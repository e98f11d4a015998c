/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/hints.h"
#include "cli/host.h"
#include "cli/suggest.h"
#include "cli/term.h"
#include "cli/wrap.h"

const struct opt cli_options[] = {
	{ 'v', "verbose", NULL, OPT_COUNT, offsetof(struct cli, verbose),
	  "say more on stderr; -vv for debugging, -vvv with every byte" },
	{ 'q', "quiet", NULL, OPT_COUNT, offsetof(struct cli, quiet), "no warnings" },
	{ 0 },
};

static const char *hint_of(const struct kiln_err *err)
{
	const char *hint = err->hint[0] ? err->hint : hint_for(err->code);

	return hint ? hint : "";
}

/* A wrong command line says all in `what`; "invalid argument" would add nothing. */
static const char *why_of(const struct kiln_err *err)
{
	if (err->code == KILN_E_INVALID && strcmp(err->why, kiln_code_text(err->code)) == 0)
		return "";
	return err->why;
}

int cli_error(const struct kiln_err *err)
{
	const bool color = term_has_color(STDERR_FILENO);
	const char *why = why_of(err), *hint = hint_of(err);

	fflush(stdout); /* what came before stands before */
	fprintf(stderr, "%serror:%s %s%s%s\n", color ? "\033[1;31m" : "", color ? "\033[m" : "",
		err->what, why[0] ? ": " : "", why);
	if (hint[0])
		fprintf(stderr, "%shint:%s %s\n", color ? "\033[33m" : "", color ? "\033[m" : "",
			hint);
	return kiln_code_exit(err->code);
}

static json_t *error_object(const struct kiln_err *err)
{
	/* "KILN_E_TIMEOUT" is E_TIMEOUT for those who read JSON: no C names there */
	const char *name = kiln_code_name(err->code) + strlen("KILN_");

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "event", "error", "code", name, "what",
			 err->what, "why", err->why, "hint", hint_of(err), "exit",
			 kiln_code_exit(err->code));
}

int cli_fail(struct cli *cli, const struct kiln_err *err)
{
	term_line_clear(cli->line);
	if (!cli->json)
		return cli_error(err);
	cli_json(error_object(err));
	return kiln_code_exit(err->code);
}

int cli_usage(struct cli *cli, const struct command *self, const char *fmt, ...)
{
	struct kiln_err err = KILN_ERR_INIT;
	char text[sizeof(err.what)];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	(void)kiln_fail(&err, KILN_E_INVALID, "%s", text);
	kiln_hint(&err, "'kiln %s --help' shows what it takes", self->name);
	return cli_fail(cli, &err);
}

void cli_json(json_t *object)
{
	if (!object)
		return; /* no memory; the exit code still tells */
	(void)json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	fflush(stdout);
	json_decref(object);
}

void cli_help(const struct command *self)
{
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);

	(void)kiln_buf_printf(&out, "usage: kiln %s%s%s\n\n", self->name, self->usage[0] ? " " : "",
			      self->usage);
	wrap_text(&out, self->description ? self->description : self->summary, 0, 0, 90);
	if (self->options) {
		(void)kiln_buf_puts(&out, "\noptions:\n");
		opts_help(self->options, OPT_PLAIN, &out);
		opts_help(cli_options, OPT_PLAIN, &out);
		(void)kiln_buf_puts(&out, "  -h, --help                   show this help\n");
	}
	fputs(kiln_buf_str(&out), stdout);
	kiln_buf_done(&out);
}

static bool has_word(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], word) == 0)
			return true;
	}
	return false;
}

int cli_parse(struct cli *cli, const struct command *self, int argc, char **argv, void *params,
	      struct opt_list *ret_words)
{
	const struct opt_group groups[] = { { self->options, params },
					    { cli_options, cli },
					    { NULL, NULL } };
	struct kiln_err err = KILN_ERR_INIT;

	if (has_word(argc, argv, "-h") || has_word(argc, argv, "--help")) {
		cli_help(self);
		return 0;
	}
	if (opts_parse_groups(groups, OPT_PLAIN, argc - 1, argv + 1, ret_words, &err) != KILN_OK) {
		if (!err.hint[0])
			kiln_hint(&err, "'kiln %s --help' shows what it takes", self->name);
		/* whoever asks for objects gets this as one, wherever the line went wrong */
		cli->json = has_word(argc, argv, "--json");
		return cli_fail(cli, &err);
	}
	host_set_level(cli);
	return -1;
}

kiln_code cli_find(const char *name, const struct command **ret_command, struct kiln_err *err)
{
	struct suggest near;

	suggest_init(&near, name, strlen(name));
	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0) {
			*ret_command = commands[i];
			return KILN_OK;
		}
		if (!commands[i]->hidden)
			suggest_offer(&near, commands[i]->name);
	}
	(void)kiln_fail(err, KILN_E_INVALID, "no such command: '%s'", name);
	if (near.best)
		kiln_hint(err, "did you mean 'kiln %s'?", near.best);
	else
		kiln_hint(err, "'kiln help' lists the commands");
	return KILN_E_INVALID;
}
