/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of mpremote's commands, and their table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/version.h>

#include "base/buf.h"
#include "cli/commands.h"
#include "cli/mpremote.h"
#include "cli/mpremote_fs.h"

static int disconnect(struct mpremote *m)
{
	mpremote_disconnect(m);
	return -1;
}

static int resume(struct mpremote *m)
{
	m->resumed = true;
	return -1;
}

static int soft_reset(struct mpremote *m)
{
	return mpremote_need_raw(m, true);
}

static int sleep_some(struct mpremote *m)
{
	const struct kiln_waiter *waiter = &m->cli->host.waiter;
	char *end;
	const double seconds = strtod(m->words[0], &end);

	if (end == m->words[0] || *end || seconds != seconds)
		return mpremote_wrong(m->command, "argument ms: invalid float value: '%s'",
				      m->words[0]);
	if (seconds < 0 || seconds > 1e9)
		return mpremote_say("cannot sleep for %s s", m->words[0]);
	fflush(stdout);
	return waiter->wait(waiter->user, -1, 0, kiln_now() + (kiln_ms)(seconds * 1000)) ==
			       KILN_E_CANCELLED
		       ? 130
		       : -1;
}

static int version(struct mpremote *m)
{
	(void)m;
	printf("mpremote %s (kiln)\n", kiln_version());
	return 0;
}

struct line {
	const char *name, *help;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->name, ((const struct line *)b)->name);
}

static void print_lines(struct line *lines, size_t n)
{
	size_t widest = 0;

	qsort(lines, n, sizeof(*lines), by_name);
	for (size_t i = 0; i < n; i++) {
		if (strlen(lines[i].name) > widest)
			widest = strlen(lines[i].name);
	}
	for (size_t i = 0; i < n; i++)
		printf("  %-*s  %s\n", (int)widest, lines[i].name, lines[i].help);
}

static int help(struct mpremote *m)
{
	struct line lines[64] = { 0 };
	size_t n = 0;

	(void)m;
	puts("mpremote -- MicroPython remote control\n"
	     "See https://docs.micropython.org/en/latest/reference/mpremote.html\n\n"
	     "List of commands:");
	for (const struct mpremote_command *c = mpremote_commands; c->is.name; c++)
		lines[n++] = (struct line){ c->is.name, c->is.summary };
	print_lines(lines, n);
	puts("\nList of shortcuts:");
	n = 0;
	for (const struct mpremote_shortcut *s = mpremote_shortcuts; s->name; s++)
		lines[n++] = (struct line){ s->name, s->help };
	print_lines(lines, n);
	return 0;
}

/* A board without `vfs` (1.22 and older) or its mount() has what stands in its root folder. */
static const char df_program[] =
	"import os\n"
	"def row(*c):\n"
	" print('{:<10}{:>9}{:>9}{:>9}{:>5} {}'.format(*c))\n"
	"row('filesystem','size','used','avail','use%','mounted on')\n"
	"try:\n"
	" import vfs\n"
	" found=vfs.mount()\n"
	"except Exception:\n"
	" found=[('<unknown>',p) for p in ['/']+['/'+n for n in os.listdir('/')]\n"
	"  if os.stat(p)[0]&0x4000]\n"
	"for fs,p in found:\n"
	" s=os.statvfs(p)\n"
	" size,free=s[0]*s[2],s[0]*s[3]\n"
	" if size:\n"
	"  row(str(fs),size,size-free,free,100*(size-free)//size,p)\n";

#define AT(member) offsetof(struct mpremote_params, member)
#define HELP                                                                             \
	{                                                                                \
		'h', "help", NULL, OPT_FLAG, AT(help), "show this help message and exit" \
	}

static const struct opt no_options[] = { HELP, { 0 } };

static const struct opt repl_options[] = {
	HELP,
	{ 'e', "escape-non-printable", NULL, OPT_FLAG, AT(escape),
	  "escape non-printable characters" },
	{ 0, "no-escape-non-printable", NULL, OPT_FLAG, AT(no_escape), NULL },
	{ 0, "capture", "FILE", OPT_STRING, AT(capture),
	  "saves a copy of the REPL session to the specified path" },
	{ 0, "inject-code", "CODE", OPT_STRING, AT(inject_code),
	  "code to be run when Ctrl-J is pressed" },
	{ 0, "inject-file", "FILE", OPT_STRING, AT(inject_file),
	  "path to file to be run when Ctrl-K is pressed" },
	{ 0 },
};

static const struct opt exec_options[] = {
	HELP,
	{ 'f', "follow", NULL, OPT_FLAG, AT(follow),
	  "follow output until the expression completes (default)" },
	{ 0, "no-follow", NULL, OPT_FLAG, AT(no_follow), NULL },
	{ 0 },
};

static const struct opt run_options[] = {
	HELP,
	{ 'f', "follow", NULL, OPT_FLAG, AT(follow),
	  "follow output until the script completes (default)" },
	{ 0, "no-follow", NULL, OPT_FLAG, AT(no_follow), NULL },
	{ 0 },
};

static const struct opt romfs_options[] = {
	HELP,
	{ 'm', "mpy", NULL, OPT_FLAG, AT(mpy),
	  "automatically compile .py files to .mpy when building the ROMFS image (default)" },
	{ 0, "no-mpy", NULL, OPT_FLAG, AT(no_mpy), NULL },
	{ 'p', "partition", "PARTITION", OPT_STRING, AT(partition), "ROMFS partition to use" },
	{ 'o', "output", "FILE", OPT_STRING, AT(output), "output file" },
	{ 0 },
};

static const struct opt mount_options[] = {
	HELP,
	{ 'l', "unsafe-links", NULL, OPT_FLAG, AT(unsafe_links),
	  "follow symbolic links pointing outside of local directory" },
	{ 0, "no-unsafe-links", NULL, OPT_FLAG, AT(no_unsafe_links), NULL },
	{ 0 },
};

static const struct opt rtc_options[] = {
	HELP,
	{ 's', "set", NULL, OPT_FLAG, AT(set), "set the RTC to the current local time" },
	{ 0, "no-set", NULL, OPT_FLAG, AT(no_set), NULL },
	{ 0 },
};

static const struct opt fs_options[] = {
	{ 0, "help", NULL, OPT_FLAG, AT(help), "show this help message and exit" },
	{ 'r', "recursive", NULL, OPT_FLAG, AT(recursive), "recursive (for cp and rm commands)" },
	{ 0, "no-recursive", NULL, OPT_FLAG, AT(no_recursive), NULL },
	{ 'f', "force", NULL, OPT_FLAG, AT(force),
	  "force copy even if file is unchanged (for cp command only)" },
	{ 0, "no-force", NULL, OPT_FLAG, AT(no_force), NULL },
	{ 'v', "verbose", NULL, OPT_FLAG, AT(verbose),
	  "enable verbose output (defaults to True for all commands except cat)" },
	{ 0, "no-verbose", NULL, OPT_FLAG, AT(no_verbose), NULL },
	{ 's', "size", NULL, OPT_FLAG, AT(size), "show file size in bytes(tree command only)" },
	{ 'h', "human", NULL, OPT_FLAG, AT(human),
	  "show file size in a more human readable way (tree command only)" },
	{ 0 },
};

static const struct opt mip_options[] = {
	HELP,
	{ 'm', "mpy", NULL, OPT_FLAG, AT(mpy), "download as compiled .mpy files (default)" },
	{ 0, "no-mpy", NULL, OPT_FLAG, AT(no_mpy), NULL },
	{ 0, "target", "TARGET", OPT_STRING, AT(target), "destination direction on the device" },
	{ 0, "index", "INDEX", OPT_STRING, AT(index),
	  "package index to use (defaults to micropython-lib)" },
	{ 0 },
};

const struct mpremote_command mpremote_commands[] = {
	{ .is = { "connect", "[-h] device ...", "connect to given device", no_options },
	  .words = { { "device", "Either list, auto, id:x, port:x, or any valid device name/path",
		       false } },
	  .run = mpremote_connect },
	{ .is = { "disconnect", "[-h] ...", "disconnect current device", no_options },
	  .run = disconnect },
	{ .is = { "resume", "[-h] ...",
		  "resume a previous mpremote session (will not auto soft-reset)", no_options },
	  .run = resume },
	{ .is = { "soft-reset", "[-h] ...", "perform a soft-reset of the device", no_options },
	  .acts = true,
	  .run = soft_reset },
	{ .is = { "mount", "[-h] [--unsafe-links | --no-unsafe-links] path ...",
		  "mount local directory on device", mount_options },
	  .words = { { "path", "local path to mount", false } },
	  .raw = true,
	  .run = mpremote_mount },
	{ .is = { "umount", "[-h] ...", "unmount the local directory", no_options },
	  .raw = true,
	  .run = mpremote_umount },
	{ .is = { "repl",
		  "[-h] [--escape-non-printable | --no-escape-non-printable]\n"
		  "            [--capture CAPTURE] [--inject-code INJECT_CODE]\n"
		  "            [--inject-file INJECT_FILE]\n"
		  "            ...",
		  "connect to given device", repl_options },
	  .run = mpremote_repl },
	{ .is = { "eval", "[-h] expr ...", "evaluate and print the string", no_options },
	  .words = { { "expr", "expression to execute", false } },
	  .run = mpremote_eval },
	{ .is = { "exec", "[-h] [--follow | --no-follow] expr ...", "execute the string",
		  exec_options },
	  .words = { { "expr", "expression to execute", false } },
	  .run = mpremote_exec },
	/* reads the file first: without it the board is left alone */
	{ .is = { "run", "[-h] [--follow | --no-follow] path ...", "run the given local script",
		  run_options },
	  .words = { { "path", "path to script to execute", false } },
	  .run = mpremote_run },
	{ .is = { "fs",
		  "[--help] [--recursive | --no-recursive] [--force | --no-force]\n"
		  "          [--verbose | --no-verbose] [--size | --human]\n"
		  "          command path [path ...] ...",
		  "execute filesystem commands on the device", fs_options },
	  .words = { { "command",
		       "filesystem command (e.g. cat, cp, sha256sum, ls, rm, rmdir, touch, tree)",
		       false },
		     { "path", "local and remote paths", true } },
	  .raw = true,
	  .acts = true,
	  .run = mpremote_fs,
	  .may_end = mpremote_fs_may_end },
	{ .is = { "edit", "[-h] files [files ...] ...", "edit files on the device", no_options },
	  .words = { { "files", "list of remote paths", true } },
	  .raw = true,
	  .acts = true,
	  .run = mpremote_edit },
	{ .is = { "mip",
		  "[-h] [--mpy | --no-mpy] [--target TARGET] [--index INDEX]\n"
		  "           command packages [packages ...] ...",
		  "install packages from micropython-lib or third-party sources", mip_options },
	  .words = { { "command", "mip command (e.g. install)", false },
		     { "packages",
		       "list package specifications, e.g. name, name@version, github:org/repo, "
		       "github:org/repo@branch, gitlab:org/repo, gitlab:org/repo@branch, "
		       "codeberg:org/repo, codeberg:org/repo@branch",
		       true } },
	  .acts = true,
	  .run = mpremote_mip },
	{ .is = { "romfs",
		  "[-h] [--mpy | --no-mpy] [--partition PARTITION] [--output OUTPUT]\n"
		  "             command [path] ...",
		  "manage ROM partitions", romfs_options },
	  .words = { { "command", "romfs command, one of: query, build, deploy", false },
		     { "path", "path to directory to deploy", false } },
	  .acts = true,
	  .run = mpremote_romfs,
	  .may_end = mpremote_romfs_may_end },
	{ .is = { "rtc", "[-h] [--set | --no-set] ...", "get (default) or set the device RTC",
		  rtc_options },
	  .raw = true,
	  .acts = true,
	  .run = mpremote_rtc },
	{ .is = { "sleep", "[-h] ms ...", "sleep before executing next command", no_options },
	  .words = { { "ms", "milliseconds to sleep for", false } },
	  .run = sleep_some },
	{ .is = { "help", "[-h] ...", "print help and exit", no_options }, .run = help },
	{ .is = { "version", "[-h] ...", "print version and exit", no_options }, .run = version },
	{ .run = NULL },
};

#define PORT(name, device)                                     \
	{                                                      \
		name, "connect to serial port \"" device "\"", \
		{                                              \
			"connect", device, NULL                \
		}                                              \
	}

const struct mpremote_shortcut mpremote_shortcuts[] = {
	{ "devs", "list available serial ports", { "connect", "list", NULL } },
	{ "cat", "", { "fs", "cat", NULL } },
	{ "cp", "", { "fs", "cp", NULL } },
	{ "ls", "", { "fs", "ls", NULL } },
	{ "mkdir", "", { "fs", "mkdir", NULL } },
	{ "rm", "", { "fs", "rm", NULL } },
	{ "rmdir", "", { "fs", "rmdir", NULL } },
	{ "sha256sum", "", { "fs", "sha256sum", NULL } },
	{ "touch", "", { "fs", "touch", NULL } },
	{ "tree", "", { "fs", "tree", NULL } },
	{ "df", "", { "exec", df_program, NULL } },
	{ "reset",
	  "hard reset the device",
	  { "exec", "--no-follow", "import machine, time\ntime.sleep_ms(100)\nmachine.reset()" } },
	{ "bootloader",
	  "make the device enter its bootloader",
	  { "exec", "--no-follow",
	    "import machine, time\ntime.sleep_ms(100)\nmachine.bootloader()" } },
	{ "--help", "", { "help", NULL, NULL } },
	{ "--version", "", { "version", NULL, NULL } },
	PORT("a0", "/dev/ttyACM0"),
	PORT("a1", "/dev/ttyACM1"),
	PORT("a2", "/dev/ttyACM2"),
	PORT("a3", "/dev/ttyACM3"),
	PORT("u0", "/dev/ttyUSB0"),
	PORT("u1", "/dev/ttyUSB1"),
	PORT("u2", "/dev/ttyUSB2"),
	PORT("u3", "/dev/ttyUSB3"),
	PORT("c0", "COM0"),
	PORT("c1", "COM1"),
	PORT("c2", "COM2"),
	PORT("c3", "COM3"),
	{ .name = NULL },
};

/* What is left of the line; room before it for what shortcuts stand for. */
struct chain {
	const char **items;
	size_t at, n;
};

/* No shortcut stands for another one, so this is one step. */
static void expand(struct chain *chain)
{
	for (const struct mpremote_shortcut *s = mpremote_shortcuts; s->name; s++) {
		size_t n = 0;

		if (strcmp(s->name, chain->items[chain->at]) != 0)
			continue;
		while (n < 3 && s->words[n])
			n++;
		chain->at -= n - 1;
		memcpy(chain->items + chain->at, s->words, n * sizeof(*s->words));
		return;
	}
}

static const struct mpremote_command *find(const char *name)
{
	for (const struct mpremote_command *c = mpremote_commands; c->is.name; c++) {
		if (strcmp(c->is.name, name) == 0)
			return c;
	}
	return NULL;
}

/* One command; the chain then stands at the next one. */
static int run_next(struct mpremote *m, struct chain *chain)
{
	size_t end;
	int exit_code, used;

	expand(chain);
	m->command = find(chain->items[chain->at]);
	if (!m->command)
		return mpremote_say("'%s' is not a command", chain->items[chain->at]);
	chain->at++;
	for (end = chain->at; end < chain->n && strcmp(chain->items[end], "+") != 0;)
		end++;
	exit_code = mpremote_parse(m, (int)(end - chain->at), chain->items + chain->at, &used);
	chain->at += (size_t)used;
	if (exit_code < 0 && m->command->raw)
		exit_code = mpremote_need_raw(m, false);
	if (exit_code < 0) {
		m->acted |= m->command->acts;
		exit_code = m->command->run(m);
	}
	return exit_code;
}

static int run_chain(struct mpremote *m, struct chain *chain)
{
	int exit_code = -1;

	while (chain->at < chain->n && exit_code < 0) {
		if (strcmp(chain->items[chain->at], "+") == 0)
			chain->at++;
		else
			exit_code = run_next(m, chain);
	}
	if (exit_code < 0 && !m->acted) {
		m->params = (struct mpremote_params){ 0 };
		exit_code = mpremote_repl(m);
	}
	return exit_code < 0 ? 0 : exit_code;
}

static int run(struct cli *cli, const struct command *self, int argc, char **argv)
{
	const size_t n = (size_t)argc - 1, room = 2 * n;
	struct mpremote m = { .cli = cli };
	struct chain chain = { .at = room, .n = room + n };
	int exit_code;

	(void)self;
	chain.items = calloc(room + n + 1, sizeof(*chain.items));
	m.words = calloc(n + MPREMOTE_WORDS + 1, sizeof(*m.words));
	if (chain.items && m.words) {
		terminal_init(&m.terminal, &cli->host);
		for (size_t i = 0; i < n; i++)
			chain.items[room + i] = argv[i + 1];
		exit_code = run_chain(&m, &chain);
		mpremote_disconnect(&m);
	} else {
		exit_code = mpremote_say("out of memory");
	}
	free(chain.items);
	free(m.words);
	return exit_code;
}

static const struct subcommand *subcommand(size_t i)
{
	return mpremote_commands[i].is.name ? &mpremote_commands[i].is : NULL;
}

static const char *const examples[] = {
	"mpremote",
	"Talk to the first board that there is.",
	"mpremote connect /dev/ttyACM0 exec \"x = 6 * 7\" eval x",
	"Two commands in one session.",
	"mpremote a1 resume repl",
	"Go on with what runs on /dev/ttyACM1.",
	NULL,
};

static const char *const personas[] = { "mpremote", NULL };

const struct command cmd_mpremote = {
	.name = "mpremote",
	.summary = "as mpremote: a chain of commands for a MicroPython board",
	.usage = "[COMMAND [OPTIONS] [ARGUMENTS] [+]]...",
	.description =
		"A drop-in for MicroPython's mpremote: its command line, its lines of text, its "
		"exit codes. The program is this command too when it is called by the name "
		"mpremote.\n\n"
		"Commands are run in their order over one connection; a '+' ends the arguments of "
		"a command that takes any number of them. Without 'connect' the first USB port "
		"that is free is taken. The first command that runs something stops the program "
		"of the board and restarts its interpreter, without main.py; 'resume' before it "
		"keeps both as they are. A line without a command that does something ends in "
		"'repl'.\n\n"
		"Paths of 'fs' are the board's, with or without a ':' in front; those of 'cp' are "
		"the board's only with it. 'cp' passes over files that are there already, unless "
		"-f is given. 'edit' runs $EDITOR.\n\n"
		"Shortcuts: devs is 'connect list'; cat, cp, ls, mkdir, rm, rmdir, sha256sum, "
		"touch and tree are 'fs' with that word; df; a0 to a3, u0 to u3 connect to "
		"/dev/ttyACM0 to 3 and /dev/ttyUSB0 to 3; reset, bootloader. With --no-follow "
		"'exec' and 'run' leave the program running on the board.\n\n"
		"A device may be any URL that Kiln knows, such as sim:demo.\n\n"
		"The exit code is 0 if all is done, 2 for wrong arguments of a command, 130 after "
		"an interrupt of a wait, and 1 for the rest, exceptions on the board included.",
	.run = run,
	.examples = examples,
	.subcommand = subcommand,
	.personas = personas,
};
