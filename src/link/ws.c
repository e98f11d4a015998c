/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ws://[:PASSWORD@]HOST[:8266]: MicroPython's WebREPL. The REPL in text messages, files in binary
 * ones (webrepl.c), a password before either (extmod/modwebrepl.c and webrepl.py of MicroPython).
 * It serves one client at a time: another one is let in, and put out without a word.
 */
#include "link/ws.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "link/webrepl.h"

static const char form[] = "ws://[:PASSWORD@]HOST[:8266]";

enum { BINARY_MAX = 128 * 1024, HEAD_MAX = 8 * 1024 };

static struct ws_link *ws_of(struct kiln_coded *c)
{
	return (struct ws_link *)c;
}

/* A WebREPL's frames need no secrecy, but an unforeseeable mask is what the RFC asks for. */
static void fill_random(void *p, size_t n)
{
	if (getrandom(p, n, 0) != (ssize_t)n)
		memset(p, 0x5A, n);
}

kiln_code kiln_ws_put(struct ws_link *w, kiln_ws_opcode opcode, const void *p, size_t n)
{
	uint8_t mask[4];

	fill_random(mask, sizeof(mask));
	return kiln_ws_encode(&w->coded.out, opcode, mask, p, n);
}

static kiln_code ws_put(struct kiln_coded *c, const uint8_t *p, size_t n)
{
	return kiln_ws_put(ws_of(c), KILN_WS_TEXT, p, n);
}

static kiln_code broken(struct ws_link *w, const char *why, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot read '%s'", w->coded.link.url);
	kiln_why(err, "its WebSocket is broken: %s", why);
	return KILN_E_PROTOCOL;
}

static kiln_code closed(struct ws_link *w, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_PORT_GONE, "cannot read '%s'", w->coded.link.url);
	kiln_why(err, "the board closed the connection");
	return KILN_E_PORT_GONE;
}

static kiln_code take_event(struct ws_link *w, kiln_ws_event event, struct kiln_err *err)
{
	struct kiln_buf *to = w->ws.message == KILN_WS_BINARY ? &w->binary : &w->coded.in;

	switch (event) {
	case KILN_WS_DATA:
		if (kiln_buf_append(to, w->ws.data.p, w->ws.data.n) != KILN_OK)
			return broken(w, "it sends more than was asked for", err);
		return KILN_OK;
	case KILN_WS_PINGED:
		(void)kiln_ws_put(w, KILN_WS_PONG, w->ws.control, w->ws.n_control);
		return KILN_OK;
	case KILN_WS_CLOSED:
		w->closed = true;
		(void)kiln_ws_put(w, KILN_WS_CLOSE, w->ws.control, w->ws.n_control < 2 ? 0 : 2);
		return KILN_OK;
	case KILN_WS_BAD:
		return w->closed ? closed(w, err) : broken(w, w->ws.why, err);
	case KILN_WS_MORE:
		return KILN_OK;
	}
	return KILN_OK;
}

static kiln_code ws_take(struct kiln_coded *c, const uint8_t *p, size_t n, struct kiln_err *err)
{
	struct ws_link *w = ws_of(c);
	size_t used;

	if (!w->upgraded) {
		(void)kiln_buf_append(&c->in, p, n);
		return KILN_OK;
	}
	for (size_t at = 0; at < n; at += used)
		KILN_TRY(take_event(w, kiln_ws_decode(&w->ws, p + at, n - at, &used), err));
	return KILN_OK;
}

static void ws_done(struct kiln_coded *c)
{
	struct ws_link *w = ws_of(c);
	static const uint8_t normal[] = { 0x03, 0xE8 }; /* 1000 */

	if (w->upgraded && !w->closed && c->fd >= 0) {
		(void)kiln_ws_put(w, KILN_WS_CLOSE, normal, sizeof(normal));
		(void)!kiln_coded_send(c, kiln_now() + 300, NULL);
	}
	kiln_buf_done(&w->binary);
}

static const struct kiln_coded_kind kind = {
	.take = ws_take,
	.put = ws_put,
	.done = ws_done,
	.files = &kiln_webrepl_files,
};

struct ws_link *kiln_ws_of(struct kiln_link *link)
{
	struct kiln_coded *c = (struct kiln_coded *)link;

	return link->ops == &kiln_coded_ops && c->kind == &kind ? ws_of(c) : NULL;
}

/* ---- the way in ---- */

static kiln_code no_webrepl(struct ws_link *w, const char *why, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_NETWORK, "cannot open '%s'", w->coded.link.url);
	kiln_why(err, "there is no WebREPL: %s", why);
	kiln_hint(err, "'import webrepl_setup' at the board's prompt sets it up; it listens on "
		       "port 8266");
	return KILN_E_NETWORK;
}

static kiln_code is_busy(struct ws_link *w, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_PORT_BUSY, "cannot open '%s'", w->coded.link.url);
	kiln_why(err, "the board closed the connection: its WebREPL serves one client at a time");
	kiln_hint(err, "close the other one (a browser, another program), then try again");
	return KILN_E_PORT_BUSY;
}

static kiln_code upgrade(struct ws_link *w, const struct kiln_net_url *net, struct kiln_err *err)
{
	static const char *const end_of_head[] = { "\r\n\r\n", NULL };
	const kiln_ms deadline = kiln_now() + KILN_CODED_ANSWER_MS;
	struct kiln_buf *in = &w->coded.in;
	char authority[200], key[KILN_WS_KEY_SIZE];
	const char *wrong = NULL, *end = NULL;
	uint8_t random[16];
	kiln_code code;
	size_t n;

	fill_random(random, sizeof(random));
	kiln_ws_key(random, key);
	kiln_text_format(authority, sizeof(authority), strchr(net->host, ':') ? "[%s]:%s" : "%s:%s",
			 net->host, net->port);
	if (kiln_ws_request(&w->coded.out, authority, key) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot open '%s'", w->coded.link.url);
	code = kiln_coded_send(&w->coded, deadline, err);
	while (code == KILN_OK && !end && in->len < HEAD_MAX) {
		code = kiln_coded_pump(&w->coded, deadline, err);
		end = in->len ? memmem(in->data, in->len, end_of_head[0], 4) : NULL;
	}
	if (code == KILN_E_CANCELLED || code == KILN_E_NOMEM)
		return code;
	if (!end)
		return no_webrepl(w, in->len ? "it speaks no HTTP" : "it does not answer", err);
	n = (size_t)(end - kiln_buf_str(in)) + 4;
	wrong = kiln_ws_check_response(kiln_span(in->data, n), key);
	if (wrong)
		return no_webrepl(w, wrong, err);
	w->upgraded = true;
	/* what came behind the head are frames already */
	struct kiln_buf rest = KILN_BUF_INIT(KILN_CODED_IN_MAX);

	(void)kiln_buf_append(&rest, in->data + n, in->len - n);
	kiln_buf_reset(in);
	code = ws_take(&w->coded, rest.data, rest.len, err);
	kiln_buf_done(&rest);
	return code;
}

static kiln_code no_password(struct ws_link *w, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_DENIED, "cannot open '%s'", w->coded.link.url);
	kiln_why(err, "its WebREPL asks for a password");
	kiln_hint(err, "set KILN_WEBREPL_PASSWORD, or 'webrepl_password:' in "
		       "~/.config/kiln/config.yaml");
	return KILN_E_DENIED;
}

static kiln_code wrong_password(struct ws_link *w, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_DENIED, "cannot open '%s'", w->coded.link.url);
	kiln_why(err, "its WebREPL does not take this password");
	kiln_hint(err, "it is the one that webrepl_setup asked for, 4 to 9 characters; it stands "
		       "in webrepl_cfg.py on the board");
	return KILN_E_DENIED;
}

static kiln_code find_password(struct ws_link *w, struct kiln_login_url *login,
			       struct kiln_err *err)
{
	/* ws://secret@host is how people write it, ws://:secret@host how it is right */
	if (!login->password[0])
		kiln_text_copy(login->password, sizeof(login->password), login->user);
	if (login->password[0] ||
	    kiln_secret(w->coded.link.host, w->coded.link.url, "WebREPL password",
			"KILN_WEBREPL_PASSWORD", login->password, sizeof(login->password)))
		return KILN_OK;
	return no_password(w, err);
}

static kiln_code log_in(struct ws_link *w, struct kiln_login_url *login, struct kiln_err *err)
{
	static const char *const question[] = { "Password: ", NULL };
	static const char *const verdict[] = { "WebREPL connected\r\n", "Access denied", NULL };
	struct kiln_coded *c = &w->coded;
	char line[sizeof(login->password) + 1];
	size_t word;
	kiln_code code;

	code = kiln_coded_await(c, question, kiln_now() + KILN_CODED_ANSWER_MS, &word, err);
	if (code == KILN_E_PORT_GONE)
		return is_busy(w, err);
	if (code == KILN_E_TIMEOUT || code == KILN_E_PROTOCOL)
		return no_webrepl(w, "it asks for no password", err);
	KILN_TRY(code);
	KILN_TRY(find_password(w, login, err));
	/* CR or LF ends the password; the other would be the first key at the prompt */
	kiln_text_format(line, sizeof(line), "%s\r", login->password);
	code = kiln_coded_write(c, line, strlen(line), kiln_now() + KILN_CODED_ANSWER_MS, err);
	explicit_bzero(line, sizeof(line));
	KILN_TRY(code);
	code = kiln_coded_await(c, verdict, kiln_now() + KILN_CODED_ANSWER_MS, &word, err);
	if (code == KILN_OK)
		return word == 0 ? KILN_OK : wrong_password(w, err);
	if (code == KILN_E_TIMEOUT || code == KILN_E_PORT_GONE)
		return wrong_password(w, err);
	return code;
}

kiln_code kiln_ws_open(const struct kiln_host *host, const char *url, unsigned baud,
		       struct kiln_link **ret_link, struct kiln_err *err)
{
	struct kiln_login_url login;
	struct ws_link *w;
	kiln_code code;

	KILN_TRY(kiln_login_url_parse(url, form, "8266", &login, err));
	w = calloc(1, sizeof(*w));
	if (!w)
		return kiln_fail(err, KILN_E_NOMEM, "cannot open '%s'", login.url);
	kiln_ws_init(&w->ws);
	kiln_buf_init(&w->binary, BINARY_MAX);
	code = kiln_coded_connect(&w->coded, &kind, host, &login.net, login.url, baud, err);
	if (code == KILN_OK)
		code = upgrade(w, &login.net, err);
	if (code == KILN_OK)
		code = log_in(w, &login, err);
	explicit_bzero(&login, sizeof(login));
	if (code != KILN_OK) {
		kiln_link_close(&w->coded.link);
		return code;
	}
	kiln_pollable_show(&w->coded.pollable, w->coded.in.len > 0);
	*ret_link = &w->coded.link;
	return KILN_OK;
}
