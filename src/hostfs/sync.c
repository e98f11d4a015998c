/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/sync.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "hostfs/path.h"

enum { BLOCK = 4096, PATH_LENGTH = 16 * 1024, ENTRIES_MAX = 100000 };

/* What is on the board, sorted so that a folder's entries follow it. */
struct entry {
	char *path;
	bool folder, mount;
	bool wanted; /* the tree has it, or it is kept: it stays, and all folders above it */
	uint64_t size;
	char digest[KILN_FILES_DIGEST];
};

struct planner {
	const struct kiln_sync *sync;
	struct kiln_sync_plan *plan;
	struct entry *entries;
	size_t n, cap;
	bool failed;
	uint64_t free;
};

static const char *const words[] = {
	[KILN_SYNC_DELETE] = "DELETE",
	[KILN_SYNC_MAKE] = "MKDIR",
	[KILN_SYNC_ADD] = "ADD",
	[KILN_SYNC_UPDATE] = "UPDATE",
};

const char *kiln_sync_word(kiln_sync_kind kind)
{
	return words[kind];
}

static void on_entry(void *user, const struct kiln_files_entry *e)
{
	struct planner *p = user;
	struct entry *grown;

	/* a name that leads elsewhere is none of ours: it stays as it is */
	if (kiln_host_check_below(e->path, NULL) != KILN_OK)
		return;
	if (p->n == p->cap) {
		const size_t cap = p->cap ? 2 * p->cap : 64;

		grown = p->n < ENTRIES_MAX ? reallocarray(p->entries, cap, sizeof(*grown)) : NULL;
		p->failed |= grown == NULL;
		if (!grown)
			return;
		p->entries = grown;
		p->cap = cap;
	}
	p->entries[p->n] = (struct entry){
		.path = strdup(e->path),
		.folder = e->kind == KILN_FILE_FOLDER,
		.mount = e->mount,
		.size = e->size,
	};
	kiln_text_copy(p->entries[p->n].digest, KILN_FILES_DIGEST, e->digest);
	p->failed |= p->entries[p->n].path == NULL;
	p->n += p->entries[p->n].path != NULL;
}

static int by_path(const void *a, const void *b)
{
	return kiln_path_order(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static struct entry *find(const struct planner *p, const char *path)
{
	const struct entry key = { .path = (char *)(uintptr_t)path };

	return p->n ? bsearch(&key, p->entries, p->n, sizeof(key), by_path) : NULL;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sizes of the tree's files, each once. */
static uint64_t *sizes_of(const struct kiln_host_tree *tree, size_t *ret_n)
{
	uint64_t *sizes = calloc(tree->n + 1, sizeof(*sizes));
	size_t n = 0, kept = 0;

	if (!sizes)
		return NULL;
	for (size_t i = 0; i < tree->n; i++) {
		if (!tree->items[i].folder)
			sizes[n++] = tree->items[i].n;
	}
	if (n > 0)
		qsort(sizes, n, sizeof(*sizes), by_size);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || sizes[kept - 1] != sizes[i])
			sizes[kept++] = sizes[i];
	}
	*ret_n = kept;
	return sizes;
}

static kiln_code survey(struct planner *p, struct kiln_err *err)
{
	size_t n = 0;
	uint64_t *sizes = sizes_of(p->sync->tree, &n);
	kiln_code code;

	if (!sizes)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compare the files");
	code = kiln_files_survey(p->sync->board, p->sync->target, sizes, n, on_entry, p, &p->free,
				 err);
	free(sizes);
	if (code == KILN_OK && p->failed)
		code = kiln_fail(err, KILN_E_NOMEM, "cannot keep the list of the board's files");
	if (p->n > 0)
		qsort(p->entries, p->n, sizeof(*p->entries), by_path);
	return code;
}

static kiln_code add_change(struct planner *p, const struct kiln_sync_change *change,
			    const char *path, struct kiln_err *err)
{
	struct kiln_sync_plan *plan = p->plan;

	if (plan->n == plan->cap) {
		const size_t cap = plan->cap ? 2 * plan->cap : 32;
		struct kiln_sync_change *grown = reallocarray(plan->changes, cap, sizeof(*grown));

		if (!grown)
			return kiln_fail(err, KILN_E_NOMEM, "cannot plan the sync");
		plan->changes = grown;
		plan->cap = cap;
	}
	plan->changes[plan->n] = *change;
	plan->changes[plan->n].path = strdup(path);
	if (!plan->changes[plan->n].path)
		return kiln_fail(err, KILN_E_NOMEM, "cannot plan the sync");
	plan->n++;
	return KILN_OK;
}

/* ---- what goes ---- */

static size_t after(const struct planner *p, size_t i)
{
	size_t next = i + 1;

	while (next < p->n && kiln_path_is_below(p->entries[next].path, p->entries[i].path))
		next++;
	return next;
}

/* A file in the tree where the board has a folder, or the other way. */
static bool in_the_way(const struct entry *e, const struct kiln_files_item *item)
{
	return e && e->folder != item->folder;
}

static void mark_wanted(struct planner *p)
{
	const struct kiln_sync *sync = p->sync;

	for (size_t i = 0; i < sync->tree->n; i++) {
		struct entry *e = find(p, sync->tree->items[i].path);
		struct kiln_buf part = KILN_BUF_INIT(PATH_LENGTH);

		if (e && !in_the_way(e, &sync->tree->items[i]))
			e->wanted = true;
		/* what a broken transfer left there is continued */
		(void)kiln_buf_printf(&part, "%s.kiln-part", sync->tree->items[i].path);
		e = find(p, kiln_buf_str(&part));
		if (e)
			e->wanted = true;
		kiln_buf_done(&part);
	}
	for (size_t i = 0; i < p->n; i++) {
		struct entry *e = &p->entries[i];

		e->wanted |= e->mount ||
			     (sync->keeps && sync->keeps(sync->user, e->path, e->folder));
	}
	/* backwards: a folder comes before what is in it */
	for (size_t i = p->n; i > 0; i--) {
		struct entry *e = &p->entries[i - 1];
		const size_t end = e->folder ? after(p, i - 1) : i;

		for (size_t k = i; k < end && !e->wanted; k++)
			e->wanted = p->entries[k].wanted;
	}
}

static kiln_code plan_deletes(struct planner *p, struct kiln_err *err)
{
	for (size_t i = p->n; i > 0 && p->sync->mirror; i--) {
		const struct entry *e = &p->entries[i - 1];
		const struct kiln_sync_change change = { .kind = KILN_SYNC_DELETE,
							 .folder = e->folder,
							 .size = e->size };

		if (e->wanted)
			continue;
		KILN_TRY(add_change(p, &change, e->path, err));
		p->plan->deletes++;
	}
	return KILN_OK;
}

/* ---- what comes ---- */

static kiln_code fail_in_the_way(const struct planner *p, const struct entry *e,
				 struct kiln_err *err)
{
	char clean[100];

	(void)kiln_fail_errno(err, KILN_E_IO, e->folder ? EISDIR : ENOTDIR, "cannot put ':%s'",
			      kiln_path_clean(e->path, clean, sizeof(clean)));
	if (!p->sync->mirror)
		kiln_hint(err, "remove it from the board; a mirror does so by itself");
	return KILN_E_IO;
}

static kiln_code plan_item(struct planner *p, size_t i, struct kiln_err *err)
{
	const struct kiln_files_item *item = &p->sync->tree->items[i];
	struct kiln_sync_change change = { .item = i, .size = item->n };
	const struct entry *e = find(p, item->path);
	char digest[KILN_FILES_DIGEST];

	if (in_the_way(e, item) && (!p->sync->mirror || e->wanted))
		return fail_in_the_way(p, e, err);
	if (in_the_way(e, item))
		e = NULL;
	if (item->folder) {
		change.kind = KILN_SYNC_MAKE;
		return e ? KILN_OK : add_change(p, &change, item->path, err);
	}
	change.kind = e ? KILN_SYNC_UPDATE : KILN_SYNC_ADD;
	if (e && e->size == item->n) {
		KILN_TRY(kiln_files_digest(p->sync->board, item->data, item->n, digest, err));
		if (strcmp(digest, e->digest) == 0) {
			p->plan->same++;
			return KILN_OK;
		}
	}
	p->plan->bytes += item->n;
	return add_change(p, &change, item->path, err);
}

static uint64_t blocks(uint64_t n)
{
	return (n + BLOCK - 1) / BLOCK * BLOCK;
}

/* After the deletes; a file and the one that it replaces are there together for a moment. */
static kiln_code check_room(const struct planner *p, struct kiln_err *err)
{
	uint64_t need = 0, freed = 0, largest = 0, room = p->free;

	for (size_t i = 0; i < p->plan->n; i++) {
		const struct kiln_sync_change *c = &p->plan->changes[i];
		const struct entry *old = find(p, c->path);

		if (c->kind == KILN_SYNC_DELETE && room < UINT64_MAX - blocks(c->size)) {
			room += blocks(c->size);
		} else if (c->kind == KILN_SYNC_ADD || c->kind == KILN_SYNC_UPDATE) {
			need += blocks(c->size);
			freed += c->kind == KILN_SYNC_UPDATE && old ? blocks(old->size) : 0;
			largest = blocks(c->size) > largest ? blocks(c->size) : largest;
		}
	}
	need = need > freed ? need - freed : 0;
	need = need > largest ? need : largest;
	if (need <= room)
		return KILN_OK;
	(void)kiln_fail_errno(err, KILN_E_TOO_BIG, ENOSPC, "cannot sync to ':%s'", p->sync->target);
	kiln_why(err, "no space left on device: %" PRIu64 " bytes are needed, %" PRIu64 " are free",
		 need, room);
	kiln_hint(err, "'kiln df' shows what is free; a mirror first removes what is not wanted");
	return KILN_E_TOO_BIG;
}

static kiln_code make_plan(struct planner *p, struct kiln_err *err)
{
	KILN_TRY(survey(p, err));
	mark_wanted(p);
	KILN_TRY(plan_deletes(p, err));
	for (size_t i = 0; i < p->sync->tree->n; i++)
		KILN_TRY(plan_item(p, i, err));
	return p->sync->only_look ? KILN_OK : check_room(p, err);
}

kiln_code kiln_sync_plan(const struct kiln_sync *sync, struct kiln_sync_plan *ret_plan,
			 struct kiln_err *err)
{
	struct kiln_sync_plan plan = { 0 };
	struct planner p = { .sync = sync, .plan = &plan };
	const kiln_code code = make_plan(&p, err);

	for (size_t i = 0; i < p.n; i++)
		free(p.entries[i].path);
	free(p.entries);
	if (code != KILN_OK)
		kiln_sync_plan_done(&plan);
	else
		*ret_plan = plan;
	return code;
}

void kiln_sync_plan_done(struct kiln_sync_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		free(plan->changes[i].path);
	free(plan->changes);
	*plan = (struct kiln_sync_plan){ 0 };
}

/* ---- doing it ---- */

static char *on_board(const struct kiln_sync *sync, const char *path, bool folder)
{
	struct kiln_buf text = KILN_BUF_INIT(PATH_LENGTH);

	kiln_path_join(&text, sync->target, path);
	if (folder)
		(void)kiln_buf_putc(&text, '/');
	if (text.failed) {
		kiln_buf_done(&text);
		return NULL;
	}
	return kiln_buf_detach(&text, NULL);
}

static kiln_code apply_deletes(const struct kiln_sync *sync, const struct kiln_sync_plan *plan,
			       struct kiln_err *err)
{
	char **paths = calloc(plan->deletes + 1, sizeof(*paths));
	kiln_code code = paths ? KILN_OK : KILN_E_NOMEM;
	size_t n = 0;

	for (size_t i = 0; i < plan->n && code == KILN_OK; i++) {
		const struct kiln_sync_change *c = &plan->changes[i];

		if (c->kind != KILN_SYNC_DELETE)
			continue;
		paths[n] = on_board(sync, c->path, c->folder);
		code = paths[n++] ? KILN_OK : KILN_E_NOMEM;
	}
	if (code != KILN_OK)
		(void)kiln_fail(err, code, "cannot remove the board's files");
	else
		code = kiln_files_remove_all(sync->board, (const char *const *)paths, n, err);
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
	return code;
}

static kiln_code apply_puts(const struct kiln_sync *sync, const struct kiln_sync_plan *plan,
			    const struct kiln_files_watch *watch, struct kiln_err *err)
{
	struct kiln_files_item *items = calloc(plan->n + 1, sizeof(*items));
	kiln_code code = items ? KILN_OK : KILN_E_NOMEM;
	size_t n = 0;

	for (size_t i = 0; i < plan->n && code == KILN_OK; i++) {
		const struct kiln_sync_change *c = &plan->changes[i];

		if (c->kind == KILN_SYNC_DELETE)
			continue;
		items[n] = sync->tree->items[c->item];
		items[n].path = on_board(sync, c->path, false);
		code = items[n++].path ? KILN_OK : KILN_E_NOMEM;
	}
	if (code != KILN_OK)
		(void)kiln_fail(err, code, "cannot put files");
	else
		code = kiln_files_put(sync->board, items, n, watch, err);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)items[i].path);
	free(items);
	return code;
}

kiln_code kiln_sync_apply(const struct kiln_sync *sync, const struct kiln_sync_plan *plan,
			  const struct kiln_files_watch *watch, struct kiln_err *err)
{
	if (plan->deletes > 0)
		KILN_TRY(apply_deletes(sync, plan, err));
	if (plan->n > plan->deletes && sync->target[0] && strcmp(sync->target, "/") != 0)
		KILN_TRY(kiln_files_mkdir(sync->board, sync->target, KILN_FILES_PARENTS, err));
	return apply_puts(sync, plan, watch, err);
}
