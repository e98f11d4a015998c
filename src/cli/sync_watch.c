/* SPDX-License-Identifier: Apache-2.0 */
/* sync --watch: each change as it is saved, on a board that may go and come back. */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/ports.h"
#include "cli/sync.h"

enum {
	QUIET_MS = 150, /* editors change a file in several steps */
	LOOK_MS = 500,  /* for a board that went */
	IDLE_MS = 1000, /* how long it may take to see that it went */
};

static kiln_code wait_for(const struct sync *s, int fd, kiln_ms ms)
{
	const struct kiln_waiter *waiter = &s->fs.cli->host.waiter;

	return waiter->wait(waiter->user, fd, fd < 0 ? 0 : POLLIN, kiln_now() + ms);
}

/* Seen without a read: what the board prints meanwhile is for whoever uses the session next. */
static bool is_unplugged(const struct sync *s)
{
	struct pollfd p = { .fd = kiln_link_fd(kiln_repl_link(s->fs.repl)) };

	return p.fd >= 0 && poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

/* Until something changed, and then nothing for a moment. Fails with: E_CANCELLED, E_PORT_GONE. */
static kiln_code wait_for_change(const struct sync *s)
{
	kiln_code code = KILN_E_TIMEOUT;

	while (code == KILN_E_TIMEOUT && !is_unplugged(s))
		code = wait_for(s, s->watch.fd, IDLE_MS);
	if (code == KILN_E_TIMEOUT)
		return KILN_E_PORT_GONE;
	while (code == KILN_OK) {
		kiln_host_watch_drain(&s->watch);
		code = wait_for(s, s->watch.fd, QUIET_MS);
	}
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

static void say_state(const struct sync *s, const char *event, const char *text)
{
	if (s->params->json)
		cli_json(json_pack("{s:s, s:s}", "event", event, "port", s->url));
	else
		printf("%s\n", text);
	fflush(stdout);
}

static kiln_code reconnect(struct sync *s)
{
	const struct kiln_host *host = &s->fs.cli->host;
	char before[sizeof(s->url)], text[sizeof(s->url) + 32];
	struct kiln_err err = KILN_ERR_INIT; /* there is no need to tell why it is not yet back */
	kiln_code code = KILN_E_TIMEOUT;

	sync_close_board(s);
	say_state(s, "gone", "(the board is gone: waiting for it)");
	kiln_text_copy(before, sizeof(before), s->url);
	while (code == KILN_E_TIMEOUT) {
		code = ports_find_again(host, &s->port, s->url, sizeof(s->url))
			       ? sync_open_board(s, &err)
			       : KILN_E_PORT_MISSING;
		if (code == KILN_OK || code == KILN_E_CANCELLED)
			break;
		sync_close_board(s);
		code = wait_for(s, -1, LOOK_MS);
	}
	if (code != KILN_OK)
		return code;
	kiln_text_format(text, sizeof(text), "(it is back, at %s)", s->url);
	say_state(s, "back", strcmp(before, s->url) == 0 ? "(it is back)" : text);
	return KILN_OK;
}

static bool is_lost(kiln_code code)
{
	return code == KILN_E_PORT_GONE || code == KILN_E_NO_PROMPT || code == KILN_E_TIMEOUT ||
	       code == KILN_E_PORT_MISSING || code == KILN_E_NETWORK || code == KILN_E_PROTOCOL;
}

/* What fails is said, and the next change is another chance. */
static kiln_code watch_on(struct sync *s)
{
	for (;;) {
		struct kiln_err err = KILN_ERR_INIT;
		kiln_code code = sync_scan(s, &err);

		if (code == KILN_OK)
			code = sync_once(s, false, &err);
		if (code != KILN_OK && code != KILN_E_CANCELLED && !is_lost(code)) {
			(void)cli_fail(s->fs.cli, &err);
			code = KILN_OK;
		}
		if (code == KILN_OK)
			code = wait_for_change(s);
		if (is_lost(code))
			code = reconnect(s);
		if (code != KILN_OK)
			return code;
	}
}

kiln_code sync_watch(struct sync *s, struct kiln_err *err)
{
	kiln_code code;

	ports_remember(&s->fs.cli->host, s->url, &s->port);
	say_state(s, "watching", "(watching; Ctrl-C ends)");
	code = watch_on(s);
	if (code == KILN_E_CANCELLED)
		(void)kiln_fail(err, code, "watching '%s'", s->folder);
	return code;
}
