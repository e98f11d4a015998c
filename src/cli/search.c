/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/search.h"

#include <string.h>

enum { CTRL_C = 0x03, CTRL_E = 0x05, CTRL_G = 0x07, CTRL_R = 0x12, ESC = 0x1B };

void search_begin(struct search *s, const struct typed *typed)
{
	*s = (struct search){ .typed = typed, .at = -1 };
}

const char *search_line(const struct search *s)
{
	return s->at < 0 ? NULL : s->typed->lines[s->at];
}

/* The newest line, from `before` on backwards; if there is none, what was found stays. */
static void look(struct search *s, size_t before)
{
	const long found = typed_find(s->typed, before, s->words);

	if (found >= 0)
		s->at = found;
}

static void add(struct search *s, uint8_t key)
{
	if (s->n + 1 == sizeof(s->words))
		return;
	s->words[s->n++] = (char)key;
	s->words[s->n] = '\0';
	s->at = typed_find(s->typed, s->typed->n, s->words);
}

static void remove_last(struct search *s)
{
	while (s->n > 0 && ((uint8_t)s->words[s->n - 1] & 0xC0) == 0x80)
		s->n--;
	if (s->n > 0)
		s->n--;
	s->words[s->n] = '\0';
	s->at = s->n ? typed_find(s->typed, s->typed->n, s->words) : -1;
}

search_end search_key(struct search *s, uint8_t key)
{
	switch (key) {
	case CTRL_R:
		look(s, s->at < 0 ? s->typed->n : (size_t)s->at);
		return SEARCH_GOES_ON;
	case '\r':
	case '\n':
		return s->at < 0 ? SEARCH_GIVES_UP : SEARCH_RUNS;
	case '\t':
	case CTRL_E:
	case ESC:
		return s->at < 0 ? SEARCH_GIVES_UP : SEARCH_EDITS;
	case CTRL_C:
	case CTRL_G:
		return SEARCH_GIVES_UP;
	case '\b':
	case 0x7F:
		remove_last(s);
		return SEARCH_GOES_ON;
	default:
		if (key >= ' ')
			add(s, key);
		return SEARCH_GOES_ON;
	}
}

void search_show(const struct search *s, struct kiln_buf *ret_text)
{
	const char *line = search_line(s);

	(void)kiln_buf_printf(ret_text, "\r\033[K(search%s) '%s': %s",
			      s->n && !line ? ", none" : "", s->words, line ? line : "");
}
