/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/marks.h"

#include "base/text.h"

void kiln_marks_init(struct kiln_marks *marks, const char *nonce)
{
	*marks = (struct kiln_marks){ .held = KILN_BUF_INIT(KILN_MARK_HEAD + KILN_MARK_MAX) };
	memcpy(marks->nonce, nonce, KILN_MARK_NONCE);
}

void kiln_marks_done(struct kiln_marks *marks)
{
	kiln_buf_done(&marks->held);
}

static void give_text(const struct kiln_marks *marks, const char *text, size_t n)
{
	if (n > 0)
		marks->text(marks->user, text, n);
}

static void give_held(struct kiln_marks *marks)
{
	give_text(marks, kiln_buf_str(&marks->held), marks->held.len);
	kiln_buf_reset(&marks->held);
}

/* May `c` be the next byte of a mark's head? */
static bool fits(const struct kiln_marks *marks, char c)
{
	const size_t at = marks->held.len;

	if (at <= KILN_MARK_NONCE)
		return marks->nonce[at - 1] == c;
	return c >= 'A' && c <= 'Z'; /* the kind */
}

static void give_mark(struct kiln_marks *marks)
{
	const char *head = kiln_buf_str(&marks->held);
	struct kiln_buf mark = marks->held;

	/* whoever takes the mark may let more text in */
	kiln_buf_init(&marks->held, mark.max);
	marks->mark(marks->user, head[KILN_MARK_HEAD - 1], head + KILN_MARK_HEAD,
		    mark.len - KILN_MARK_HEAD);
	kiln_buf_done(&mark);
}

/* A byte while something is held. */
static void take_held(struct kiln_marks *marks, char c)
{
	if (marks->held.len >= KILN_MARK_HEAD) {
		if (c == KILN_MARK)
			give_mark(marks);
		else /* beyond the maximum it fails and changes nothing: a cut */
			(void)kiln_buf_putc(&marks->held, (uint8_t)c);
		return;
	}
	if (!fits(marks, c)) {
		give_held(marks);
		if (c != KILN_MARK) {
			give_text(marks, &c, 1);
			return;
		}
	}
	if (kiln_buf_putc(&marks->held, (uint8_t)c) != KILN_OK)
		give_held(marks); /* no memory: better shown than lost */
}

void kiln_marks_put(struct kiln_marks *marks, const char *text, size_t n)
{
	size_t at = 0;

	while (at < n) {
		const char *mark;
		size_t plain;

		if (marks->held.len > 0) {
			take_held(marks, text[at++]);
			continue;
		}
		mark = memchr(text + at, KILN_MARK, n - at);
		plain = mark ? (size_t)(mark - text) - at : n - at;
		give_text(marks, text + at, plain);
		at += plain;
		if (mark && kiln_buf_putc(&marks->held, (uint8_t)text[at++]) != KILN_OK)
			give_text(marks, mark, 1);
	}
}

void kiln_marks_end(struct kiln_marks *marks)
{
	if (marks->held.len >= KILN_MARK_HEAD) {
		kiln_buf_consume(&marks->held, KILN_MARK_HEAD);
		marks->held.len = kiln_utf8_whole(marks->held.data, marks->held.len);
	}
	give_held(marks);
}
