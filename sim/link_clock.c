/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. With the real clock the board's is CLOCK_MONOTONIC, and a timer descriptor says when it has
 * something; with the virtual clock the board's time moves only when somebody waits, straight to
 * what happens next.
 */
#include "sim/link_impl.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#define USB_FRAME SIM_MS

sim_ns sim_link_real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SIM_S + t.tv_nsec;
}

static sim_ns to_ns(kiln_ms ms)
{
	return ms > INT64_MAX / SIM_MS ? SIM_NEVER : ms * SIM_MS;
}

void sim_link_catch_up(struct sim_link *s)
{
	if (!s->virtual_clock)
		sim_board_advance(&s->board, sim_link_real_ns());
	sim_board_poll_run(&s->board);
}

static void watch_run(struct sim_link *s)
{
	const bool full = s->board.to_host.n >= SIM_PENDING_MAX / 2;
	const int fd = full ? -1 : sim_board_run_fd(&s->board);
	struct epoll_event event = { .events = EPOLLIN };

	if (fd == s->watched && s->watched_start == s->board.run_starts)
		return;
	if (s->watched >= 0)
		(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->watched, NULL);
	s->watched = fd;
	s->watched_start = s->board.run_starts;
	if (fd >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		s->watched = -1;
}

void sim_link_arm(struct sim_link *s)
{
	sim_ns at = sim_board_next(&s->board);
	struct itimerspec t = { { 0, 0 }, { 0, 0 } };

	if (s->virtual_clock)
		return;
	if (s->board.inbox.len || s->board.unplugged)
		at = 1;
	else if (at != SIM_NEVER && at < s->board.now + USB_FRAME)
		at = s->board.now + USB_FRAME;
	if (at != SIM_NEVER) {
		t.it_value.tv_sec = (time_t)(at / SIM_S);
		t.it_value.tv_nsec = (long)(at % SIM_S);
	}
	(void)timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &t, NULL);
	watch_run(s);
}

/*
 * Of the time that was spent on waiting for the interpreter, what it could use. A busy machine
 * keeps it from running and us from looking at it in time: the board is not slower for that, and
 * must not miss the deadlines of who talks to it.
 */
static sim_ns useful(struct sim_link *s, sim_ns spent, sim_ns asked)
{
	enum { NO_WORTH_MS = 5 }; /* asking the system takes time too */
	sim_ns starved, more;

	if (spent >= NO_WORTH_MS * SIM_MS) {
		starved = sim_board_run_starved(&s->board);
		/* less than before: of another process, or one of its threads has ended */
		more = starved >= s->starved ? starved - s->starved : starved;
		s->starved = starved;
		spent -= sim_earlier(more, spent);
	}
	return sim_earlier(spent, asked);
}

/* The interpreter computes: the virtual clock follows the real one until it has done. */
static kiln_code wait_for_run(struct sim_link *s, sim_ns until)
{
	const sim_ns begin = sim_link_real_ns(), left = until - s->board.now;
	const kiln_ms ms = left / SIM_MS < 50 ? left / SIM_MS : 50;
	kiln_code code = KILN_OK;
	sim_ns spent = left;

	/*
	 * Bytes on the wire come closer together than the system can wait. Those that the board
	 * sends need not wait for it, but to those that it gets it would seem slower than it is:
	 * give it a moment to answer before the next one arrives.
	 */
	if (ms == 0 && s->board.to_host.n == 0) {
		code = kiln_link_wait(&s->link, sim_board_run_fd(&s->board), POLLIN,
				      kiln_now() + 1);
		if (code != KILN_E_TIMEOUT)
			return code;
	}
	if (ms > 0) {
		code = kiln_link_wait(&s->link, sim_board_run_fd(&s->board), POLLIN,
				      kiln_now() + ms);
		spent = useful(s, sim_link_real_ns() - begin, ms * SIM_MS);
	}
	sim_board_advance(&s->board, s->board.now + spent);
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

static kiln_code wait_virtual(struct sim_link *s, sim_ns until)
{
	const struct kiln_waiter *waiter = &s->link.host->waiter;
	const sim_ns next = sim_earlier(sim_board_next(&s->board), until);
	kiln_code code = KILN_E_TIMEOUT;

	if (s->board.run_busy)
		return wait_for_run(s, next);
	/* nothing to come, and no deadline: only a signal can end this */
	if (next == SIM_NEVER || waiter->wait)
		code = kiln_link_wait(&s->link, -1, 0, next == SIM_NEVER ? KILN_FOREVER : 0);
	if (next != SIM_NEVER && code == KILN_E_TIMEOUT) {
		sim_board_advance(&s->board, next);
		return KILN_OK;
	}
	return code;
}

kiln_code sim_link_wait_some(struct sim_link *s, kiln_ms deadline)
{
	kiln_code code;

	if (s->virtual_clock)
		return wait_virtual(s, to_ns(deadline));
	sim_link_arm(s);
	code = kiln_link_wait(&s->link, s->epoll, POLLIN, deadline);
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

kiln_code sim_link_pause(struct sim_link *s, kiln_ms until)
{
	kiln_code code;

	if (s->virtual_clock)
		return wait_virtual(s, to_ns(until));
	code = kiln_link_wait(&s->link, -1, 0, until);
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

kiln_ms sim_link_now(const struct kiln_link *link)
{
	const struct sim_link *s = (const struct sim_link *)link;

	return s->virtual_clock ? s->board.now / SIM_MS : kiln_now();
}
