/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a magic's line into flags, values and the rest. */
#include "kernel/magic.h"

#include "base/text.h"

enum { OPTIONS_MAX = 16 };

struct parse {
	struct kiln_kernel *k;
	const struct kiln_words *words;
	size_t at;
	bool help;
	bool flags[OPTIONS_MAX];
	const char *values[OPTIONS_MAX];
	struct kiln_magic_args args;
};

bool kiln_magic_usage_error(struct kiln_kernel *k, const struct kiln_magic_args *args,
			    const char *fmt, ...)
{
	const struct kiln_magic *m = args->magic;
	struct kiln_buf usage = KILN_BUF_INIT(4096);
	char text[300];
	va_list list;

	va_start(list, fmt);
	kiln_text_vformat(text, sizeof(text), fmt, list);
	va_end(list);
	kiln_magic_usage(m, &usage);
	kiln_kernel_text(k, KILN_STDERR, kiln_buf_str(&usage), usage.len);
	kiln_buf_done(&usage);
	return kiln_kernel_fail_text(k, "UsageError", "%s%s: error: %s", kiln_magic_sign(m),
				     m->name, text);
}

/* "-a/--all", as argparse names it. */
static const char *option_name(const struct kiln_magic_option *o, char ret_name[40])
{
	if (o->letter)
		kiln_text_format(ret_name, 40, "-%c/--%s", o->letter, o->name);
	else
		kiln_text_format(ret_name, 40, "--%s", o->name);
	return ret_name;
}

static bool set_option(struct parse *p, size_t index, const char *attached)
{
	const struct kiln_magic_option *o = &p->args.magic->options[index];
	char name[40];

	p->flags[index] = true;
	if (!o->arg) {
		if (!attached)
			return true;
		return kiln_magic_usage_error(p->k, &p->args,
					      "argument %s: ignored explicit argument '%s'",
					      option_name(o, name), attached);
	}
	if (!attached && p->at + 1 >= p->words->n)
		return kiln_magic_usage_error(p->k, &p->args, "argument %s: expected one argument",
					      option_name(o, name));
	p->values[index] = attached ? attached : p->words->items[++p->at];
	return true;
}

static bool unknown(struct parse *p)
{
	return kiln_magic_usage_error(p->k, &p->args, "unrecognized arguments: %s",
				      p->words->items[p->at]);
}

static bool take_long(struct parse *p, const char *name)
{
	const struct kiln_magic_option *o = p->args.magic->options;
	const size_t n = strcspn(name, "=");

	if (n == 4 && strncmp(name, "help", n) == 0) {
		p->help = true;
		return true;
	}
	for (size_t i = 0; o && o[i].name; i++) {
		if (strncmp(o[i].name, name, n) == 0 && o[i].name[n] == '\0')
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
	if (is_long(p->args.magic, letters))
		return take_long(p, letters);
	for (const char *c = letters; *c; c++) {
		const struct kiln_magic_option *o = p->args.magic->options;
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

static bool print_help(struct parse *p)
{
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);

	kiln_magic_help(p->args.magic, &out);
	kiln_kernel_text(p->k, KILN_STDOUT, kiln_buf_str(&out), out.len);
	kiln_buf_done(&out);
	return true;
}

static bool run_parsed(struct parse *p)
{
	const struct kiln_magic *m = p->args.magic;

	for (; p->at < p->words->n; p->at++) {
		if (!take_word(p))
			return false;
	}
	if (p->help)
		return print_help(p);
	if (p->args.n_words < m->min_words)
		return kiln_magic_usage_error(p->k, &p->args,
					      "the following arguments are required: %s", m->words);
	if (p->args.n_words > m->max_words)
		return kiln_magic_usage_error(p->k, &p->args, "unrecognized arguments: %s",
					      p->args.words[m->max_words]);
	return m->run(p->k, &p->args);
}

bool kiln_magic_run(struct kiln_kernel *k, const struct kiln_magic *m,
		    const struct kiln_words *words, struct kiln_span body)
{
	struct parse p = { .k = k, .words = words, .at = 1, .args = { .magic = m, .body = body } };
	bool good;

	p.args.flags = p.flags;
	p.args.values = p.values;
	p.args.words = calloc(words->n, sizeof(*p.args.words));
	if (!p.args.words)
		return kiln_kernel_fail_text(k, kiln_code_name(KILN_E_NOMEM), "out of memory");
	good = run_parsed(&p);
	free(p.args.words);
	return good;
}
