/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files from the board: as escaped bytes where it can write them, else as repr() prints bytes. A
 * digest follows each file.
 */
#include <libdeflate.h>

#include "base/text.h"
#include "files/escape.h"
#include "files/literal.h"
#include "files/programs.h"
#include "files/session.h"
#include "link/link_files.h"
#include "repl/session.h"

enum {
	QUIET_MS = 15000,
	GROUP = 40,       /* files that one program names */
	PIECE = 64,       /* bytes of a line, as a literal */
	LINE_MAX = 1024,  /* that line */
	WINDOW_BITS = 10, /* of the board's deflate: 1 KB of its memory */
};

struct get {
	struct kiln_files *files;
	const char *const *paths;
	size_t total, n, i; /* of all; up to which this program reads; the one that comes */
	kiln_code (*take)(void *user, size_t i, const void *data, size_t size,
			  struct kiln_err *err);
	void *user;
	const struct kiln_files_watch *watch;
	struct kiln_buf data, tail; /* the file; the digest, or a line */
	struct kiln_buf packed;     /* a block that the board has made smaller */
	bool in_packed;
	struct libdeflate_decompressor *decompressor;
	struct kiln_unescape unescape;
	bool in_tail;
	struct kiln_err why; /* with `code`: why it was given up */
	kiln_code code;
};

static kiln_code fail_get(struct get *g, kiln_code code, const char *why)
{
	char what[160];

	kiln_files_what(what, "get", g->paths[g->i]);
	(void)kiln_fail(&g->why, code, "%s", what);
	kiln_why(&g->why, "%s", why);
	return code;
}

static kiln_code finish(struct get *g)
{
	char digest[KILN_DIGEST_TEXT];

	KILN_TRY(kiln_digest_text(g->files->digest, g->data.data, g->data.len, digest, &g->why));
	if (strcmp(digest, kiln_buf_str(&g->tail)) != 0) {
		(void)fail_get(g, KILN_E_VERIFY, "what came differs from what the board read");
		kiln_hint(&g->why, "bytes are lost on the way; a slower baud rate may help");
		return KILN_E_VERIFY;
	}
	KILN_TRY(g->take(g->user, g->i, g->data.data, g->data.len, &g->why));
	kiln_buf_reset(&g->data);
	kiln_buf_reset(&g->tail);
	g->in_tail = false;
	g->i++;
	return KILN_OK;
}

static void tell(const struct get *g)
{
	const struct kiln_files_progress progress = {
		.path = g->paths[g->i],
		.item = g->i,
		.items = g->total,
		.done = g->data.len,
	};

	if (g->watch && g->watch->progress)
		g->watch->progress(g->watch->user, &progress);
}

static kiln_code unpack(struct get *g)
{
	const size_t most = kiln_files_block(g->files);
	size_t n;

	if (!g->decompressor || kiln_buf_reserve(&g->data, most) != KILN_OK)
		return fail_get(g, KILN_E_TOO_BIG, "it is over 64 MiB");
	if (libdeflate_deflate_decompress(g->decompressor, g->packed.data, g->packed.len,
					  g->data.data + g->data.len, most,
					  &n) != LIBDEFLATE_SUCCESS)
		return fail_get(g, KILN_E_PROTOCOL, "bytes were lost on the way");
	kiln_buf_grew(&g->data, n);
	kiln_buf_reset(&g->packed);
	return KILN_OK;
}

/* What a mark means depends on where it stands. */
static kiln_code on_mark(struct get *g, uint8_t mark)
{
	if (g->in_tail && mark == ';')
		return finish(g);
	if (g->in_packed && mark == 'z') {
		g->in_packed = false;
		return unpack(g);
	}
	if (!g->in_tail && !g->in_packed && (mark == '.' || mark == 'Z')) {
		g->in_tail = mark == '.';
		g->in_packed = mark == 'Z';
		return KILN_OK;
	}
	return fail_get(g, KILN_E_PROTOCOL, "bytes were lost on the way");
}

static struct kiln_buf *destination(struct get *g)
{
	return g->in_tail ? &g->tail : g->in_packed ? &g->packed : &g->data;
}

static kiln_code on_bytes(struct get *g, const uint8_t *p, size_t n)
{
	while (n > 0) {
		kiln_unescape_event event;
		size_t used;

		if (g->i == g->n)
			return KILN_OK; /* something else prints */
		event = kiln_unescape(&g->unescape, p, n, destination(g), &used);
		p += used;
		n -= used;
		if (event == KILN_UNESCAPE_FULL)
			return fail_get(g, KILN_E_TOO_BIG, "it is over 64 MiB");
		if (event == KILN_UNESCAPE_MARK)
			KILN_TRY(on_mark(g, g->unescape.mark));
	}
	if (g->i < g->n)
		tell(g);
	return KILN_OK;
}

static kiln_code on_line(struct get *g)
{
	struct kiln_span line = kiln_buf_span(&g->tail);

	if (line.n > 2 && line.p[0] == '.') {
		kiln_buf_consume(&g->tail, 2);
		return finish(g);
	}
	if (!kiln_literal_read(&line, &g->data) || line.n > 0)
		return fail_get(g, KILN_E_PROTOCOL, "bytes were lost on the way");
	kiln_buf_reset(&g->tail);
	tell(g);
	return KILN_OK;
}

static kiln_code on_literals(struct get *g, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && g->i < g->n; i++) {
		if (p[i] == '\n')
			KILN_TRY(on_line(g));
		else if (g->tail.len >= LINE_MAX || kiln_buf_putc(&g->tail, p[i]) != KILN_OK)
			return fail_get(g, KILN_E_PROTOCOL, "bytes were lost on the way");
	}
	return KILN_OK;
}

static void on_text(void *user, const char *text, size_t n)
{
	struct get *g = user;

	if (g->code != KILN_OK)
		return;
	g->code = g->files->can_stream_out ? on_bytes(g, (const uint8_t *)text, n)
					   : on_literals(g, (const uint8_t *)text, n);
	if (g->code != KILN_OK)
		kiln_files_stop(g->files);
}

/*
 * Is packing faster than the wire? On a UART by far; a board with USB of its own sends ten times as
 * fast as it can pack. What is behind an adapter, or a network, is a UART.
 */
static bool packs(const struct kiln_files *files)
{
	static const uint16_t adapters[] = { 0x10C4, 0x1A86, 0x0403, 0x067B, 0 };
	const uint16_t vid = files->repl->link->usb_vid;
	bool is_uart = false;

	for (size_t i = 0; i < sizeof(adapters) / sizeof(adapters[0]); i++)
		is_uart |= adapters[i] == vid;
	return is_uart && files->can_compress && files->can_stream_out;
}

static kiln_code get_args(struct get *g, size_t from, struct kiln_buf *args, struct kiln_err *err)
{
	(void)kiln_buf_putc(args, '(');
	for (size_t i = from; i < g->n; i++) {
		KILN_TRY(kiln_files_path(args, g->paths[i], err));
		(void)kiln_buf_putc(args, ',');
	}
	if (!g->files->can_stream_out)
		return kiln_buf_printf(args, "),%d", PIECE);
	if (!packs(g->files))
		return kiln_buf_printf(args, "),%zu,0", kiln_files_block(g->files) / 4);
	return kiln_buf_printf(args, "),%zu,%d", kiln_files_block(g->files), WINDOW_BITS);
}

/* An error of the program is one of the file that it was at. */
static kiln_code name_error(const struct get *g, kiln_code code, struct kiln_err *err)
{
	if (err && g->i < g->n)
		kiln_files_what(err->what, "get", g->paths[g->i]);
	return code;
}

/* Read files i to n - 1 by the REPL. */
static kiln_code run(struct get *g, struct kiln_err *err)
{
	const struct kiln_program_digest *d = &kiln_program_digests[g->files->digest];
	const struct kiln_repl_output output = { .text = on_text, .user = g, .quiet_ms = QUIET_MS };
	struct kiln_buf program = KILN_BUF_INIT(64 * 1024), args = KILN_BUF_INIT(256 * 1024);
	kiln_code code = get_args(g, g->i, &args, err);

	kiln_files_fill(&program,
			g->files->can_stream_out ? kiln_program_send : kiln_program_send_literals,
			(const char *[]){ d->import, d->start, d->update, d->text, NULL });
	args.failed |= program.failed;
	if (code == KILN_OK) {
		code = kiln_files_run_to(g->files, kiln_buf_str(&program), &args, &output,
					 "cannot get files", err);
		if (g->code == KILN_OK && code != KILN_OK)
			code = name_error(g, code, err);
	}
	kiln_buf_done(&program);
	kiln_buf_done(&args);
	if (g->code == KILN_OK && code == KILN_OK && g->i < g->n)
		g->code = fail_get(g, KILN_E_PROTOCOL, "bytes were lost on the way");
	if (g->code != KILN_OK && err)
		*err = g->why;
	return g->code != KILN_OK ? g->code : code;
}

static void on_moved(void *user, size_t i, size_t bytes)
{
	const struct get *g = user;

	(void)i;
	(void)bytes; /* they are in g->data */
	tell(g);
}

/* The file at g->i by the link. True: it is taken, or g->code says why not. */
static bool run_carried(struct get *g, const struct kiln_files_measure *measure,
			struct kiln_err *err)
{
	const struct kiln_link_files_watch watch = { .moved = on_moved, .user = g };
	struct kiln_link *link = g->files->repl->link;

	kiln_buf_reset(&g->data);
	kiln_buf_reset(&g->tail);
	(void)kiln_buf_puts(&g->tail, measure->digest);
	g->code = kiln_link_files(link)->get(link, g->paths[g->i], (size_t)measure->size, &watch,
					     &g->data, &g->why);
	if (g->code != KILN_OK && g->code != KILN_E_REFUSED)
		kiln_files_what(g->why.what, "get", g->paths[g->i]);
	if (g->code == KILN_OK)
		g->code = finish(g);
	/* another way, then: it said that it does, and does not; or it was changed meanwhile */
	if (g->code == KILN_E_REFUSED)
		g->files->carry = KILN_FILES_CARRY_NO;
	if (g->code == KILN_E_REFUSED || g->code == KILN_E_VERIFY) {
		kiln_buf_reset(&g->data);
		kiln_buf_reset(&g->tail);
		g->code = KILN_OK;
		return false;
	}
	if (g->code != KILN_OK && err)
		*err = g->why;
	return true;
}

static bool goes_by_link(const struct get *g, const struct kiln_files_measure *measure, size_t i)
{
	return measure->size >= KILN_FILES_CARRY_MIN && measure->size <= KILN_FILES_SIZE_MAX &&
	       kiln_files_can_carry(g->files, g->paths[i], 0);
}

/* Up to GROUP files, of which the link carries what is worth it. */
static kiln_code run_group(struct get *g, size_t end, struct kiln_err *err)
{
	struct kiln_files_measure measures[GROUP];
	const size_t first = g->i;

	KILN_TRY(kiln_files_measure(g->files, g->paths + first, end - first, measures, err));
	while (g->i < end && g->code == KILN_OK) {
		const struct kiln_files_measure *m = &measures[g->i - first];

		g->n = g->i + 1;
		if (goes_by_link(g, m, g->i) && run_carried(g, m, err))
			continue;
		while (g->n < end && !goes_by_link(g, &measures[g->n - first], g->n))
			g->n++;
		KILN_TRY(run(g, err));
	}
	return g->code;
}

kiln_code kiln_files_get(struct kiln_files *files, const char *const *paths, size_t n,
			 kiln_code (*take)(void *user, size_t i, const void *data, size_t size,
					   struct kiln_err *err),
			 const struct kiln_files_watch *watch, void *user, struct kiln_err *err)
{
	struct get g = {
		.files = files,
		.paths = paths,
		.total = n,
		.take = take,
		.user = user,
		.watch = watch,
		.why = KILN_ERR_INIT,
	};
	kiln_code code = n > 0 ? kiln_files_ask_carry(files, err) : KILN_OK;

	kiln_buf_init(&g.data, KILN_FILES_SIZE_MAX);
	kiln_buf_init(&g.packed, 2 * kiln_files_block(files));
	g.decompressor = packs(files) ? libdeflate_alloc_decompressor() : NULL;
	kiln_buf_init(&g.tail, LINE_MAX + 1);
	while (g.i < n && code == KILN_OK) {
		g.n = n - g.i < GROUP ? n : g.i + GROUP;
		code = kiln_files_can_carry(files, "", 0) ? run_group(&g, g.n, err) : run(&g, err);
	}
	kiln_buf_done(&g.data);
	kiln_buf_done(&g.packed);
	if (g.decompressor)
		libdeflate_free_decompressor(g.decompressor);
	kiln_buf_done(&g.tail);
	return code;
}
