/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry knows: its boards, the ports that failed, and by which names they go. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "board/registry_impl.h"

kiln_ms kiln_registry_now(const struct kiln_registry *r)
{
	return r->config.now ? r->config.now() : kiln_now();
}

/* ---- names ---- */

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* "serial:///dev/x", "serial:/dev/x" and "/dev/x" are one port. */
static const char *bare_url(const char *url)
{
	if (has_prefix(url, "serial://"))
		return url + strlen("serial://");
	return has_prefix(url, "serial:") ? url + strlen("serial:") : url;
}

bool kiln_registry_same_url(const char *a, const char *b)
{
	return strcmp(bare_url(a), bare_url(b)) == 0;
}

/* A uid is hex pairs joined by colons, so it has the look of a scheme; it is none. */
static bool is_uid(const char *text)
{
	size_t n = strspn(text, "0123456789abcdefABCDEF:");

	return text[n] == '\0' && n > 2 && n % 3 == 2 && text[2] == ':';
}

bool kiln_registry_is_url(const char *text)
{
	const size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

	return text[0] == '/' || (n > 1 && text[n] == ':' && !is_uid(text));
}

bool kiln_registry_is_network(const char *url)
{
	return !is_uid(url) && strstr(url, "://") && !has_prefix(url, "serial:");
}

bool kiln_registry_is_called(const struct kiln_board *board, const char *what)
{
	return strcmp(board->name, what) == 0 || kiln_registry_same_url(board->url, what) ||
	       (board->info.uid[0] && strcasecmp(board->info.uid, what) == 0);
}

struct registry_entry *kiln_registry_entry(const struct kiln_registry *r, const char *what)
{
	for (size_t i = 0; i < r->n; i++) {
		if (kiln_registry_is_called(&r->entries[i].board, what))
			return &r->entries[i];
	}
	return NULL;
}

struct registry_entry *kiln_registry_entry_at(const struct kiln_registry *r, const char *url)
{
	for (size_t i = 0; i < r->n; i++) {
		if (kiln_registry_same_url(r->entries[i].board.url, url))
			return &r->entries[i];
	}
	return NULL;
}

const struct kiln_board *kiln_registry_find(const struct kiln_registry *r, const char *what)
{
	const struct registry_entry *e = kiln_registry_entry(r, what);

	return e ? &e->board : NULL;
}

/* ---- the two lists ---- */

void kiln_registry_remove(struct kiln_registry *r, struct registry_entry *e)
{
	const size_t i = (size_t)(e - r->entries);

	memmove(e, e + 1, (r->n - i - 1) * sizeof(*e));
	r->n--;
}

static struct registry_entry *add_entry(struct kiln_registry *r, const char *url)
{
	struct registry_entry *grown;

	if (r->n == KILN_REGISTRY_MAX)
		return NULL;
	grown = realloc(r->entries, (r->n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	r->entries = grown;
	grown[r->n] = (struct registry_entry){ .repl = NULL };
	kiln_text_copy(grown[r->n].board.url, sizeof(grown->board.url), url);
	return &grown[r->n++];
}

struct registry_failure *kiln_registry_failure_at(const struct kiln_registry *r, const char *url)
{
	for (size_t i = 0; i < r->n_failures; i++) {
		if (kiln_registry_same_url(r->failures[i].what.url, url))
			return &r->failures[i];
	}
	return NULL;
}

void kiln_registry_remove_failure(struct kiln_registry *r, struct registry_failure *f)
{
	const size_t i = (size_t)(f - r->failures);

	memmove(f, f + 1, (r->n_failures - i - 1) * sizeof(*f));
	r->n_failures--;
}

static struct registry_failure *add_failure(struct kiln_registry *r, const char *url)
{
	struct registry_failure *grown;

	if (r->n_failures == KILN_REGISTRY_MAX)
		return NULL;
	grown = realloc(r->failures, (r->n_failures + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	r->failures = grown;
	grown[r->n_failures] = (struct registry_failure){ .listed = true };
	kiln_text_copy(grown[r->n_failures].what.url, sizeof(grown->what.url), url);
	return &grown[r->n_failures++];
}

void kiln_registry_note_failure(struct kiln_registry *r, const char *url,
				const struct kiln_err *err)
{
	struct registry_entry *e = kiln_registry_entry_at(r, url);
	struct registry_failure *f = kiln_registry_failure_at(r, url);

	if (e && !e->board.by_hand)
		kiln_registry_remove(r, e);
	if (!f)
		f = add_failure(r, url);
	if (!f)
		return; /* the list is full: the port is tried again, nothing worse */
	f->listed = true;
	f->what.err = *err;
	/* who holds the port may let it go at any time, and to ask costs and disturbs nothing */
	f->retry_at = kiln_registry_now(r) +
		      (err->code == KILN_E_PORT_BUSY ? 0 : KILN_REGISTRY_RETRY_MS);
}

/* The configured name, else the uid, else the url. */
static void give_name(const struct kiln_registry *r, struct kiln_board *board)
{
	const char *name = NULL;

	if (board->info.uid[0] && r->config.name_of)
		name = r->config.name_of(r->config.user, board->info.uid);
	if (!name)
		name = board->info.uid[0] ? board->info.uid : board->url;
	kiln_text_copy(board->name, sizeof(board->name), name);
}

void kiln_registry_rename(struct kiln_registry *r)
{
	for (size_t i = 0; i < r->n; i++)
		give_name(r, &r->entries[i].board);
}

struct registry_entry *kiln_registry_note_board(struct kiln_registry *r, const char *url,
						const char *hwid,
						const struct kiln_board_info *info)
{
	struct registry_failure *f = kiln_registry_failure_at(r, url);
	struct registry_entry *e = kiln_registry_entry_at(r, url);

	if (f)
		kiln_registry_remove_failure(r, f);
	if (!e)
		e = add_entry(r, url);
	if (!e)
		return NULL;
	kiln_text_copy(e->hwid, sizeof(e->hwid), hwid);
	e->board.info = *info;
	e->board.missing = false;
	give_name(r, &e->board);
	e->seen = kiln_registry_now(r);
	return e;
}
