/* SPDX-License-Identifier: Apache-2.0 */
#include "board/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "board/look.h"
#include "repl/session.h"

struct entry {
	struct kiln_board board;
	char hwid[sizeof(((struct kiln_port *)0)->hwid)]; /* of the port when it was asked */
	kiln_ms seen;
	struct kiln_repl *repl; /* while it is connected */
};

struct failure {
	struct kiln_board_failure what;
	kiln_ms retry_at;
	bool listed; /* its port is there still */
};

struct kiln_registry {
	struct kiln_registry_config config;
	struct entry *entries;
	size_t n;
	struct failure *failures;
	size_t n_failures;
};

static kiln_ms now_of(const struct kiln_registry *r)
{
	return r->config.now ? r->config.now() : kiln_now();
}

kiln_code kiln_registry_new(const struct kiln_registry_config *config,
			    struct kiln_registry **ret_registry, struct kiln_err *err)
{
	struct kiln_registry *r = calloc(1, sizeof(*r));

	if (!r)
		return kiln_fail(err, KILN_E_NOMEM, "cannot keep a list of boards");
	r->config = *config;
	*ret_registry = r;
	return KILN_OK;
}

void kiln_registry_free(struct kiln_registry *r)
{
	if (!r)
		return;
	free(r->entries);
	free(r->failures);
	free(r);
}

size_t kiln_registry_count(const struct kiln_registry *r)
{
	return r->n;
}

const struct kiln_board *kiln_registry_board(const struct kiln_registry *r, size_t i)
{
	return &r->entries[i].board;
}

size_t kiln_registry_failures(const struct kiln_registry *r)
{
	return r->n_failures;
}

const struct kiln_board_failure *kiln_registry_failure(const struct kiln_registry *r, size_t i)
{
	return &r->failures[i].what;
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

static bool same_url(const char *a, const char *b)
{
	return strcmp(bare_url(a), bare_url(b)) == 0;
}

/* A uid is hex pairs joined by colons, so it has the look of a scheme; it is none. */
static bool is_uid(const char *text)
{
	size_t n = strspn(text, "0123456789abcdefABCDEF:");

	return text[n] == '\0' && n > 2 && n % 3 == 2 && text[2] == ':';
}

static bool is_url(const char *text)
{
	const size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

	return text[0] == '/' || (n > 1 && text[n] == ':' && !is_uid(text));
}

static bool is_called(const struct kiln_board *board, const char *what)
{
	/* the analyzer takes a kiln_fail() for one that returns KILN_OK, and finds no board then */
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	return strcmp(board->name, what) == 0 || same_url(board->url, what) ||
	       (board->info.uid[0] && strcasecmp(board->info.uid, what) == 0);
}

static struct entry *find(const struct kiln_registry *r, const char *what)
{
	for (size_t i = 0; i < r->n; i++) {
		if (is_called(&r->entries[i].board, what))
			return &r->entries[i];
	}
	return NULL;
}

static struct entry *find_url(const struct kiln_registry *r, const char *url)
{
	for (size_t i = 0; i < r->n; i++) {
		if (same_url(r->entries[i].board.url, url))
			return &r->entries[i];
	}
	return NULL;
}

const struct kiln_board *kiln_registry_find(const struct kiln_registry *r, const char *what)
{
	const struct entry *e = find(r, what);

	return e ? &e->board : NULL;
}

/* ---- the two lists ---- */

static void remove_entry(struct kiln_registry *r, struct entry *e)
{
	const size_t i = (size_t)(e - r->entries);

	memmove(e, e + 1, (r->n - i - 1) * sizeof(*e));
	r->n--;
}

static struct entry *add_entry(struct kiln_registry *r, const char *url)
{
	struct entry *grown;

	if (r->n == KILN_REGISTRY_MAX)
		return NULL;
	grown = realloc(r->entries, (r->n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	r->entries = grown;
	grown[r->n] = (struct entry){ .repl = NULL };
	kiln_text_copy(grown[r->n].board.url, sizeof(grown->board.url), url);
	return &grown[r->n++];
}

static struct failure *find_failure(const struct kiln_registry *r, const char *url)
{
	for (size_t i = 0; i < r->n_failures; i++) {
		if (same_url(r->failures[i].what.url, url))
			return &r->failures[i];
	}
	return NULL;
}

static void remove_failure(struct kiln_registry *r, struct failure *f)
{
	const size_t i = (size_t)(f - r->failures);

	memmove(f, f + 1, (r->n_failures - i - 1) * sizeof(*f));
	r->n_failures--;
}

static struct failure *add_failure(struct kiln_registry *r, const char *url)
{
	struct failure *grown;

	if (r->n_failures == KILN_REGISTRY_MAX)
		return NULL;
	grown = realloc(r->failures, (r->n_failures + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	r->failures = grown;
	grown[r->n_failures] = (struct failure){ .listed = true };
	kiln_text_copy(grown[r->n_failures].what.url, sizeof(grown->what.url), url);
	return &grown[r->n_failures++];
}

/* A port without a board: forget what was there, and remember why. */
static void note_failure(struct kiln_registry *r, const char *url, const struct kiln_err *err)
{
	struct entry *e = find_url(r, url);
	struct failure *f = find_failure(r, url);

	if (e && !e->board.by_hand)
		remove_entry(r, e);
	if (!f)
		f = add_failure(r, url);
	if (!f)
		return; /* the list is full: the port is tried again, nothing worse */
	f->listed = true;
	f->what.err = *err;
	/* who holds the port may let it go at any time, and to ask costs and disturbs nothing */
	f->retry_at = now_of(r) + (err->code == KILN_E_PORT_BUSY ? 0 : KILN_REGISTRY_RETRY_MS);
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

/* A board answered at `url`. NULL: no room for it. */
static struct entry *note_board(struct kiln_registry *r, const char *url, const char *hwid,
				const struct kiln_board_info *info)
{
	struct failure *f = find_failure(r, url);
	struct entry *e = find_url(r, url);

	if (f)
		remove_failure(r, f);
	if (!e)
		e = add_entry(r, url);
	if (!e)
		return NULL;
	kiln_text_copy(e->hwid, sizeof(e->hwid), hwid);
	e->board.info = *info;
	e->board.missing = false;
	give_name(r, &e->board);
	e->seen = now_of(r);
	return e;
}

/* ---- scanning ---- */

static bool is_network(const char *url)
{
	return !is_uid(url) && strstr(url, "://") && !has_prefix(url, "serial:");
}

/*
 * A board may have two ways in, a cable and the network, or a UART and USB, and one REPL behind
 * both: what was typed at one to see who is there the session at the other has heard as well. Which
 * board a port is of shows only in its answer, if there is one.
 */
static void doubt_sessions(struct kiln_registry *r, const char *uid)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct entry *e = &r->entries[i];

		if (e->repl && (uid ? uid[0] && strcmp(e->board.info.uid, uid) == 0
				    : is_network(e->board.url)))
			kiln_repl_doubt(e->repl);
	}
}

static void board_answered(void *user, const struct kiln_port *port,
			   const struct kiln_board_info *info)
{
	doubt_sessions(user, info->uid);
	(void)note_board(user, port->url, port->hwid, info);
}

static void port_failed(void *user, const struct kiln_port *port, const struct kiln_err *why)
{
	struct kiln_registry *r = user;

	note_failure(r, port->url, why);
	kiln_log(&r->config.host->ui, KILN_LOG_DEBUG, "board", "%s: %s", port->url, why->why);
}

/* Is what is known of this port still good? Then there is no need to stop a board's program. */
static bool is_known(struct kiln_registry *r, const struct kiln_port *port, bool force)
{
	const kiln_ms now = now_of(r);
	struct entry *e = find_url(r, port->url);
	struct failure *f = find_failure(r, port->url);

	if (e)
		e->board.by_hand = false;
	if (e && (e->board.connected || (!force && strcmp(e->hwid, port->hwid) == 0))) {
		e->seen = now;
		return true;
	}
	if (f)
		f->listed = true;
	return f && !force && now < f->retry_at;
}

static kiln_code look_at_ports(struct kiln_registry *r, const struct kiln_port_list *list,
			       bool force, kiln_ms budget_ms, struct kiln_err *err)
{
	const struct kiln_port **ports = calloc(list->n ? list->n : 1, sizeof(*ports));
	const struct kiln_look look = {
		.host = r->config.host,
		.at_once = r->config.at_once ? r->config.at_once : KILN_REGISTRY_AT_ONCE,
		.now = r->config.now ? r->config.now : kiln_now,
		.deadline = now_of(r) + budget_ms,
		.answered = board_answered,
		.failed = port_failed,
		.user = r,
	};
	size_t n = 0;
	kiln_code code;

	if (!ports)
		return kiln_fail(err, KILN_E_NOMEM, "cannot look at the ports");
	for (size_t i = 0; i < list->n; i++) {
		if (list->ports[i].likely_board && !is_known(r, &list->ports[i], force))
			ports[n++] = &list->ports[i];
	}
	code = kiln_look_at(&look, ports, n, err);
	if (n > 0)
		doubt_sessions(r, NULL);
	free(ports);
	return code;
}

/* Where its port stands in the list. */
static size_t rank(const struct entry *e, const struct kiln_port_list *list)
{
	size_t i = 0;

	while (i < list->n && !same_url(list->ports[i].url, e->board.url))
		i++;
	return i;
}

/* New boards, from `first` on, answered in any order; they are listed in that of their ports. */
static void put_in_order(struct kiln_registry *r, size_t first, const struct kiln_port_list *list)
{
	for (size_t i = first + 1; i < r->n; i++) {
		for (size_t k = i; k > first; k--) {
			struct entry *a = &r->entries[k - 1], *b = &r->entries[k];
			const struct entry held = *a;

			if (rank(a, list) <= rank(b, list))
				break;
			*a = *b;
			*b = held;
		}
	}
}

/* The same board, seen later at another port: it was plugged in anew. */
static bool has_moved(const struct kiln_registry *r, const struct entry *e, kiln_ms began)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct entry *other = &r->entries[i];

		if (other != e && e->board.info.uid[0] && other->seen >= began &&
		    strcmp(other->board.info.uid, e->board.info.uid) == 0)
			return true;
	}
	return false;
}

static void forget_the_gone(struct kiln_registry *r, kiln_ms began)
{
	for (size_t i = r->n; i-- > 0;) {
		struct entry *e = &r->entries[i];

		e->board.missing = !e->board.connected && !e->board.by_hand && e->seen < began;
		if (!e->board.missing)
			continue;
		if (began - e->seen > KILN_REGISTRY_AGE_MS || has_moved(r, e, began))
			remove_entry(r, e);
	}
	for (size_t i = r->n_failures; i-- > 0;) {
		if (!r->failures[i].listed)
			remove_failure(r, &r->failures[i]);
	}
}

kiln_code kiln_registry_scan(struct kiln_registry *r, bool force, kiln_ms budget_ms,
			     struct kiln_err *err)
{
	const kiln_ms began = now_of(r);
	const size_t known = r->n;
	struct kiln_port_list list = { .n = 0 };
	kiln_code code;

	KILN_TRY((r->config.ports ? r->config.ports : kiln_ports_scan)(r->config.host, &list, err));
	for (size_t i = 0; i < r->n_failures; i++)
		r->failures[i].listed = false;
	code = look_at_ports(r, &list, force, budget_ms, err);
	put_in_order(r, known < r->n ? known : r->n, &list);
	if (code == KILN_OK) /* else not all ports have been looked at */
		forget_the_gone(r, began);
	kiln_ports_done(&list);
	return code;
}

/* ---- sessions ---- */

static kiln_code unknown(const char *what, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_NO_BOARD, "no board '%s'", what);
	kiln_why(err, "no board that answers has this name, uid or url");
	kiln_hint(err, "'kiln discover -v' lists the boards, and the ports where none answers");
	return KILN_E_NO_BOARD;
}

static kiln_code taken(const struct kiln_board *board, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_EXISTS, "cannot connect to '%s'", board->name);
	kiln_why(err, "it is connected already");
	return KILN_E_EXISTS;
}

/* Where the board `what` is. One that was never seen is looked for. */
static kiln_code locate(struct kiln_registry *r, const char *what, char *ret_url, size_t size,
			struct kiln_err *err)
{
	const struct entry *e = find(r, what);

	if (!e && is_url(what)) {
		kiln_text_copy(ret_url, size, what);
		return KILN_OK;
	}
	if (!e) {
		KILN_TRY(kiln_registry_scan(r, false, KILN_REGISTRY_BUDGET_MS, err));
		e = find(r, what);
	}
	if (!e)
		return unknown(what, err);
	if (e->board.connected)
		return taken(&e->board, err);
	kiln_text_copy(ret_url, size, e->board.url);
	return KILN_OK;
}

/* Open the board at `url` and make it known. */
static kiln_code open_at(struct kiln_registry *r, const char *url, struct entry **ret_entry,
			 struct kiln_repl **ret_repl, struct kiln_err *err)
{
	const struct entry *before = find_url(r, url);
	const bool by_hand = !before || before->board.by_hand;
	char hwid[sizeof(before->hwid)] = "";
	struct kiln_board_info info;
	struct kiln_repl *repl;
	struct entry *e;
	kiln_code code;

	if (before)
		kiln_text_copy(hwid, sizeof(hwid), before->hwid);
	code = kiln_board_open(r->config.host, url, 0, &repl, &info, err);
	if (code != KILN_OK) {
		if (before && !before->board.by_hand && !kiln_look_is_over(code) && err)
			note_failure(r, url, err);
		return code;
	}
	e = note_board(r, url, hwid, &info);
	if (!e) {
		kiln_repl_close(repl);
		return kiln_fail(err, KILN_E_NOMEM, "cannot keep '%s' on the list of boards", url);
	}
	e->board.by_hand = by_hand;
	*ret_entry = e;
	*ret_repl = repl;
	return KILN_OK;
}

kiln_code kiln_registry_connect(struct kiln_registry *r, const char *what,
				struct kiln_repl **ret_repl, struct kiln_board *ret_board,
				struct kiln_err *err)
{
	char url[sizeof(ret_board->url)];
	struct kiln_repl *repl = NULL;
	struct entry *e = NULL;

	KILN_TRY(locate(r, what, url, sizeof(url), err));
	KILN_TRY(open_at(r, url, &e, &repl, err));
	if (!is_called(&e->board, what)) { /* another board has been plugged in there since */
		kiln_repl_close(repl);
		KILN_TRY(locate(r, what, url, sizeof(url), err));
		KILN_TRY(open_at(r, url, &e, &repl, err));
	}
	e->board.connected = true;
	e->repl = repl;
	*ret_repl = repl;
	*ret_board = e->board;
	return KILN_OK;
}

void kiln_registry_disconnect(struct kiln_registry *r, struct kiln_repl *repl)
{
	for (size_t i = 0; i < r->n; i++) {
		struct entry *e = &r->entries[i];

		if (repl && e->repl == repl) {
			e->repl = NULL;
			e->board.connected = false;
			e->seen = now_of(r);
		}
	}
	kiln_repl_close(repl);
}

kiln_code kiln_registry_forget(struct kiln_registry *r, const char *what, struct kiln_err *err)
{
	struct entry *e = find(r, what);

	if (!e)
		return unknown(what, err);
	if (e->board.connected)
		return taken(&e->board, err);
	remove_entry(r, e);
	return KILN_OK;
}
