/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineview.h"

#include <stdlib.h>
#include <string.h>

static const char prompt[] = ">>> ";

void lineview_init(struct lineview *v)
{
	*v = (struct lineview){ .n = 0 };
}

static bool is_tail(char c)
{
	return ((uint8_t)c & 0xC0) == 0x80;
}

/* Columns are characters, and those of UTF-8 have several bytes. */
static void move_left(struct lineview *v, unsigned columns)
{
	while (columns-- > 0 && v->cursor > 0) {
		v->cursor--;
		while (v->cursor > 0 && is_tail(v->text[v->cursor]))
			v->cursor--;
	}
}

static void move_right(struct lineview *v, unsigned columns)
{
	while (columns-- > 0 && v->cursor < v->n) {
		v->cursor++;
		while (v->cursor < v->n && is_tail(v->text[v->cursor]))
			v->cursor++;
	}
}

static void end_escape(struct lineview *v)
{
	const char kind = v->escape[v->n_escape - 1];
	const unsigned long n = strtoul(v->escape + 2, NULL, 10);
	const unsigned columns = n == 0 ? 1 : n > LINEVIEW_MAX ? LINEVIEW_MAX : (unsigned)n;

	if (kind == 'K')
		v->n = v->cursor;
	else if (kind == 'D')
		move_left(v, columns);
	else if (kind == 'C')
		move_right(v, columns);
	else if (kind != 'm')
		v->lost = true;
	v->n_escape = 0;
}

/* "[12D": what follows an ESC. */
static void take_escape(struct lineview *v, uint8_t byte)
{
	if (v->n_escape == sizeof(v->escape) - 1) {
		v->lost = true;
		v->n_escape = 0;
		return;
	}
	v->escape[v->n_escape++] = (char)byte;
	v->escape[v->n_escape] = '\0';
	if (v->n_escape > 2 || (v->n_escape == 2 && byte != '[')) {
		if (byte >= 0x40 && byte <= 0x7E)
			end_escape(v);
	}
}

static void put(struct lineview *v, char c)
{
	size_t old = 0;

	if (v->n == sizeof(v->text)) {
		v->lost = true;
		return;
	}
	/* over what stands there: a character takes the place of a whole one */
	if (v->cursor < v->n && !is_tail(c)) {
		old = 1;
		while (v->cursor + old < v->n && is_tail(v->text[v->cursor + old]))
			old++;
	}
	memmove(v->text + v->cursor + 1, v->text + v->cursor + old, v->n - v->cursor - old);
	v->text[v->cursor++] = c;
	v->n = v->n - old + 1;
}

void lineview_byte(struct lineview *v, uint8_t byte)
{
	if (byte == '\n') {
		lineview_init(v);
	} else if (v->n_escape > 0) {
		take_escape(v, byte);
	} else if (byte == 0x1B) {
		v->escape[v->n_escape++] = 0x1B;
	} else if (byte == '\r') {
		v->cursor = 0;
	} else if (byte == '\b') {
		move_left(v, 1);
	} else if (byte >= ' ' && byte != 0x7F) {
		put(v, (char)byte);
	}
}

const char *lineview_typed(const struct lineview *v, size_t *ret_n)
{
	const size_t head = sizeof(prompt) - 1;

	if (v->lost || v->n < head || memcmp(v->text, prompt, head) != 0)
		return NULL;
	*ret_n = v->n - head;
	return v->text + head;
}
