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

static void put_value(struct kiln_buf *out, unsigned rules, const struct opt *o)
{
	(void)kiln_buf_printf(out, ":%s:", o->arg);
	if (strcmp(o->arg, "PORT") == 0) {
		(void)kiln_buf_puts(out, "_kiln_ports");
	} else if (completion_has_values(o)) {
		(void)kiln_buf_putc(out, '(');
		completion_put_values(out, rules, o, "");
		(void)kiln_buf_putc(out, ')');
	} else if (strcmp(o->arg, "FILE") == 0) {
		(void)kiln_buf_puts(out, "_files");
	}
}

/* "'(-p --port)'{-p,--port}'[help]:PORT:_kiln_ports'" */
static void put_option(struct kiln_buf *out, unsigned rules, const struct opt *o)
{
	const char letter[2] = { o->letter, '\0' };
	const char *brief = o->alias ? o->alias : letter;
	const bool repeats = o->kind == OPT_COUNT || o->kind == OPT_LIST || o->kind == OPT_EAT;
	struct kiln_buf shown = KILN_BUF_INIT(128);

	opts_put_name(&shown, rules, o->name);
	const char *name = kiln_buf_str(&shown);

	(void)kiln_buf_puts(out, " \\\n\t\t");
	if (brief[0] && !repeats)
		(void)kiln_buf_printf(out, "'(-%s --%s)'{-%s,--%s}'[", brief, name, brief, name);
	else if (brief[0])
		(void)kiln_buf_printf(out, "'*'{-%s,--%s}'[", brief, name);
	else
		(void)kiln_buf_printf(out, "'%s--%s[", repeats ? "*" : "", name);
	quote(out, o->help);
	(void)kiln_buf_putc(out, ']');
	if (o->arg)
		put_value(out, rules, o);
	(void)kiln_buf_putc(out, '\'');
	kiln_buf_done(&shown);
}

static void put_table(struct kiln_buf *out, unsigned rules, const struct opt *table)
{
	for (const struct opt *o = table; o && o->kind != OPT_END; o++) {
		if (o->help)
			put_option(out, rules, o);
	}
}

/* _values-like list: "'flash:put firmware on a board'". */
static void put_name(struct kiln_buf *out, unsigned rules, const char *name, const char *summary)
{
	(void)kiln_buf_puts(out, "\t\t'");
	opts_put_name(out, rules, name);
	(void)kiln_buf_putc(out, ':');
	quote(out, summary);
	(void)kiln_buf_puts(out, "'\n");
}

static void put_subcommands(struct kiln_buf *out, const struct completion_face *face)
{
	const struct command *c = face->command;
	const struct subcommand *sub;

	(void)kiln_buf_puts(out, " \\\n\t\t'1:command:->command' '*::arguments:->arguments'\n"
				 "\tcase $state in\n\tcommand)\n\t\tlocal -a names=(\n");
	for (size_t i = 0; (sub = c->subcommand(i)) != NULL; i++)
		put_name(out, face->rules, sub->name, sub->summary);
	(void)kiln_buf_puts(out, "\t\t)\n\t\t_describe command names ;;\n"
				 "\targuments)\n\t\tcase $words[1] in\n");
	for (size_t i = 0; (sub = c->subcommand(i)) != NULL; i++) {
		(void)kiln_buf_puts(out, "\t\t");
		opts_put_name(out, face->rules, sub->name);
		(void)kiln_buf_puts(out, ") _arguments");
		put_table(out, face->rules, sub->options);
		(void)kiln_buf_puts(out, " \\\n\t\t'*:file:_files' ;;\n");
	}
	(void)kiln_buf_puts(out, "\t\tesac ;;\n\tesac\n");
}

static void put_function(struct kiln_buf *out, const struct completion_face *face)
{
	const struct command *c = face->command;

	(void)kiln_buf_printf(out,
			      "_kiln_%s()\n{\n\tlocal context state state_descr line\n"
			      "\ttypeset -A opt_args\n\t_arguments -C",
			      face->name);
	put_table(out, face->rules, c->options ? c->options : c->own_options);
	if (c->options)
		put_table(out, OPT_PLAIN, cli_options);
	if (c->subcommand)
		put_subcommands(out, face);
	else
		(void)kiln_buf_puts(out, " \\\n\t\t'*:file:_files'\n");
	(void)kiln_buf_puts(out, "}\n\n");
}

static void put_main(struct kiln_buf *out)
{
	(void)kiln_buf_puts(out, "_kiln_main()\n{\n\tlocal context state state_descr line\n"
				 "\ttypeset -A opt_args\n\tlocal -a names=(\n");
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->hidden)
			put_name(out, OPT_PLAIN, commands[i]->name, commands[i]->summary);
	}
	(void)kiln_buf_puts(out, "\t)\n\t_arguments -C");
	put_table(out, OPT_PLAIN, cli_options);
	(void)kiln_buf_puts(out, " \\\n\t\t'1:command:->command' '*::arguments:->arguments'\n"
				 "\tcase $state in\n"
				 "\tcommand) _describe command names ;;\n"
				 "\targuments) (( $+functions[_kiln_$words[1]] )) && "
				 "_kiln_$words[1] ;;\n\tesac\n}\n\n"
				 "# Loaded by its first call, from then on this function itself is "
				 "called.\n"
				 "_kiln()\n{\n\tcase $service in\n");
	for (size_t i = 0; commands[i]; i++) {
		for (size_t j = 0; commands[i]->personas && commands[i]->personas[j]; j++)
			(void)kiln_buf_printf(
				out, "\t%s) _kiln_%s \"$@\" ;;\n", commands[i]->personas[j],
				completion_face_of(commands[i], commands[i]->personas[j]).name);
	}
	(void)kiln_buf_puts(out, "\t*) _kiln_main \"$@\" ;;\n\tesac\n}\n\n_kiln \"$@\"\n");
}

void completion_zsh(struct kiln_buf *out)
{
	struct completion_face face;

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
	for (size_t i = 0; completion_face(i, &face); i++)
		put_function(out, &face);
	put_main(out);
}
