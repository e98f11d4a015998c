/* SPDX-License-Identifier: Apache-2.0 */
/* zsh: a function for each command, all of them calls of _arguments. */
#include <string.h>

#include "cli/commands.h"
#include "cli/manual.h"

/* Inside '...[help]...': quotes end the word, brackets end the help, colons the message. */
static void quote(struct kiln_buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\'')
			(void)kiln_buf_puts(out, "'\\''");
		else if (strchr("[]:\\", *c))
			(void)kiln_buf_printf(out, "\\%c", *c);
		else
			(void)kiln_buf_putc(out, (uint8_t)*c);
	}
}

static void put_value(struct kiln_buf *out, const struct opt *o)
{
	(void)kiln_buf_printf(out, ":%s:", o->arg);
	if (strcmp(o->arg, "PORT") == 0) {
		(void)kiln_buf_puts(out, "_kiln_ports");
	} else if (o->choices) {
		(void)kiln_buf_putc(out, '(');
		for (size_t i = 0; o->choices[i]; i++)
			(void)kiln_buf_printf(out, "%s%s", i ? " " : "", o->choices[i]);
		(void)kiln_buf_putc(out, ')');
	} else if (strcmp(o->arg, "FILE") == 0) {
		(void)kiln_buf_puts(out, "_files");
	}
}

/* "'(-p --port)'{-p,--port}'[help]:PORT:_kiln_ports'" */
static void put_option(struct kiln_buf *out, const struct opt *o)
{
	const char letter[2] = { o->letter, '\0' };
	const char *brief = o->alias ? o->alias : letter;
	const bool repeats = o->kind == OPT_COUNT || o->kind == OPT_LIST;

	(void)kiln_buf_puts(out, " \\\n\t\t");
	if (brief[0] && !repeats)
		(void)kiln_buf_printf(out, "'(-%s --%s)'{-%s,--%s}'[", brief, o->name, brief,
				      o->name);
	else if (brief[0])
		(void)kiln_buf_printf(out, "'*'{-%s,--%s}'[", brief, o->name);
	else
		(void)kiln_buf_printf(out, "'%s--%s[", repeats ? "*" : "", o->name);
	quote(out, o->help);
	(void)kiln_buf_putc(out, ']');
	if (o->arg)
		put_value(out, o);
	(void)kiln_buf_putc(out, '\'');
}

static void put_table(struct kiln_buf *out, const struct opt *table)
{
	for (const struct opt *o = table; o && o->kind != OPT_END; o++) {
		if (o->help)
			put_option(out, o);
	}
}

/* _values-like list: "'flash:put firmware on a board'". */
static void put_name(struct kiln_buf *out, const char *name, const char *summary)
{
	(void)kiln_buf_printf(out, "\t\t'%s:", name);
	quote(out, summary);
	(void)kiln_buf_puts(out, "'\n");
}

static void put_subcommands(struct kiln_buf *out, const struct command *c)
{
	const struct subcommand *sub;

	(void)kiln_buf_puts(out, " \\\n\t\t'1:command:->command' '*::arguments:->arguments'\n"
				 "\tcase $state in\n\tcommand)\n\t\tlocal -a names=(\n");
	for (size_t i = 0; (sub = c->subcommand(i)) != NULL; i++)
		put_name(out, sub->name, sub->summary);
	(void)kiln_buf_puts(out, "\t\t)\n\t\t_describe command names ;;\n"
				 "\targuments)\n\t\tcase $words[1] in\n");
	for (size_t i = 0; (sub = c->subcommand(i)) != NULL; i++) {
		(void)kiln_buf_printf(out, "\t\t%s) _arguments", sub->name);
		put_table(out, sub->options);
		(void)kiln_buf_puts(out, " \\\n\t\t'*:file:_files' ;;\n");
	}
	(void)kiln_buf_puts(out, "\t\tesac ;;\n\tesac\n");
}

static void put_function(struct kiln_buf *out, const struct command *c)
{
	(void)kiln_buf_printf(out,
			      "_kiln_%s()\n{\n\tlocal context state state_descr line\n"
			      "\ttypeset -A opt_args\n\t_arguments -C",
			      c->name);
	put_table(out, c->options ? c->options : c->own_options);
	if (c->options)
		put_table(out, cli_options);
	if (c->subcommand)
		put_subcommands(out, c);
	else
		(void)kiln_buf_puts(out, " \\\n\t\t'*:file:_files'\n");
	(void)kiln_buf_puts(out, "}\n\n");
}

static void put_main(struct kiln_buf *out)
{
	(void)kiln_buf_puts(out, "_kiln()\n{\n\tlocal context state state_descr line\n"
				 "\ttypeset -A opt_args\n\tlocal -a names=(\n");
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->hidden)
			put_name(out, commands[i]->name, commands[i]->summary);
	}
	(void)kiln_buf_puts(out, "\t)\n\t_arguments -C");
	put_table(out, cli_options);
	(void)kiln_buf_puts(out, " \\\n\t\t'1:command:->command' '*::arguments:->arguments'\n"
				 "\tcase $state in\n"
				 "\tcommand) _describe command names ;;\n"
				 "\targuments) (( $+functions[_kiln_$words[1]] )) && "
				 "_kiln_$words[1] ;;\n\tesac\n}\n\ncase $service in\n");
	for (size_t i = 0; commands[i]; i++) {
		for (size_t j = 0; commands[i]->personas && commands[i]->personas[j]; j++)
			(void)kiln_buf_printf(out, "%s) _kiln_%s \"$@\" ;;\n",
					      commands[i]->personas[j], commands[i]->name);
	}
	(void)kiln_buf_puts(out, "*) _kiln \"$@\" ;;\nesac\n");
}

void completion_zsh(struct kiln_buf *out)
{
	(void)kiln_buf_puts(out, "#compdef kiln");
	for (size_t i = 0; commands[i]; i++) {
		for (size_t j = 0; commands[i]->personas && commands[i]->personas[j]; j++)
			(void)kiln_buf_printf(out, " %s", commands[i]->personas[j]);
	}
	(void)kiln_buf_puts(out, "\n# SPDX-License-Identifier: Apache-2.0\n"
				 "# zsh completion for kiln. Made by tools/make-manual from the "
				 "commands' tables.\n\n"
				 "_kiln_ports()\n{\n\tlocal -a ports\n"
				 "\tports=(${(f)\"$(kiln __ports 2>/dev/null)\"})\n"
				 "\tcompadd -a ports\n}\n\n");
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->hidden)
			put_function(out, commands[i]);
	}
	put_main(out);
}
