/* SPDX-License-Identifier: Apache-2.0 */
/* What a magic says of itself, in the form that Python's argparse gives. */
#include "kernel/magic.h"

#include "base/text.h"

enum { HELP_COLUMN = 24, WIDTH = 88 };

const char *kiln_magic_sign(const struct kiln_magic *m)
{
	return m->cell ? "%%" : "%";
}

static void add_option_usage(struct kiln_buf *out, const struct kiln_magic_option *o)
{
	if (o->letter)
		(void)kiln_buf_printf(out, " [-%c", o->letter);
	else
		(void)kiln_buf_printf(out, " [--%s", o->name);
	(void)kiln_buf_printf(out, "%s%s]", o->arg ? " " : "", o->arg ? o->arg : "");
}

void kiln_magic_usage(const struct kiln_magic *m, struct kiln_buf *out)
{
	(void)kiln_buf_printf(out, "usage: %s%s [-h]", kiln_magic_sign(m), m->name);
	for (const struct kiln_magic_option *o = m->options; o && o->name; o++)
		add_option_usage(out, o);
	(void)kiln_buf_printf(out, "%s%s\n", m->words ? " " : "", m->words ? m->words : "");
}

/* A left side that is too wide has a line of its own. */
static void add_option(struct kiln_buf *out, const struct kiln_magic_option *o)
{
	const char *blank = o->arg ? " " : "", *arg = o->arg ? o->arg : "";
	char left[80], letter[40] = "";

	if (o->letter)
		kiln_text_format(letter, sizeof(letter), "-%c%s%s, ", o->letter, blank, arg);
	kiln_text_format(left, sizeof(left), "  %s--%s%s%s", letter, o->name, blank, arg);
	if (strlen(left) > HELP_COLUMN - 2)
		(void)kiln_buf_printf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", o->help);
	else
		(void)kiln_buf_printf(out, "%-*s%s\n", HELP_COLUMN, left, o->help);
}

/* A newline between two words of a paragraph, as the source has it. */
static bool is_soft(const char *newline)
{
	return newline[1] != '\0' && newline[1] != '\n' && newline[1] != ' ';
}

/* Paragraphs are wrapped anew; what is indented is an example, and stays. */
static void add_wrapped(struct kiln_buf *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		const bool soft = *text == '\n' && column > 0 && is_soft(text);
		const size_t space = soft ? 1 : strspn(text, " ");
		const size_t word = strcspn(text + space, " \n");

		if (*text == '\n' && !soft) {
			column = 0;
			text++;
			(void)kiln_buf_putc(out, '\n');
			continue;
		}
		if (column > 0 && column + space + word > WIDTH) {
			(void)kiln_buf_putc(out, '\n');
			column = 0;
		} else {
			(void)kiln_buf_printf(out, "%*s", (int)space, "");
			column += space;
		}
		(void)kiln_buf_append(out, text + space, word);
		column += word;
		text += space + word;
	}
	(void)kiln_buf_putc(out, '\n');
}

void kiln_magic_help(const struct kiln_magic *m, struct kiln_buf *out)
{
	static const struct kiln_magic_option help = { 'h', "help", NULL,
						       "show this help message and exit" };

	kiln_magic_usage(m, out);
	(void)kiln_buf_printf(out, "\n%s\n\noptions:\n", m->summary);
	add_option(out, &help);
	for (const struct kiln_magic_option *o = m->options; o && o->name; o++)
		add_option(out, o);
	if (m->more) {
		(void)kiln_buf_putc(out, '\n');
		add_wrapped(out, m->more);
	}
}

void kiln_kernel_manual(struct kiln_buf *out)
{
	(void)kiln_buf_puts(out, "| magic | what it does |\n|---|---|\n");
	for (size_t i = 0; kiln_magics[i]; i++)
		(void)kiln_buf_printf(out, "| `%s%s` | %s |\n", kiln_magic_sign(kiln_magics[i]),
				      kiln_magics[i]->name, kiln_magics[i]->summary);
	for (size_t i = 0; kiln_magics[i]; i++) {
		(void)kiln_buf_printf(out, "\n## %s%s\n\n```\n", kiln_magic_sign(kiln_magics[i]),
				      kiln_magics[i]->name);
		kiln_magic_help(kiln_magics[i], out);
		(void)kiln_buf_puts(out, "```\n");
	}
}
