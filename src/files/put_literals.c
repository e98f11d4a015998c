/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slow way to put: a program for each piece, with the bytes in it as text. It works on
 * whatever has open() and write().
 */
#include <openssl/evp.h>

#include "base/text.h"
#include "files/literal.h"
#include "files/programs.h"
#include "files/session.h"

enum {
	PIECE = 1024,
	SMALL_PIECE = 128, /* its program has to fit beside what the user's needs */
};

struct put {
	struct kiln_files *files;
	const struct kiln_files_item *item;
	struct kiln_buf name;      /* the file that is written, as Python source */
	struct kiln_buf last_name; /* what it is renamed to */
	char what[160];
};

static void base64(struct kiln_buf *out, const uint8_t *p, size_t n)
{
	if (kiln_buf_reserve(out, n / 3 * 4 + 8) != KILN_OK)
		return;
	kiln_buf_grew(out, (size_t)EVP_EncodeBlock(out->data + out->len, p, (int)n));
}

/* The shorter of the two ways to write bytes. */
static kiln_code piece_code(const struct kiln_files *files, const uint8_t *p, size_t n,
			    struct kiln_buf *ret_code)
{
	static const char call[] = "_kiln_f.write(";
	const size_t coded = n / 3 * 4 + 4 + sizeof("_kiln_b.a2b_base64(b'')");

	kiln_buf_reset(ret_code);
	(void)kiln_buf_puts(ret_code, call);
	KILN_TRY(kiln_literal_bytes(ret_code, p, n));
	if (files->can_base64 && ret_code->len - sizeof(call) > coded) {
		kiln_buf_reset(ret_code);
		(void)kiln_buf_printf(ret_code, "%s_kiln_b.a2b_base64(b'", call);
		base64(ret_code, p, n);
		(void)kiln_buf_puts(ret_code, "')");
	}
	(void)kiln_buf_puts(ret_code, ")\n");
	return ret_code->failed ? KILN_E_NOMEM : KILN_OK;
}

static kiln_code write_pieces(struct put *p, struct kiln_files_progress *progress,
			      const struct kiln_files_watch *watch, struct kiln_err *err)
{
	const size_t piece = p->files->memory < 24 * 1024 ? SMALL_PIECE : PIECE;
	const uint8_t *data = p->item->data;
	struct kiln_buf code = KILN_BUF_INIT(64 * 1024);
	kiln_code status = KILN_OK;

	for (size_t at = 0; at < p->item->n && status == KILN_OK; at += piece) {
		const size_t left = p->item->n - at, n = left < piece ? left : piece;

		if (piece_code(p->files, data + at, n, &code) != KILN_OK)
			status = kiln_fail(err, KILN_E_NOMEM, "%s", p->what);
		else
			status = kiln_files_run_code(p->files, &code, NULL, p->what, err);
		progress->done = at + n;
		if (status == KILN_OK && watch && watch->progress)
			watch->progress(watch->user, progress);
	}
	kiln_buf_done(&code);
	return status;
}

static kiln_code verify(struct put *p, struct kiln_err *err)
{
	struct kiln_buf text = KILN_BUF_INIT(4096);
	char digest[KILN_DIGEST_TEXT] = "";
	kiln_code code;

	/* closed first, for what it holds back; open again, for the last program closes it */
	(void)kiln_buf_puts(&text, "_kiln_f.close()\n");
	code = kiln_files_run_code(p->files, &text, NULL, p->what, err);
	kiln_buf_reset(&text);
	if (code == KILN_OK)
		code = kiln_digest_text(p->files->digest, p->item->data, p->item->n, digest, err);
	if (code == KILN_OK)
		code = kiln_files_hash(p->files, &p->name, p->what, &text, err);
	if (code == KILN_OK && strncmp(kiln_buf_str(&text), digest, strlen(digest)) != 0) {
		code = kiln_fail(err, KILN_E_VERIFY, "%s", p->what);
		kiln_why(err, "its %s differs from that of what was sent",
			 kiln_digest_name(p->files->digest));
		kiln_hint(err, "try again; a slower baud rate may help");
	}
	kiln_buf_done(&text);
	return code;
}

/* What failed is told already; that this fails too adds nothing. */
static void undo(struct put *p)
{
	const kiln_code ignored = kiln_files_run(p->files, kiln_program_undo, &p->name, NULL,
						 p->what, NULL);

	(void)ignored;
}

static kiln_code rename_it(struct put *p, struct kiln_err *err)
{
	(void)kiln_buf_printf(&p->name, ",%s", kiln_buf_str(&p->last_name));
	return kiln_files_run(p->files, kiln_program_end, &p->name, NULL, p->what, err);
}

static kiln_code put_file(struct put *p, struct kiln_files_progress *progress,
			  const struct kiln_files_watch *watch, struct kiln_err *err)
{
	kiln_code code = kiln_files_run(p->files, kiln_program_begin, &p->name, NULL, p->what, err);

	if (code == KILN_OK)
		code = write_pieces(p, progress, watch, err);
	if (code == KILN_OK)
		code = verify(p, err);
	if (code == KILN_OK)
		code = rename_it(p, err);
	else if (code != KILN_E_PORT_GONE)
		undo(p);
	return code;
}

static kiln_code put_item(struct put *p, struct kiln_files_progress *progress,
			  const struct kiln_files_watch *watch, struct kiln_err *err)
{
	struct kiln_buf path = KILN_BUF_INIT(64 * 1024);
	kiln_code code;

	if (p->item->folder)
		return kiln_files_mkdir(p->files, p->item->path, KILN_FILES_PARENTS, err);
	kiln_files_what(p->what, "put", p->item->path);
	(void)kiln_buf_printf(&path, "%s%s", p->item->path,
			      p->files->can_rename ? KILN_FILES_TEMPORARY : "");
	code = kiln_files_path(&p->name, kiln_buf_str(&path), err);
	if (code == KILN_OK)
		code = kiln_files_path(&p->last_name, p->item->path, err);
	if (code == KILN_OK)
		code = put_file(p, progress, watch, err);
	/* without flow control bytes get lost: once more, before anybody is bothered */
	if (code == KILN_E_VERIFY)
		code = put_file(p, progress, watch, err);
	kiln_buf_done(&path);
	return code;
}

kiln_code kiln_files_put_literals(struct kiln_files *files, const struct kiln_files_item *items,
				  size_t n, const struct kiln_files_watch *watch,
				  struct kiln_err *err)
{
	struct put p = { .files = files };
	struct kiln_files_progress progress = { .items = n };
	kiln_code code = KILN_OK;

	kiln_buf_init(&p.name, 64 * 1024);
	kiln_buf_init(&p.last_name, 64 * 1024);
	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		p.item = &items[i];
		kiln_buf_reset(&p.name);
		kiln_buf_reset(&p.last_name);
		progress.path = p.item->path;
		progress.item = i;
		progress.total = p.item->n;
		code = put_item(&p, &progress, watch, err);
	}
	kiln_buf_done(&p.name);
	kiln_buf_done(&p.last_name);
	return code;
}
