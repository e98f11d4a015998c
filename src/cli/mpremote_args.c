/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of one command of a chain, as Python's argparse takes them: options before or between
 * the positional ones, shortened and bundled; what follows the last positional one is the next
 * command. Errors and help have argparse's words.
 */
#include "cli/mpremote.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

struct parse {
	struct mpremote *m;
	int argc;
	const char *const *argv;
	int at;
	size_t word;  /* of command->words */
	bool literal; /* "--" came */
	struct kiln_buf unknown;
	int exit_code; /* -1: go on */
};

static const char *full_name(const struct opt *o, char buf[64])
{
	if (o->letter)
		kiln_text_format(buf, 64, "--%s/-%c", o->name, o->letter);
	else
		kiln_text_format(buf, 64, "--%s", o->name);
	return buf;
}

int mpremote_wrong(const struct mpremote_command *command, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "usage: %s %s\n%s: error: ", command->is.name, command->is.usage,
		command->is.name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return 2;
}

static const struct opt *find_letter(const struct opt *table, char letter)
{
	for (const struct opt *o = table; o->kind != OPT_END; o++) {
		if (o->letter == letter)
			return o;
	}
	return NULL;
}

/* By its name or a part of it that only one has; the number of those that begin so. */
static size_t find_long(const struct opt *table, const char *name, size_t n,
			const struct opt **ret_found)
{
	size_t found = 0;

	for (const struct opt *o = table; o->kind != OPT_END; o++) {
		if (strncmp(o->name, name, n) != 0)
			continue;
		*ret_found = o;
		if (strlen(o->name) == n)
			return 1;
		found++;
	}
	return found;
}

static bool is_number(const char *text)
{
	const size_t whole = strspn(text, "0123456789");
	const size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;

	if (text[whole] == '.')
		return part > 0 && text[whole + 1 + part] == '\0';
	return whole > 0 && text[whole] == '\0';
}

/* argparse takes "-1" and "-x + 1" for what they are. */
static bool is_option(const struct parse *p, const char *text)
{
	const struct opt *o;

	if (p->literal || text[0] != '-' || text[1] == '\0')
		return false;
	if (text[1] == '-' && text[2] &&
	    find_long(p->m->command->is.options, text + 2, strcspn(text + 2, "="), &o) > 0)
		return true;
	if (text[1] != '-' && find_letter(p->m->command->is.options, text[1]))
		return true;
	return !is_number(text + 1) && !strchr(text, ' ');
}

static bool *flag_of(struct parse *p, const struct opt *o)
{
	return (bool *)((char *)&p->m->params + o->offset);
}

/* --X and --no-X, --size and --human. */
static bool excludes(const char *a, const char *b)
{
	if (strncmp(a, "no-", 3) == 0)
		return strcmp(a + 3, b) == 0;
	return strcmp(a, "size") == 0 && strcmp(b, "human") == 0;
}

static void check_others(struct parse *p, const struct opt *o)
{
	const struct opt *table = p->m->command->is.options;
	char this[64], other[64];

	for (const struct opt *x = table; x->kind != OPT_END; x++) {
		if (x->kind == OPT_FLAG && *flag_of(p, x) &&
		    (excludes(o->name, x->name) || excludes(x->name, o->name)))
			p->exit_code = mpremote_wrong(p->m->command,
						      "argument %s: not allowed with argument %s",
						      full_name(o, this), full_name(x, other));
	}
}

static void set_value(struct parse *p, const struct opt *o, const char *value)
{
	char name[64];

	if (!value && p->at < p->argc && !is_option(p, p->argv[p->at]))
		value = p->argv[p->at++];
	if (!value)
		p->exit_code = mpremote_wrong(p->m->command, "argument %s: expected one argument",
					      full_name(o, name));
	else
		*(const char **)((char *)&p->m->params + o->offset) = value;
}

/* `value` is what stood behind a '='; NULL: nothing. */
static void take_option(struct parse *p, const struct opt *o, const char *value)
{
	char name[64];

	if (o->kind == OPT_STRING) {
		set_value(p, o, value);
	} else if (value) {
		p->exit_code = mpremote_wrong(p->m->command,
					      "argument %s: ignored explicit argument '%s'",
					      full_name(o, name), value);
	} else {
		check_others(p, o);
		*flag_of(p, o) = true;
	}
}

static void ambiguous(struct parse *p, const char *text, size_t n)
{
	struct kiln_buf names = KILN_BUF_INIT(1024);

	for (const struct opt *o = p->m->command->is.options; o->kind != OPT_END; o++) {
		if (strncmp(o->name, text + 2, n) == 0)
			(void)kiln_buf_printf(&names, "%s--%s", names.len ? ", " : "", o->name);
	}
	p->exit_code = mpremote_wrong(p->m->command, "ambiguous option: %s could match %s", text,
				      kiln_buf_str(&names));
	kiln_buf_done(&names);
}

static void unknown(struct parse *p, const char *text)
{
	(void)kiln_buf_printf(&p->unknown, "%s%s", p->unknown.len ? " " : "", text);
}

static void take_long(struct parse *p, const char *text)
{
	const size_t n = strcspn(text + 2, "=");
	const struct opt *o = NULL;
	const size_t found = find_long(p->m->command->is.options, text + 2, n, &o);

	if (found == 0)
		unknown(p, text);
	else if (found > 1)
		ambiguous(p, text, n);
	else
		take_option(p, o, text[2 + n] ? text + 2 + n + 1 : NULL);
}

/* -rf: each letter is one, as long as they are flags. */
static void take_letters(struct parse *p, const char *text)
{
	const struct opt *table = p->m->command->is.options;
	const struct opt *o = find_letter(table, text[1]);

	if (!o) {
		unknown(p, text);
		return;
	}
	for (const char *c = text + 2; *c && p->exit_code < 0; c++) {
		const struct opt *next = find_letter(table, *c);

		if (!next) {
			take_option(p, o, c);
			return;
		}
		take_option(p, o, NULL);
		o = next;
	}
	if (p->exit_code < 0)
		take_option(p, o, NULL);
}

static void take_words(struct parse *p)
{
	const struct mpremote_word *word = p->m->command->words + p->word;

	p->m->words[p->m->n_words++] = p->argv[p->at++];
	p->word++;
	if (!word->many)
		return;
	while (p->at < p->argc && !is_option(p, p->argv[p->at]))
		p->m->words[p->m->n_words++] = p->argv[p->at++];
}

/* What argparse takes for the next command, dashes or not: "connect PORT --version". */
static bool is_next(const struct parse *p, const char *text)
{
	const struct opt *table = p->m->command->is.options, *o;

	if (p->word == 0 || p->m->command->words[p->word].name || p->literal)
		return false;
	if (text[1] != '-')
		return !find_letter(table, text[1]);
	return strcmp(text, "--help") == 0 ||
	       find_long(table, text + 2, strcspn(text + 2, "="), &o) == 0;
}

static void take_all(struct parse *p)
{
	const struct mpremote_command *command = p->m->command;

	while (p->at < p->argc && p->exit_code < 0) {
		const char *text = p->argv[p->at];

		if (is_option(p, text)) {
			if (is_next(p, text))
				return;
			p->at++;
			if (!p->literal && strcmp(text, "--") == 0)
				p->literal = true;
			else if (text[1] == '-')
				take_long(p, text);
			else
				take_letters(p, text);
		} else if (command->words[p->word].name) {
			take_words(p);
		} else {
			return; /* the next command */
		}
	}
}

static int missing(struct parse *p)
{
	const struct mpremote_command *command = p->m->command;
	struct kiln_buf names = KILN_BUF_INIT(256);

	for (size_t i = p->word; command->words[i].name; i++)
		(void)kiln_buf_printf(&names, "%s, ", command->words[i].name);
	p->exit_code = mpremote_wrong(command,
				      "the following arguments are required: %snext_command",
				      kiln_buf_str(&names));
	kiln_buf_done(&names);
	return p->exit_code;
}

static int finish(struct parse *p)
{
	const struct mpremote_command *command = p->m->command;

	if (p->exit_code >= 0)
		return p->exit_code;
	if (p->m->params.help) {
		mpremote_help(command);
		return 0;
	}
	if (command->words[p->word].name && command->may_end &&
	    command->may_end(p->argc, p->argv)) {
		p->m->words[p->m->n_words++] = "";
		p->word++;
	}
	if (command->words[p->word].name)
		return missing(p);
	if (p->unknown.len > 0)
		return mpremote_wrong(command, "unrecognized arguments: %s",
				      kiln_buf_str(&p->unknown));
	return -1;
}

int mpremote_parse(struct mpremote *m, int argc, const char *const *argv, int *ret_used)
{
	struct parse p = {
		.m = m, .argc = argc, .argv = argv, .unknown = KILN_BUF_INIT(4096), .exit_code = -1
	};
	int exit_code;

	m->params = (struct mpremote_params){ 0 };
	m->n_words = 0;
	take_all(&p);
	exit_code = finish(&p);
	kiln_buf_done(&p.unknown);
	*ret_used = p.at;
	return exit_code;
}

/* As argparse lays its help out: texts begin at one column, 24 at most, and end before 78. */
static void put_row(const char *name, const char *help, size_t column)
{
	size_t at = (size_t)printf("  %s", name);

	if (help[0] && at + 2 > column) {
		putchar('\n');
		at = 0;
	}
	while (*help) {
		const size_t n = strcspn(help, " ");

		if (at < column)
			at += (size_t)printf("%*s", (int)(column - at), "");
		else if (at > column && at + 1 + n > 78) {
			at = (size_t)printf("\n%*s", (int)column, "") - 1;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		at += (size_t)printf("%.*s", (int)n, help);
		help += n + strspn(help + n, " ");
	}
	putchar('\n');
}

static const char *option_text(const struct opt *o, char buf[128])
{
	char value[64] = "";
	size_t n = 0;

	for (; o->arg && o->name[n] && n < sizeof(value) - 2; n++)
		value[n + 1] = o->name[n] == '-' ? '_' : (char)(o->name[n] & ~0x20);
	if (o->arg)
		value[0] = ' ';
	if (o->letter && strcmp(o->name, "help") == 0)
		kiln_text_format(buf, 128, "-%c, --%s", o->letter, o->name);
	else if (o->letter)
		kiln_text_format(buf, 128, "--%s%s, -%c", o->name, value, o->letter);
	else
		kiln_text_format(buf, 128, "--%s%s", o->name, value);
	return buf;
}

static size_t help_column(const struct mpremote_command *command)
{
	size_t widest = strlen("next_command");
	char text[128];

	for (const struct opt *o = command->is.options; o->kind != OPT_END; o++) {
		const size_t n = strlen(option_text(o, text));

		if (n > widest)
			widest = n;
	}
	return widest + 4 < 24 ? widest + 4 : 24;
}

void mpremote_help(const struct mpremote_command *command)
{
	const size_t column = help_column(command);
	char text[128];

	printf("usage: %s %s\n\n%s\n\npositional arguments:\n", command->is.name, command->is.usage,
	       command->is.summary);
	for (const struct mpremote_word *w = command->words; w->name; w++)
		put_row(w->name, w->help, column);
	put_row("next_command", "Next mpremote command", column);
	puts("\noptions:");
	for (const struct opt *o = command->is.options; o->kind != OPT_END; o++)
		put_row(option_text(o, text), o->help ? o->help : "", column);
}
