/* SPDX-License-Identifier: Apache-2.0 */
/* The table of magics, their arguments and their help. */
#include "kernel/magic.h"

#include "base/text.h"
#include "kernel/words.h"

const struct kiln_magic *const kiln_magics[] = {
	&kiln_magic_cat,
	&kiln_magic_cd,
	&kiln_magic_connect,
	&kiln_magic_discover,
	&kiln_magic_flash,
	&kiln_magic_gettime,
	&kiln_magic_hardreset,
	&kiln_magic_lsmagic,
	&kiln_magic_mkdirs,
	&kiln_magic_name,
	&kiln_magic_plot,
	&kiln_magic_register,
	&kiln_magic_rlist,
	&kiln_magic_rm,
	&kiln_magic_softreset,
	&kiln_magic_store,
	&kiln_magic_synctime,
	&kiln_magic_uid,
	&kiln_magic_unregister,
	/* cells */
	&kiln_magic_cell_bash,
	&kiln_magic_cell_connect,
	&kiln_magic_cell_plot,
	&kiln_magic_cell_writefile,
	NULL,
};

enum { OPTIONS_MAX = 16, HELP_COLUMN = 22 };

/* ---- help, in the form that Python's argparse gives ---- */

static void add_usage(struct kiln_buf *out, const struct kiln_magic *m)
{
	(void)kiln_buf_printf(out, "usage: %s%s [-h]", m->cell ? "%%" : "%", m->name);
	for (const struct kiln_magic_option *o = m->options; o && o->name; o++)
		(void)kiln_buf_printf(out, " [-%c%s%s]", o->letter, o->arg ? " " : "",
				      o->arg ? o->arg : "");
	(void)kiln_buf_printf(out, "%s%s\n", m->words ? " " : "", m->words ? m->words : "");
}

static void add_option(struct kiln_buf *out, char letter, const char *name, const char *arg,
		       const char *help)
{
	char left[64];

	kiln_text_format(left, sizeof(left), "-%c%s%s, --%s%s%s", letter, arg ? " " : "",
			 arg ? arg : "", name, arg ? " " : "", arg ? arg : "");
	(void)kiln_buf_printf(out, "  %-*s%s\n", HELP_COLUMN, left, help);
}

static bool print_help(struct kiln_kernel *k, const struct kiln_magic *m)
{
	struct kiln_buf out = KILN_BUF_INIT(16 * 1024);

	add_usage(&out, m);
	(void)kiln_buf_printf(&out, "\n%s\n\noptions:\n", m->summary);
	add_option(&out, 'h', "help", NULL, "show this help message and exit");
	for (const struct kiln_magic_option *o = m->options; o && o->name; o++)
		add_option(&out, o->letter, o->name, o->arg, o->help);
	if (m->more)
		(void)kiln_buf_printf(&out, "\n%s\n", m->more);
	kiln_kernel_text(k, KILN_STDOUT, kiln_buf_str(&out), out.len);
	kiln_buf_done(&out);
	return true;
}

bool kiln_magic_usage_error(struct kiln_kernel *k, const struct kiln_magic *m, const char *fmt, ...)
{
	struct kiln_buf usage = KILN_BUF_INIT(1024);
	char text[300];
	va_list args;

	va_start(args, fmt);
	kiln_text_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	add_usage(&usage, m);
	kiln_kernel_text(k, KILN_STDERR, kiln_buf_str(&usage), usage.len);
	kiln_buf_done(&usage);
	return kiln_kernel_fail_text(k, "UsageError", "%s%s: error: %s", m->cell ? "%%" : "%",
				     m->name, text);
}

/* ---- arguments ---- */

/* One magic's words while they are sorted into flags, values and the rest. */
struct parse {
	struct kiln_kernel *k;
	const struct kiln_magic *magic;
	const struct kiln_words *words;
	size_t at;
	bool help;
	bool flags[OPTIONS_MAX];
	const char *values[OPTIONS_MAX];
	struct kiln_magic_args args;
};

static bool set_option(struct parse *p, size_t index, const char *attached)
{
	const struct kiln_magic_option *o = &p->magic->options[index];

	p->flags[index] = true;
	if (!o->arg) {
		if (!attached)
			return true;
		return kiln_magic_usage_error(p->k, p->magic,
					      "argument -%c/--%s: ignored explicit argument '%s'",
					      o->letter, o->name, attached);
	}
	if (!attached && p->at + 1 >= p->words->n)
		return kiln_magic_usage_error(p->k, p->magic,
					      "argument -%c/--%s: expected one argument", o->letter,
					      o->name);
	p->values[index] = attached ? attached : p->words->items[++p->at];
	return true;
}

static bool unknown(struct parse *p)
{
	return kiln_magic_usage_error(p->k, p->magic, "unrecognized arguments: %s",
				      p->words->items[p->at]);
}

static bool take_long(struct parse *p, const char *name)
{
	const size_t n = strcspn(name, "=");

	if (n == 4 && strncmp(name, "help", n) == 0) {
		p->help = true;
		return true;
	}
	for (size_t i = 0; p->magic->options && p->magic->options[i].name; i++) {
		const char *known = p->magic->options[i].name;

		if (strncmp(known, name, n) == 0 && known[n] == '\0')
			return set_option(p, i, name[n] ? name + n + 1 : NULL);
	}
	return unknown(p);
}

static bool is_long(const struct kiln_magic *m, const char *name)
{
	for (const struct kiln_magic_option *o = m->options; o && o->name; o++) {
		if (strcmp(o->name, name) == 0)
			return true;
	}
	return false;
}

static bool take_letters(struct parse *p, const char *letters)
{
	/* what people write for --all: "%discover -all" */
	if (is_long(p->magic, letters))
		return take_long(p, letters);
	for (const char *c = letters; *c; c++) {
		const struct kiln_magic_option *o = p->magic->options;
		size_t i = 0;

		while (o && o[i].name && o[i].letter != *c)
			i++;
		if (*c == 'h' && (!o || !o[i].name))
			p->help = true;
		else if (!o || !o[i].name)
			return unknown(p);
		else if (o[i].arg)
			return set_option(p, i, c[1] ? c + 1 : NULL);
		else
			p->flags[i] = true;
	}
	return true;
}

static bool take_word(struct parse *p)
{
	const char *word = p->words->items[p->at];

	if (word[0] == '-' && word[1] == '-' && word[2])
		return take_long(p, word + 2);
	if (word[0] == '-' && word[1] && word[1] != '-')
		return take_letters(p, word + 1);
	p->args.words[p->args.n_words++] = word;
	return true;
}

static bool run_parsed(struct parse *p, struct kiln_span body)
{
	const struct kiln_magic *m = p->magic;

	for (; p->at < p->words->n; p->at++) {
		if (!take_word(p))
			return false;
	}
	if (p->help)
		return print_help(p->k, m);
	if (p->args.n_words < m->min_words)
		return kiln_magic_usage_error(p->k, m, "the following arguments are required: %s",
					      m->words);
	if (p->args.n_words > m->max_words)
		return kiln_magic_usage_error(p->k, m, "unrecognized arguments: %s",
					      p->args.words[m->max_words]);
	return m->run(p->k, m, &p->args, body);
}

static bool run_magic(struct kiln_kernel *k, const struct kiln_magic *m,
		      const struct kiln_words *words, struct kiln_span body)
{
	struct parse p = { .k = k, .magic = m, .words = words, .at = 1 };
	bool good = false;

	p.args.flags = p.flags;
	p.args.values = p.values;
	p.args.words = calloc(words->n, sizeof(*p.args.words));
	if (p.args.words)
		good = run_parsed(&p, body);
	free(p.args.words);
	return good;
}

static const struct kiln_magic *find(const char *name, bool cell)
{
	for (size_t i = 0; kiln_magics[i]; i++) {
		if (kiln_magics[i]->cell == cell && strcmp(kiln_magics[i]->name, name) == 0)
			return kiln_magics[i];
	}
	return NULL;
}

static bool run_line(struct kiln_kernel *k, struct kiln_span text, bool cell, struct kiln_span body)
{
	const struct kiln_magic *m;
	struct kiln_words words;
	struct kiln_err err = KILN_ERR_INIT;
	bool good;

	if (kiln_words_split(text, &words, &err) != KILN_OK)
		return kiln_kernel_fail_text(k, "UsageError", "%s", err.what);
	m = words.n ? find(words.items[0], cell) : NULL;
	if (m)
		good = run_magic(k, m, &words, body);
	else
		good = kiln_kernel_fail_text(k, "UsageError", "%s magic %s%s not defined",
					     cell ? "Cell" : "Line", cell ? "%%" : "",
					     words.n ? words.items[0] : "");
	kiln_words_done(&words);
	return good;
}

bool kiln_magic_line(struct kiln_kernel *k, struct kiln_span text)
{
	return run_line(k, text, false, kiln_span(NULL, 0));
}

bool kiln_magic_cell(struct kiln_kernel *k, struct kiln_span text, struct kiln_span body)
{
	return run_line(k, text, true, body);
}

/* ---- %lsmagic ---- */

enum { NAME_COLUMN = 13 };

static bool run_lsmagic(struct kiln_kernel *k, const struct kiln_magic *self,
			const struct kiln_magic_args *args, struct kiln_span body)
{
	bool was_cell = false;

	(void)self;
	(void)body;
	kiln_kernel_print(k, KILN_STDOUT, "Line Magic:\n");
	for (size_t i = 0; kiln_magics[i]; i++) {
		const struct kiln_magic *m = kiln_magics[i];

		if (m->cell && !was_cell)
			kiln_kernel_print(k, KILN_STDOUT,
					  "  !%-*spass line to bash shell for evaluation\n\n"
					  "Cell Magic:\n",
					  NAME_COLUMN - 1, "");
		was_cell = m->cell;
		kiln_kernel_print(k, KILN_STDOUT, "  %s%-*s%s\n", m->cell ? "%%" : "%",
				  m->cell ? NAME_COLUMN - 2 : NAME_COLUMN - 1, m->name, m->summary);
		if (args->flags[0])
			print_help(k, m);
	}
	return true;
}

const struct kiln_magic kiln_magic_lsmagic = {
	.name = "lsmagic",
	.summary = "List all line and cell magics",
	.more = "Each magic tells more of itself with -h: %connect -h",
	.options =
		(const struct kiln_magic_option[]){
			{ 'v', "verbose", NULL, "also show the help of each" },
			{ 0 },
		},
	.run = run_lsmagic,
};

/* ---- %%bash ---- */

static bool run_bash(struct kiln_kernel *k, const struct kiln_magic *self,
		     const struct kiln_magic_args *args, struct kiln_span body)
{
	(void)self;
	(void)args;
	return kiln_kernel_bash(k, body);
}

const struct kiln_magic kiln_magic_cell_bash = {
	.name = "bash",
	.cell = true,
	.summary = "Run the cell in bash on the host",
	.more = "Output is shown as it comes, input is empty. A status other than 0 fails the "
		"cell.\n"
		"The port of the connected board is free meanwhile: esptool.py can use it.",
	.run = run_bash,
};
