/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kiln/version.h>

#include "base/buf.h"
#include "cli/argfile.h"
#include "cli/commands.h"
#include "cli/esptool_nand.h"
#include "cli/hints.h"
#include "cli/host.h"
#include "cli/secret.h"
#include "cli/suggest.h"
#include "cli/term.h"

static void help_all(const struct esptool *t)
{
	struct kiln_buf out = KILN_BUF_INIT(16 * 1024);

	(void)kiln_buf_printf(&out,
			      "%s: %s [OPTIONS] COMMAND [ARGUMENTS]\n\n"
			      "Kiln's drop-in for esptool: talks to the ROM of Espressif chips.\n"
			      "\ncommands ('_' and '-' are the same):\n",
			      t->v5 ? "Usage" : "usage", t->program);
	for (const struct esptool_command *c = esptool_commands; c->is.name; c++) {
		const size_t begin = out.len;

		if (c->hidden)
			continue;
		(void)kiln_buf_puts(&out, "  ");
		opts_put_name(&out, esptool_rules(t), c->is.name);
		(void)kiln_buf_printf(&out, "%*s%s\n", (int)(31 - (out.len - begin)), "",
				      c->is.summary);
	}
	(void)kiln_buf_puts(&out, "\noptions, before the command:\n");
	opts_help(esptool_options, esptool_rules(t), &out);
	fputs(kiln_buf_str(&out), stdout);
	kiln_buf_done(&out);
}

/* "usage: esptool.py [OPTIONS] write_flash [-e] <address> <file> ..." */
static void put_usage(const struct esptool *t, struct kiln_buf *out)
{
	const struct subcommand *c = t->command ? &t->command->is : NULL;

	(void)kiln_buf_printf(out, "%s: %s [OPTIONS] ", t->v5 ? "Usage" : "usage", t->program);
	opts_put_name(out, esptool_rules(t), c ? c->name : "COMMAND");
	(void)kiln_buf_printf(out, "%s%s\n", !c || c->usage[0] ? " " : "",
			      c ? c->usage : "[ARGUMENTS]");
}

static void help_command(const struct esptool *t)
{
	const struct esptool_command *c = t->command;
	struct kiln_buf out = KILN_BUF_INIT(16 * 1024);

	put_usage(t, &out);
	(void)kiln_buf_printf(&out, "\n%s\n\noptions:\n", c->is.summary);
	opts_help(c->is.options, esptool_rules(t), &out);
	fputs(kiln_buf_str(&out), stdout);
	kiln_buf_done(&out);
}

static const char *why_of(const struct kiln_err *err)
{
	const bool says_no_more = (err->code == KILN_E_INVALID || err->code == KILN_E_VERIFY ||
				   err->code == KILN_E_NO_BOARD ||
				   err->code == KILN_E_UNSUPPORTED) &&
				  !strcmp(err->why, kiln_code_text(err->code));

	return says_no_more ? "" : err->why;
}

/* A wrong command line, as argparse and click say it: on stderr, exit code 2. */
static int usage_error(const struct esptool *t, const struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(4096);
	const char *why = why_of(err);

	put_usage(t, &text);
	if (t->v5)
		(void)kiln_buf_printf(&text, "Try '%s %s-h' for help.\n\nError: ", t->program,
				      t->command ? "COMMAND " : "");
	else
		(void)kiln_buf_printf(&text, "%s: error: ", t->program);
	fprintf(stderr, "%s%s%s%s\n", kiln_buf_str(&text), err->what, why[0] ? ": " : "", why);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	kiln_buf_done(&text);
	return 2;
}

/* As the originals: 1 for trouble with the port (since version 4 once it is open), 2 for the rest.
 */
static int exit_code_of(const struct esptool *t, kiln_code code)
{
	switch (code) {
	case KILN_E_PORT_MISSING:
	case KILN_E_PORT_BUSY:
	case KILN_E_PORT_DENIED:
		return t->version > 3 ? 2 : 1;
	case KILN_E_PORT_GONE:
		return 1;
	case KILN_E_CANCELLED:
		return 130;
	default:
		return 2;
	}
}

/* The older versions say all on stdout, version 5 errors on stderr, in red on a terminal. */
static int fatal_error(const struct esptool *t, const struct kiln_err *err)
{
	const char *hint = err->hint[0] ? err->hint : hint_for(err->code);
	const bool red = t->v5 && !t->options.trace && term_has_color(STDERR_FILENO);
	FILE *out = t->v5 ? stderr : stdout;
	const char *why = why_of(err);

	fflush(stdout);
	fprintf(out, "%s\nA fatal error occurred: %s%s%s%s\n", red ? "\033[1;31m" : "", err->what,
		why[0] ? ": " : "", why, red ? "\033[0m" : "");
	if (hint)
		fprintf(out, "hint: %s\n", hint);
	fflush(out);
	return exit_code_of(t, err->code);
}

static bool same_name(const char *name, const char *typed)
{
	while (*name && *name == (*typed == '-' ? '_' : *typed)) {
		name++;
		typed++;
	}
	return !*name && !*typed;
}

static void hint_command(const struct esptool *t, const char *name, struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(64);

	opts_put_name(&text, esptool_rules(t), name);
	kiln_hint(err, "did you mean '%s'?", kiln_buf_str(&text));
	kiln_buf_done(&text);
}

bool esptool_is_command(const char *word)
{
	for (const struct esptool_command *c = esptool_commands; c->is.name; c++) {
		if (same_name(c->is.name, word))
			return true;
	}
	return false;
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
		if (!c->hidden)
			suggest_offer(&near, c->is.name);
	}
	(void)kiln_fail(err, KILN_E_INVALID, "no such command: '%s'", typed);
	if (near.best)
		hint_command(t, near.best, err);
	return KILN_E_INVALID;
}

/* An option that is right but on the wrong side of the command is a common slip. */
static void hint_side(const struct esptool *t, struct kiln_err *err, const char *word)
{
	struct esptool scratch = { 0 };
	struct opt_list words = { 0 };
	char copy[64] = { 0 };
	char *argv[] = { copy };

	strncpy(copy, word, sizeof(copy) - 1);
	copy[strcspn(copy, "=")] = '\0';
	struct kiln_err why = KILN_ERR_INIT;

	if (opts_parse(esptool_options, esptool_rules(t), 1, argv, &scratch, &words, &why) ==
		    KILN_OK ||
	    strncmp(why.what, "no such option", 14) != 0)
		kiln_hint(err, "this option stands before the command");
	opt_list_done(&words);
}

static kiln_code parse_command(struct esptool *t, int argc, char **argv, struct opt_list *words,
			       struct kiln_err *err)
{
	const struct opt *table = t->command->is.options;

	KILN_TRY(opts_from_env(table, esptool_rules(t), t, err));
	if (opts_parse(table, esptool_rules(t), argc, argv, t, words, err) != KILN_OK) {
		const char *typed = strstr(err->what, "no such option: ");

		if (typed)
			hint_side(t, err, typed + strlen("no such option: "));
		return KILN_E_INVALID;
	}
	if (t->help)
		return KILN_OK;
	KILN_TRY(esptool_settle_wiring(t, err));
	KILN_TRY(esptool_settle_nand(t, err));
	return t->command->check(t, words, err);
}

static int run_command(struct esptool *t)
{
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	/* whoever reads our output may leave; the board must not be left half written for that */
	(void)signal(SIGPIPE, SIG_IGN);
	esptool_speak(t);
	esptool_say(t, "%s v%s (kiln %s)", t->run.dialect->name, t->run.dialect->version,
		    kiln_version());
	code = esptool_cfg_load(t, &err);
	if (code == KILN_OK)
		code = t->command->offline ? t->command->act(t, NULL, &err)
					   : esptool_session(t, &err);
	return code == KILN_OK ? 0 : fatal_error(t, &err);
}

/* The words of the line from the command on. */
static int run_words(struct esptool *t, int argc, char **argv)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct opt_list words = { 0 };
	int exit_code = 0;

	if (argc == 0 || t->options.help) {
		help_all(t);
		return t->options.help || t->v5 ? 0 : 1;
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

	if (opts_from_env(esptool_options, esptool_rules(t), t, &err) ||
	    opts_parse(esptool_options, esptool_rules(t) | OPT_STOP_AT_WORD, argc - 1, argv + 1, t,
		       &words, &err)) {
		exit_code = usage_error(t, &err);
	} else {
		t->cli->verbose += t->options.trace ? KILN_LOG_TRACE : 0;
		host_set_level(t->cli);
		exit_code = run_words(t, (int)words.n, argv + argc - words.n);
	}
	opt_list_done(&words);
	return exit_code;
}

/* The dialect decides how the line is read, so it is looked for before. */
static const char *compat_of(int argc, char **argv)
{
	static const char option[] = "--compat";
	const size_t n = sizeof(option) - 1;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], option, n) == 0 && argv[i][n] == '=')
			return argv[i] + n + 1;
		if (strcmp(argv[i], option) == 0 && i + 1 < argc)
			return argv[i + 1];
	}
	return getenv("KILN_ESPTOOL_COMPAT");
}

/*
 * esptool.py is what versions 3 and 4 were called. Its words by default are those of version 3,
 * which most texts about it show.
 */
static void choose_version(struct esptool *t, int argc, char **argv)
{
	const char *compat = compat_of(argc, argv);

	t->version = strcmp(t->program, "esptool.py") == 0 ? 3 : 5;
	if (compat && compat[0] >= '3' && compat[0] <= '5' && !compat[1])
		t->version = (unsigned)(compat[0] - '0');
	t->v5 = t->version == 5;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	struct esptool t = { .cli = cli, .program = slash ? slash + 1 : argv[0] };
	struct kiln_err err = KILN_ERR_INIT;
	struct argfile args;
	int exit_code;

	(void)self;
	choose_version(&t, argc, argv); /* what is said of a wrong @FILE too */
	if (argfile_expand(argc, argv, &args, &err) != KILN_OK)
		return usage_error(&t, &err);
	cli_take_logins(cli, args.argc, args.argv);
	esptool_cfg_init(&t.cfg);
	choose_version(&t, args.argc, args.argv);
	if (args.expanded) {
		printf("%s", t.v5 ? "esptool" : "esptool.py");
		for (int i = 1; i < args.argc; i++)
			printf(" %s", args.argv[i]);
		putchar('\n');
	}
	exit_code = run_line(&t, args.argc, args.argv);
	opt_list_done(&t.options.filters);
	esptool_cfg_done(&t.cfg);
	argfile_done(&args);
	return exit_code;
}

static const struct subcommand *subcommand(size_t i)
{
	const struct esptool_command *c = &esptool_commands[i];

	return c->is.name && !c->hidden ? &c->is : NULL;
}

static const char *const examples[] = {
	"esptool -p sim:demo erase-flash",
	"Erase the virtual board 'demo'.",
	"esptool.py -p sim:demo -b 460800 write_flash -z 0x1000 firmware.bin",
	"Write firmware to it.",
	NULL,
};

static const char *const personas[] = { "esptool.py", "esptool", NULL };

const struct command cmd_esptool = {
	.name = "esptool",
	.summary = "as esptool: write and erase the flash of Espressif chips",
	.usage = "[OPTIONS] COMMAND [ARGUMENTS]",
	.description =
		"A drop-in for Espressif's esptool: its command line, its lines of text, its exit "
		"codes. The program is this command too when it is called by the names esptool.py "
		"and esptool. As esptool.py it speaks as version 3 does, else as version 5; "
		"--compat chooses, also version 4.\n\n"
		"Global options stand before the command. In all names '-' and '_' are the same. A "
		"word @FILE stands for the words in that file, in which quotes are a shell's. As "
		"version 4 an option may be shortened as long as it is clear which is meant, and "
		"all "
		"text goes to standard output, but for a wrong command line; as version 5 errors "
		"go "
		"to standard error.\n\n"
		"Without --port all ports are tried, the likeliest first; --port-filter leaves out "
		"those that do not fit. $ESPTOOL_OPEN_PORT_ATTEMPTS says how often a port that was "
		"named is opened (0: until it is there).\n\n"
		"Settings may stand in the section [esptool] of esptool.cfg, setup.cfg or tox.ini, "
		"in "
		"this folder, in ~/.config/esptool or in the home folder, or in the file that "
		"$ESPTOOL_CFGFILE names. In seconds: timeout, chip_erase_timeout, max_timeout, "
		"sync_timeout, md5_timeout_per_mb, erase_region_timeout_per_mb, "
		"erase_write_timeout_per_mb, mem_end_rom_timeout, serial_write_timeout, "
		"reset_delay. "
		"Numbers of tries: connect_attempts, write_block_attempts, open_port_attempts. "
		"Ways "
		"to reset the board: custom_reset_sequence, custom_hard_reset_sequence, as in "
		"D0|R1|W0.1|D1|R0|W0.05|D0 (D is DTR, R is RTS, U1,0 sets both, W waits; 1 means "
		"low).\n\n"
		"A W25N01GV NAND flash at pins of an ESP32-S3 is worked with by what version 5 has "
		"in no help: --flash-type nand (-ft nand) and --spi-connection of write-flash "
		"(also --nand-end-address), read-flash, verify-flash, erase-flash and "
		"erase-region; read-nand-spare PAGE, write-nand-spare PAGE 0|1, and dump-bbm "
		"[--block-count N] FILE, which tell and set the marks of bad blocks. Such blocks "
		"are left out, and not erased without --force.\n\n"
		"The exit code is 0 if all is done, 1 if the port is gone (as version 3 also if it "
		"is "
		"missing, busy or not permitted), 130 after an interrupt, and 2 for the rest.",
	.run = run,
	.examples = examples,
	.own_options = esptool_options,
	.subcommand = subcommand,
	.personas = personas,
	.underscored = "esptool.py",
};
