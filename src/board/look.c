/* SPDX-License-Identifier: Apache-2.0 */
#include "board/look.h"

#include <stdlib.h>

#include "link/crew.h"

struct work {
	const struct kiln_look *look;
	const struct kiln_port **ports;
	struct kiln_board_info *infos; /* each worker writes its own */
	struct kiln_crew *crew;
	size_t n, next; /* next: the first that was not begun */
};

bool kiln_look_is_over(kiln_code code)
{
	return code == KILN_E_CANCELLED || code == KILN_E_NOMEM;
}

static kiln_code ask(const struct kiln_host *host, const char *url,
		     struct kiln_board_info *ret_info, struct kiln_err *err)
{
	struct kiln_repl *repl;

	KILN_TRY(kiln_board_open(host, url, 0, &repl, ret_info, err));
	kiln_repl_close(repl);
	return KILN_OK;
}

static kiln_code ask_in_thread(void *user, size_t i, const struct kiln_host *host,
			       struct kiln_err *err)
{
	struct work *w = user;

	return ask(host, w->ports[i]->url, &w->infos[i], err);
}

/* KILN_OK: go on. */
static kiln_code tell(const struct work *w, size_t i, kiln_code code, const struct kiln_err *why,
		      struct kiln_err *err)
{
	const struct kiln_look *look = w->look;

	if (code == KILN_OK) {
		look->answered(look->user, w->ports[i], &w->infos[i]);
	} else if (!kiln_look_is_over(code)) {
		look->failed(look->user, w->ports[i], why);
	} else {
		if (err)
			*err = *why;
		return code;
	}
	return KILN_OK;
}

/* In this thread: for one port, and for who wants no threads. */
static kiln_code one_by_one(struct work *w, struct kiln_err *err)
{
	for (; w->next < w->n; w->next++) {
		struct kiln_err why = KILN_ERR_INIT;
		kiln_code code;

		if (w->look->now() >= w->look->deadline)
			return KILN_OK; /* the next look goes on */
		code = ask(w->look->host, w->ports[w->next]->url, &w->infos[w->next], &why);
		KILN_TRY(tell(w, w->next, code, &why, err));
	}
	return KILN_OK;
}

static kiln_code begin_more(struct work *w, struct kiln_err *err)
{
	while (w->next < w->n && kiln_crew_busy(w->crew) < w->look->at_once &&
	       w->look->now() < w->look->deadline) {
		KILN_TRY(kiln_crew_start(w->crew, w->next, w->ports[w->next]->device, err));
		w->next++;
	}
	return KILN_OK;
}

/* A failure that is ours ends it, but those who still work are waited for: they stop by themselves,
 * and leave their boards in order. */
static kiln_code together(struct work *w, struct kiln_err *err)
{
	kiln_code result = begin_more(w, err);

	while (kiln_crew_busy(w->crew) > 0) {
		struct kiln_crew_end end = { .i = 0 };
		struct kiln_err why = KILN_ERR_INIT;
		kiln_code code = kiln_crew_next(w->crew, KILN_FOREVER, &end, &why);

		if (code == KILN_OK)
			code = tell(w, end.i, end.code, &end.err, &why);
		if (code == KILN_OK && result == KILN_OK)
			code = begin_more(w, &why);
		if (code == KILN_OK || result != KILN_OK)
			continue;
		result = code;
		if (err)
			*err = why;
		if (code != KILN_E_CANCELLED) /* then the crew knows already */
			kiln_crew_cancel(w->crew);
	}
	return result;
}

kiln_code kiln_look_at(const struct kiln_look *look, const struct kiln_port **ports, size_t n,
		       struct kiln_err *err)
{
	struct work w = { .look = look, .ports = ports, .n = n };
	kiln_code code;

	w.infos = calloc(n ? n : 1, sizeof(*w.infos));
	if (!w.infos)
		return kiln_fail(err, KILN_E_NOMEM, "cannot look at the ports");
	if (n <= 1 || look->at_once <= 1) {
		code = one_by_one(&w, err);
	} else {
		code = kiln_crew_new(look->host, ask_in_thread, &w, &w.crew, err);
		if (code == KILN_OK)
			code = together(&w, err);
		kiln_crew_free(w.crew);
	}
	free(w.infos);
	return code;
}
