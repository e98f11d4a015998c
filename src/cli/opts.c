/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opts.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/suggest.h"
#include "cli/wrap.h"

/* One run over an argv: the words that are left and where values go. */
struct scan {
	const struct opt_group *groups;
	unsigned rules;
	int argc, at;
	char **argv;
};

/* An option of a table, and where its value goes. */
struct found {
	const struct opt *opt;
	void *target;
};

static struct found found_at(const struct opt_group *group, const struct opt *o)
{
	return (struct found){ o, (char *)group->params + o->offset };
}

void opt_list_done(struct opt_list *list)
{
	free(list->items);
	*list = (struct opt_list){ 0 };
}

static kiln_code list_add(struct opt_list *list, const char *item, struct kiln_err *err)
{
	const char **items = realloc(list->items, (list->n + 1) * sizeof(*items));

	if (!items)
		return kiln_fail(err, KILN_E_NOMEM, "cannot read the command line");
	items[list->n++] = item;
	list->items = items;
	return KILN_OK;
}

/* Do the first n bytes of a typed name match a long name (all of it, or a prefix)? */
static bool name_matches(const char *name, const char *typed, size_t n, unsigned rules, bool whole)
{
	for (size_t i = 0; i < n; i++) {
		const char a = rules & OPT_UNDERSCORES && name[i] == '_' ? '-' : name[i];
		const char b = rules & OPT_UNDERSCORES && typed[i] == '_' ? '-' : typed[i];

		if (a != b)
			return false;
	}
	return !whole || name[n] == '\0';
}

static bool find_whole(const struct scan *s, const char *typed, size_t n, struct found *ret_found)
{
	for (const struct opt_group *g = s->groups; g->table; g++) {
		for (const struct opt *o = g->table; o->kind != OPT_END; o++) {
			if (name_matches(o->name, typed, n, s->rules, true)) {
				*ret_found = found_at(g, o);
				return true;
			}
		}
	}
	return false;
}

static bool begins_with(const char *name, const char *beginning)
{
	return strncmp(name, beginning, strlen(beginning)) == 0;
}

static kiln_code find_prefix(const struct scan *s, const char *typed, size_t n,
			     struct found *ret_found, struct kiln_err *err)
{
	const struct opt_group *g = s->groups;

	for (; s->rules & OPT_PREFIXES && g->table; g++) {
		for (const struct opt *o = g->table; o->kind != OPT_END; o++) {
			if (!name_matches(o->name, typed, n, s->rules, false))
				continue;
			/* --por is --port, though there is a --port-filter by now */
			if (ret_found->opt && begins_with(o->name, ret_found->opt->name))
				continue;
			if (ret_found->opt)
				return kiln_fail(err, KILN_E_INVALID,
						 "ambiguous option: --%.*s could match --%s, --%s",
						 (int)n, typed, ret_found->opt->name, o->name);
			*ret_found = found_at(g, o);
		}
	}
	return KILN_OK;
}

/* A name as the rules show it. */
struct shown {
	char text[64];
};

static const char *show(const char *name, unsigned rules, struct shown *room)
{
	kiln_text_copy(room->text, sizeof(room->text), name);
	for (char *c = room->text; *c && rules & OPT_HYPHENS; c++)
		*c = *c == '_' ? '-' : *c;
	return room->text;
}

void opts_put_name(struct kiln_buf *out, unsigned rules, const char *name)
{
	struct shown room;

	(void)kiln_buf_puts(out, show(name, rules, &room));
}

static void hint_near(const struct scan *s, const char *typed, size_t n, struct kiln_err *err)
{
	struct suggest near;
	struct shown room;

	suggest_init(&near, typed, n);
	for (const struct opt_group *g = s->groups; g->table; g++) {
		for (const struct opt *o = g->table; o->kind != OPT_END; o++) {
			if (o->help)
				suggest_offer(&near, o->name);
		}
	}
	if (near.best)
		kiln_hint(err, "did you mean '--%s'?", show(near.best, s->rules, &room));
}

static kiln_code find_long(const struct scan *s, const char *typed, size_t n,
			   struct found *ret_found, struct kiln_err *err)
{
	*ret_found = (struct found){ 0 };
	if (find_whole(s, typed, n, ret_found))
		return KILN_OK;
	KILN_TRY(find_prefix(s, typed, n, ret_found, err));
	if (ret_found->opt)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "no such option: --%.*s", (int)n, typed);
	hint_near(s, typed, n, err);
	return KILN_E_INVALID;
}

/* -X, or -fm where the table has such an alias (up to a '='). */
static bool find_short(const struct scan *s, const char *letters, bool alias,
		       struct found *ret_found)
{
	const size_t n = strcspn(letters, "=");

	for (const struct opt_group *g = s->groups; g->table; g++) {
		for (const struct opt *o = g->table; o->kind != OPT_END; o++) {
			const bool same = alias ? o->alias && strlen(o->alias) == n &&
							  strncmp(o->alias, letters, n) == 0
						: o->letter == *letters;

			if (same) {
				*ret_found = found_at(g, o);
				return true;
			}
		}
	}
	return false;
}

static bool is_choice(const struct opt *o, unsigned rules, const char *value)
{
	for (size_t i = 0; o->choices && o->choices[i]; i++) {
		if (name_matches(o->choices[i], value, strlen(value), rules, true))
			return true;
	}
	return !o->choices;
}

static kiln_code check_choice(const struct opt *o, unsigned rules, const char *value,
			      struct kiln_err *err)
{
	struct kiln_buf all = KILN_BUF_INIT(4096);
	struct shown room;

	if (is_choice(o, rules, value))
		return KILN_OK;
	for (size_t i = 0; o->choices[i]; i++)
		(void)kiln_buf_printf(&all, "%s%s", i ? ", " : "",
				      show(o->choices[i], rules, &room));
	(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --%s: '%s'",
			show(o->name, rules, &room), value);
	kiln_why(err, "it takes one of: %s", kiln_buf_str(&all));
	kiln_buf_done(&all);
	return KILN_E_INVALID;
}

static kiln_code store(struct found f, unsigned rules, const char *value, struct kiln_err *err)
{
	const struct opt *o = f.opt;
	void *target = f.target;
	struct shown room;

	if (value)
		KILN_TRY(check_choice(o, rules, value, err));
	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)target = true;
		return KILN_OK;
	case OPT_COUNT:
		++*(int *)target;
		return KILN_OK;
	case OPT_STRING:
	case OPT_MAYBE:
		*(const char **)target = value;
		return KILN_OK;
	case OPT_UINT:
		if (kiln_text_to_u64(value, target))
			return KILN_OK;
		(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --%s: '%s'",
				show(o->name, rules, &room), value);
		kiln_why(err, "not a number (use 4096, 0x1000 or 0b1)");
		return KILN_E_INVALID;
	case OPT_LIST:
	case OPT_EAT:
		return list_add(target, value, err);
	case OPT_END:
		break;
	}
	abort();
}

/* For a value that may be left out: without `ends`, only a choice is known to be one. */
static bool next_is_value(const struct scan *s, const struct opt *o)
{
	const char *next = s->at + 1 < s->argc ? s->argv[s->at + 1] : NULL;

	if (!next || next[0] == '-')
		return false;
	return o->ends ? !o->ends(next) : is_choice(o, s->rules, next);
}

/* At least one word, whatever it is; then all that look like values. */
static kiln_code eat(struct scan *s, struct found f, const char *attached, struct kiln_err *err)
{
	KILN_TRY(store(f, s->rules, attached ? attached : s->argv[++s->at], err));
	while (s->at + 1 < s->argc && s->argv[s->at + 1][0] != '-' &&
	       !(f.opt->ends && f.opt->ends(s->argv[s->at + 1])))
		KILN_TRY(store(f, s->rules, s->argv[++s->at], err));
	return KILN_OK;
}

static kiln_code take_value(struct scan *s, struct found f, const char *attached,
			    struct kiln_err *err)
{
	struct shown room;

	if (f.opt->kind == OPT_MAYBE && !attached && !next_is_value(s, f.opt)) {
		*(const char **)f.target = "";
		return KILN_OK;
	}
	if (f.opt->kind == OPT_EAT && (attached || s->at + 1 < s->argc))
		return eat(s, f, attached, err);
	if (attached)
		return store(f, s->rules, attached, err);
	if (s->at + 1 >= s->argc)
		return kiln_fail(err, KILN_E_INVALID, "option --%s needs a value: %s",
				 show(f.opt->name, s->rules, &room), f.opt->arg);
	return store(f, s->rules, s->argv[++s->at], err);
}

static kiln_code parse_long(struct scan *s, const char *word, struct kiln_err *err)
{
	const char *equals = strchr(word, '=');
	struct shown room;
	struct found f;

	KILN_TRY(find_long(s, word, equals ? (size_t)(equals - word) : strlen(word), &f, err));
	if (f.opt->arg)
		return take_value(s, f, equals ? equals + 1 : NULL, err);
	if (equals)
		return kiln_fail(err, KILN_E_INVALID, "option --%s takes no value",
				 show(f.opt->name, s->rules, &room));
	return store(f, s->rules, NULL, err);
}

static kiln_code parse_letters(struct scan *s, const char *letters, struct kiln_err *err)
{
	const char *equals = strchr(letters, '=');
	struct found f;

	if (find_short(s, letters, true, &f))
		return f.opt->arg ? take_value(s, f, equals ? equals + 1 : NULL, err)
				  : store(f, s->rules, NULL, err);
	for (const char *c = letters; *c; c++) {
		if (!find_short(s, c, false, &f))
			return kiln_fail(err, KILN_E_INVALID, "no such option: -%c", *c);
		if (f.opt->arg)
			return take_value(s, f, c[1] == '=' ? c + 2 : c[1] ? c + 1 : NULL, err);
		KILN_TRY(store(f, s->rules, NULL, err));
	}
	return KILN_OK;
}

kiln_code opts_parse_groups(const struct opt_group *groups, unsigned rules, int argc, char **argv,
			    struct opt_list *ret_words, struct kiln_err *err)
{
	struct scan s = { .groups = groups, .rules = rules, .argc = argc, .argv = argv };
	bool words_only = false;

	for (; s.at < argc; s.at++) {
		const char *word = argv[s.at];

		if (words_only || word[0] != '-' || word[1] == '\0') {
			KILN_TRY(list_add(ret_words, word, err));
			words_only = words_only || (rules & OPT_STOP_AT_WORD);
		} else if (strcmp(word, "--") == 0) {
			words_only = true;
		} else if (word[1] == '-') {
			KILN_TRY(parse_long(&s, word + 2, err));
		} else {
			KILN_TRY(parse_letters(&s, word + 1, err));
		}
	}
	return KILN_OK;
}

kiln_code opts_parse(const struct opt *table, unsigned rules, int argc, char **argv, void *params,
		     struct opt_list *ret_words, struct kiln_err *err)
{
	const struct opt_group groups[] = { { table, params }, { NULL, NULL } };

	return opts_parse_groups(groups, rules, argc, argv, ret_words, err);
}

kiln_code opts_from_env(const struct opt *table, unsigned rules, void *params, struct kiln_err *err)
{
	const struct opt_group group = { table, params };

	for (const struct opt *o = table; o->kind != OPT_END; o++) {
		const char *value = o->env ? getenv(o->env) : NULL;

		if (!value || !value[0])
			continue;
		if (store(found_at(&group, o), rules, value, err) != KILN_OK) {
			kiln_because(err, "cannot use the environment variable %s", o->env);
			return KILN_E_INVALID;
		}
	}
	return KILN_OK;
}

static void help_names(const struct opt *o, unsigned rules, char *dst, size_t size)
{
	const char letter[2] = { o->letter, '\0' };
	const char *brief = o->alias ? o->alias : letter;
	struct shown room;

	kiln_text_format(dst, size, "%s%s%s--%s%s%s", brief[0] ? "-" : "    ", brief,
			 brief[0] ? ", " : "", show(o->name, rules, &room), o->arg ? " " : "",
			 o->arg ? o->arg : "");
}

/* What follows the names: the help, the values that it takes, the variable that gives it. */
static void describe(const struct opt *o, unsigned rules, struct kiln_buf *out)
{
	struct shown room;

	(void)kiln_buf_puts(out, o->help);
	for (size_t i = 0; o->choices && o->choices[i]; i++)
		(void)kiln_buf_printf(out, "%s%s", i ? ", " : ": ",
				      show(o->choices[i], rules, &room));
	if (o->env)
		(void)kiln_buf_printf(out, " (or $%s)", o->env);
}

void opts_help(const struct opt *table, unsigned rules, struct kiln_buf *out)
{
	for (const struct opt *o = table; o->kind != OPT_END; o++) {
		struct kiln_buf text = KILN_BUF_INIT(4096);
		char left[80];

		if (!o->help) /* hidden */
			continue;
		help_names(o, rules, left, sizeof(left));
		describe(o, rules, &text);
		(void)kiln_buf_printf(out, "  %-28s ", left);
		wrap_text(out, kiln_buf_str(&text), strlen(left) > 28 ? strlen(left) + 3 : 31, 31,
			  90);
		kiln_buf_done(&text);
	}
}
