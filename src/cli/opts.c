/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opts.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* One run over an argv: the words that are left and where values go. */
struct scan {
	const struct opt *table;
	unsigned rules;
	int argc, at;
	char **argv;
	void *params;
};

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

/* NULL and `err` filled if there is none, or more than one that the typed part could mean. */
static const struct opt *find_long(const struct scan *s, const char *typed, size_t n,
				   struct kiln_err *err)
{
	const struct opt *found = NULL;

	for (const struct opt *o = s->table; o->kind != OPT_END; o++) {
		if (name_matches(o->name, typed, n, s->rules, true))
			return o;
	}
	for (const struct opt *o = s->table; s->rules & OPT_PREFIXES && o->kind != OPT_END; o++) {
		if (!name_matches(o->name, typed, n, s->rules, false))
			continue;
		if (found) {
			(void)kiln_fail(err, KILN_E_INVALID,
					"ambiguous option: --%.*s could match --%s, --%s", (int)n,
					typed, found->name, o->name);
			return NULL;
		}
		found = o;
	}
	if (!found)
		(void)kiln_fail(err, KILN_E_INVALID, "no such option: --%.*s", (int)n, typed);
	return found;
}

static kiln_code check_choice(const struct opt *o, const char *value, struct kiln_err *err)
{
	struct kiln_buf all = KILN_BUF_INIT(200);

	if (!o->choices)
		return KILN_OK;
	for (size_t i = 0; o->choices[i]; i++) {
		if (strcmp(o->choices[i], value) == 0)
			return KILN_OK;
		(void)kiln_buf_printf(&all, "%s%s", i ? ", " : "", o->choices[i]);
	}
	(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --%s: '%s'", o->name, value);
	kiln_why(err, "it takes one of: %s", kiln_buf_str(&all));
	kiln_buf_done(&all);
	return KILN_E_INVALID;
}

static kiln_code store(const struct scan *s, const struct opt *o, const char *value,
		       struct kiln_err *err)
{
	void *target = (char *)s->params + o->offset;

	if (value)
		KILN_TRY(check_choice(o, value, err));
	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)target = true;
		return KILN_OK;
	case OPT_COUNT:
		++*(int *)target;
		return KILN_OK;
	case OPT_STRING:
		*(const char **)target = value;
		return KILN_OK;
	case OPT_UINT:
		if (kiln_text_to_u64(value, target))
			return KILN_OK;
		(void)kiln_fail(err, KILN_E_INVALID, "invalid value for --%s: '%s'", o->name,
				value);
		kiln_why(err, "not a number (use 4096, 0x1000 or 0b1)");
		return KILN_E_INVALID;
	case OPT_LIST:
		return list_add(target, value, err);
	case OPT_END:
		break;
	}
	abort();
}

static kiln_code take_value(struct scan *s, const struct opt *o, const char *attached,
			    struct kiln_err *err)
{
	if (attached)
		return store(s, o, attached, err);
	if (s->at + 1 >= s->argc)
		return kiln_fail(err, KILN_E_INVALID, "option --%s needs a value: %s", o->name,
				 o->arg);
	return store(s, o, s->argv[++s->at], err);
}

static kiln_code parse_long(struct scan *s, const char *word, struct kiln_err *err)
{
	const char *equals = strchr(word, '=');
	const struct opt *o =
		find_long(s, word, equals ? (size_t)(equals - word) : strlen(word), err);

	if (!o)
		return KILN_E_INVALID;
	if (o->arg)
		return take_value(s, o, equals ? equals + 1 : NULL, err);
	if (equals)
		return kiln_fail(err, KILN_E_INVALID, "option --%s takes no value", o->name);
	return store(s, o, NULL, err);
}

static kiln_code parse_letters(struct scan *s, const char *letters, struct kiln_err *err)
{
	for (const char *c = letters; *c; c++) {
		const struct opt *o = s->table;

		while (o->kind != OPT_END && o->letter != *c)
			o++;
		if (o->kind == OPT_END)
			return kiln_fail(err, KILN_E_INVALID, "no such option: -%c", *c);
		if (o->arg)
			return take_value(s, o, c[1] == '=' ? c + 2 : c[1] ? c + 1 : NULL, err);
		KILN_TRY(store(s, o, NULL, err));
	}
	return KILN_OK;
}

kiln_code opts_parse(const struct opt *table, unsigned rules, int argc, char **argv, void *params,
		     struct opt_list *ret_words, struct kiln_err *err)
{
	struct scan s = {
		.table = table, .rules = rules, .argc = argc, .argv = argv, .params = params
	};
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

void opts_help(const struct opt *table, struct kiln_buf *out)
{
	for (const struct opt *o = table; o->kind != OPT_END; o++) {
		char left[80];

		if (!o->help) /* hidden */
			continue;
		if (o->letter)
			kiln_text_format(left, sizeof(left), "-%c, --%s%s%s", o->letter, o->name,
					 o->arg ? " " : "", o->arg ? o->arg : "");
		else
			kiln_text_format(left, sizeof(left), "    --%s%s%s", o->name,
					 o->arg ? " " : "", o->arg ? o->arg : "");
		(void)kiln_buf_printf(out, "  %-28s %s\n", left, o->help);
	}
}
