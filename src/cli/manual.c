/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manual.h"

#include <ctype.h>
#include <string.h>

#include "cli/commands.h"

/* Text as roff wants it: no control line by accident, '-' that can be copied as one. */
static void put(struct kiln_buf *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const bool starts = out->len == 0 || out->data[out->len - 1] == '\n';

		/* the analyzer does not see that n bytes of text are set */
		/* NOLINTBEGIN(clang-analyzer-core.UndefinedBinaryOperatorResult) */
		if (starts && (text[i] == '.' || text[i] == '\''))
			(void)kiln_buf_puts(out, "\\&");
		if (text[i] == '\\')
			(void)kiln_buf_puts(out, "\\e");
		else if (text[i] == '-')
			(void)kiln_buf_puts(out, "\\-");
		/* NOLINTEND(clang-analyzer-core.UndefinedBinaryOperatorResult) */
		else if (text[i] == '\'')
			(void)kiln_buf_puts(out, "\\(aq");
		else
			(void)kiln_buf_putc(out, (uint8_t)text[i]);
	}
}

static void puts_roff(struct kiln_buf *out, const char *text)
{
	put(out, text, strlen(text));
}

/* "\n\n" begins a paragraph; a sentence begins a line, as man(7) asks. */
static void put_paragraphs(struct kiln_buf *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		const char *stop = memmem(text, n, ". ", 2);

		if (stop)
			n = (size_t)(stop - text) + 1;
		put(out, text, n);
		(void)kiln_buf_putc(out, '\n');
		text += n;
		if (strncmp(text, "\n\n", 2) == 0)
			(void)kiln_buf_puts(out, ".PP\n");
		text += strspn(text, stop ? " " : "\n");
	}
}

/* A name as `kiln COMMAND` shows it. */
static void put_shown(struct kiln_buf *out, unsigned rules, const char *name)
{
	struct kiln_buf shown = KILN_BUF_INIT(256);

	opts_put_name(&shown, rules, name);
	puts_roff(out, kiln_buf_str(&shown));
	kiln_buf_done(&shown);
}

static void put_names(struct kiln_buf *out, unsigned rules, const struct opt *o)
{
	const char letter[2] = { o->letter, '\0' };
	const char *brief = o->alias ? o->alias : letter;

	(void)kiln_buf_puts(out, ".TP\n");
	if (brief[0]) {
		(void)kiln_buf_puts(out, "\\fB\\-");
		puts_roff(out, brief);
		(void)kiln_buf_puts(out, "\\fR, ");
	}
	(void)kiln_buf_puts(out, "\\fB\\-\\-");
	put_shown(out, rules, o->name);
	(void)kiln_buf_puts(out, "\\fR");
	if (o->arg) {
		(void)kiln_buf_puts(out, " \\fI");
		puts_roff(out, o->arg);
		(void)kiln_buf_puts(out, "\\fR");
	}
	(void)kiln_buf_putc(out, '\n');
}

/* Help texts have neither capital nor full stop; here they are sentences. */
static void put_sentence(struct kiln_buf *out, const char *text)
{
	const char first[2] = { (char)toupper((unsigned char)text[0]), '\0' };

	puts_roff(out, first);
	puts_roff(out, text + 1);
	(void)kiln_buf_puts(out, ".\n");
}

static void put_options(struct kiln_buf *out, unsigned rules, const struct opt *table)
{
	for (const struct opt *o = table; o->kind != OPT_END; o++) {
		if (!o->help)
			continue;
		put_names(out, rules, o);
		put_sentence(out, o->help);
		for (size_t i = 0; o->choices && o->choices[i]; i++) {
			(void)kiln_buf_puts(out, i ? ", " : "One of ");
			put_shown(out, rules, o->choices[i]);
		}
		if (o->choices)
			(void)kiln_buf_puts(out, ".\n");
		if (o->env)
			(void)kiln_buf_printf(out, "Default: the value of \\fB$%s\\fR.\n", o->env);
	}
}

static void put_help_option(struct kiln_buf *out)
{
	(void)kiln_buf_puts(out, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nShow a short help.\n");
}

static void put_subcommands(struct kiln_buf *out, const struct command *command)
{
	const unsigned rules = completion_face_of(command, NULL).rules;
	const struct subcommand *sub;

	(void)kiln_buf_puts(out, ".SH COMMANDS\n");
	for (size_t i = 0; (sub = command->subcommand(i)) != NULL; i++) {
		(void)kiln_buf_puts(out, ".SS ");
		put_shown(out, rules, sub->name);
		(void)kiln_buf_putc(out, ' ');
		puts_roff(out, sub->usage);
		(void)kiln_buf_putc(out, '\n');
		put_sentence(out, sub->summary);
		put_options(out, rules, sub->options);
	}
}

static void put_examples(struct kiln_buf *out, const char *const *examples)
{
	(void)kiln_buf_puts(out, ".SH EXAMPLES\n");
	for (size_t i = 0; examples[i]; i += 2) {
		(void)kiln_buf_puts(out, ".PP\n");
		puts_roff(out, examples[i + 1]);
		(void)kiln_buf_puts(out, "\n.PP\n.RS 4\n.nf\n");
		puts_roff(out, examples[i]);
		(void)kiln_buf_puts(out, "\n.fi\n.RE\n");
	}
}

static void put_title(struct kiln_buf *out, const struct command *command)
{
	(void)kiln_buf_puts(out, ".\\\" SPDX-License-Identifier: Apache-2.0\n"
				 ".\\\" Made from the command's table by tools/make-manual: edit "
				 "that.\n.TH KILN\\-");
	for (const char *c = command->name; *c; c++)
		(void)kiln_buf_putc(out, (uint8_t)toupper((unsigned char)*c));
	(void)kiln_buf_puts(out, " 1 \"\" Kiln\n.SH NAME\nkiln\\-");
	puts_roff(out, command->name);
	(void)kiln_buf_puts(out, " \\- ");
	puts_roff(out, command->summary);
	(void)kiln_buf_puts(out, "\n.SH SYNOPSIS\n.B kiln ");
	puts_roff(out, command->name);
	(void)kiln_buf_putc(out, '\n');
	puts_roff(out, command->usage);
	(void)kiln_buf_putc(out, '\n');
	for (size_t i = 0; command->personas && command->personas[i]; i++) {
		(void)kiln_buf_printf(out, ".PP\n.B %s\n", command->personas[i]);
		puts_roff(out, command->usage);
		(void)kiln_buf_putc(out, '\n');
	}
}

void manual_page(const struct command *command, struct kiln_buf *out)
{
	put_title(out, command);
	(void)kiln_buf_puts(out, ".SH DESCRIPTION\n");
	if (command->description)
		put_paragraphs(out, command->description);
	else
		put_sentence(out, command->summary);
	(void)kiln_buf_puts(out, ".SH OPTIONS\n");
	if (command->options) {
		put_options(out, OPT_PLAIN, command->options);
		put_options(out, OPT_PLAIN, cli_options);
		put_help_option(out);
	}
	if (command->own_options)
		put_options(out, completion_face_of(command, NULL).rules, command->own_options);
	if (command->subcommand)
		put_subcommands(out, command);
	if (command->examples)
		put_examples(out, command->examples);
	(void)kiln_buf_puts(out, ".SH SEE ALSO\n.BR kiln (1)\n");
}

void manual_commands(struct kiln_buf *out)
{
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->hidden)
			continue;
		(void)kiln_buf_puts(out, ".TP\n.BR kiln\\-");
		puts_roff(out, commands[i]->name);
		(void)kiln_buf_puts(out, " (1)\n");
		put_sentence(out, commands[i]->summary);
	}
}

void manual_common_options(struct kiln_buf *out)
{
	put_options(out, OPT_PLAIN, cli_options);
	put_help_option(out);
}
