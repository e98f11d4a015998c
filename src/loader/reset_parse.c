/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reset sequence that somebody wrote down, in the language of esptool's configuration file
 * (custom_reset_sequence): parts with '|' between them.
 */
#include "loader/reset.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { PART_MAX = 31, LONGEST_WAIT = 60 };

static bool take_flag(const char **text, bool *ret)
{
	if (**text != '0' && **text != '1')
		return false;
	*ret = *(*text)++ == '1';
	return true;
}

static bool take_seconds(const char *text, kiln_ms *ret_ms)
{
	char *end;

	/* strtod knows more than is meant: hexadecimal, infinity, a sign */
	if (!*text || strspn(text, "0123456789.") != strlen(text))
		return false;
	const double seconds = strtod(text, &end);

	if (*end || seconds > LONGEST_WAIT)
		return false;
	*ret_ms = (kiln_ms)(seconds * 1000 + 0.5);
	return true;
}

/* One part changes what the lines are, or says how long they stay so. */
static bool apply(const char *part, struct kiln_reset_step *step)
{
	const char *text = part + 1;

	switch (part[0]) {
	case 'D':
		return take_flag(&text, &step->dtr) && !*text;
	case 'R':
		return take_flag(&text, &step->rts) && !*text;
	case 'U':
		return take_flag(&text, &step->dtr) && *text++ == ',' &&
		       take_flag(&text, &step->rts) && !*text;
	case 'W':
		return take_seconds(text, &step->wait_ms);
	default:
		return false;
	}
}

static kiln_code bad_part(const char *part, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_INVALID, "cannot use the reset sequence");
	kiln_why(err, "'%s' is no part of one", part);
	kiln_hint(err, "parts are D0, D1, R0, R1, U0,1 and W0.1, with '|' between them");
	return KILN_E_INVALID;
}

static kiln_code add_part(const char *part, struct kiln_reset_sequence *s, struct kiln_err *err)
{
	struct kiln_reset_step step = { 0 };

	if (s->n > 0)
		step = s->steps[s->n - 1];
	step.wait_ms = 0;
	if (!apply(part, &step))
		return bad_part(part, err);
	if (s->n == KILN_RESET_STEPS) {
		(void)kiln_fail(err, KILN_E_TOO_BIG, "cannot use the reset sequence");
		kiln_why(err, "it has more than %d parts", KILN_RESET_STEPS);
		return KILN_E_TOO_BIG;
	}
	s->steps[s->n++] = step;
	return KILN_OK;
}

kiln_code kiln_reset_parse(struct kiln_span text, struct kiln_reset_sequence *ret_sequence,
			   struct kiln_err *err)
{
	struct kiln_reset_sequence sequence = { .n = 0 };
	bool more = true;

	while (more) {
		const uint8_t *bar = text.n ? memchr(text.p, '|', text.n) : NULL;
		const size_t n = bar ? (size_t)(bar - text.p) : text.n;
		char part[PART_MAX + 1];

		kiln_text_copy_untrusted(part, sizeof(part), text.p, n);
		KILN_TRY(add_part(part, &sequence, err));
		more = bar != NULL;
		if (more)
			text = kiln_span(text.p + n + 1, text.n - n - 1);
	}
	*ret_sequence = sequence;
	return KILN_OK;
}
