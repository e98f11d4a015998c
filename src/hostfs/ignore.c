/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/ignore.h"

#include <stdlib.h>
#include <string.h>

static kiln_code fail_pattern(const char *pattern, const char *why, struct kiln_err *err)
{
	const size_t n = strlen(pattern);

	(void)kiln_fail(err, KILN_E_CONFIG, "cannot use the pattern '%.*s'", (int)(n < 60 ? n : 60),
			pattern);
	kiln_why(err, "%s", why);
	return KILN_E_CONFIG;
}

/* Takes the rule's pattern, also on failure. */
static kiln_code keep_rule(struct kiln_ignore *ignore, const struct kiln_ignore_rule *rule,
			   struct kiln_err *err)
{
	if (!rule->pattern)
		return kiln_fail(err, KILN_E_NOMEM, "cannot keep a pattern");
	if (ignore->n == ignore->cap) {
		const size_t cap = ignore->cap ? 2 * ignore->cap : 16;
		struct kiln_ignore_rule *grown = reallocarray(ignore->rules, cap,
							      sizeof(ignore->rules[0]));

		if (!grown) {
			free(rule->pattern);
			return kiln_fail(err, KILN_E_NOMEM, "cannot keep a pattern");
		}
		ignore->rules = grown;
		ignore->cap = cap;
	}
	ignore->rules[ignore->n++] = *rule;
	return KILN_OK; /* NOLINT(clang-analyzer-unix.Malloc): the pattern is the rule's */
}

/* Blanks at the end count only behind a backslash. */
static size_t without_blanks(const char *pattern)
{
	size_t n = strlen(pattern);

	while (n > 0 &&
	       (pattern[n - 1] == ' ' || pattern[n - 1] == '\t' || pattern[n - 1] == '\r') &&
	       (n < 2 || pattern[n - 2] != '\\'))
		n--;
	return n;
}

kiln_code kiln_ignore_add(struct kiln_ignore *ignore, const char *pattern, struct kiln_err *err)
{
	struct kiln_ignore_rule rule = { .negated = pattern[0] == '!' };
	const char *p = pattern + rule.negated;
	size_t n = without_blanks(p);

	if (n > KILN_IGNORE_PATTERN)
		return fail_pattern(pattern, "it is too long", err);
	if (ignore->n >= KILN_IGNORE_RULES)
		return fail_pattern(pattern, "there are too many", err);
	if (n > 0 && p[n - 1] == '/' && (n < 2 || p[n - 2] != '\\')) {
		rule.folders_only = true;
		n--;
	}
	rule.anchored = n > 0 && memchr(p, '/', n);
	if (n > 0 && p[0] == '/') {
		p++;
		n--;
	}
	if (n == 0)
		return fail_pattern(pattern, "it names nothing", err);
	rule.pattern = strndup(p, n);
	return keep_rule(ignore, &rule, err);
}

static kiln_code add_line(struct kiln_ignore *ignore, const char *line, struct kiln_err *err)
{
	if (line[0] == '#' || without_blanks(line) == 0)
		return KILN_OK;
	return kiln_ignore_add(ignore, line, err);
}

kiln_code kiln_ignore_text(struct kiln_ignore *ignore, struct kiln_span text, const char *name,
			   struct kiln_err *err)
{
	for (size_t line = 1; text.n > 0; line++) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		const size_t n = end ? (size_t)(end - text.p) : text.n;
		char *copy = strndup((const char *)text.p, n);
		kiln_code code;

		if (!copy)
			return kiln_fail(err, KILN_E_NOMEM, "cannot read '%s'", name);
		code = add_line(ignore, copy, err);
		free(copy);
		if (code != KILN_OK) {
			kiln_because(err, "cannot read '%s', line %zu", name, line);
			return code;
		}
		text = kiln_span(text.p + n + (end != NULL), text.n - n - (end != NULL));
	}
	return KILN_OK;
}

void kiln_ignore_done(struct kiln_ignore *ignore)
{
	for (size_t i = 0; i < ignore->n; i++)
		free(ignore->rules[i].pattern);
	free(ignore->rules);
	*ignore = (struct kiln_ignore){ 0 };
}

/* ---- one pattern against one text: all its positions at once, so that no pattern is slow ---- */

struct states {
	bool on[KILN_IGNORE_PATTERN + 1];
};

/* The length of "[...]" at p; 0 if it is no class. */
static size_t class_length(const char *p)
{
	size_t n = 1;

	if (p[0] != '[')
		return 0;
	n += p[n] == '!' || p[n] == '^';
	n += p[n] == ']';
	while (p[n] && p[n] != ']')
		n += p[n] == '\\' && p[n + 1] ? 2 : 1;
	return p[n] == ']' ? n + 1 : 0;
}

static bool in_class(const char *p, size_t n, unsigned char c)
{
	size_t i = 1;
	const bool negated = p[i] == '!' || p[i] == '^';
	bool found = false;

	for (i += negated; i < n - 1; i++) {
		unsigned char low, high;

		i += p[i] == '\\' && i + 2 < n;
		low = high = (unsigned char)p[i];
		if (p[i + 1] == '-' && i + 2 < n - 1) {
			high = (unsigned char)p[i + 2];
			i += 2;
		}
		found |= low <= c && c <= high;
	}
	return found != negated && c != '/';
}

/* Is there a "**" at `at` that fills a whole part of the path? */
static bool any_depth(const char *pattern, size_t at)
{
	return strncmp(pattern + at, "**", 2) == 0 && (at == 0 || pattern[at - 1] == '/') &&
	       (pattern[at + 2] == '/' || pattern[at + 2] == '\0');
}

/* Position `at` is reached: so are those behind a star, which may stand for nothing. */
static void reach(struct states *s, const char *pattern, size_t at)
{
	while (!s->on[at]) {
		s->on[at] = true;
		if (any_depth(pattern, at) && pattern[at + 2] == '/')
			at += 3;
		else if (pattern[at] == '*' && !any_depth(pattern, at))
			at++;
	}
}

static void step(const char *pattern, size_t at, unsigned char c, struct states *next)
{
	const size_t class = class_length(pattern + at);

	if (any_depth(pattern, at)) {
		next->on[at] = true; /* the folders go on */
		if (pattern[at + 2] == '\0')
			reach(next, pattern, at + 2);
		else if (c == '/')
			reach(next, pattern, at + 3);
	} else if (pattern[at] == '*') {
		if (c != '/')
			reach(next, pattern, at);
	} else if (class > 0) {
		if (in_class(pattern + at, class, c))
			reach(next, pattern, at + class);
	} else if (pattern[at] == '?') {
		if (c != '/')
			reach(next, pattern, at + 1);
	} else {
		const size_t escaped = pattern[at] == '\\' && pattern[at + 1];

		if ((unsigned char)pattern[at + escaped] == c)
			reach(next, pattern, at + escaped + 1);
	}
}

static bool matches(const char *pattern, const char *text)
{
	const size_t n = strlen(pattern);
	struct states now = { .on = { false } }, next;

	reach(&now, pattern, 0);
	for (const char *c = text; *c; c++) {
		memset(&next, 0, sizeof(next));
		for (size_t at = 0; at < n; at++) {
			if (now.on[at])
				step(pattern, at, (unsigned char)*c, &next);
		}
		now = next;
	}
	return now.on[n];
}

bool kiln_ignore_matches(const struct kiln_ignore *ignore, const char *path, bool folder)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = ignore->n; i > 0; i--) {
		const struct kiln_ignore_rule *rule = &ignore->rules[i - 1];

		if ((folder || !rule->folders_only) &&
		    matches(rule->pattern, rule->anchored ? path : name))
			return !rule->negated;
	}
	return false;
}

bool kiln_ignore_below(const struct kiln_ignore *ignore, const char *path, bool folder)
{
	char *copy = strdup(path);
	bool ignored = copy == NULL;

	for (char *c = copy; c && *c && !ignored; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		ignored = kiln_ignore_matches(ignore, copy, true);
		*c = '/';
	}
	free(copy);
	return ignored || kiln_ignore_matches(ignore, path, folder);
}
