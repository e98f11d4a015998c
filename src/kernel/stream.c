/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/stream.h"

#include "base/text.h"

static const char *const names[] = { [KILN_STDOUT] = "stdout", [KILN_STDERR] = "stderr" };

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

void kiln_stream_init(struct kiln_stream *s,
		      void (*send)(void *user, const char *name, const char *text, size_t n),
		      void *user)
{
	/* each byte may become three */
	*s = (struct kiln_stream){ .send = send, .user = user };
	kiln_buf_init(&s->text, 4 * KILN_STREAM_CHUNK);
}

void kiln_stream_done(struct kiln_stream *s)
{
	kiln_buf_done(&s->text);
}

void kiln_stream_begin(struct kiln_stream *s)
{
	s->total = 0;
	s->full = false;
	s->sent = 0;
}

void kiln_stream_flush(struct kiln_stream *s, kiln_ms now)
{
	if (s->text.len == 0)
		return;
	s->send(s->user, names[s->name], kiln_buf_str(&s->text), s->text.len);
	kiln_buf_reset(&s->text);
	s->sent = now;
}

kiln_ms kiln_stream_due(const struct kiln_stream *s)
{
	const kiln_ms from = s->sent > s->begun ? s->sent : s->begun;

	return s->text.len ? from + KILN_STREAM_QUIET_MS : KILN_FOREVER;
}

/*
 * Length of the UTF-8 character at p, 0 if there is none: RFC 3629, which has neither overlong
 * forms nor surrogates nor anything above U+10FFFF.
 */
static size_t character(const uint8_t *p, size_t n)
{
	const size_t len = p[0] < 0x80                   ? 1
			   : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
			   : p[0] >= 0xE0 && p[0] < 0xF0 ? 3
			   : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
							 : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] >= 0x90))
		return 0;
	return len;
}

static void append_clean(struct kiln_buf *out, const uint8_t *p, size_t n)
{
	size_t from = 0, at = 0;

	while (at < n) {
		const size_t len = character(p + at, n - at);

		if (len) {
			at += len;
			continue;
		}
		(void)kiln_buf_append(out, p + from, at - from);
		(void)kiln_buf_puts(out, replacement);
		from = ++at;
	}
	(void)kiln_buf_append(out, p + from, n - from);
}

/* The first `limit` bytes at most, cut where a character ends. */
static size_t piece_of(const char *text, size_t n, size_t limit)
{
	const size_t whole = n > limit ? kiln_utf8_whole(text, limit) : n;

	return whole ? whole : limit;
}

static void put_piece(struct kiln_stream *s, kiln_stream_name name, const char *text, size_t n,
		      kiln_ms now)
{
	if (s->text.len && (s->name != name || s->text.len + n > KILN_STREAM_CHUNK))
		kiln_stream_flush(s, now);
	if (s->text.len == 0)
		s->begun = now;
	s->name = name;
	append_clean(&s->text, (const uint8_t *)text, n);
}

void kiln_stream_put(struct kiln_stream *s, kiln_stream_name name, const char *text, size_t n,
		     kiln_ms now)
{
	static const char said[] = "\n(more than 16 MiB of output: the rest of it is not shown)\n";
	const size_t left = KILN_STREAM_CELL_MAX - s->total;
	const size_t take = n < left ? n : left;

	s->total += take;
	for (size_t at = 0, piece; at < take; at += piece) {
		piece = piece_of(text + at, take - at, KILN_STREAM_CHUNK);
		put_piece(s, name, text + at, piece, now);
	}
	if (take < n && !s->full) {
		s->full = true;
		put_piece(s, KILN_STDERR, said, sizeof(said) - 1, now);
	}
	/* a line is shown at once; a piece of one waits a moment for its end */
	if (now >= s->sent + KILN_STREAM_QUIET_MS && memchr(s->text.data, '\n', s->text.len))
		kiln_stream_flush(s, now);
}
