/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_BOARD_REGISTRY_IMPL_H
#define KILN_BOARD_REGISTRY_IMPL_H

#include "board/registry.h"

/* Between the files of the registry. */

struct registry_entry {
	struct kiln_board board;
	char hwid[sizeof(((struct kiln_port *)0)->hwid)]; /* of the port when it was asked */
	kiln_ms seen;
	struct kiln_repl *repl; /* while it is connected */
};

struct registry_failure {
	struct kiln_board_failure what;
	kiln_ms retry_at;
	bool listed; /* its port is there still */
};

struct kiln_registry {
	struct kiln_registry_config config;
	struct registry_entry *entries;
	size_t n;
	struct registry_failure *failures;
	size_t n_failures;
};

/* --- registry_list.c --- */

kiln_ms kiln_registry_now(const struct kiln_registry *r);
/* "serial:///dev/x" and "/dev/x" are one port. */
bool kiln_registry_same_url(const char *a, const char *b);
bool kiln_registry_is_url(const char *text);
/* Of a board that is elsewhere on the network. */
bool kiln_registry_is_network(const char *url);
bool kiln_registry_is_called(const struct kiln_board *board, const char *what);

/* The board with that name, uid or url; the one at that url; the failure there. NULL: none. */
struct registry_entry *kiln_registry_entry(const struct kiln_registry *r, const char *what);
struct registry_entry *kiln_registry_entry_at(const struct kiln_registry *r, const char *url);
struct registry_failure *kiln_registry_failure_at(const struct kiln_registry *r, const char *url);
void kiln_registry_remove(struct kiln_registry *r, struct registry_entry *e);
void kiln_registry_remove_failure(struct kiln_registry *r, struct registry_failure *f);

/* A port without a board: forget what was there, and remember why. */
void kiln_registry_note_failure(struct kiln_registry *r, const char *url,
				const struct kiln_err *err);
/* A board answered at `url`. NULL: no room for it. */
struct registry_entry *kiln_registry_note_board(struct kiln_registry *r, const char *url,
						const char *hwid,
						const struct kiln_board_info *info);

#endif
