/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_REGISTRY_H
#define KILN_BOARD_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include <kiln/board.h>
#include <kiln/port.h>

/*
 * The boards that are known of: found by a scan of the ports, or by a URL that a user named.
 *
 *	struct kiln_registry_config config = { .host = &host };
 *	kiln_registry_new(&config, &registry, &err);
 *	kiln_registry_scan(registry, false, KILN_REGISTRY_BUDGET_MS, &err);
 *	for (size_t i = 0; i < kiln_registry_count(registry); i++)
 *		puts(kiln_registry_board(registry, i)->name);
 *	kiln_registry_connect(registry, "24:0a:c4:12:87:7c", &repl, &board, &err);
 *	...
 *	kiln_registry_disconnect(registry, repl);
 *	kiln_registry_free(registry);
 *
 * A board is asked who it is once; after that it counts as seen as long as its port is there, so
 * that a scan does not stop its program again. A port that failed is left alone for a while. Ports
 * that someone else holds are skipped. One thread at a time; nothing here prints.
 */
enum {
	KILN_REGISTRY_BUDGET_MS = 20000, /* a whole scan, however many ports do not answer */
	KILN_REGISTRY_RETRY_MS = 30000,  /* a port that failed is left alone for so long */
	KILN_REGISTRY_AGE_MS = 10000,    /* a board not seen for so long goes from the list */
	KILN_REGISTRY_MAX = 256,         /* boards, and failed ports */
	KILN_REGISTRY_AT_ONCE = 8,       /* ports that are looked at together */
};

struct kiln_board {
	char name[64];  /* the configured one, else the uid, else the url; never empty */
	char url[256];  /* as kiln_port.url has it: without user and password */
	bool connected; /* through kiln_registry_connect: scans leave it alone */
	bool missing;   /* its port was not there at the last scan, and that is not long ago */
	bool by_hand;   /* named by its URL and on no list of ports: it does not age */
	struct kiln_board_info info;
};

/* A port that looked like a board's, and why no board was found there. */
struct kiln_board_failure {
	char url[256];
	struct kiln_err err;
};

struct kiln_registry_config {
	const struct kiln_host *host; /* must outlive the registry */
	/* The name that a configuration gives to a uid, or NULL; borrowed until the next call. */
	const char *(*name_of)(void *user, const char *uid); /* may be NULL */
	void *user;
	unsigned at_once;     /* 0: KILN_REGISTRY_AT_ONCE; 1: one after the other, in this thread */
	kiln_ms (*now)(void); /* NULL: kiln_now */
	/* NULL: kiln_ports_scan; another source of ports for tests */
	kiln_code (*ports)(const struct kiln_host *host, struct kiln_port_list *ret_list,
			   struct kiln_err *err);
};

struct kiln_registry;

/* Fails with: E_NOMEM. */
KILN_CHECK kiln_code kiln_registry_new(const struct kiln_registry_config *config,
				       struct kiln_registry **ret_registry, struct kiln_err *err);
/* Open sessions stay the caller's. NULL is fine. */
void kiln_registry_free(struct kiln_registry *registry);

/*
 * Look at all ports that are likely boards, several at a time, each in a thread of its own: a port
 * that is silent holds up no other. `force` also asks known boards again and tries ports
 * that failed a moment ago. A port that fails is no failure of the scan: kiln_registry_failure().
 * When budget_ms is used up, ports not yet looked at wait for the next scan.
 * Fails with: E_CANCELLED (what was found so far is kept), E_NOMEM, what kiln_ports_scan fails
 * with.
 */
KILN_CHECK kiln_code kiln_registry_scan(struct kiln_registry *registry, bool force,
					kiln_ms budget_ms, struct kiln_err *err);

/* Boards in the order of their ports; borrowed until the next call that changes the registry. */
size_t kiln_registry_count(const struct kiln_registry *registry);
const struct kiln_board *kiln_registry_board(const struct kiln_registry *registry, size_t i);

/* Ports of the last scan that failed or are still being left alone; borrowed likewise. */
size_t kiln_registry_failures(const struct kiln_registry *registry);
const struct kiln_board_failure *kiln_registry_failure(const struct kiln_registry *registry,
						       size_t i);

/* Ask name_of anew for all of them: the configuration has changed. */
void kiln_registry_rename(struct kiln_registry *registry);

/* The known board with this name, uid or url ("/dev/x" and "serial:///dev/x" are the same). */
const struct kiln_board *kiln_registry_find(const struct kiln_registry *registry, const char *what);

/*
 * Open a session with the board `what`: a name, a uid or a url. One that is not known is looked
 * for by a scan; a url is opened as it is and becomes known. *ret_board is a copy.
 * Fails with: E_NO_BOARD, E_EXISTS (it is connected already), what kiln_board_open fails with.
 */
KILN_CHECK kiln_code kiln_registry_connect(struct kiln_registry *registry, const char *what,
					   struct kiln_repl **ret_repl,
					   struct kiln_board *ret_board, struct kiln_err *err);
/* Close a session that came from kiln_registry_connect; NULL is fine. */
void kiln_registry_disconnect(struct kiln_registry *registry, struct kiln_repl *repl);

/* Take a board from the list. Fails with: E_NO_BOARD, E_EXISTS (it is connected). */
KILN_CHECK kiln_code kiln_registry_forget(struct kiln_registry *registry, const char *what,
					  struct kiln_err *err);

#endif
