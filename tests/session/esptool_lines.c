/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines by chance, made from the tables of esptool's own options and commands, run in this
 * process against virtual boards: most are nearly right, some are done. What is looked for are the
 * sanitizers' reports, exit codes that nobody promised, and commands that never get through.
 *
 *	esptool_lines [LINES [SEED]]
 *
 * The line on its way stands in the file `line` below the folder that is named when one fails.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/esptool.h"
#include "sim/sim.h"
#include "support/image_maker.h"

enum { MOST_WORDS = 48, WORD_MAX = 96, LINES = 200, MOST_COMMANDS = 64 };

#define ERRORS "errors" /* what is said on stderr */

/* --- chance --- */

static uint64_t chance_state;

static unsigned chance(unsigned n)
{
	/* xorshift64*: the same line for the same seed everywhere */
	chance_state ^= chance_state >> 12;
	chance_state ^= chance_state << 25;
	chance_state ^= chance_state >> 27;
	return (unsigned)((chance_state * 0x2545F4914F6CDD1Du) >> 33) % n;
}

#define PICK(pool) (pool)[chance(sizeof(pool) / sizeof((pool)[0]))]

/* --- a line --- */

struct line {
	char words[MOST_WORDS][WORD_MAX];
	char *argv[MOST_WORDS + 1];
	int argc;
};

static void add(struct line *line, const char *word)
{
	if (line->argc == MOST_WORDS)
		return;
	kiln_text_copy(line->words[line->argc], WORD_MAX, word);
	line->argv[line->argc] = line->words[line->argc];
	line->argv[++line->argc] = NULL;
}

static const char *number(void)
{
	static const char *const pool[] = { "0",      "1",     "0x1000",     "4096", "0x10000",
					    "0b1010", "0o17",  "1_000",      "256",  "0xFFFFFFFF",
					    "0x10",   "32768", "4294967296", "-1",   "0x" };

	return PICK(pool);
}

/* Values by the name that the table gives them. */
static const struct pool {
	const char *arg;
	const char *values[8];
} pools[] = {
	{ "FILE", { "fw.bin", "data.bin", "out.bin", "text.txt", "data.hex", "missing.bin" } },
	{ "PORT", { "sim:l32?clock=virtual", "sim:l32?clock=virtual", "/dev/ttyNOPE" } },
	{ "CHIP", { "esp32", "auto", "ESP32-C3", "esp8266", "z80" } },
	{ "BAUD", { "115200", "460800", "921600", "2000000", "9600", "7" } },
	{ "SIZE", { "4MB", "64KB", "0x1000", "1MB", "-4KB", "huge" } },
	{ "N", { "1", "2", "3", "0x10", "many" } },
	{ "KEY=VALUE", { "vid=0x303a", "name=sim", "serial=1", "nonsense" } },
	{ "WHERE", { "SPI", "HSPI", "6,17,8,11,16", "12,13,11,9,10", "1,2,3" } },
	{ "ADDRESS", { "0x20000", "0x8000000", "4096", "end" } },
	{ "<file>", { "fw.bin", "data.bin", "out.bin", "text.txt", "data.hex", "missing.bin" } },
	{ "<elf>", { "fw.bin", "text.txt", "missing.bin" } },
	{ "<output>", { "made", "no/such/folder" } },
	{ "<size>", { "4k", "16", "0x1000", "0x2000", "8k", "ALL", "0x1001", "1M" } },
	{ "<bytes>", { "1", "4", "5" } },
	{ "<page>", { "0", "64", "0x80", "65535", "65536" } },
	{ "<is-bad>", { "0", "1", "2" } },
	{ "<value>", { "0", "0x1c", "0xffffffff" } },
	{ "<address>",
	  { "0x1000", "0x10000", "0x20000", "0", "0x3ff000", "0x40001000", "0x10001" } },
};

static const char *value_for(const char *arg)
{
	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		size_t n = 0;

		if (strcmp(pools[i].arg, arg) != 0)
			continue;
		while (n < 8 && pools[i].values[n])
			n++;
		return pools[i].values[chance((unsigned)n)];
	}
	return number();
}

static const char *value_of(const struct opt *o)
{
	size_t n = 0;

	/* for ever is too long for a test */
	if (strcmp(o->name, "connect-attempts") == 0)
		return chance(2) ? "1" : "x";
	if (chance(12) == 0)
		return "nonsense";
	while (o->choices && o->choices[n])
		n++;
	return n ? o->choices[chance((unsigned)n)] : value_for(o->arg);
}

/* A name in one of its spellings; '-' and '_' are the same in both dialects. */
static void spell(char *dst, const char *before, const char *name)
{
	const unsigned as = chance(3);

	kiln_text_format(dst, WORD_MAX, "%s%s", before, name);
	for (char *c = dst + strlen(before); *c; c++) {
		if ((*c == '-' || *c == '_') && as < 2)
			*c = as ? '-' : '_';
	}
}

static void add_option(struct line *line, const struct opt *o)
{
	const char *value = o->arg ? value_of(o) : NULL;
	char word[WORD_MAX], joined[2 * WORD_MAX];

	if (o->alias && chance(2))
		kiln_text_format(word, sizeof(word), "-%s", o->alias);
	else if (o->letter && chance(2))
		kiln_text_format(word, sizeof(word), "-%c", o->letter);
	else
		spell(word, "--", o->name);
	if (value && chance(2)) {
		kiln_text_format(joined, sizeof(joined), "%s=%s", word, value);
		add(line, joined);
		return;
	}
	add(line, word);
	if (value)
		add(line, value);
}

static void add_options(struct line *line, const struct opt *table, unsigned one_in)
{
	for (const struct opt *o = table; o->kind != OPT_END; o++) {
		if (strcmp(o->name, "help") != 0 && strcmp(o->name, "port") != 0 &&
		    strcmp(o->name, "trace") != 0 && chance(one_in) == 0)
			add_option(line, o);
	}
}

/* The words that the usage names: "<address> <size> <file>", "..." for more of the last two. */
static void add_words(struct line *line, const char *usage)
{
	const char *at = usage;

	while ((at = strchr(at, '<')) != NULL) {
		const size_t n = strcspn(at, ">") + 1;
		char name[WORD_MAX];

		kiln_text_format(name, sizeof(name), "%.*s", (int)n, at);
		if (chance(16)) /* else it is forgotten */
			add(line, value_for(name));
		at += n;
	}
	if (strstr(usage, "...") && chance(2)) {
		add(line, value_for("<address>"));
		add(line, value_for("<file>"));
	}
}

static const struct esptool_command *make_line(struct line *line)
{
	static const char *const boards[] = { "sim:l32?clock=virtual", "sim:l32?clock=virtual",
					      "sim:lc3?clock=virtual&chip=esp32c3",
					      "sim:ls3?clock=virtual&chip=esp32s3&nand=w25n01gv",
					      "sim:l8266?clock=virtual&chip=esp8266" };
	static const char *const names[] = { "esptool", "esptool.py" };
	unsigned n = 0;
	char word[WORD_MAX];

	while (esptool_commands[n].is.name)
		n++;
	const struct esptool_command *command = &esptool_commands[chance(n)];

	line->argc = 0;
	add(line, PICK(names));
	add(line, "-p");
	add(line, PICK(boards));
	add_options(line, esptool_options, 10);
	spell(word, "", command->is.name);
	add(line, word);
	add_options(line, command->is.options, 6);
	add_words(line, command->is.usage);
	if (chance(20) == 0)
		add(line, chance(2) ? "stray" : "--stray");
	return command;
}

/* --- the stage --- */

static char folder[64];

static void write_file(const char *name, const void *data, size_t n)
{
	FILE *f = fopen(name, "w");

	if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0)
		abort();
}

static void set_stage(void)
{
	static const struct image_spec spec = {
		.n_segments = 2, .segment_size = 6000, .digest = true, .mode = 2, .size_freq = 0x20
	};
	static const char hex[] = ":0400000001020304F2\n:00000001FF\n";
	uint8_t data[5000];
	size_t n;

	kiln_text_copy(folder, sizeof(folder), "/tmp/kiln-lines-XXXXXX");
	if (!mkdtemp(folder) || chdir(folder) != 0)
		abort();
	setenv("XDG_STATE_HOME", folder, 1);
	setenv("HOME", folder, 1);
	setenv("KILN_SYSFS", folder, 1);
	uint8_t *image = image_make(&spec, &n);

	write_file("fw.bin", image, n);
	free(image);
	image_fill(data, sizeof(data), 7);
	write_file("data.bin", data, sizeof(data));
	write_file("text.txt", "text\n", 5);
	write_file("data.hex", hex, sizeof(hex) - 1);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void be_quiet(void *user, kiln_level level, const char *module, const char *text)
{
	(void)user;
	(void)level;
	(void)module;
	(void)text;
}

static int run(struct line *line)
{
	const struct kiln_scheme schemes[] = { kiln_sim_scheme, { .name = NULL } };
	struct cli cli = { .host.schemes = schemes };

	cli.host.ui.log = be_quiet;
	return cmd_esptool.run(&cli, &cmd_esptool, line->argc, line->argv);
}

static void note_line(const struct line *line)
{
	char text[MOST_WORDS * WORD_MAX] = "";

	for (int i = 0; i < line->argc; i++) {
		const size_t at = strlen(text);

		kiln_text_format(text + at, sizeof(text) - at, "%s%s", i ? " " : "", line->argv[i]);
	}
	write_file("line", text, strlen(text));
}

/* UBSan reports and goes on; what was said so far is read and forgotten. */
static bool has_report(void)
{
	static char text[256 * 1024];
	FILE *f = fopen(ERRORS, "r");
	size_t n;

	if (!f)
		abort();
	fflush(stderr);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	if (strstr(text, "runtime error:"))
		return true;
	return !freopen(ERRORS, "w", stderr);
}

static bool is_promised(int exit_code)
{
	return exit_code == 0 || exit_code == 1 || exit_code == 2;
}

int main(int argc, char **argv)
{
	const int lines = argc > 1 ? (int)strtol(argv[1], NULL, 10) : LINES;
	unsigned done[MOST_COMMANDS] = { 0 }, n_done = 0, n_commands = 0, got_through = 0;
	FILE *report;
	struct line line;

	chance_state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 0x9E3779B97F4A7C15u;
	set_stage();
	report = fdopen(dup(STDERR_FILENO), "w");
	if (!report || !freopen("/dev/null", "w", stdout) || !freopen(ERRORS, "w", stderr))
		return 99;
	for (int i = 0; i < lines; i++) {
		const struct esptool_command *command = make_line(&line);

		note_line(&line);
		const int exit_code = run(&line);

		if (!is_promised(exit_code)) {
			fprintf(report, "exit code %d: see %s/line\n", exit_code, folder);
			return 1;
		}
		if (has_report()) {
			fprintf(report, "a sanitizer reports: see %s/" ERRORS " and line\n",
				folder);
			return 1;
		}
		n_done += exit_code == 0;
		done[command - esptool_commands] += exit_code == 0;
	}
	for (; esptool_commands[n_commands].is.name; n_commands++)
		got_through += done[n_commands] > 0;
	fprintf(report, "%u of %d lines and %u of %u commands were done\n", n_done, lines,
		got_through, n_commands);
	/* a generator of rubbish would test the parser only */
	if (lines >= LINES && (n_done * 5 < (unsigned)lines || got_through * 2 < n_commands))
		return 1;
	return chdir("/") == 0 && nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : 1;
}
