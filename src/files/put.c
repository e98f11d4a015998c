/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before anything is written: what is there under each name, is there room, and did an earlier
 * transfer leave a part that can be continued?
 */
#include "files/programs.h"
#include "files/session.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "files/literal.h"

enum {
	GROUP = 40,               /* items that one program names: the board has to hold its text */
	GROUP_BYTES = 256 * 1024, /* that get their names together */
	BLOCK = 4096,
};

struct target {
	size_t there;  /* bytes of the file that is replaced */
	size_t offset; /* bytes of the temporary that are right */
	bool is_folder;
};

struct put {
	struct kiln_files *files;
	const struct kiln_files_item *items;
	struct target *targets;
	size_t n;
	uint64_t free;  /* as the board says; UINT64_MAX: not known */
	uint64_t spare; /* of it, with all of them there */
};

static kiln_code fail_item(const char *path, int sys, struct kiln_err *err)
{
	char what[160];

	kiln_files_what(what, "put", path);
	return kiln_fail_errno(err, sys == EEXIST ? KILN_E_EXISTS : KILN_E_IO, sys, "%s", what);
}

/* "free", then "f SIZE TEMPORARY" a file. */
static kiln_code parse_targets(struct put *p, size_t first, size_t n, struct kiln_span text,
			       struct kiln_err *err)
{
	struct kiln_span line = kiln_files_line(&text);
	int64_t value, part;

	if (!kiln_files_number(&line, &value))
		return kiln_files_bad_answer("cannot put files", line, err);
	p->free = value < 0 ? UINT64_MAX : (uint64_t)value;
	for (size_t i = first; i < first + n; i++) {
		const struct kiln_files_item *item = &p->items[i];
		struct target *t = &p->targets[i];
		char kind;

		line = kiln_files_line(&text);
		kind = line.n > 2 ? (char)line.p[0] : '\0';
		if (kind)
			line = kiln_span(line.p + 2, line.n - 2);
		if (!kind || !kiln_files_number(&line, &value) || value < 0 ||
		    !kiln_files_number(&line, &part) || part < 0)
			return kiln_files_bad_answer("cannot put files", line, err);
		t->is_folder = kind == 'd';
		if (t->is_folder && !item->folder)
			return fail_item(item->path, EISDIR, err);
		if (kind == 'f' && item->folder)
			return fail_item(item->path, EEXIST, err);
		t->there = (size_t)value;
		t->offset = item->folder ? 0 : (size_t)part;
	}
	return KILN_OK;
}

static kiln_code look(struct put *p, size_t first, size_t n, struct kiln_err *err)
{
	struct kiln_buf args = KILN_BUF_INIT(256 * 1024), text = KILN_BUF_INIT(64 * 1024);
	kiln_code code = KILN_OK;

	(void)kiln_buf_putc(&args, '(');
	for (size_t i = first; i < first + n && code == KILN_OK; i++) {
		code = kiln_files_path(&args, p->items[i].path, err);
		(void)kiln_buf_putc(&args, ',');
	}
	(void)kiln_buf_putc(&args, ')');
	if (code == KILN_OK)
		code = kiln_files_run(p->files, kiln_program_prepare, &args, &text,
				      "cannot put files", err);
	if (code == KILN_OK)
		code = parse_targets(p, first, n, kiln_buf_span(&text), err);
	kiln_buf_done(&args);
	kiln_buf_done(&text);
	return code;
}

/* Is what an earlier transfer left the beginning of what is to be put? */
static kiln_code check_part(struct put *p, size_t i, struct kiln_err *err)
{
	const struct kiln_files_item *item = &p->items[i];
	struct target *t = &p->targets[i];
	struct kiln_buf name = KILN_BUF_INIT(64 * 1024), path = KILN_BUF_INIT(64 * 1024);
	struct kiln_buf text = KILN_BUF_INIT(64 * 1024);
	char digest[KILN_DIGEST_TEXT];
	kiln_code code;

	if (t->offset == 0 || t->offset > item->n) {
		t->offset = 0;
		return KILN_OK;
	}
	(void)kiln_buf_printf(&path, "%s" KILN_FILES_TEMPORARY, item->path);
	code = kiln_files_path(&name, kiln_buf_str(&path), err);
	if (code == KILN_OK)
		code = kiln_digest_text(p->files->digest, item->data, t->offset, digest, err);
	if (code == KILN_OK)
		code = kiln_files_hash(p->files, &name, "cannot read what an earlier transfer left",
				       &text, err);
	if (code == KILN_OK && strncmp(kiln_buf_str(&text), digest, strlen(digest)) != 0)
		t->offset = 0;
	kiln_buf_done(&name);
	kiln_buf_done(&path);
	kiln_buf_done(&text);
	return code;
}

static uint64_t blocks(size_t n)
{
	return ((uint64_t)n + BLOCK - 1) / BLOCK * BLOCK;
}

/* A file and the one that it replaces are there together for a moment. */
static kiln_code check_room(struct put *p, struct kiln_err *err)
{
	uint64_t sum = 0, freed = 0, largest = 0;

	for (size_t i = 0; i < p->n; i++) {
		const uint64_t need = blocks(p->items[i].n - p->targets[i].offset);

		sum += need;
		freed += blocks(p->targets[i].there);
		largest = need > largest ? need : largest;
	}
	sum = sum > freed ? sum - freed : 0;
	sum = sum > largest ? sum : largest;
	if (sum <= p->free) {
		p->spare = p->free - sum;
		return KILN_OK;
	}
	(void)kiln_fail_errno(err, KILN_E_TOO_BIG, ENOSPC, "cannot put %zu %s", p->n,
			      p->n == 1 ? "file" : "files");
	kiln_why(err, "no space left on device: %llu bytes are needed, %llu are free",
		 (unsigned long long)sum, (unsigned long long)p->free);
	kiln_hint(err, "'kiln df' shows what is free; remove files with 'kiln rm'");
	return KILN_E_TOO_BIG;
}

static kiln_code prepare(struct put *p, struct kiln_err *err)
{
	for (size_t first = 0; first < p->n; first += GROUP)
		KILN_TRY(look(p, first, p->n - first < GROUP ? p->n - first : GROUP, err));
	for (size_t i = 0; i < p->n; i++)
		KILN_TRY(check_part(p, i, err));
	return check_room(p, err);
}

/* ---- which way each of them goes ---- */

/* Progress of some of the items, as that of all. */
struct part {
	const struct kiln_files_watch *watch;
	size_t first, n;
};

static void on_progress(void *user, const struct kiln_files_progress *progress)
{
	const struct part *part = user;
	struct kiln_files_progress whole = *progress;

	whole.item += part->first;
	whole.items = part->n;
	part->watch->progress(part->watch->user, &whole);
}

static kiln_code put_stream(struct put *p, size_t first, size_t n,
			    const struct kiln_files_watch *watch, struct kiln_err *err)
{
	size_t *offsets = calloc(n, sizeof(*offsets));
	kiln_code code;

	if (!offsets)
		return kiln_fail(err, KILN_E_NOMEM, "cannot put files");
	for (size_t i = 0; i < n; i++)
		offsets[i] = p->targets[first + i].offset;
	code = kiln_files_put_stream(p->files, p->items + first, offsets, n, watch, err);
	free(offsets);
	return code;
}

/* Items first to first + n - 1, by the REPL. */
static kiln_code put_typed(struct put *p, size_t first, size_t n,
			   const struct kiln_files_watch *watch, struct kiln_err *err)
{
	struct part part = { .watch = watch, .first = first, .n = p->n };
	const struct kiln_files_watch shifted = { .progress = on_progress, .user = &part };
	const struct kiln_files_watch *w = watch && watch->progress ? &shifted : NULL;

	if (kiln_files_streams_in(p->files))
		return put_stream(p, first, n, w, err);
	return kiln_files_put_literals(p->files, p->items + first, n, w, err);
}

/* A file of which the most is there already is continued, which only the stream can. */
static bool goes_by_link(const struct put *p, size_t i)
{
	const struct kiln_files_item *item = &p->items[i];
	const size_t left = item->n - p->targets[i].offset;

	return kiln_files_can_carry(p->files, item->path, strlen(KILN_FILES_TEMPORARY)) &&
	       (left > item->n / 4 || item->n == 0 || !kiln_files_streams_in(p->files));
}

/* How many of them go the same way, beginning with `first`. */
static size_t count_alike(const struct put *p, size_t first)
{
	const bool by_link = goes_by_link(p, first);
	uint64_t doubled = 0, bytes = 0;
	size_t n;

	for (n = 1; first + n < p->n; n++) {
		if (goes_by_link(p, first + n) != by_link)
			break;
		/* what the link has carried gets its name in groups, and all that it replaces is
		 * there until then */
		doubled += blocks(p->targets[first + n - 1].there);
		bytes += p->items[first + n - 1].n;
		if (by_link && (n == GROUP || doubled > p->spare || bytes > GROUP_BYTES))
			break;
	}
	return n;
}

static kiln_code put_by_link(struct put *p, size_t first, size_t n,
			     const struct kiln_files_watch *watch, struct kiln_err *err)
{
	struct part part = { .watch = watch, .first = first, .n = p->n };
	const struct kiln_files_watch shifted = { .progress = on_progress, .user = &part };
	bool again[GROUP] = { false };
	kiln_code code;

	code = kiln_files_put_carried(p->files, p->items + first, n,
				      watch && watch->progress ? &shifted : NULL, again, err);
	/* it said that it does, and does not */
	if (code == KILN_E_REFUSED) {
		p->files->carry = KILN_FILES_CARRY_NO;
		return put_typed(p, first, n, watch, err);
	}
	for (size_t i = 0; i < n && code == KILN_OK; i++) {
		p->targets[first + i].offset = 0;
		if (again[i])
			code = put_typed(p, first + i, 1, watch, err);
	}
	return code;
}

static kiln_code put_all(struct put *p, const struct kiln_files_watch *watch, struct kiln_err *err)
{
	kiln_code code = kiln_files_ask_carry(p->files, err);

	for (size_t i = 0, n; i < p->n && code == KILN_OK; i += n) {
		n = count_alike(p, i);
		code = goes_by_link(p, i) ? put_by_link(p, i, n, watch, err)
					  : put_typed(p, i, n, watch, err);
	}
	return code;
}

kiln_code kiln_files_put(struct kiln_files *files, const struct kiln_files_item *items, size_t n,
			 const struct kiln_files_watch *watch, struct kiln_err *err)
{
	struct put p = { .files = files, .items = items, .n = n };
	kiln_code code = KILN_OK;

	if (n == 0)
		return KILN_OK;
	p.targets = calloc(n, sizeof(*p.targets));
	if (!p.targets)
		return kiln_fail(err, KILN_E_NOMEM, "cannot put files");
	if (files->has_stat)
		code = prepare(&p, err);
	if (code == KILN_OK)
		code = put_all(&p, watch, err);
	free(p.targets);
	return code;
}
