/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion: each shell gets lists that come from the tables, and a little code of its own. What
 * completes a value is told by its name in the table: PORT is one of this machine's ports, choices
 * are themselves, everything else is a file.
 */
#include <string.h>

#include <kiln/chip.h>

#include "cli/commands.h"
#include "cli/manual.h"

struct completion_face completion_face_of(const struct command *command, const char *persona)
{
	const char *plain = command->underscored;

	if (plain && persona && strcmp(persona, plain) == 0)
		return (struct completion_face){ command, plain, OPT_PLAIN };
	return (struct completion_face){ command, command->name, plain ? OPT_HYPHENS : OPT_PLAIN };
}

bool completion_face(size_t n, struct completion_face *ret_face)
{
	for (size_t i = 0; commands[i]; i++) {
		const size_t faces = commands[i]->hidden ? 0 : commands[i]->underscored ? 2 : 1;

		if (n < faces) {
			*ret_face = completion_face_of(commands[i],
						       n ? commands[i]->underscored : NULL);
			return true;
		}
		n -= faces;
	}
	return false;
}

void completion_each(const struct completion_visit *visit)
{
	const struct subcommand *sub;
	struct completion_face face;

	for (size_t i = 0; completion_face(i, &face); i++) {
		const struct command *c = face.command;

		visit->visit(visit->out, &face, NULL, c->options ? c->options : c->own_options);
		for (size_t j = 0; c->subcommand && (sub = c->subcommand(j)) != NULL; j++)
			visit->visit(visit->out, &face, sub, sub->options);
	}
}

/* "--port" or "-p" or "-fm", each before or after a separator. */
static void put_words(struct kiln_buf *out, unsigned rules, const struct opt *table)
{
	for (const struct opt *o = table; o && o->kind != OPT_END; o++) {
		if (!o->help)
			continue;
		(void)kiln_buf_puts(out, " --");
		opts_put_name(out, rules, o->name);
		if (o->alias)
			(void)kiln_buf_printf(out, " -%s", o->alias);
		else if (o->letter)
			(void)kiln_buf_printf(out, " -%c", o->letter);
	}
}

static bool is_chip(const struct opt *o)
{
	return o->arg && strcmp(o->arg, "CHIP") == 0;
}

bool completion_has_values(const struct opt *o)
{
	return o->choices || is_chip(o);
}

void completion_put_values(struct kiln_buf *out, unsigned rules, const struct opt *o,
			   const char *before)
{
	const struct kiln_chip *chip;

	for (unsigned i = 0; is_chip(o) && (chip = kiln_chip_at(i)) != NULL; i++)
		(void)kiln_buf_printf(out, "%s%s", i ? " " : before, kiln_chip_option(chip));
	for (size_t i = 0; o->choices && o->choices[i]; i++) {
		(void)kiln_buf_puts(out, i ? " " : before);
		opts_put_name(out, rules, o->choices[i]);
	}
}

/* What "COMMAND/SUBCOMMAND" is in the case statements of bash. */
static void put_key(struct kiln_buf *out, const struct completion_face *face,
		    const struct subcommand *sub)
{
	(void)kiln_buf_printf(out, "%s%s", face->name, sub ? "/" : "");
	if (sub)
		opts_put_name(out, face->rules, sub->name);
}

static void bash_options(struct kiln_buf *out, const struct completion_face *face,
			 const struct subcommand *sub, const struct opt *options)
{
	(void)kiln_buf_puts(out, "\t");
	put_key(out, face, sub);
	(void)kiln_buf_puts(out, ") echo '");
	put_words(out, face->rules, options);
	if (face->command->options)
		put_words(out, OPT_PLAIN, cli_options);
	(void)kiln_buf_puts(out, "' ;;\n");
}

static void bash_values(struct kiln_buf *out, const struct completion_face *face,
			const struct subcommand *sub, const struct opt *options)
{
	for (const struct opt *o = options; o && o->kind != OPT_END; o++) {
		if (!o->arg || !o->help)
			continue;
		(void)kiln_buf_puts(out, "\t'");
		put_key(out, face, sub);
		(void)kiln_buf_puts(out, " --");
		opts_put_name(out, face->rules, o->name);
		(void)kiln_buf_puts(out, "'");
		if (o->alias || o->letter) {
			(void)kiln_buf_puts(out, " | '");
			put_key(out, face, sub);
			(void)kiln_buf_printf(out, " -%.*s'", o->alias ? 8 : 1,
					      o->alias ? o->alias : &o->letter);
		}
		(void)kiln_buf_puts(out, ") echo '");
		completion_put_values(out, face->rules, o, " ");
		(void)kiln_buf_printf(
			out, "' %s ;;\n",
			strcmp(o->arg, "PORT") == 0 ? "\"$(kiln __ports 2>/dev/null)\"" : "");
	}
}

static void bash_subcommands(struct kiln_buf *out)
{
	const struct subcommand *sub;
	struct completion_face face;

	for (size_t i = 0; completion_face(i, &face); i++) {
		if (!face.command->subcommand)
			continue;
		(void)kiln_buf_printf(out, "\t%s) echo '", face.name);
		for (size_t j = 0; (sub = face.command->subcommand(j)) != NULL; j++) {
			(void)kiln_buf_puts(out, " ");
			opts_put_name(out, face.rules, sub->name);
		}
		(void)kiln_buf_puts(out, "' ;;\n");
	}
}

static void put_commands(struct kiln_buf *out)
{
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->hidden)
			(void)kiln_buf_printf(out, " %s", commands[i]->name);
	}
}

static void bash_personas(struct kiln_buf *out)
{
	for (size_t i = 0; commands[i]; i++) {
		const char *const *personas = commands[i]->personas;

		for (size_t j = 0; personas && personas[j]; j++)
			(void)kiln_buf_printf(out, "\t%s) echo %s ;;\n", personas[j],
					      completion_face_of(commands[i], personas[j]).name);
	}
}

static const char bash_code[] =
	"# The command, and below it the subcommand, that the words before the cursor name.\n"
	"_kiln_key()\n{\n"
	"\tlocal key i word\n"
	"\tkey=$(_kiln_persona \"${COMP_WORDS[0]##*/}\")\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $word == -* ]]; then\n"
	"\t\t\t_kiln_values \"$key $word\" >/dev/null && ((i++))\n"
	"\t\telif [[ -z $key ]]; then\n"
	"\t\t\tkey=$word\n"
	"\t\telif [[ $key != */* && \" $(_kiln_subcommands \"$key\") \" == *\" $word \"* ]]; then\n"
	"\t\t\tkey=$key/$word\n"
	"\t\tfi\n"
	"\tdone\n"
	"\techo \"$key\"\n}\n\n"
	"_kiln()\n{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} key words\n"
	"\tkey=$(_kiln_key)\n"
	"\tif words=$(_kiln_values \"$key $prev\"); then\n"
	"\t\t:  # bash's own, files, where there are none\n"
	"\telif [[ $cur == -* ]]; then\n"
	"\t\twords=$(_kiln_options \"$key\")\n"
	"\telif [[ -z $key ]]; then\n"
	"\t\twords=$_kiln_commands\n"
	"\telse\n"
	"\t\twords=$(_kiln_subcommands \"$key\")\n"
	"\tfi\n"
	"\t[[ -z $words && $key == help ]] && words=$_kiln_commands\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n\n";

static void bash_function(struct kiln_buf *out, const char *name,
			  void (*visit)(struct kiln_buf *out, const struct completion_face *face,
					const struct subcommand *sub, const struct opt *options),
			  const char *otherwise)
{
	const struct completion_visit visitor = { visit, out };

	(void)kiln_buf_printf(out, "%s()\n{\n\tcase $1 in\n", name);
	completion_each(&visitor);
	(void)kiln_buf_printf(out, "%s\tesac\n}\n\n", otherwise);
}

void completion_bash(struct kiln_buf *out)
{
	(void)kiln_buf_puts(out, "# SPDX-License-Identifier: Apache-2.0\n"
				 "# bash completion for kiln. Made by tools/make-manual from the "
				 "commands' tables.\n\n_kiln_commands='");
	put_commands(out);
	(void)kiln_buf_puts(out, "'\n\n_kiln_persona()\n{\n\tcase $1 in\n");
	bash_personas(out);
	(void)kiln_buf_puts(out, "\tesac\n}\n\n_kiln_subcommands()\n{\n\tcase $1 in\n");
	bash_subcommands(out);
	(void)kiln_buf_puts(out, "\tesac\n}\n\n");
	bash_function(out, "_kiln_options", bash_options, "");
	bash_function(out, "_kiln_values", bash_values, "\t*) return 1 ;;\n");
	(void)kiln_buf_puts(out, bash_code);
	(void)kiln_buf_puts(out, "complete -o default -F _kiln kiln");
	for (size_t i = 0; commands[i]; i++) {
		for (size_t j = 0; commands[i]->personas && commands[i]->personas[j]; j++)
			(void)kiln_buf_printf(out, " %s", commands[i]->personas[j]);
	}
	(void)kiln_buf_putc(out, '\n');
}

/* fish wants a line for each option. */
static void fish_quote(struct kiln_buf *out, const char *text)
{
	(void)kiln_buf_putc(out, '\'');
	for (const char *c = text; *c; c++) {
		if (*c == '\'' || *c == '\\')
			(void)kiln_buf_putc(out, '\\');
		(void)kiln_buf_putc(out, (uint8_t)*c);
	}
	(void)kiln_buf_putc(out, '\'');
}

/* Where options stand: behind which program, behind which of its commands, and of their own. */
struct fish_place {
	const char *program, *command, *seen;
	unsigned rules;
};

/* " -n '__fish_seen_subcommand_from esptool; and __fish_seen_subcommand_from write-flash'" */
static void fish_behind(struct kiln_buf *out, const struct fish_place *place)
{
	const char *const seen[] = { place->command, place->seen };
	bool any = false;

	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		if (!seen[i])
			continue;
		(void)kiln_buf_puts(out, any ? "; and " : " -n '");
		(void)kiln_buf_puts(out, "__fish_seen_subcommand_from ");
		opts_put_name(out, place->rules, seen[i]);
		any = true;
	}
	(void)kiln_buf_puts(out, any ? "'" : "");
}

static void fish_option(struct kiln_buf *out, const struct fish_place *place, const struct opt *o)
{
	(void)kiln_buf_printf(out, "complete -c %s", place->program);
	fish_behind(out, place);
	(void)kiln_buf_puts(out, " -l ");
	opts_put_name(out, place->rules, o->name);
	if (o->alias)
		(void)kiln_buf_printf(out, " -o %s", o->alias);
	else if (o->letter)
		(void)kiln_buf_printf(out, " -s %c", o->letter);
	if (o->arg)
		(void)kiln_buf_puts(out, " -r");
	if (o->arg && strcmp(o->arg, "PORT") == 0)
		(void)kiln_buf_puts(out, " -f -a '(kiln __ports 2>/dev/null)'");
	if (completion_has_values(o)) {
		(void)kiln_buf_puts(out, " -f -a '");
		completion_put_values(out, place->rules, o, "");
		(void)kiln_buf_puts(out, "'");
	}
	(void)kiln_buf_puts(out, " -d ");
	fish_quote(out, o->help);
	(void)kiln_buf_putc(out, '\n');
}

static void fish_table(struct kiln_buf *out, struct fish_place place, const struct opt *table)
{
	for (const struct opt *o = table; o && o->kind != OPT_END; o++) {
		if (o->help)
			fish_option(out, &place, o);
	}
}

static void fish_word(struct kiln_buf *out, struct fish_place place, const char *name,
		      const char *summary)
{
	(void)kiln_buf_printf(out, "complete -c %s", place.program);
	if (place.command)
		fish_behind(out, &place);
	else
		(void)kiln_buf_puts(out, " -n '__fish_use_subcommand'");
	(void)kiln_buf_puts(out, " -f -a ");
	opts_put_name(out, place.rules, name);
	(void)kiln_buf_puts(out, " -d ");
	fish_quote(out, summary);
	(void)kiln_buf_putc(out, '\n');
}

static void fish_command(struct kiln_buf *out, struct fish_place place, const struct command *c)
{
	const struct subcommand *sub;

	fish_table(out, place, c->own_options ? c->own_options : c->options);
	for (size_t i = 0; c->subcommand && (sub = c->subcommand(i)) != NULL; i++) {
		fish_word(out, place, sub->name, sub->summary);
		place.seen = sub->name;
		fish_table(out, place, sub->options);
		place.seen = NULL;
	}
}

void completion_fish(struct kiln_buf *out)
{
	(void)kiln_buf_puts(out, "# SPDX-License-Identifier: Apache-2.0\n"
				 "# fish completion for kiln. Made by tools/make-manual from the "
				 "commands' tables.\n");
	fish_table(out, (struct fish_place){ .program = "kiln" }, cli_options);
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];
		struct fish_place place;

		if (c->hidden)
			continue;
		place = (struct fish_place){ .program = "kiln" };
		fish_word(out, place, c->name, c->summary);
		place.command = c->name;
		place.rules = completion_face_of(c, NULL).rules;
		fish_command(out, place, c);
		for (size_t j = 0; c->personas && c->personas[j]; j++) {
			place = (struct fish_place){ .program = c->personas[j] };
			place.rules = completion_face_of(c, c->personas[j]).rules;
			fish_command(out, place, c);
		}
	}
}
