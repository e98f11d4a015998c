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
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/text.h"
#include "link/tcp.h"
#include "telnet/telnet.h"

#define CONNECT_TIMEOUT_MS 5000
#define DEFAULT_ANSWER_MS 3000
/* Data that comes while an acknowledgement is waited for. A server that sends more is no server. */
#define MAX_IN (1024 * 1024)
#define MAX_OUT (64 * 1024)
#define MAX_BAUD_ERROR_PERMILLE 30
#define WRITE_PIECE 4096

struct rfc2217_link {
	struct kiln_link link;
	struct kiln_telnet telnet;
	struct kiln_buf in;   /* data for the reader */
	struct kiln_buf out;  /* commands and negotiation; never a part of one is lost */
	struct kiln_buf data; /* encoded data of the write that goes on */
	int fd, epoll, event; /* epoll: the socket, or `event` that stands for bytes in `in` */
	bool event_set;
	bool suspended; /* FLOWCONTROL-SUSPEND: no data until it is taken back */
	bool ignore_control;
	kiln_ms answer_ms;
	kiln_ms wire_busy_until; /* when the port will have sent what we wrote, by our reckoning */
	/* acknowledgements that came, by command; of SET-CONTROL by its value */
	struct {
		bool seen;
		uint32_t value;
	} acks[KILN_COM_PURGE + 1];
	uint32_t controls_seen; /* bit N: SET-CONTROL N was answered */
};

static struct rfc2217_link *rfc_of(struct kiln_link *link)
{
	return (struct rfc2217_link *)link;
}

/* Tell pollers of kiln_link_fd what the socket can't: that `in` holds something. */
static void show_readable(struct rfc2217_link *r)
{
	const bool want = r->in.len > 0;
	uint64_t count = 1;
	ssize_t done;

	if (want == r->event_set)
		return;
	done = want ? write(r->event, &count, sizeof(count))
		    : read(r->event, &count, sizeof(count));
	r->event_set = done == sizeof(count) ? want : r->event_set;
}

/* Send what stands in `out`; what could not be sent stays there and goes first next time. */
static kiln_code send_out(struct rfc2217_link *r, kiln_ms deadline, struct kiln_err *err)
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

/* Read once from the socket, waiting until the deadline, and answer what asks for an answer. */
static kiln_code pump(struct rfc2217_link *r, kiln_ms deadline, struct kiln_err *err)
{
	uint8_t bytes[4096];
	size_t n;

	KILN_TRY(kiln_tcp_read(&r->link, r->fd, bytes, sizeof(bytes), deadline, &n, err));
	KILN_TRY(take_bytes(r, bytes, n, err));
	return send_out(r, kiln_now() + r->answer_ms, err);
}

static kiln_code rfc_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			  size_t *ret_n, struct kiln_err *err)
{
	struct rfc2217_link *r = rfc_of(link);

	while (r->in.len == 0) {
		const kiln_code code = pump(r, deadline, err);

		if (code != KILN_OK && r->in.len == 0)
			return code;
	}
	*ret_n = n < r->in.len ? n : r->in.len;
	memcpy(buf, r->in.data, *ret_n);
	kiln_buf_consume(&r->in, *ret_n);
	show_readable(r);
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
		KILN_TRY(pump(r, deadline, err));
	KILN_TRY(send_out(r, deadline, err));
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

	for (size_t at = 0; at < n; at += WRITE_PIECE) {
		const size_t left = n - at;

		KILN_TRY(write_piece(r, p + at, left < WRITE_PIECE ? left : WRITE_PIECE, deadline,
				     err));
	}
	return KILN_OK;
}

static void queue(struct rfc2217_link *r, kiln_com_command command, uint32_t value)
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

/* Send what is queued and read until `command` is acknowledged. */
static kiln_code await(struct rfc2217_link *r, kiln_com_command command, const char *what,
		       struct kiln_err *err)
{
	const kiln_ms deadline = kiln_now() + r->answer_ms;
	kiln_code code = send_out(r, deadline, err);

	while (code == KILN_OK && !r->acks[command].seen)
		code = pump(r, deadline, err);
	show_readable(r);
	return code == KILN_OK ? code : no_answer(r, code, what, err);
}

static kiln_code rfc_set_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	struct rfc2217_link *r = rfc_of(link);
	uint32_t got;

	if (baud == 0) /* would be the question for it */
		return kiln_fail(err, KILN_E_INVALID, "cannot set '%s' to 0 baud", link->url);
	queue(r, KILN_COM_BAUDRATE, baud);
	KILN_TRY(await(r, KILN_COM_BAUDRATE, "set the baud of", err));
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
	kiln_code code = send_out(r, deadline, err);

	if (r->ignore_control)
		return code;
	while (code == KILN_OK && (r->controls_seen & wanted) != wanted) {
		if (r->controls_seen & refused) {
			(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot %s '%s'", what,
					r->link.url);
			kiln_why(err, "the server says that the line did not change");
			kiln_hint(err, "some servers answer wrongly; add '?ign_set_control' to the "
				       "URL to go on regardless");
			show_readable(r);
			return KILN_E_UNSUPPORTED;
		}
		code = pump(r, deadline, err);
	}
	show_readable(r);
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
	queue(r, KILN_COM_CONTROL, d);
	queue(r, KILN_COM_CONTROL, t);
	return await_control(r, bit(d) | bit(t), bit(not_d) | bit(not_t), "set the modem lines of",
			     err);
}

static kiln_code set_break(struct rfc2217_link *r, bool on, struct kiln_err *err)
{
	const unsigned value = on ? KILN_COM_BREAK_ON : KILN_COM_BREAK_OFF;

	r->controls_seen = 0;
	queue(r, KILN_COM_CONTROL, value);
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

	queue(r, KILN_COM_BAUDRATE, 0);
	KILN_TRY(await(r, KILN_COM_BAUDRATE, "send what was written to", err));
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

	queue(r, KILN_COM_PURGE, KILN_COM_PURGE_RX);
	KILN_TRY(await(r, KILN_COM_PURGE, "empty", err));
	kiln_buf_reset(&r->in); /* all of it came before the acknowledgement */
	show_readable(r);
	return KILN_OK;
}

static int rfc_fd(const struct kiln_link *link)
{
	return ((const struct rfc2217_link *)link)->epoll;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void rfc_close(struct kiln_link *link)
{
	struct rfc2217_link *r = rfc_of(link);

	close_fd(r->epoll);
	close_fd(r->event);
	close_fd(r->fd);
	kiln_telnet_done(&r->telnet);
	kiln_buf_done(&r->in);
	kiln_buf_done(&r->out);
	kiln_buf_done(&r->data);
	free(r);
}

static const struct kiln_link_ops ops = {
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

static const char form[] = "rfc2217://HOST:PORT[?ign_set_control&timeout=SECONDS]";

static kiln_code bad_option(struct rfc2217_link *r, const char *why, const char *name,
			    struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_INVALID, "cannot open '%s'", r->link.url);
	kiln_why(err, "%s '%s'", why, name);
	kiln_hint(err, "such a port has the form %s", form);
	return KILN_E_INVALID;
}

/* pyserial's names, for its users have such URLs. */
static kiln_code take_options(struct rfc2217_link *r, const char *rest, struct kiln_err *err)
{
	char name[32], value[32];

	while (kiln_url_next_option(&rest, name, value)) {
		if (strcmp(name, "ign_set_control") == 0) {
			r->ignore_control = true;
		} else if (strcmp(name, "timeout") == 0) {
			char *end;
			const double seconds = strtod(value, &end);

			if (end == value || *end || !(seconds > 0 && seconds <= 60))
				return bad_option(r, "timeout must be 0..60 seconds, not", value,
						  err);
			r->answer_ms = (kiln_ms)(seconds * 1000 + 1);
		} else {
			return bad_option(r, "no such option:", name, err);
		}
	}
	return KILN_OK;
}

static const kiln_telnet_option asked_options[] = { KILN_TELNET_BINARY, KILN_TELNET_SGA };

static void ask_for_all(struct rfc2217_link *r)
{
	(void)kiln_telnet_ask(&r->telnet, KILN_TELNET_US, KILN_TELNET_COM_PORT, true, &r->out);
	for (size_t i = 0; i < sizeof(asked_options) / sizeof(asked_options[0]); i++) {
		for (int side = KILN_TELNET_US; side <= KILN_TELNET_THEM; side++)
			(void)kiln_telnet_ask(&r->telnet, (kiln_telnet_side)side, asked_options[i],
					      true, &r->out);
	}
}

static kiln_code refused(struct rfc2217_link *r, kiln_code code, const char *why,
			 struct kiln_err *err)
{
	(void)kiln_fail(err, code, "cannot open '%s'", r->link.url);
	kiln_why(err, "%s", why);
	kiln_hint(err, "if it is a plain TCP port, use socket:// instead (it has no reset lines)");
	return code;
}

/* What a server says before it closes is the reason ("Port already in use"). */
static kiln_code closed_early(struct rfc2217_link *r, struct kiln_err *err)
{
	char said[120];
	size_t n = r->in.len;

	while (n > 0 && (r->in.data[0] == '\n' || r->in.data[0] == '\r')) {
		kiln_buf_consume(&r->in, 1);
		n--;
	}
	while (n > 0 && (r->in.data[n - 1] == '\n' || r->in.data[n - 1] == '\r'))
		n--;
	kiln_text_copy_untrusted(said, sizeof(said), r->in.data, n);
	(void)kiln_fail(err, n ? KILN_E_PORT_BUSY : KILN_E_NETWORK, "cannot open '%s'",
			r->link.url);
	if (n)
		kiln_why(err, "the server said: %s", said);
	else
		kiln_why(err, "the server closed the connection");
	kiln_hint(err, "is another program connected to it?");
	return n ? KILN_E_PORT_BUSY : KILN_E_NETWORK;
}

static kiln_code negotiate(struct rfc2217_link *r, struct kiln_err *err)
{
	const kiln_ms deadline = kiln_now() + r->answer_ms;
	kiln_code code;

	ask_for_all(r);
	code = send_out(r, deadline, err);
	while (code == KILN_OK &&
	       kiln_telnet_pending(&r->telnet, KILN_TELNET_US, KILN_TELNET_COM_PORT))
		code = pump(r, deadline, err);
	if (code == KILN_E_TIMEOUT)
		return refused(r, KILN_E_NETWORK,
			       "the server does not answer as RFC 2217 servers do", err);
	if (code != KILN_OK)
		return code;
	if (!kiln_telnet_on(&r->telnet, KILN_TELNET_US, KILN_TELNET_COM_PORT))
		return refused(r, KILN_E_NETWORK, "the server refuses RFC 2217", err);
	return KILN_OK;
}

/* Settings in one packet, then their acknowledgements: one round trip. */
static kiln_code configure(struct rfc2217_link *r, unsigned baud, struct kiln_err *err)
{
	static const char what[] = "set up";

	queue(r, KILN_COM_DATASIZE, 8);
	queue(r, KILN_COM_PARITY, KILN_COM_PARITY_NONE);
	queue(r, KILN_COM_STOPSIZE, 1);
	queue(r, KILN_COM_CONTROL, KILN_COM_FLOW_NONE);
	KILN_TRY(rfc_set_baud(&r->link, baud, err));
	KILN_TRY(await(r, KILN_COM_DATASIZE, what, err));
	KILN_TRY(await(r, KILN_COM_PARITY, what, err));
	return await(r, KILN_COM_STOPSIZE, what, err);
}

static kiln_code make_pollable(struct rfc2217_link *r, struct kiln_err *err)
{
	struct epoll_event in = { .events = EPOLLIN | EPOLLRDHUP };

	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->epoll < 0 || r->event < 0 || epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->fd, &in) != 0 ||
	    epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->event, &in) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", r->link.url);
	return KILN_OK;
}

static kiln_code open_all(struct rfc2217_link *r, const struct kiln_net_url *net, unsigned baud,
			  struct kiln_err *err)
{
	kiln_code code;

	KILN_TRY(take_options(r, net->options, err));
	KILN_TRY(kiln_tcp_connect(&r->link, net, kiln_now() + CONNECT_TIMEOUT_MS, &r->fd, err));
	KILN_TRY(make_pollable(r, err));
	code = negotiate(r, err);
	if (code == KILN_OK)
		code = configure(r, baud, err);
	return code == KILN_E_PORT_GONE ? closed_early(r, err) : code;
}

kiln_code kiln_rfc2217_open(const struct kiln_host *host, const char *url, unsigned baud,
			    struct kiln_link **ret_link, struct kiln_err *err)
{
	struct kiln_net_url net;
	struct rfc2217_link *r;
	kiln_code code;

	KILN_TRY(kiln_net_url_parse(url, form, &net, err));
	r = calloc(1, sizeof(*r));
	if (!r)
		return kiln_fail(err, KILN_E_NOMEM, "cannot open '%s'", url);
	kiln_link_init(&r->link, &ops, host, url, baud);
	kiln_telnet_init(&r->telnet);
	kiln_buf_init(&r->in, MAX_IN);
	kiln_buf_init(&r->out, MAX_OUT);
	kiln_buf_init(&r->data, 2 * WRITE_PIECE);
	r->fd = r->epoll = r->event = -1;
	r->answer_ms = DEFAULT_ANSWER_MS;
	code = open_all(r, &net, baud, err);
	if (code != KILN_OK) {
		rfc_close(&r->link);
		return code;
	}
	show_readable(r);
	*ret_link = &r->link;
	return KILN_OK;
}
