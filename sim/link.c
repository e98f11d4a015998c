/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual board as a link: what a link does, how it is opened, and which there are. */
#include "sim/link_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <kiln/port.h>

#include "base/text.h"
#include "sim/sim.h"

#define VIRTUAL_START (1000 * SIM_MS)

static struct sim_link *self(struct kiln_link *link)
{
	return (struct sim_link *)link;
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
		sim_link_catch_up(s);
		if (s->board.inbox.len)
			break;
		if (s->board.unplugged)
			return gone(s, "read from", err);
		if (sim_link_now(link) >= deadline) {
			sim_link_arm(s);
			return kiln_fail(err, KILN_E_TIMEOUT, "cannot read from '%s'", link->url);
		}
		code = sim_link_wait_some(s, deadline);
		if (code != KILN_OK)
			return kiln_fail(err, code, "cannot read from '%s'", link->url);
	}
	*ret_n = sim_board_take(&s->board, buf, n);
	sim_link_arm(s);
	return KILN_OK;
}

/* Wait until the host's buffers have room for `want` bytes. */
static kiln_code wait_room(struct sim_link *s, size_t want, kiln_ms deadline, struct kiln_err *err)
{
	kiln_code code;

	for (;;) {
		sim_link_catch_up(s);
		if (s->board.unplugged)
			return gone(s, "write to", err);
		if (sim_board_room(&s->board) >= want)
			return KILN_OK;
		if (sim_link_now(&s->link) >= deadline)
			return kiln_fail(err, KILN_E_TIMEOUT, "cannot write to '%s'", s->link.url);
		code = sim_link_wait_some(s, deadline);
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
	sim_link_arm(s);
	return KILN_OK;
}

static kiln_code sim_drain(struct kiln_link *link, kiln_ms deadline, struct kiln_err *err)
{
	const kiln_code code = wait_room(self(link), SIM_PENDING_MAX, deadline, err);

	sim_link_arm(self(link));
	return code;
}

static kiln_code sim_set_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	struct sim_link *s = self(link);

	sim_link_catch_up(s);
	if (s->board.unplugged)
		return gone(s, "change the baud of", err);
	if (baud < 50 || baud > 5000000) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot set '%s' to %u baud", link->url, baud);
		kiln_why(err, "the bridge does 50 to 5000000");
		return KILN_E_INVALID;
	}
	sim_board_set_baud(&s->board, baud);
	sim_link_arm(s);
	return KILN_OK;
}

static kiln_code sim_set_lines(struct kiln_link *link, bool dtr, bool rts, struct kiln_err *err)
{
	struct sim_link *s = self(link);

	sim_link_catch_up(s);
	if (s->board.unplugged)
		return gone(s, "set the modem lines of", err);
	sim_board_set_lines(&s->board, dtr, rts);
	sim_link_arm(s);
	return KILN_OK;
}

static kiln_code sim_sleep(struct kiln_link *link, kiln_ms ms, struct kiln_err *err)
{
	struct sim_link *s = self(link);
	const kiln_ms until = kiln_link_after(link, ms);

	while (sim_link_now(link) < until) {
		const kiln_code code = sim_link_pause(s, until);

		if (code != KILN_OK)
			return kiln_fail(err, code, "cannot wait for '%s'", link->url);
	}
	sim_link_catch_up(s);
	sim_link_arm(s);
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

	sim_link_catch_up(s);
	if (s->board.unplugged)
		return gone(s, "read from", err);
	sim_board_flush(&s->board);
	sim_link_arm(s);
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
	.now = sim_link_now,
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
	return sim_board_init(&s->board, &config,
			      s->virtual_clock ? VIRTUAL_START : sim_link_real_ns(), err);
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
