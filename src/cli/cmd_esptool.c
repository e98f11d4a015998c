/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <kiln/version.h>

#include "base/buf.h"
#include "cli/argfile.h"
#include "cli/commands.h"
#include "cli/esptool.h"
#include "cli/hints.h"
#include "cli/host.h"
#include "cli/suggest.h"

#define RULES (OPT_PREFIXES | OPT_UNDERSCORES)

static void help_all(const struct esptool *t)
{
	struct kiln_buf out = KILN_BUF_INIT(16 * 1024);

	(void)kiln_buf_printf(
		&out,
		"usage: %s [OPTIONS] COMMAND [ARGUMENTS]\n\n"
		"Kiln's drop-in for esptool.py: talks to the ROM of Espressif chips.\n"
		"\ncommands ('-' for '_' is fine):\n",
		t->program);
	for (const struct esptool_command *c = esptool_commands; c->is.name; c++)
		(void)kiln_buf_printf(&out, "  %-28s %s\n", c->is.name, c->is.summary);
	(void)kiln_buf_puts(&out, "\noptions, before the command:\n");
	opts_help(esptool_options, &out);
	fputs(kiln_buf_str(&out), stdout);
	kiln_buf_done(&out);
}

static void help_command(const struct esptool *t)
{
	const struct esptool_command *c = t->command;
	struct kiln_buf out = KILN_BUF_INIT(16 * 1024);

	(void)kiln_buf_printf(&out, "usage: %s [OPTIONS] %s%s%s\n\n%s\n\noptions:\n", t->program,
			      c->is.name, c->is.usage[0] ? " " : "", c->is.usage, c->is.summary);
	opts_help(c->is.options, &out);
	fputs(kiln_buf_str(&out), stdout);
	kiln_buf_done(&out);
}

static const char *why_of(const struct kiln_err *err)
{
	const bool says_no_more = (err->code == KILN_E_INVALID || err->code == KILN_E_VERIFY) &&
				  !strcmp(err->why, kiln_code_text(err->code));

	return says_no_more ? "" : err->why;
}

/* A wrong command line, as argparse says it: on stderr, exit code 2. */
static int usage_error(const struct esptool *t, const struct kiln_err *err)
{
	const char *why = why_of(err);

	fprintf(stderr, "usage: %s [OPTIONS] %s%s%s\n%s: error: %s%s%s\n", t->program,
		t->command ? t->command->is.name : "COMMAND [ARGUMENTS]",
		t->command && t->command->is.usage[0] ? " " : "",
		t->command ? t->command->is.usage : "", t->program, err->what, why[0] ? ": " : "",
		why);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	return 2;
}

/* As the original: 1 for trouble with the port, 2 for the rest. */
static int exit_code_of(kiln_code code)
{
	switch (code) {
	case KILN_E_PORT_MISSING:
	case KILN_E_PORT_BUSY:
	case KILN_E_PORT_DENIED:
	case KILN_E_PORT_GONE:
		return 1;
	case KILN_E_CANCELLED:
		return 130;
	default:
		return 2;
	}
}

static int fatal_error(const struct kiln_err *err)
{
	const char *hint = err->hint[0] ? err->hint : hint_for(err->code);
	const char *why = why_of(err);

	printf("\nA fatal error occurred: %s%s%s\n", err->what, why[0] ? ": " : "", why);
	if (hint)
		printf("hint: %s\n", hint);
	fflush(stdout);
	return exit_code_of(err->code);
}

static bool same_name(const char *name, const char *typed)
{
	while (*name && *name == (*typed == '-' ? '_' : *typed)) {
		name++;
		typed++;
	}
	return !*name && !*typed;
}

static kiln_code find_command(struct esptool *t, const char *typed, struct kiln_err *err)
{
	struct suggest near;

	suggest_init(&near, typed, strlen(typed));
	for (const struct esptool_command *c = esptool_commands; c->is.name; c++) {
		if (same_name(c->is.name, typed)) {
			t->command = c;
			return KILN_OK;
		}
		suggest_offer(&near, c->is.name);
	}
	(void)kiln_fail(err, KILN_E_INVALID, "no such command: '%s'", typed);
	if (near.best)
		kiln_hint(err, "did you mean '%s'?", near.best);
	return KILN_E_INVALID;
}

/* An option that is right but on the wrong side of the command is a common slip. */
static void hint_side(struct kiln_err *err, const char *word)
{
	struct esptool scratch = { 0 };
	struct opt_list words = { 0 };
	char copy[64] = { 0 };
	char *argv[] = { copy };

	strncpy(copy, word, sizeof(copy) - 1);
	copy[strcspn(copy, "=")] = '\0';
	struct kiln_err why = KILN_ERR_INIT;

	if (opts_parse(esptool_options, RULES, 1, argv, &scratch, &words, &why) == KILN_OK ||
	    strncmp(why.what, "no such option", 14) != 0)
		kiln_hint(err, "this option stands before the command");
	opt_list_done(&words);
}

static kiln_code parse_command(struct esptool *t, int argc, char **argv, struct opt_list *words,
			       struct kiln_err *err)
{
	const struct opt *table = t->command->is.options;

	KILN_TRY(opts_from_env(table, RULES, t, err));
	if (opts_parse(table, RULES, argc, argv, t, words, err) != KILN_OK) {
		const char *typed = strstr(err->what, "no such option: ");

		if (typed)
			hint_side(err, typed + strlen("no such option: "));
		return KILN_E_INVALID;
	}
	return t->help ? KILN_OK : t->command->check(t, words, err);
}

static int run_command(struct esptool *t)
{
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	/* whoever reads our output may leave; the board must not be left half written for that */
	(void)signal(SIGPIPE, SIG_IGN);
	printf("esptool.py v%s (kiln)\n", kiln_version());
	code = t->command->offline ? t->command->act(t, NULL, &err) : esptool_session(t, &err);
	return code == KILN_OK ? 0 : fatal_error(&err);
}

/* The words of the line from the command on. */
static int run_words(struct esptool *t, int argc, char **argv)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct opt_list words = { 0 };
	int exit_code = 0;

	if (argc == 0 || t->options.help) {
		help_all(t);
		return t->options.help ? 0 : 1;
	}
	if (find_command(t, argv[0], &err) || esptool_settle(t, &err))
		return usage_error(t, &err);
	if (parse_command(t, argc - 1, argv + 1, &words, &err))
		exit_code = usage_error(t, &err);
	else if (t->help)
		help_command(t);
	else
		exit_code = run_command(t);
	if (t->command->done)
		t->command->done(t);
	opt_list_done(&words);
	return exit_code;
}

static int run_line(struct esptool *t, int argc, char **argv)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct opt_list words = { 0 };
	int exit_code;

	if (opts_from_env(esptool_options, RULES, t, &err) ||
	    opts_parse(esptool_options, RULES | OPT_STOP_AT_WORD, argc - 1, argv + 1, t, &words,
		       &err)) {
		exit_code = usage_error(t, &err);
	} else {
		t->cli->verbose += t->options.trace ? KILN_LOG_TRACE : 0;
		host_set_level(t->cli);
		exit_code = run_words(t, (int)words.n, argv + argc - words.n);
	}
	opt_list_done(&words);
	return exit_code;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	struct esptool t = { .cli = cli, .program = slash ? slash + 1 : argv[0] };
	struct kiln_err err = KILN_ERR_INIT;
	struct argfile args;
	int exit_code;

	(void)self;
	if (argfile_expand(argc, argv, &args, &err) != KILN_OK)
		return usage_error(&t, &err);
	if (args.expanded) {
		printf("esptool.py");
		for (int i = 1; i < args.argc; i++)
			printf(" %s", args.argv[i]);
		putchar('\n');
	}
	exit_code = run_line(&t, args.argc, args.argv);
	argfile_done(&args);
	return exit_code;
}

static const struct subcommand *subcommand(size_t i)
{
	return esptool_commands[i].is.name ? &esptool_commands[i].is : NULL;
}

static const char *const examples[] = {
	"esptool.py -p sim:demo erase_flash",
	"Erase the virtual board 'demo'.",
	"esptool.py -p sim:demo -b 460800 write_flash -z 0x1000 firmware.bin",
	"Write firmware to it.",
	NULL,
};

static const char *const personas[] = { "esptool.py", "esptool", NULL };

const struct command cmd_esptool = {
	.name = "esptool",
	.summary = "as esptool.py: write and erase the flash of Espressif chips",
	.usage = "[OPTIONS] COMMAND [ARGUMENTS]",
	.description =
		"A drop-in for esptool.py, version 3: its command line, its lines of text, its "
		"exit "
		"codes. The program is this command too when it is called by the names esptool.py "
		"and esptool.\n\n"
		"Global options stand before the command. In all names '-' and '_' are the same, "
		"and "
		"an option may be shortened as long as it is clear which is meant. A word @FILE "
		"stands for the words in that file, in which quotes are a shell's. All text goes "
		"to "
		"standard output, but for a wrong command line.\n\n"
		"The exit code is 0 if all is done, 1 if the port is missing, busy, not permitted "
		"or "
		"gone, 130 after an interrupt, and 2 for the rest.",
	.run = run,
	.examples = examples,
	.own_options = esptool_options,
	.subcommand = subcommand,
	.personas = personas,
};
