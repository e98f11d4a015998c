/* SPDX-License-Identifier: Apache-2.0 */
/* A scan: which ports are looked at, and what becomes of boards that are not seen. */
#include <stdlib.h>
#include <string.h>

#include "board/look.h"
#include "board/registry_impl.h"
#include "repl/session.h"

/*
 * A board may have two ways in, a cable and the network, or a UART and USB, and one REPL behind
 * both: what was typed at one to see who is there the session at the other has heard as well. Which
 * board a port is of shows only in its answer, if there is one.
 */
static void doubt_sessions(struct kiln_registry *r, const char *uid)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct registry_entry *e = &r->entries[i];

		if (e->repl && (uid ? uid[0] && strcmp(e->board.info.uid, uid) == 0
				    : kiln_registry_is_network(e->board.url)))
			kiln_repl_doubt(e->repl);
	}
}

static void board_answered(void *user, const struct kiln_port *port,
			   const struct kiln_board_info *info)
{
	doubt_sessions(user, info->uid);
	(void)kiln_registry_note_board(user, port->url, port->hwid, info);
}

static void port_failed(void *user, const struct kiln_port *port, const struct kiln_err *why)
{
	struct kiln_registry *r = user;

	kiln_registry_note_failure(r, port->url, why);
	kiln_log(&r->config.host->ui, KILN_LOG_DEBUG, "board", "%s: %s", port->url, why->why);
}

/* Is what is known of this port still good? Then there is no need to stop a board's program. */
static bool is_known(struct kiln_registry *r, const struct kiln_port *port, bool force)
{
	const kiln_ms now = kiln_registry_now(r);
	struct registry_entry *e = kiln_registry_entry_at(r, port->url);
	struct registry_failure *f = kiln_registry_failure_at(r, port->url);

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
		.deadline = kiln_registry_now(r) + budget_ms,
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
static size_t rank(const struct registry_entry *e, const struct kiln_port_list *list)
{
	size_t i = 0;

	while (i < list->n && !kiln_registry_same_url(list->ports[i].url, e->board.url))
		i++;
	return i;
}

/* New boards, from `first` on, answered in any order; they are listed in that of their ports. */
static void put_in_order(struct kiln_registry *r, size_t first, const struct kiln_port_list *list)
{
	for (size_t i = first + 1; i < r->n; i++) {
		for (size_t k = i; k > first; k--) {
			struct registry_entry *a = &r->entries[k - 1], *b = &r->entries[k];
			const struct registry_entry held = *a;

			if (rank(a, list) <= rank(b, list))
				break;
			*a = *b;
			*b = held;
		}
	}
}

/* The same board, seen later at another port: it was plugged in anew. */
static bool has_moved(const struct kiln_registry *r, const struct registry_entry *e, kiln_ms began)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct registry_entry *other = &r->entries[i];

		if (other != e && e->board.info.uid[0] && other->seen >= began &&
		    strcmp(other->board.info.uid, e->board.info.uid) == 0)
			return true;
	}
	return false;
}

static void forget_the_gone(struct kiln_registry *r, kiln_ms began)
{
	for (size_t i = r->n; i-- > 0;) {
		struct registry_entry *e = &r->entries[i];

		e->board.missing = !e->board.connected && !e->board.by_hand && e->seen < began;
		if (!e->board.missing)
			continue;
		if (began - e->seen > KILN_REGISTRY_AGE_MS || has_moved(r, e, began))
			kiln_registry_remove(r, e);
	}
	for (size_t i = r->n_failures; i-- > 0;) {
		if (!r->failures[i].listed)
			kiln_registry_remove_failure(r, &r->failures[i]);
	}
}

kiln_code kiln_registry_scan(struct kiln_registry *r, bool force, kiln_ms budget_ms,
			     struct kiln_err *err)
{
	const kiln_ms began = kiln_registry_now(r);
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
