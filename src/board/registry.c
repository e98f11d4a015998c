/* SPDX-License-Identifier: Apache-2.0 */
/* A registry as its users have it: what is in it, and sessions with its boards. */
#include <stdlib.h>

#include "base/text.h"
#include "board/look.h"
#include "board/registry_impl.h"

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
	const struct registry_entry *e = kiln_registry_entry(r, what);

	if (!e && kiln_registry_is_url(what)) {
		kiln_text_copy(ret_url, size, what);
		return KILN_OK;
	}
	if (!e) {
		KILN_TRY(kiln_registry_scan(r, false, KILN_REGISTRY_BUDGET_MS, err));
		e = kiln_registry_entry(r, what);
	}
	if (!e)
		return unknown(what, err);
	if (e->board.connected)
		return taken(&e->board, err);
	kiln_text_copy(ret_url, size, e->board.url);
	return KILN_OK;
}

/* Open the board at `url` and make it known. */
static kiln_code open_at(struct kiln_registry *r, const char *url,
			 struct registry_entry **ret_entry, struct kiln_repl **ret_repl,
			 struct kiln_err *err)
{
	const struct registry_entry *before = kiln_registry_entry_at(r, url);
	const bool by_hand = !before || before->board.by_hand;
	char hwid[sizeof(before->hwid)] = "";
	struct kiln_board_info info;
	struct kiln_repl *repl;
	struct registry_entry *e;
	kiln_code code;

	if (before)
		kiln_text_copy(hwid, sizeof(hwid), before->hwid);
	code = kiln_board_open(r->config.host, url, 0, &repl, &info, err);
	if (code != KILN_OK) {
		if (before && !before->board.by_hand && !kiln_look_is_over(code) && err)
			kiln_registry_note_failure(r, url, err);
		return code;
	}
	e = kiln_registry_note_board(r, url, hwid, &info);
	if (!e) {
		kiln_repl_close(repl);
		(void)kiln_fail(err, KILN_E_NOMEM, "cannot keep '%s' on the list of boards", url);
		return KILN_E_NOMEM;
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
	struct registry_entry *e = NULL;

	KILN_TRY(locate(r, what, url, sizeof(url), err));
	KILN_TRY(open_at(r, url, &e, &repl, err));
	if (!kiln_registry_is_called(&e->board,
				     what)) { /* another board has been plugged in there since */
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
		struct registry_entry *e = &r->entries[i];

		if (repl && e->repl == repl) {
			e->repl = NULL;
			e->board.connected = false;
			e->seen = kiln_registry_now(r);
		}
	}
	kiln_repl_close(repl);
}

kiln_code kiln_registry_forget(struct kiln_registry *r, const char *what, struct kiln_err *err)
{
	struct registry_entry *e = kiln_registry_entry(r, what);

	if (!e)
		return unknown(what, err);
	if (e->board.connected)
		return taken(&e->board, err);
	kiln_registry_remove(r, e);
	return KILN_OK;
}
