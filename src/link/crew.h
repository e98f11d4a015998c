/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_CREW_H
#define KILN_LINK_CREW_H

#include <kiln/link.h>

/*
 * A crew works on several boards at once. A link waits in the thread that uses it, so each board
 * gets a thread, with a host of its own: its log lines begin with the board's name and come one
 * at a time, and its waits end with E_CANCELLED when the crew is told to stop. What the workers
 * share beside that (a screen, a counter) they touch between kiln_crew_lock and unlock.
 *
 *	kiln_crew_new(&host, work, user, &crew, &err);
 *	kiln_crew_start(crew, i, "ttyUSB0", &err);  for each board, also later
 *	while (kiln_crew_busy(crew) > 0)
 *		kiln_crew_next(crew, KILN_FOREVER, &end, &err);
 *	kiln_crew_free(crew);
 *
 * All functions but lock and unlock belong to the thread that made the crew.
 */
struct kiln_crew;

/* Do the work for the `i`-th board. Runs in a thread of its own. */
typedef kiln_code (*kiln_crew_work)(void *user, size_t i, const struct kiln_host *host,
				    struct kiln_err *err);

/* A worker that has ended. */
struct kiln_crew_end {
	size_t i;
	kiln_code code;
	struct kiln_err err;
};

/* `host` must outlive the crew. Fails with: E_NOMEM, E_IO. */
KILN_CHECK kiln_code kiln_crew_new(const struct kiln_host *host, kiln_crew_work work, void *user,
				   struct kiln_crew **ret_crew, struct kiln_err *err);

/* `name` stands before the worker's log lines. Fails with: E_NOMEM, E_IO. */
KILN_CHECK kiln_code kiln_crew_start(struct kiln_crew *crew, size_t i, const char *name,
				     struct kiln_err *err);

/* How many were started and not yet returned by kiln_crew_next. */
size_t kiln_crew_busy(const struct kiln_crew *crew);

/*
 * Wait for the next worker that ends. That its work failed is in `ret_end`, and is no failure of
 * this call. When the host's waiter says E_CANCELLED all workers are told to stop, and the call
 * fails with that: go on calling it to see how they ended.
 * Fails with: E_TIMEOUT, E_CANCELLED, E_IO.
 */
KILN_CHECK kiln_code kiln_crew_next(struct kiln_crew *crew, kiln_ms deadline,
				    struct kiln_crew_end *ret_end, struct kiln_err *err);

/*
 * Let the wait that each worker is in, or else its next one, return E_CANCELLED: once for each
 * call, so that what follows may still wait, to leave its board in order.
 */
void kiln_crew_cancel(struct kiln_crew *crew);

void kiln_crew_lock(struct kiln_crew *crew);
void kiln_crew_unlock(struct kiln_crew *crew);

/* Stop who still works, wait for them, free. NULL is fine. */
void kiln_crew_free(struct kiln_crew *crew);

#endif
