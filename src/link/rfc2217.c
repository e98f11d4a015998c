/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rfc2217://HOST:PORT: a serial port of another machine, with its baud and modem lines (ser2net,
 * pyserial's and Espressif's servers, `kiln sim --rfc2217`).
 *
 *	kiln_link_read  <- in  <- telnet decoder <- socket
 *	kiln_link_write -> telnet encoder -> socket
 *	set_baud...     -> command -> socket, then read until its acknowledgement came; data that
 *	                   comes meanwhile waits in `in`
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link/rfc2217.h"

#define MAX_BAUD_ERROR_PERMILLE 30

static struct rfc2217_link *rfc_of(struct kiln_link *link)
{
	return (struct rfc2217_link *)link;
}

kiln_code kiln_rfc2217_send(struct rfc2217_link *r, kiln_ms deadline, struct kiln_err *err)
{
	size_t sent;
	kiln_code code;

	if (r->out.failed) {
		(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot talk to '%s'", r->link.url);
		kiln_why(err, "the server asks more than it reads");
		return KILN_E_PROTOCOL;
	}
	if (r->out.len == 0)
		return KILN_OK;
	code = kiln_tcp_write(&r->link, r->fd, r->out.data, r->out.len, deadline, &sent, err);
	kiln_buf_consume(&r->out, sent);
	return code;
}

static void take_com(struct rfc2217_link *r)
{
	const struct kiln_com *com = &r->telnet.com;

	if (com->command == KILN_COM_SUSPEND || com->command == KILN_COM_RESUME) {
		/* 108 and 109 by the RFC; pyserial's server sends 8 and 9 */
		r->suspended = com->command == KILN_COM_SUSPEND;
		return;
	}
	if (!com->answer)
		return;
	if (com->command == KILN_COM_CONTROL && com->value < 32)
		r->controls_seen |= 1u << com->value;
	r->acks[com->command].seen = true;
	r->acks[com->command].value = com->value;
}

static kiln_code take_bytes(struct rfc2217_link *r, const uint8_t *p, size_t n,
			    struct kiln_err *err)
{
	size_t used;

	for (size_t at = 0; at < n; at += used) {
		switch (kiln_telnet_decode(&r->telnet, p + at, n - at, &used, &r->out)) {
		case KILN_TELNET_DATA:
			if (kiln_buf_append(&r->in, r->telnet.data.p, r->telnet.data.n) == KILN_OK)
				break;
			(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot read '%s'", r->link.url);
			kiln_why(err, "the server sends data without end and answers nothing");
			return KILN_E_PROTOCOL;
		case KILN_TELNET_COM:
			take_com(r);
			break;
		case KILN_TELNET_BAD:
			kiln_log(&r->link.host->ui, KILN_LOG_DEBUG, "link",
				 "%s: malformed telnet subnegotiation dropped", r->link.url);
			break;
		case KILN_TELNET_OPTION:
		case KILN_TELNET_MORE:
			break;
		}
	}
	return KILN_OK;
}

kiln_code kiln_rfc2217_pump(struct rfc2217_link *r, kiln_ms deadline, struct kiln_err *err)
{
	uint8_t bytes[4096];
	size_t n;

	KILN_TRY(kiln_tcp_read(&r->link, r->fd, bytes, sizeof(bytes), deadline, &n, err));
	KILN_TRY(take_bytes(r, bytes, n, err));
	return kiln_rfc2217_send(r, kiln_now() + r->answer_ms, err);
}

static kiln_code rfc_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			  size_t *ret_n, struct kiln_err *err)
{
	struct rfc2217_link *r = rfc_of(link);

	while (r->in.len == 0) {
		const kiln_code code = kiln_rfc2217_pump(r, deadline, err);

		if (code != KILN_OK && r->in.len == 0)
			return code;
	}
	*ret_n = n < r->in.len ? n : r->in.len;
	memcpy(buf, r->in.data, *ret_n);
	kiln_buf_consume(&r->in, *ret_n);
	kiln_pollable_show(&r->pollable, r->in.len > 0);
	return KILN_OK;
}

/* If the last byte sent is the first of a doubled FF, its second half must go before all else. */
static void mend_split_escape(struct rfc2217_link *r, size_t sent)
{
	size_t run = 0;

	while (run < sent && r->data.data[sent - 1 - run] == 0xFF)
		run++;
	if (run % 2)
		(void)kiln_buf_putc(&r->out, 0xFF);
}

static void reckon_wire(struct rfc2217_link *r, size_t n)
{
	const kiln_ms now = kiln_now();

	if (r->wire_busy_until < now)
		r->wire_busy_until = now;
	r->wire_busy_until += (kiln_ms)n * 10000 / (kiln_ms)r->link.baud + 1;
}

static kiln_code write_piece(struct rfc2217_link *r, const uint8_t *p, size_t n, kiln_ms deadline,
			     struct kiln_err *err)
{
	size_t sent;
	kiln_code code;

	while (r->suspended)
		KILN_TRY(kiln_rfc2217_pump(r, deadline, err));
	KILN_TRY(kiln_rfc2217_send(r, deadline, err));
	kiln_buf_reset(&r->data);
	if (kiln_telnet_encode(&r->data, p, n) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write '%s'", r->link.url);
	code = kiln_tcp_write(&r->link, r->fd, r->data.data, r->data.len, deadline, &sent, err);
	if (code != KILN_OK)
		mend_split_escape(r, sent);
	else
		reckon_wire(r, n);
	return code;
}

static kiln_code rfc_write(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			   struct kiln_err *err)
{
	struct rfc2217_link *r = rfc_of(link);
	const uint8_t *p = buf;

	for (size_t at = 0; at < n; at += RFC2217_WRITE_PIECE) {
		const size_t left = n - at;

		KILN_TRY(write_piece(r, p + at,
				     left < RFC2217_WRITE_PIECE ? left : RFC2217_WRITE_PIECE,
				     deadline, err));
	}
	return KILN_OK;
}

void kiln_rfc2217_queue(struct rfc2217_link *r, kiln_com_command command, uint32_t value)
{
	r->acks[command].seen = false;
	(void)kiln_telnet_encode_com(&r->out, command, false,
				     value); /* `failed` is looked at later */
}

static kiln_code no_answer(struct rfc2217_link *r, kiln_code code, const char *what,
			   struct kiln_err *err)
{
	if (code != KILN_E_TIMEOUT) {
		kiln_because(err, "cannot %s '%s'", what, r->link.url);
		return code;
	}
	(void)kiln_fail(err, KILN_E_TIMEOUT, "cannot %s '%s'", what, r->link.url);
	kiln_why(err, "the server did not acknowledge within %lld ms", (long long)r->answer_ms);
	return code;
}

kiln_code kiln_rfc2217_await(struct rfc2217_link *r, kiln_com_command command, const char *what,
			     struct kiln_err *err)
{
	const kiln_ms deadline = kiln_now() + r->answer_ms;
	kiln_code code = kiln_rfc2217_send(r, deadline, err);

	while (code == KILN_OK && !r->acks[command].seen)
		code = kiln_rfc2217_pump(r, deadline, err);
	kiln_pollable_show(&r->pollable, r->in.len > 0);
	return code == KILN_OK ? code : no_answer(r, code, what, err);
}

static kiln_code rfc_set_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	struct rfc2217_link *r = rfc_of(link);
	uint32_t got;

	if (baud == 0) /* would be the question for it */
		return kiln_fail(err, KILN_E_INVALID, "cannot set '%s' to 0 baud", link->url);
	kiln_rfc2217_queue(r, KILN_COM_BAUDRATE, baud);
	KILN_TRY(kiln_rfc2217_await(r, KILN_COM_BAUDRATE, "set the baud of", err));
	got = r->acks[KILN_COM_BAUDRATE].value;
	if (llabs((long long)got - baud) * 1000 <= (long long)baud * MAX_BAUD_ERROR_PERMILLE)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot set '%s' to %u baud", link->url, baud);
	kiln_why(err, "the server set %u", (unsigned)got);
	kiln_hint(err, "choose another baud: 115200 works on most ports");
	return KILN_E_INVALID;
}

/*
 * SET-CONTROL answers carry the state that the line has now. A server may answer anything to a
 * request it can't fulfil, so what counts is that the asked value came, among any others.
 */
static kiln_code await_control(struct rfc2217_link *r, uint32_t wanted, uint32_t refused,
			       const char *what, struct kiln_err *err)
{
	const kiln_ms deadline = kiln_now() + r->answer_ms;
	kiln_code code = kiln_rfc2217_send(r, deadline, err);

	if (r->ignore_control)
		return code;
	while (code == KILN_OK && (r->controls_seen & wanted) != wanted) {
		if (r->controls_seen & refused) {
			(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot %s '%s'", what,
					r->link.url);
			kiln_why(err, "the server says that the line did not change");
			kiln_hint(err, "some servers answer wrongly; add '?ign_set_control' to the "
				       "URL to go on regardless");
			kiln_pollable_show(&r->pollable, r->in.len > 0);
			return KILN_E_UNSUPPORTED;
		}
		code = kiln_rfc2217_pump(r, deadline, err);
	}
	kiln_pollable_show(&r->pollable, r->in.len > 0);
	if (code == KILN_E_TIMEOUT) {
		(void)no_answer(r, code, what, err);
		kiln_hint(err,
			  "add '?ign_set_control' to the URL if the server never answers this");
		return code;
	}
	return code == KILN_OK ? code : no_answer(r, code, what, err);
}

static uint32_t bit(unsigned value)
{
	return 1u << value;
}

/* Two commands, for RFC 2217 has no way to change both lines at once, but one packet. */
static kiln_code rfc_set_lines(struct kiln_link *link, bool dtr, bool rts, struct kiln_err *err)
{
	struct rfc2217_link *r = rfc_of(link);
	const unsigned d = dtr ? KILN_COM_DTR_ON : KILN_COM_DTR_OFF;
	const unsigned t = rts ? KILN_COM_RTS_ON : KILN_COM_RTS_OFF;
	const unsigned not_d = dtr ? KILN_COM_DTR_OFF : KILN_COM_DTR_ON;
	const unsigned not_t = rts ? KILN_COM_RTS_OFF : KILN_COM_RTS_ON;

	r->controls_seen = 0;
	kiln_rfc2217_queue(r, KILN_COM_CONTROL, d);
	kiln_rfc2217_queue(r, KILN_COM_CONTROL, t);
	return await_control(r, bit(d) | bit(t), bit(not_d) | bit(not_t), "set the modem lines of",
			     err);
}

static kiln_code set_break(struct rfc2217_link *r, bool on, struct kiln_err *err)
{
	const unsigned value = on ? KILN_COM_BREAK_ON : KILN_COM_BREAK_OFF;

	r->controls_seen = 0;
	kiln_rfc2217_queue(r, KILN_COM_CONTROL, value);
	return await_control(r, bit(value), bit(on ? KILN_COM_BREAK_OFF : KILN_COM_BREAK_ON),
			     "send a break on", err);
}

static kiln_code rfc_send_break(struct kiln_link *link, int ms, struct kiln_err *err)
{
	kiln_code slept;

	KILN_TRY(set_break(rfc_of(link), true, err));
	slept = kiln_link_sleep(link, ms, err);
	KILN_TRY(set_break(rfc_of(link), false, slept == KILN_OK ? err : NULL));
	return slept;
}

/*
 * The RFC has no drain. A question that is answered tells that the server has taken all that came
 * before it; from then on the bytes need the time that the wire needs.
 */
static kiln_code rfc_drain(struct kiln_link *link, kiln_ms deadline, struct kiln_err *err)
{
	struct rfc2217_link *r = rfc_of(link);
	const kiln_ms until = r->wire_busy_until < deadline ? r->wire_busy_until : deadline;
	kiln_code code;

	kiln_rfc2217_queue(r, KILN_COM_BAUDRATE, 0);
	KILN_TRY(kiln_rfc2217_await(r, KILN_COM_BAUDRATE, "send what was written to", err));
	if (until <= kiln_now())
		return KILN_OK;
	code = kiln_link_wait(link, -1, 0, until);
	if (code == KILN_OK || (code == KILN_E_TIMEOUT && until == r->wire_busy_until))
		return KILN_OK;
	return kiln_fail(err, code, "cannot send what was written to '%s'", link->url);
}

static kiln_code rfc_flush_input(struct kiln_link *link, struct kiln_err *err)
{
	struct rfc2217_link *r = rfc_of(link);

	kiln_rfc2217_queue(r, KILN_COM_PURGE, KILN_COM_PURGE_RX);
	KILN_TRY(kiln_rfc2217_await(r, KILN_COM_PURGE, "empty", err));
	kiln_buf_reset(&r->in); /* all of it came before the acknowledgement */
	kiln_pollable_show(&r->pollable, r->in.len > 0);
	return KILN_OK;
}

static int rfc_fd(const struct kiln_link *link)
{
	return ((const struct rfc2217_link *)link)->pollable.epoll;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void rfc_close(struct kiln_link *link)
{
	struct rfc2217_link *r = rfc_of(link);

	kiln_pollable_close(&r->pollable);
	close_fd(r->fd);
	kiln_telnet_done(&r->telnet);
	kiln_buf_done(&r->in);
	kiln_buf_done(&r->out);
	kiln_buf_done(&r->data);
	free(r);
}

const struct kiln_link_ops kiln_rfc2217_ops = {
	.read = rfc_read,
	.write = rfc_write,
	.set_baud = rfc_set_baud,
	.set_lines = rfc_set_lines,
	.send_break = rfc_send_break,
	.drain = rfc_drain,
	.flush_input = rfc_flush_input,
	.fd = rfc_fd,
	.close = rfc_close,
	.atomic_lines = false,
};
