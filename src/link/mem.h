/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_MEM_H
#define KILN_LINK_MEM_H

#include "link/link_impl.h"

/*
 * Two links joined in memory: what is written to one is read from the other. For tests of what
 * stands above links: no descriptor, no thread, and a clock that moves only when somebody waits.
 *
 * A read that finds nothing calls `idle`, in which the test plays the other end (reads, answers,
 * or lets time pass). If there still is nothing the clock is put to the deadline, and the read
 * times out. All hooks may be NULL.
 */
struct kiln_mem_hooks {
	/* One end waits for bytes; `waiting` is that end. Return false if nothing will come. */
	bool (*idle)(void *user, struct kiln_link *waiting, kiln_ms deadline);
	kiln_code (*lines)(void *user, bool dtr, bool rts); /* NULL: the link has no lines */
	kiln_code (*baud)(void *user, unsigned baud);       /* NULL: any baud is fine */
	kiln_code (*brk)(void *user, int ms);               /* NULL: no break */
	kiln_ms (*now)(void *user);              /* NULL: the pair's own clock, which begins at 0 */
	void (*wait)(void *user, kiln_ms until); /* with `now`: let time pass */
	void *user;
};

/* Both ends are the caller's to close, in any order; a closed end is a port that disappeared. */
KILN_CHECK kiln_code kiln_mem_pair(const struct kiln_host *host, const struct kiln_mem_hooks *hooks,
				   struct kiln_link **ret_a, struct kiln_link **ret_b,
				   struct kiln_err *err);

#endif
