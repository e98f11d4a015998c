/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/serve.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/text.h"
#include "link/link_impl.h"
#include "sim/serve_endpoint.h"

struct sim_server {
	struct kiln_link *link;
	struct sim_endpoint *first;
	int epoll;
	char name[64];
	int hold_ms;
	char announcement[1024]; /* path; empty: there is none */
};

kiln_code sim_endpoint_watch(struct sim_endpoint *e, int fd, uint32_t events, bool known,
			     struct kiln_err *err)
{
	struct epoll_event event = { .events = events };

	if (epoll_ctl(e->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot watch a descriptor");
	return KILN_OK;
}

kiln_code sim_server_open(struct kiln_link *link, const char *name, struct sim_server **ret_server,
			  struct kiln_err *err)
{
	const int fd = kiln_link_fd(link);
	struct epoll_event event = { .events = EPOLLIN };
	struct sim_server *server;

	if (fd < 0) {
		(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot serve '%s'", kiln_link_url(link));
		kiln_why(err, "it cannot be waited for");
		return KILN_E_UNSUPPORTED;
	}
	server = calloc(1, sizeof(*server));
	if (!server)
		return kiln_fail(err, KILN_E_NOMEM, "cannot serve '%s'", kiln_link_url(link));
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll < 0 || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
		const kiln_code code = kiln_fail_errno(err, KILN_E_IO, errno, "cannot serve '%s'",
						       kiln_link_url(link));

		if (server->epoll >= 0)
			close(server->epoll);
		free(server);
		return code;
	}
	server->link = link;
	kiln_text_copy(server->name, sizeof(server->name), name);
	*ret_server = server;
	return KILN_OK;
}

void sim_endpoint_init(struct sim_endpoint *e, const struct sim_endpoint_ops *ops,
		       const struct sim_server *server)
{
	*e = (struct sim_endpoint){
		.ops = ops,
		.link = server->link,
		.epoll = server->epoll,
		.wake_at = KILN_FOREVER,
	};
}

void sim_server_add(struct sim_server *server, struct sim_endpoint *e)
{
	struct sim_endpoint **at = &server->first;

	while (*at)
		at = &(*at)->next;
	*at = e;
}

void sim_server_play_resets(struct sim_server *server, int hold_ms)
{
	server->hold_ms = hold_ms;
}

int sim_server_hold_ms(const struct sim_server *server)
{
	return server->hold_ms;
}

const char *sim_server_name(const struct sim_server *server)
{
	return server->name;
}

const char *sim_server_endpoint(const struct sim_server *server, size_t i, const char **ret_kind)
{
	const struct sim_endpoint *e = server->first;

	while (e && i-- > 0)
		e = e->next;
	if (!e)
		return NULL;
	*ret_kind = e->ops->kind;
	return e->url;
}

/* --- announcement --- */

/* The one with reset lines first: a flasher can do more with it. */
static const struct sim_endpoint *best_endpoint(const struct sim_server *server)
{
	for (const struct sim_endpoint *e = server->first; e; e = e->next) {
		if (strcmp(e->ops->kind, "rfc2217") == 0)
			return e;
	}
	return server->first;
}

static kiln_code write_json(json_t *json, const char *path, struct kiln_err *err)
{
	char fresh[1100];
	int e;

	kiln_text_format(fresh, sizeof(fresh), "%s.%ld", path, (long)getpid());
	if (json_dump_file(json, fresh, JSON_COMPACT) == 0 && rename(fresh, path) == 0)
		return KILN_OK;
	e = errno;
	(void)unlink(fresh);
	return kiln_fail_errno(err, KILN_E_IO, e, "cannot write '%s'", path);
}

kiln_code sim_server_announce(struct sim_server *server, struct kiln_err *err)
{
	const struct sim_endpoint *e = best_endpoint(server);
	char name[sizeof(server->name) + 16], path[sizeof(server->announcement)];
	json_t *json;
	kiln_code code;

	kiln_text_format(name, sizeof(name), "kiln/%s.json", server->name);
	if (!e || !kiln_folder_user(path, sizeof(path), "XDG_RUNTIME_DIR", NULL, name))
		return KILN_OK;
	KILN_TRY(kiln_folder_make_for(path, 0700, err));
	json = json_pack("{s:I, s:s, s:s}", "pid", (json_int_t)getpid(), "name", server->name,
			 "url", e->url);
	code = json ? write_json(json, path, err)
		    : kiln_fail(err, KILN_E_NOMEM, "cannot announce '%s'", server->name);
	json_decref(json);
	if (code == KILN_OK)
		kiln_text_copy(server->announcement, sizeof(server->announcement), path);
	return code;
}

/* --- serving --- */

/* All that the board has said, to all endpoints. */
static kiln_code pump(struct sim_server *server, struct kiln_err *err)
{
	uint8_t block[4096];
	kiln_code code;
	size_t n;

	for (;;) {
		code = kiln_link_read(server->link, block, sizeof(block), 0, &n, err);
		if (code != KILN_OK)
			return code == KILN_E_TIMEOUT ? KILN_OK : code;
		for (struct sim_endpoint *e = server->first; e; e = e->next)
			e->ops->hear(e, block, n);
	}
}

/* Returns in *ret_wake when there is something to do again, if nothing comes. */
static kiln_code turn_all(struct sim_server *server, kiln_ms *ret_wake, struct kiln_err *err)
{
	*ret_wake = KILN_FOREVER;
	for (struct sim_endpoint *e = server->first; e; e = e->next) {
		e->again = false;
		KILN_TRY(e->ops->turn(e, err));
		if (e->wake_at < *ret_wake)
			*ret_wake = e->wake_at;
		if (e->again)
			*ret_wake = 0;
	}
	return KILN_OK;
}

static kiln_code await(struct sim_server *server, kiln_ms wake, struct kiln_err *err)
{
	struct epoll_event events[8];
	const kiln_code code = kiln_link_wait(server->link, server->epoll, POLLIN, wake);

	if (code != KILN_OK && code != KILN_E_TIMEOUT)
		return kiln_fail(err, code, "cannot serve '%s'", server->name);
	/* each endpoint looks for itself; this takes what was told once only off the list */
	(void)epoll_wait(server->epoll, events, 8, 0);
	return KILN_OK;
}

kiln_code sim_server_run(struct sim_server *server, struct kiln_err *err)
{
	kiln_ms wake;

	for (;;) {
		KILN_TRY(pump(server, err));
		KILN_TRY(turn_all(server, &wake, err));
		KILN_TRY(await(server, wake, err));
	}
}

void sim_server_close(struct sim_server *server)
{
	if (!server)
		return;
	if (server->announcement[0])
		(void)unlink(server->announcement);
	for (struct sim_endpoint *e = server->first, *next; e; e = next) {
		next = e->next;
		e->ops->close(e);
	}
	close(server->epoll);
	kiln_link_close(server->link);
	free(server);
}
