/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast way to put: a program on the board takes frames off its input, all files in one go.
 *
 *	'F' offset as 8 hex digits, path    a file begins (or goes on at an offset)
 *	'D' bytes    'Z' raw deflate        its next bytes; each block unpacks by itself
 *	'E' digest                          it ends: compare, rename
 *	'M' path                            a folder, if it is not there
 *	'Q'                                 no more
 *
 * Each frame has its letter, the length of what follows as 4 hex digits, and the escaped bytes.
 * The board's input buffer holds two windows, which may be sent after its first 06. For each one
 * and a half that it has taken out it says 06 again: half a window is then still under way, which
 * keeps the wire busy meanwhile, and there are a third fewer round trips than with one for each
 * window.
 */
#include <libdeflate.h>

#include "base/text.h"
#include "files/escape.h"
#include "files/literal.h"
#include "files/programs.h"
#include "files/session.h"
#include "repl/session.h"

enum {
	ACK = 0x06,
	HEAD = 5,
	QUIET_MS = 15000, /* a file system that collects garbage takes seconds */
	WRITE_MS = 5000,
	SAID_MAX = 4096,
	LEVEL = 9,
};

struct stream {
	struct kiln_files *files;
	const struct kiln_files_item *items;
	const size_t *offsets;
	size_t n, i;   /* the item that is sent */
	bool begun;    /* its 'F' was sent */
	size_t at;     /* its bytes that were framed */
	bool ended;    /* 'Q' was sent */
	bool ready;    /* the board's first 06 came */
	size_t block;  /* most bytes of a frame, before and after they are escaped */
	uint64_t room; /* bytes that the board has room for */
	struct kiln_buf wire, packed, said;
	size_t sent; /* of wire */
	struct libdeflate_compressor *compressor;
	const struct kiln_files_watch *watch;
	struct kiln_err *err;
	kiln_code code; /* why it was given up */
};

static size_t frame_max(const struct stream *s)
{
	return s->block + s->block / 4;
}

/* Make s->wire one frame. False: it is longer than the board expects. */
static bool frame(struct stream *s, char letter, const void *p, size_t n)
{
	char head[HEAD + 1];

	kiln_buf_reset(&s->wire);
	s->sent = 0;
	(void)kiln_buf_puts(&s->wire, "?0000");
	if (kiln_escape(&s->wire, p, n) != KILN_OK || s->wire.len - HEAD > frame_max(s))
		return false;
	kiln_text_format(head, sizeof(head), "%c%04zx", letter, s->wire.len - HEAD);
	memcpy(s->wire.data, head, HEAD);
	return true;
}

/* Raw deflate of the block into s->packed; false if that makes it no smaller. */
static bool pack(struct stream *s, const uint8_t *p, size_t n)
{
	size_t size;

	kiln_buf_reset(&s->packed);
	if (!s->compressor || kiln_buf_reserve(&s->packed, n) != KILN_OK)
		return false;
	size = libdeflate_deflate_compress(s->compressor, p, n, s->packed.data, n);
	kiln_buf_grew(&s->packed, size);
	return size > 0 && size < n - n / 16;
}

static void tell(const struct stream *s)
{
	const struct kiln_files_progress progress = {
		.path = s->items[s->i].path,
		.item = s->i,
		.items = s->n,
		.done = s->at,
		.total = s->items[s->i].n,
	};

	if (s->watch && s->watch->progress)
		s->watch->progress(s->watch->user, &progress);
}

static void frame_data(struct stream *s, const struct kiln_files_item *item)
{
	const uint8_t *p = (const uint8_t *)item->data + s->at;
	size_t n = item->n - s->at < s->block ? item->n - s->at : s->block;

	if (pack(s, p, n) && frame(s, 'Z', s->packed.data, s->packed.len)) {
		s->at += n;
	} else {
		while (!frame(s, 'D', p, n)) /* bytes that are mostly escaped */
			n /= 2;
		s->at += n;
	}
	tell(s);
}

static bool frame_begin(struct stream *s, const struct kiln_files_item *item)
{
	struct kiln_buf text = KILN_BUF_INIT(frame_max(s) + HEAD);
	bool fits;

	if (!item->folder)
		(void)kiln_buf_printf(&text, "%08zx", s->offsets[s->i]);
	(void)kiln_buf_puts(&text, item->path);
	fits = !text.failed && frame(s, item->folder ? 'M' : 'F', text.data, text.len);
	kiln_buf_done(&text);
	s->at = s->offsets[s->i];
	s->begun = true;
	return fits;
}

static kiln_code frame_end(struct stream *s, const struct kiln_files_item *item)
{
	char digest[KILN_DIGEST_TEXT];

	if (!item->folder) {
		KILN_TRY(kiln_digest_text(s->files->digest, item->data, item->n, digest, s->err));
		(void)frame(s, 'E', digest, strlen(digest));
	}
	s->i++;
	s->begun = false;
	return KILN_OK;
}

/* The next frame, if there is one. */
static kiln_code refill(struct stream *s)
{
	const struct kiln_files_item *item = &s->items[s->i];

	kiln_buf_reset(&s->wire);
	s->sent = 0;
	if (s->i == s->n) {
		s->ended = true;
		(void)frame(s, 'Q', NULL, 0);
	} else if (!s->begun) {
		if (!frame_begin(s, item))
			return kiln_fail(s->err, KILN_E_INVALID,
					 "cannot put a file: its name is too long");
	} else if (s->at < item->n) {
		frame_data(s, item);
	} else {
		return frame_end(s, item);
	}
	return KILN_OK;
}

static kiln_code send(struct stream *s)
{
	struct kiln_link *link = s->files->repl->link;

	while (s->room > 0) {
		const size_t left = s->wire.len - s->sent;
		const size_t n = left < s->room ? left : (size_t)s->room;

		if (left == 0) {
			if (s->ended)
				return KILN_OK;
			KILN_TRY(refill(s));
			continue;
		}
		KILN_TRY(kiln_link_write(link, s->wire.data + s->sent, n,
					 kiln_link_after(link, WRITE_MS), s->err));
		s->sent += n;
		s->room -= n;
	}
	return KILN_OK;
}

static void give_up(struct stream *s, kiln_code code)
{
	s->code = code;
	kiln_files_stop(s->files);
}

static unsigned ack_unit(const struct kiln_files *files)
{
	return files->window + files->window / 2;
}

/* What the board says while it receives. */
static void on_text(void *user, const char *text, size_t n)
{
	struct stream *s = user;
	kiln_code code = KILN_OK;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != ACK) {
			(void)kiln_buf_putc(&s->said, (uint8_t)text[i]);
			continue;
		}
		s->room += s->ready ? ack_unit(s->files) : 2 * s->files->window;
		s->ready = true;
	}
	if (s->code == KILN_OK && s->said.len == 0)
		code = send(s);
	if (code != KILN_OK)
		give_up(s, code);
}

/* The text names no file: the board says in which one it was. */
static void name_item(const struct stream *s, struct kiln_err *err)
{
	struct kiln_buf name = KILN_BUF_INIT(SAID_MAX);
	struct kiln_span said = kiln_buf_span(&s->said);

	if (err && said.n > 0 && said.p[0] == '!') {
		said = kiln_span(said.p + 1, said.n - 1);
		if (kiln_literal_read(&said, &name))
			kiln_files_what(err->what, "put", kiln_buf_str(&name));
	}
	kiln_buf_done(&name);
}

static kiln_code explain(const struct stream *s, kiln_code code, struct kiln_err *err)
{
	if (s->code != KILN_OK)
		return s->code;
	name_item(s, err);
	/* the digest differs, or a frame has no length: the receiver takes either for a bad value
	 */
	if (code == KILN_E_EXCEPTION && err && strncmp(err->why, "ValueError", 10) == 0) {
		err->code = KILN_E_VERIFY;
		kiln_why(err, "bytes were lost on the way");
		kiln_hint(err, "try again; a slower baud rate or another cable may help");
		return KILN_E_VERIFY;
	}
	return code;
}

static unsigned window_bits(size_t block)
{
	unsigned bits = 8;

	while ((size_t)1 << bits < block)
		bits++;
	return bits;
}

static kiln_code run(struct stream *s, struct kiln_err *err)
{
	const struct kiln_program_digest *d = &kiln_program_digests[s->files->digest];
	const struct kiln_repl_output output = { .text = on_text, .user = s, .quiet_ms = QUIET_MS };
	struct kiln_buf program = KILN_BUF_INIT(64 * 1024), args = KILN_BUF_INIT(256);
	char what[160];
	kiln_code code;

	kiln_files_what(what, "put", s->items[0].path);
	kiln_files_fill(
		&program, kiln_program_receive,
		(const char *[]){ d->import, d->update, d->start, d->update, d->text, NULL });
	(void)kiln_buf_printf(&args, "%u,%zu,%u", ack_unit(s->files), frame_max(s),
			      s->compressor ? window_bits(s->block) : 0);
	args.failed |= program.failed;
	code = kiln_files_run_to(s->files, kiln_buf_str(&program), &args, &output, what, err);
	kiln_buf_done(&program);
	kiln_buf_done(&args);
	/* bytes that were under way when it ended may stand at the prompt */
	if (code != KILN_OK)
		s->files->repl->at_prompt = false;
	return code != KILN_OK || s->code != KILN_OK ? explain(s, code, err) : KILN_OK;
}

kiln_code kiln_files_put_stream(struct kiln_files *files, const struct kiln_files_item *items,
				const size_t *offsets, size_t n,
				const struct kiln_files_watch *watch, struct kiln_err *err)
{
	struct kiln_err why = KILN_ERR_INIT;
	struct stream s = {
		.files = files,
		.items = items,
		.offsets = offsets,
		.n = n,
		.block = kiln_files_block(files),
		.watch = watch,
		.err = &why,
	};
	struct kiln_err told = KILN_ERR_INIT;
	kiln_code code;

	kiln_buf_init(&s.wire, 2 * s.block + HEAD);
	kiln_buf_init(&s.packed, s.block + 64);
	kiln_buf_init(&s.said, SAID_MAX);
	s.compressor = files->can_deflate ? libdeflate_alloc_compressor(LEVEL) : NULL;
	code = run(&s, &told);
	if (code != KILN_OK && err)
		*err = s.code != KILN_OK ? why : told;
	if (s.compressor)
		libdeflate_free_compressor(s.compressor);
	kiln_buf_done(&s.wire);
	kiln_buf_done(&s.packed);
	kiln_buf_done(&s.said);
	return code;
}
