/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that the link carries beside the REPL (link/link_files.h). It knows no folders, no room and
 * no errors: what it brings goes to temporaries, and a program has their digests compared before
 * they get their names.
 */
#include "link/link_files.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "files/literal.h"
#include "files/programs.h"
#include "files/session.h"
#include "repl/session.h"

struct group {
	struct kiln_files *files;
	const struct kiln_files_item *items;
	size_t n;
	struct kiln_link_file *sent; /* those that travel */
	size_t *item;                /* which they are */
	size_t n_sent;
	struct kiln_buf names;
	const struct kiln_files_watch *watch;
};

static const struct kiln_link_files *carrier(const struct kiln_files *files)
{
	/* without os.rename and os.stat nothing of what is promised could be kept */
	const bool is_able = files->can_rename && files->has_stat;

	return is_able && files->carry != KILN_FILES_CARRY_NO ? kiln_link_files(files->repl->link)
							      : NULL;
}

bool kiln_files_can_carry(const struct kiln_files *files, const char *path, size_t extra)
{
	const struct kiln_link_files *c = carrier(files);

	return c && strlen(path) + extra <= c->name_max;
}

kiln_code kiln_files_ask_carry(struct kiln_files *files, struct kiln_err *err)
{
	const struct kiln_link_files *c = carrier(files);
	kiln_code code = KILN_OK;

	if (!c || files->carry != KILN_FILES_CARRY_UNKNOWN)
		return KILN_OK;
	code = c->ask(files->repl->link, err);
	files->carry = code == KILN_OK ? KILN_FILES_CARRY_YES : KILN_FILES_CARRY_NO;
	return code == KILN_E_UNSUPPORTED ? KILN_OK : code;
}

/* A program with a digest in it. */
static kiln_code run_digest(struct kiln_files *files, const char *text, struct kiln_buf *args,
			    struct kiln_buf *ret_text, const char *what, struct kiln_err *err)
{
	const struct kiln_program_digest *d = &kiln_program_digests[files->digest];
	struct kiln_buf program = KILN_BUF_INIT(64 * 1024);
	kiln_code code;

	kiln_files_fill(&program, text,
			(const char *[]){ d->import, d->start, d->update, d->text, NULL });
	args->failed |= program.failed;
	code = kiln_files_run(files, kiln_buf_str(&program), args, ret_text, what, err);
	kiln_buf_done(&program);
	return code;
}

/* ---- put ---- */

static void on_moved(void *user, size_t i, size_t bytes)
{
	const struct group *g = user;
	const struct kiln_files_item *item = &g->items[g->item[i]];
	const struct kiln_files_progress progress = {
		.path = item->path,
		.item = g->item[i],
		.items = g->n,
		.done = bytes,
		.total = item->n,
	};

	if (g->watch && g->watch->progress)
		g->watch->progress(g->watch->user, &progress);
}

/* The paths of folders, or of files, as a tuple. */
static kiln_code list_paths(const struct group *g, bool folders, struct kiln_buf *args,
			    bool *ret_any, struct kiln_err *err)
{
	*ret_any = false;
	(void)kiln_buf_putc(args, '(');
	for (size_t i = 0; i < g->n; i++) {
		if (g->items[i].folder != folders)
			continue;
		KILN_TRY(kiln_files_path(args, g->items[i].path, err));
		(void)kiln_buf_putc(args, ',');
		*ret_any = true;
	}
	(void)kiln_buf_putc(args, ')');
	return KILN_OK;
}

static kiln_code make_folders(struct group *g, struct kiln_err *err)
{
	struct kiln_buf args = KILN_BUF_INIT(256 * 1024), text = KILN_BUF_INIT(64 * 1024);
	struct kiln_buf name = KILN_BUF_INIT(4096);
	struct kiln_span said;
	kiln_code code;
	bool any;

	code = list_paths(g, true, &args, &any, err);
	if (code == KILN_OK && any)
		code = kiln_files_run(g->files, kiln_program_folders, &args, &text,
				      "cannot put files", err);
	/* the board says which one it was */
	said = kiln_buf_span(&text);
	if (code != KILN_OK && err && said.n > 0 && kiln_literal_read(&said, &name))
		kiln_files_what(err->what, "put", kiln_buf_str(&name));
	kiln_buf_done(&args);
	kiln_buf_done(&text);
	kiln_buf_done(&name);
	return code;
}

/* What failed is told already; that this fails too adds nothing. */
static void drop(struct group *g)
{
	struct kiln_buf args = KILN_BUF_INIT(256 * 1024);
	bool any;

	if (list_paths(g, false, &args, &any, NULL) == KILN_OK && any) {
		const kiln_code ignored = kiln_files_run(g->files, kiln_program_drop, &args, NULL,
							 "", NULL);

		(void)ignored;
	}
	kiln_buf_done(&args);
}

/* Names of the temporaries, one after the other with their ends. */
static kiln_code name_files(struct group *g, struct kiln_err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct kiln_files_item *item = &g->items[i];

		if (item->folder || item->n == 0)
			continue;
		(void)kiln_buf_printf(&g->names, "%s" KILN_FILES_TEMPORARY, item->path);
		(void)kiln_buf_putc(&g->names, '\0');
		g->item[g->n_sent] = i;
		g->sent[g->n_sent++] = (struct kiln_link_file){ .data = item->data, .n = item->n };
	}
	if (g->names.failed)
		return kiln_fail(err, KILN_E_NOMEM, "cannot put files");
	for (size_t i = 0; i < g->n_sent; i++) {
		g->sent[i].name = (const char *)g->names.data + at;
		at += strlen(g->sent[i].name) + 1;
	}
	return KILN_OK;
}

/* Told of a temporary, but it is the file that the user knows. */
static kiln_code name_failure(const struct group *g, size_t done, kiln_code code,
			      struct kiln_err *err)
{
	if (err && done < g->n_sent)
		kiln_files_what(err->what, "put", g->items[g->item[done]].path);
	return code;
}

static kiln_code send(struct group *g, struct kiln_err *err)
{
	const struct kiln_link_files_watch watch = { .moved = on_moved, .user = g };
	struct kiln_link *link = g->files->repl->link;
	const struct kiln_link_files *c = kiln_link_files(link);
	size_t done = 0;
	kiln_code code;

	if (g->n_sent == 0)
		return KILN_OK;
	code = c->put(link, g->sent, g->n_sent, &watch, &done, err);
	if (code == KILN_OK)
		return KILN_OK;
	if (code == KILN_E_CANCELLED || code == KILN_E_REFUSED)
		drop(g);
	return name_failure(g, done, code, err);
}

static kiln_code finish_args(const struct group *g, struct kiln_buf *args, struct kiln_err *err)
{
	char digest[KILN_DIGEST_TEXT];

	(void)kiln_buf_putc(args, '(');
	for (size_t i = 0; i < g->n; i++) {
		const struct kiln_files_item *item = &g->items[i];

		if (item->folder)
			continue;
		KILN_TRY(kiln_digest_text(g->files->digest, item->data, item->n, digest, err));
		(void)kiln_buf_putc(args, '(');
		KILN_TRY(kiln_files_path(args, item->path, err));
		(void)kiln_buf_printf(args, ",%zu,'%s'),", item->n, digest);
	}
	return kiln_buf_printf(args, "),%zu", kiln_files_block(g->files));
}

/* It is not what was sent. Because there was no room for it? */
static kiln_code judge(const struct kiln_files_item *item, int64_t size, int64_t room, bool *again,
		       struct kiln_err *err)
{
	char what[160];

	if (room < 0 || size < 0 || (uint64_t)size + (uint64_t)room >= item->n) {
		*again = true;
		return KILN_OK;
	}
	kiln_files_what(what, "put", item->path);
	(void)kiln_fail_errno(err, KILN_E_IO, ENOSPC, "%s", what);
	kiln_hint(err, "'kiln df' shows what is free; remove files with 'kiln rm'");
	return KILN_E_IO;
}

static kiln_code judge_all(const struct group *g, struct kiln_span text, bool *again,
			   struct kiln_err *err)
{
	kiln_code code = KILN_OK;

	for (size_t i = 0; i < g->n; i++) {
		struct kiln_span line;
		int64_t size, room;

		if (g->items[i].folder)
			continue;
		line = kiln_files_line(&text);
		if (line.n == 1 && line.p[0] == 'k')
			continue;
		if (line.n < 3 || line.p[0] != 'd')
			return kiln_files_bad_answer("cannot put files", line, err);
		line = kiln_span(line.p + 2, line.n - 2);
		if (!kiln_files_number(&line, &size) || !kiln_files_number(&line, &room))
			return kiln_files_bad_answer("cannot put files", line, err);
		if (code == KILN_OK)
			code = judge(&g->items[i], size, room, &again[i], err);
	}
	return code;
}

static kiln_code finish(struct group *g, bool *again, struct kiln_err *err)
{
	struct kiln_buf args = KILN_BUF_INIT(256 * 1024), text = KILN_BUF_INIT(64 * 1024);
	kiln_code code = finish_args(g, &args, err);

	if (code == KILN_OK)
		code = run_digest(g->files, kiln_program_finish, &args, &text, "cannot put files",
				  err);
	if (code == KILN_OK)
		code = judge_all(g, kiln_buf_span(&text), again, err);
	else if (code != KILN_E_PORT_GONE)
		drop(g);
	kiln_buf_done(&args);
	kiln_buf_done(&text);
	return code;
}

kiln_code kiln_files_put_carried(struct kiln_files *files, const struct kiln_files_item *items,
				 size_t n, const struct kiln_files_watch *watch, bool *again,
				 struct kiln_err *err)
{
	struct group g = { .files = files, .items = items, .n = n, .watch = watch };
	kiln_code code;

	kiln_buf_init(&g.names, 64 * 1024);
	g.sent = calloc(n, sizeof(*g.sent));
	g.item = calloc(n, sizeof(*g.item));
	if (g.sent && g.item)
		code = name_files(&g, err);
	else
		code = kiln_fail(err, KILN_E_NOMEM, "cannot put files");
	if (code == KILN_OK)
		code = make_folders(&g, err);
	if (code == KILN_OK)
		code = send(&g, err);
	if (code == KILN_OK)
		code = finish(&g, again, err);
	kiln_buf_done(&g.names);
	free(g.sent);
	free(g.item);
	return code;
}

/* ---- get ---- */

static kiln_code parse_measures(struct kiln_span text, size_t n, struct kiln_files_measure *ret,
				struct kiln_err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct kiln_span line = kiln_files_line(&text);

		if (!kiln_files_number(&line, &ret[i].size) || line.n == 0 ||
		    line.n >= sizeof(ret[i].digest))
			return kiln_files_bad_answer("cannot get files", line, err);
		kiln_text_copy_untrusted(ret[i].digest, sizeof(ret[i].digest), line.p, line.n);
	}
	return KILN_OK;
}

kiln_code kiln_files_measure(struct kiln_files *files, const char *const *paths, size_t n,
			     struct kiln_files_measure *ret_measures, struct kiln_err *err)
{
	struct kiln_buf args = KILN_BUF_INIT(256 * 1024), text = KILN_BUF_INIT(64 * 1024);
	kiln_code code = KILN_OK;

	(void)kiln_buf_putc(&args, '(');
	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		code = kiln_files_path(&args, paths[i], err);
		(void)kiln_buf_putc(&args, ',');
	}
	(void)kiln_buf_printf(&args, "),%zu,%d", kiln_files_block(files), KILN_FILES_CARRY_MIN);
	if (code == KILN_OK)
		code = run_digest(files, kiln_program_measure, &args, &text, "cannot get files",
				  err);
	if (code == KILN_OK)
		code = parse_measures(kiln_buf_span(&text), n, ret_measures, err);
	kiln_buf_done(&args);
	kiln_buf_done(&text);
	return code;
}
