/* SPDX-License-Identifier: Apache-2.0 */
/* The way to an open rfc2217:// link: URL, connection, negotiation, settings. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "link/rfc2217.h"

#define CONNECT_TIMEOUT_MS 5000
#define DEFAULT_ANSWER_MS 3000
/* Data that comes while an acknowledgement is waited for. A server that sends more is no server. */
#define MAX_IN (1024 * 1024)
#define MAX_OUT (64 * 1024)

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
	code = kiln_rfc2217_send(r, deadline, err);
	while (code == KILN_OK &&
	       kiln_telnet_pending(&r->telnet, KILN_TELNET_US, KILN_TELNET_COM_PORT))
		code = kiln_rfc2217_pump(r, deadline, err);
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

	kiln_rfc2217_queue(r, KILN_COM_DATASIZE, 8);
	kiln_rfc2217_queue(r, KILN_COM_PARITY, KILN_COM_PARITY_NONE);
	kiln_rfc2217_queue(r, KILN_COM_STOPSIZE, 1);
	kiln_rfc2217_queue(r, KILN_COM_CONTROL, KILN_COM_FLOW_NONE);
	KILN_TRY(kiln_link_set_baud(&r->link, baud, err));
	KILN_TRY(kiln_rfc2217_await(r, KILN_COM_DATASIZE, what, err));
	KILN_TRY(kiln_rfc2217_await(r, KILN_COM_PARITY, what, err));
	return kiln_rfc2217_await(r, KILN_COM_STOPSIZE, what, err);
}

static kiln_code open_all(struct rfc2217_link *r, const struct kiln_net_url *net, unsigned baud,
			  struct kiln_err *err)
{
	kiln_code code;

	KILN_TRY(take_options(r, net->options, err));
	KILN_TRY(kiln_tcp_connect(&r->link, net, kiln_now() + CONNECT_TIMEOUT_MS, &r->fd, err));
	KILN_TRY(kiln_pollable_open(&r->pollable, &r->link, r->fd, err));
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
	kiln_link_init(&r->link, &kiln_rfc2217_ops, host, url, baud);
	kiln_telnet_init(&r->telnet);
	kiln_buf_init(&r->in, MAX_IN);
	kiln_buf_init(&r->out, MAX_OUT);
	kiln_buf_init(&r->data, 2 * RFC2217_WRITE_PIECE);
	r->fd = -1;
	r->pollable = KILN_POLLABLE_INIT;
	r->answer_ms = DEFAULT_ANSWER_MS;
	code = open_all(r, &net, baud, err);
	if (code != KILN_OK) {
		kiln_link_close(&r->link);
		return code;
	}
	*ret_link = &r->link;
	return KILN_OK;
}
