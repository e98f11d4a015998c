/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's life, and what all of it reads and sends through.
 */
#include "repl/session.h"

#include <stdlib.h>
#include <string.h>

kiln_code kiln_repl_read(struct kiln_repl *repl, kiln_ms deadline, struct kiln_err *err)
{
	enum { LOOK_MS = 100 };
	const kiln_ms now = kiln_link_now(repl->link);

	if (repl->at < repl->n)
		return KILN_OK;
	if (now >= deadline)
		return KILN_E_TIMEOUT;
	/* a read that finds bytes does not wait, so a flood would hide that we are to stop */
	if (now - repl->looked >= LOOK_MS) {
		KILN_TRY(kiln_link_sleep(repl->link, 0, err));
		repl->looked = now;
	}
	repl->at = 0;
	repl->n = 0;
	return kiln_link_read(repl->link, repl->in, sizeof(repl->in), deadline, &repl->n, err);
}

kiln_code kiln_repl_keys(struct kiln_repl *repl, const char *keys, struct kiln_err *err)
{
	return kiln_link_write(repl->link, keys, strlen(keys),
			       kiln_link_after(repl->link, KILN_REPL_WRITE_MS), err);
}

static void put_out(const struct kiln_repl_output *output, struct kiln_span text)
{
	if (output && output->text && text.n > 0)
		output->text(output->user, (const char *)text.p, text.n);
}

kiln_code kiln_repl_event(struct kiln_repl *repl, const struct kiln_repl_output *output,
			  kiln_ms deadline, kiln_raw_event *ret_event, struct kiln_err *err)
{
	for (;;) {
		size_t used;
		const kiln_raw_event event = kiln_raw_decode(&repl->codec, repl->in + repl->at,
							     repl->n - repl->at, &used);

		repl->at += used;
		if (event == KILN_RAW_TEXT) {
			put_out(output, repl->codec.out);
		} else if (event != KILN_RAW_MORE) {
			*ret_event = event;
			return KILN_OK;
		} else {
			KILN_TRY(kiln_repl_read(repl, deadline, err));
		}
	}
}

kiln_code kiln_repl_open(struct kiln_link *link, struct kiln_repl **ret_repl, struct kiln_err *err)
{
	struct kiln_repl *repl = calloc(1, sizeof(*repl));
	kiln_code code;

	if (!repl) {
		code = kiln_fail(err, KILN_E_NOMEM, "cannot open a session on '%s'",
				 kiln_link_url(link));
		kiln_link_close(link);
		return code;
	}
	repl->link = link;
	kiln_raw_init(&repl->codec);
	code = kiln_repl_enter(repl, err);
	if (code != KILN_OK) {
		kiln_repl_close(repl);
		return code;
	}
	*ret_repl = repl;
	return KILN_OK;
}

/* Wait until raw mode was left, so that who opens the port next meets a quiet board. */
static void leave(struct kiln_repl *repl)
{
	const kiln_ms deadline = kiln_link_after(repl->link, 500);
	kiln_raw_event event;

	if (kiln_repl_keys(repl, "\x02", NULL) != KILN_OK)
		return;
	while (kiln_repl_event(repl, NULL, deadline, &event, NULL) == KILN_OK) {
		if (event == KILN_RAW_SEEN && repl->codec.seen == KILN_SEEN_FRIENDLY)
			return;
	}
}

struct kiln_link *kiln_repl_detach(struct kiln_repl *repl)
{
	struct kiln_link *link = repl->link;

	if (repl->at_prompt)
		leave(repl);
	else if (repl->running) /* read when the program has ended */
		(void)!kiln_repl_keys(repl, "\x02", NULL);
	kiln_raw_done(&repl->codec);
	free(repl);
	return link;
}

void kiln_repl_close(struct kiln_repl *repl)
{
	if (repl)
		kiln_link_close(kiln_repl_detach(repl));
}

struct kiln_link *kiln_repl_link(struct kiln_repl *repl)
{
	return repl->link;
}

void kiln_repl_result_done(struct kiln_repl_result *result)
{
	free(result->traceback);
	*result = (struct kiln_repl_result){ .exception = false };
}
