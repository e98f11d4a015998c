/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal_history.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

enum { CTRL_R = 0x12, ESC = 0x1B };

void terminal_history_open(struct terminal_history *h)
{
	*h = (struct terminal_history){ .enters = 0 };
	typed_load(&h->typed);
	lineview_init(&h->view);
}

void terminal_history_close(struct terminal_history *h)
{
	typed_done(&h->typed);
}

static size_t count_characters(const char *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((uint8_t)p[i] & 0xC0) != 0x80;
	return count;
}

/* The line as the board believes it to be shown. */
static void put_back(struct terminal_history *h, struct kiln_buf *show)
{
	const struct lineview *v = &h->view;
	const size_t left = count_characters(v->text + v->cursor, v->n - v->cursor);

	h->searching = false;
	(void)kiln_buf_puts(show, "\r\033[K");
	(void)kiln_buf_append(show, v->text, v->n);
	if (left > 0)
		(void)kiln_buf_printf(show, "\033[%zuD", left);
}

static void end_line(struct terminal_history *h)
{
	const struct lineview *v = &h->view;
	size_t n;
	const char *typed = lineview_typed(v, &n);
	const bool asked = typed || (v->n >= 4 && memcmp(v->text, "... ", 4) == 0);

	if (h->enters == 0 || !asked)
		return;
	h->enters--;
	if (typed)
		typed_add(&h->typed, typed, n);
}

void terminal_history_heard(struct terminal_history *h, const uint8_t *p, size_t n,
			    struct kiln_buf *show)
{
	if (h->searching && n > 0)
		put_back(h, show);
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n')
			end_line(h);
		lineview_byte(&h->view, p[i]);
	}
}

/* The board's line becomes the one that was found: End, as many BS as there are characters, text.
 */
static void take_over(struct terminal_history *h, bool run, struct kiln_buf *keys)
{
	const char *line = search_line(&h->search);
	size_t n = 0;
	const char *typed = lineview_typed(&h->view, &n);
	const size_t old = typed ? count_characters(typed, n) : 0;

	if (old > 0)
		(void)kiln_buf_puts(keys, "\033[F");
	for (size_t i = 0; i < old; i++)
		(void)kiln_buf_putc(keys, 0x7F);
	(void)kiln_buf_puts(keys, line);
	if (run) {
		(void)kiln_buf_putc(keys, '\r');
		h->enters++;
	}
}

static size_t width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/* One row of the terminal, or it could not be wiped. */
static void show_search(const struct terminal_history *h, struct kiln_buf *show)
{
	struct kiln_buf text = KILN_BUF_INIT(16 * 1024);
	const size_t head = strlen("\r\033[K");
	size_t room = width() - 1 + head;

	search_show(&h->search, &text);
	if (room > text.len)
		room = text.len;
	(void)kiln_buf_append(show, text.data, kiln_utf8_whole(text.data, room));
	kiln_buf_done(&text);
}

static bool swallow(struct terminal_history *h, uint8_t key)
{
	if (h->swallow == 1 && key != '[' && key != 'O') {
		h->swallow = 0;
		return false;
	}
	h->swallow = h->swallow == 2 && key >= 0x40 && key <= 0x7E ? 0 : 2;
	return true;
}

bool terminal_history_key(struct terminal_history *h, uint8_t key, struct kiln_buf *keys,
			  struct kiln_buf *show)
{
	search_end end;
	size_t n;

	if (h->swallow && swallow(h, key))
		return true;
	if (!h->searching && key == CTRL_R && lineview_typed(&h->view, &n)) {
		search_begin(&h->search, &h->typed);
		h->searching = true;
		show_search(h, show);
		return true;
	}
	if (!h->searching) {
		h->enters += key == '\r';
		return false;
	}
	end = search_key(&h->search, key);
	if (end == SEARCH_GOES_ON) {
		show_search(h, show);
		return true;
	}
	h->swallow = key == ESC;
	put_back(h, show);
	if (end != SEARCH_GIVES_UP)
		take_over(h, end == SEARCH_RUNS, keys);
	return true;
}

void terminal_history_rest(struct terminal_history *h)
{
	h->swallow = 0;
}
