/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cfg.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum { VALUE_MAX = 4096, NAME_MAX_BYTES = 128 };

/* One run over a file: the entry on its way is told when the next one begins. */
struct reading {
	const char *section;
	cfg_entry entry;
	void *user;
	unsigned line;
	bool in_any, in_section, found;
	char key[NAME_MAX_BYTES]; /* empty: none */
	struct kiln_buf value;
};

static struct kiln_span trim(struct kiln_span s)
{
	while (s.n && isspace(s.p[0]))
		s = kiln_span(s.p + 1, s.n - 1);
	while (s.n && isspace(s.p[s.n - 1]))
		s.n--;
	return s;
}

static kiln_code bad_line(const struct reading *r, const char *why, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_INVALID, "cannot read the configuration");
	kiln_why(err, "line %u %s", r->line, why);
	return KILN_E_INVALID;
}

static kiln_code finish_entry(struct reading *r, struct kiln_err *err)
{
	kiln_code code = KILN_OK;

	if (r->key[0] && r->in_section)
		code = r->entry(r->user, r->key, kiln_buf_str(&r->value), err);
	r->key[0] = '\0';
	kiln_buf_reset(&r->value);
	return code;
}

static kiln_code add_value(struct reading *r, struct kiln_span piece, struct kiln_err *err)
{
	if (kiln_buf_append(&r->value, piece.p, piece.n) == KILN_OK)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot read the configuration");
	kiln_why(err, "the value that ends in line %u is too long", r->line);
	return KILN_E_TOO_BIG;
}

static kiln_code take_section(struct reading *r, struct kiln_span line, struct kiln_err *err)
{
	const uint8_t *end = memchr(line.p, ']', line.n);

	if (!end)
		return bad_line(r, "begins a section without an end", err);
	r->in_any = true;
	r->in_section = kiln_span_equal(kiln_span(line.p + 1, (size_t)(end - line.p) - 1),
					kiln_span((const uint8_t *)r->section, strlen(r->section)));
	r->found = r->found || r->in_section;
	return KILN_OK;
}

static kiln_code take_entry(struct reading *r, struct kiln_span line, struct kiln_err *err)
{
	size_t n = 0;

	while (n < line.n && line.p[n] != '=' && line.p[n] != ':')
		n++;
	if (n == line.n)
		return bad_line(r, "is neither a section nor 'key = value'", err);
	const struct kiln_span key = trim(kiln_span(line.p, n));

	if (key.n == 0 || key.n >= sizeof(r->key))
		return bad_line(r, "has no key, or one that is too long", err);
	kiln_text_copy_untrusted(r->key, sizeof(r->key), key.p, key.n);
	for (char *c = r->key; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return add_value(r, trim(kiln_span(line.p + n + 1, line.n - n - 1)), err);
}

static kiln_code take_line(struct reading *r, struct kiln_span raw, struct kiln_err *err)
{
	const struct kiln_span line = trim(raw);
	const bool indented = raw.n && isspace(raw.p[0]);

	if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
		return KILN_OK;
	if (memchr(line.p, '\0', line.n))
		return bad_line(r, "is no text", err);
	if (indented && r->key[0]) { /* the value goes on, a line further down */
		KILN_TRY(add_value(r, kiln_span((const uint8_t *)"\n", 1), err));
		return add_value(r, line, err);
	}
	KILN_TRY(finish_entry(r, err));
	if (line.p[0] == '[')
		return take_section(r, line, err);
	if (!r->in_any)
		return bad_line(r, "stands before the first section", err);
	return take_entry(r, line, err);
}

kiln_code cfg_read(struct kiln_span text, const char *section, cfg_entry entry, void *user,
		   bool *ret_found, struct kiln_err *err)
{
	struct reading r = {
		.section = section, .entry = entry, .user = user, .value = KILN_BUF_INIT(VALUE_MAX)
	};
	kiln_code code = KILN_OK;

	while (code == KILN_OK && text.n) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		const size_t n = end ? (size_t)(end - text.p) : text.n;

		r.line++;
		code = take_line(&r, kiln_span(text.p, n), err);
		text = kiln_span(text.p + n + (end != NULL), text.n - n - (end != NULL));
	}
	if (code == KILN_OK)
		code = finish_entry(&r, err);
	kiln_buf_done(&r.value);
	if (code == KILN_OK)
		*ret_found = r.found;
	return code;
}
