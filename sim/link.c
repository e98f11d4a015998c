/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual board as a link. With the real clock the board's time is CLOCK_MONOTONIC, and a timer
 * descriptor says when it has something; with the virtual clock the board's time moves only when
 * somebody waits, straight to what happens next.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <kiln/port.h>

#include "base/text.h"
#include "link/link_impl.h"
#include "sim/board.h"
#include "sim/sim.h"
#include "sim/state.h"

struct sim_link {
	struct kiln_link link;
	struct sim_state state;
	struct sim_board board;
	bool virtual_clock;
	int timer, epoll;       /* -1 with the virtual clock */
	int watched;            /* run mode's descriptor in `epoll`; -1: none */
	unsigned watched_start; /* of which start it is: numbers of closed ones are used again */
	sim_ns starved;         /* sim_board_run_starved, when last asked for */
};

#define VIRTUAL_START (1000 * SIM_MS)
#define USB_FRAME SIM_MS

static struct sim_link *self(struct kiln_link *link)
{
	return (struct sim_link *)link;
}

/* --- clock --- */

static sim_ns real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SIM_S + t.tv_nsec;
}

static sim_ns to_ns(kiln_ms ms)
{
	return ms > INT64_MAX / SIM_MS ? SIM_NEVER : ms * SIM_MS;
}

/* Bring the board up to date. */
static void catch_up(struct sim_link *s)
{
	if (!s->virtual_clock)
		sim_board_advance(&s->board, real_ns());
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

/*
 * The descriptor must become readable when the board has something to do or to give: at the end of
 * the USB frame in which it happens, as from a real bridge. Waking up for each byte would only
 * burn time; what happens has its own time on the board's clock anyhow.
 */
static void arm(struct sim_link *s)
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
	const sim_ns begin = real_ns(), left = until - s->board.now;
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
		spent = useful(s, real_ns() - begin, ms * SIM_MS);
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

/* Wait for the next thing that happens, or until the deadline. */
static kiln_code wait_some(struct sim_link *s, kiln_ms deadline)
{
	kiln_code code;

	if (s->virtual_clock)
		return wait_virtual(s, to_ns(deadline));
	arm(s);
	code = kiln_link_wait(&s->link, s->epoll, POLLIN, deadline);
	return code == KILN_E_TIMEOUT ? KILN_OK : code;
}

static kiln_ms sim_now(const struct kiln_link *link)
{
	const struct sim_link *s = (const struct sim_link *)link;

	return s->virtual_clock ? s->board.now / SIM_MS : kiln_now();
}

/* --- what a link does --- */

static kiln_code gone(struct sim_link *s, const char *what, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_PORT_GONE, "cannot %s '%s'", what, s->link.url);
	kiln_why(err, "the cable was pulled");
	return KILN_E_PORT_GONE;
}

static kiln_code sim_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			  size_t *ret_n, struct kiln_err *err)
{
	struct sim_link *s = self(link);
	kiln_code code;

	for (;;) {
		catch_up(s);
		if (s->board.inbox.len)
			break;
		if (s->board.unplugged)
			return gone(s, "read from", err);
		if (sim_now(link) >= deadline) {
			arm(s);
			return kiln_fail(err, KILN_E_TIMEOUT, "cannot read from '%s'", link->url);
		}
		code = wait_some(s, deadline);
		if (code != KILN_OK)
			return kiln_fail(err, code, "cannot read from '%s'", link->url);
	}
	*ret_n = sim_board_take(&s->board, buf, n);
	arm(s);
	return KILN_OK;
}

/* Wait until the host's buffers have room for more than `taken` bytes. */
static kiln_code wait_room(struct sim_link *s, size_t want, kiln_ms deadline, struct kiln_err *err)
{
	kiln_code code;

	for (;;) {
		catch_up(s);
		if (s->board.unplugged)
			return gone(s, "write to", err);
		if (sim_board_room(&s->board) >= want)
			return KILN_OK;
		if (sim_now(&s->link) >= deadline)
			return kiln_fail(err, KILN_E_TIMEOUT, "cannot write to '%s'", s->link.url);
		code = wait_some(s, deadline);
		if (code != KILN_OK)
			return kiln_fail(err, code, "cannot write to '%s'", s->link.url);
	}
}

static kiln_code sim_write(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			   struct kiln_err *err)
{
	struct sim_link *s = self(link);
	const uint8_t *p = buf;

	while (n > 0) {
		size_t piece;

		KILN_TRY(wait_room(s, 1, deadline, err));
		piece = sim_board_room(&s->board);
		if (piece > n)
			piece = n;
		sim_board_send(&s->board, p, piece);
		p += piece;
		n -= piece;
	}
	arm(s);
	return KILN_OK;
}

static kiln_code sim_drain(struct kiln_link *link, kiln_ms deadline, struct kiln_err *err)
{
	const kiln_code code = wait_room(self(link), SIM_PENDING_MAX, deadline, err);

	arm(self(link));
	return code;
}

static kiln_code sim_set_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	struct sim_link *s = self(link);

	catch_up(s);
	if (s->board.unplugged)
		return gone(s, "change the baud of", err);
	if (baud < 50 || baud > 5000000) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot set '%s' to %u baud", link->url, baud);
		kiln_why(err, "the bridge does 50 to 5000000");
		return KILN_E_INVALID;
	}
	sim_board_set_baud(&s->board, baud);
	arm(s);
	return KILN_OK;
}

static kiln_code sim_set_lines(struct kiln_link *link, bool dtr, bool rts, struct kiln_err *err)
{
	struct sim_link *s = self(link);

	catch_up(s);
	if (s->board.unplugged)
		return gone(s, "set the modem lines of", err);
	sim_board_set_lines(&s->board, dtr, rts);
	arm(s);
	return KILN_OK;
}

static kiln_code sim_sleep(struct kiln_link *link, kiln_ms ms, struct kiln_err *err)
{
	struct sim_link *s = self(link);
	const kiln_ms until = kiln_link_after(link, ms);

	while (sim_now(link) < until) {
		const kiln_code code = s->virtual_clock ? wait_virtual(s, to_ns(until))
							: kiln_link_wait(link, -1, 0, until);

		if (code != KILN_OK && code != KILN_E_TIMEOUT)
			return kiln_fail(err, code, "cannot wait for '%s'", link->url);
	}
	catch_up(s);
	arm(s);
	return KILN_OK;
}

static kiln_code sim_send_break(struct kiln_link *link, int ms, struct kiln_err *err)
{
	struct sim_link *s = self(link);

	KILN_TRY(wait_room(s, 1, KILN_FOREVER, err));
	sim_board_send_break(&s->board, (sim_ns)ms * SIM_MS);
	return sim_sleep(link, ms, err);
}

static kiln_code sim_flush_input(struct kiln_link *link, struct kiln_err *err)
{
	struct sim_link *s = self(link);

	catch_up(s);
	if (s->board.unplugged)
		return gone(s, "read from", err);
	sim_board_flush(&s->board);
	arm(s);
	return KILN_OK;
}

static int sim_fd(const struct kiln_link *link)
{
	return ((const struct sim_link *)link)->epoll;
}

static void leave_pulled(const struct sim_link *s)
{
	const struct sim_fault *fault = sim_faults_find(&s->board.faults, SIM_FAULT_UNPLUG);

	if (fault && fault->for_ms)
		sim_state_pull(&s->state, fault->for_ms);
}

static void sim_close(struct kiln_link *link)
{
	struct sim_link *s = self(link);

	if (s->board.model && s->board.unplugged)
		leave_pulled(s);
	if (s->board.model)
		sim_board_done(&s->board);
	if (s->timer >= 0)
		close(s->timer);
	if (s->epoll >= 0)
		close(s->epoll);
	sim_state_close(&s->state);
	free(s);
}

static const struct kiln_link_ops ops = {
	.read = sim_read,
	.write = sim_write,
	.set_baud = sim_set_baud,
	.set_lines = sim_set_lines,
	.send_break = sim_send_break,
	.drain = sim_drain,
	.flush_input = sim_flush_input,
	.now = sim_now,
	.sleep = sim_sleep,
	.fd = sim_fd,
	.close = sim_close,
	.atomic_lines = true,
};

/* --- opening --- */

static kiln_code make_descriptors(struct sim_link *s, struct kiln_err *err)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (s->virtual_clock)
		return KILN_OK;
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->timer < 0 || s->epoll < 0 ||
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->timer, &event) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot make a timer for '%s'",
				       s->link.url);
	return KILN_OK;
}

/* A chip that was soldered on stays there, unless it is said that it does not. */
static const struct sim_nand_part *nand_of(const struct sim_link *s, const struct sim_options *o)
{
	if (o->nand || access(s->state.nand, F_OK) != 0)
		return o->nand;
	return sim_nand_part_find("w25n01gv");
}

static kiln_code power_up(struct sim_link *s, const struct sim_options *o, struct kiln_err *err)
{
	struct sim_board_config config = {
		.model = s->state.model,
		.flash_file = s->state.flash,
		.flash_size = o->flash_size,
		.flash_part = o->flash_part,
		.nand = nand_of(s, o),
		.nand_file = s->state.nand,
		.bad_blocks = o->bad_blocks,
		.mac = { s->state.mac[0], s->state.mac[1], s->state.mac[2], s->state.mac[3],
			 s->state.mac[4], s->state.mac[5] },
		.en_rise = o->en_rise,
		.secure_download = o->secure_download,
		.crypt_count = o->crypt_count,
		.security_flags = o->security_flags,
		.usb = o->usb,
		.bridge_latency = o->bridge_latency,
		.faults = o->faults,
		.files = s->state.files,
	};

	static_assert(sizeof(config.registers) == sizeof(o->registers), "one list");
	memcpy(config.registers, o->registers, sizeof(config.registers));
	return sim_board_init(&s->board, &config, s->virtual_clock ? VIRTUAL_START : real_ns(),
			      err);
}

static kiln_code set_up(struct sim_link *s, const struct sim_options *o, unsigned baud,
			struct kiln_err *err)
{
	KILN_TRY(sim_state_open(&s->state, o, err));
	KILN_TRY(power_up(s, o, err));
	if (o->usb) {
		s->link.usb_vid = SIM_USB_VENDOR;
		s->link.usb_pid = o->usb == SIM_USB_JTAG ? SIM_USB_JTAG_PRODUCT
							 : (uint16_t)s->state.model->chip_id;
	}
	KILN_TRY(make_descriptors(s, err));
	return sim_set_baud(&s->link, baud, err);
}

static kiln_code sim_open(const struct kiln_host *host, const char *url, unsigned baud,
			  struct kiln_link **ret_link, struct kiln_err *err)
{
	struct sim_options options;
	struct sim_link *s;
	kiln_code code;

	KILN_TRY(sim_options_parse(url, &options, err));
	s = calloc(1, sizeof(*s));
	if (!s)
		return kiln_fail(err, KILN_E_NOMEM, "cannot open '%s'", url);
	kiln_link_init(&s->link, &ops, host, url, baud);
	s->virtual_clock = options.virtual_clock;
	s->timer = s->epoll = s->watched = s->state.lock = -1;
	code = set_up(s, &options, baud, err);
	if (code != KILN_OK) {
		sim_close(&s->link);
		return code;
	}
	*ret_link = &s->link;
	return KILN_OK;
}

/* --- listing --- */

struct listing {
	void (*found)(void *user, const struct kiln_port *port);
	void *user;
};

static void list_one(void *user, const struct sim_state *state)
{
	const struct listing *listing = user;
	const uint8_t *mac = state->mac;
	struct kiln_port port = { .likely_board = true };

	kiln_text_format(port.url, sizeof(port.url), "sim:%s", state->name);
	kiln_text_copy(port.device, sizeof(port.device), port.url);
	kiln_text_format(port.serial, sizeof(port.serial), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
			 mac[1], mac[2], mac[3], mac[4], mac[5]);
	kiln_text_format(port.hwid, sizeof(port.hwid), "SIM CHIP=%s MAC=%s", state->model->name,
			 port.serial);
	kiln_text_copy(port.manufacturer, sizeof(port.manufacturer), "Kiln");
	kiln_text_format(port.product, sizeof(port.product), "virtual %s board",
			 kiln_chip_name(sim_model_chip(state->model)));
	listing->found(listing->user, &port);
}

static kiln_code sim_list(const struct kiln_host *host,
			  void (*found)(void *user, const struct kiln_port *port), void *user,
			  struct kiln_err *err)
{
	struct listing listing = { found, user };

	(void)host;
	return sim_state_list(list_one, &listing, err);
}

const struct kiln_scheme kiln_sim_scheme = {
	.name = "sim",
	.open = sim_open,
	.list = sim_list,
};
