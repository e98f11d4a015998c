/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telnet://[USER:PASSWORD@]HOST[:23]: boards whose REPL is a telnet server: Pycom's and the WiPy
 * ("Login as:", "Password:"), utelnetserver on ESPs (no login at all), CircuitPython's and others
 * (only a password). Nobody says which comes, so the first words decide; silence means no login.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "link/coded.h"
#include "telnet/telnet.h"

static const char form[] = "telnet://[USER:PASSWORD@]HOST[:23]";

enum {
	FIRST_WORD_MS = 2000, /* a server that wants a login says so when it is connected to */
	LOGIN_TRIES = 6,      /* questions that are answered: a user and a password, and slips */
};

struct telnet_link {
	struct kiln_coded coded;
	struct kiln_telnet telnet;
};

static struct telnet_link *telnet_of(struct kiln_coded *c)
{
	return (struct telnet_link *)c;
}

static kiln_code telnet_take(struct kiln_coded *c, const uint8_t *p, size_t n, struct kiln_err *err)
{
	struct telnet_link *t = telnet_of(c);
	size_t used;

	(void)err;
	for (size_t at = 0; at < n; at += used) {
		if (kiln_telnet_decode(&t->telnet, p + at, n - at, &used, &c->out) ==
		    KILN_TELNET_DATA)
			(void)kiln_buf_append(&c->in, t->telnet.data.p, t->telnet.data.n);
	}
	return KILN_OK;
}

static kiln_code telnet_put(struct kiln_coded *c, const uint8_t *p, size_t n)
{
	return kiln_telnet_encode(&c->out, p, n);
}

static void telnet_done(struct kiln_coded *c)
{
	kiln_telnet_done(&telnet_of(c)->telnet);
}

static const struct kiln_coded_kind kind = { .take = telnet_take,
					     .put = telnet_put,
					     .done = telnet_done };

/* ---- the login ---- */

/* In the order of what is looked for; "login:" is Pycom's and Linux's, "Login as:" the WiPy's. */
enum { ASKS_USER, ASKS_USER_2, ASKS_PASSWORD, ASKS_PASSWORD_2, IN, IN_2, IN_3, OUT, OUT_2, OUT_3 };
static const char *const words[] = {
	"ogin as:",
	"ogin:",
	"assword:",
	"assword? ",
	">>> ",
	"Login succeeded",
	"for more information.",
	"Invalid",
	"incorrect",
	"ogin failed",
	NULL,
};

static kiln_code refused(struct telnet_link *t, bool had_login, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_DENIED, "cannot open '%s'", t->coded.link.url);
	if (had_login) {
		kiln_why(err, "it does not take this user and password");
		kiln_hint(err, "Pycom boards know 'micro' and 'python' until their program sets "
			       "others");
	} else {
		kiln_why(err, "it asks for a user and a password");
		kiln_hint(err,
			  "give them as %s, or set KILN_TELNET_USER and "
			  "KILN_TELNET_PASSWORD",
			  form);
	}
	return KILN_E_DENIED;
}

static kiln_code answer(struct telnet_link *t, char *text, size_t size, const char *what,
			const char *variable, struct kiln_err *err)
{
	char line[72];
	kiln_code code;

	if (!text[0] &&
	    !kiln_secret(t->coded.link.host, t->coded.link.url, what, variable, text, size))
		return refused(t, false, err);
	kiln_text_format(line, sizeof(line), "%s\r\n", text);
	code = kiln_coded_write(&t->coded, line, strlen(line), kiln_now() + KILN_CODED_ANSWER_MS,
				err);
	explicit_bzero(line, sizeof(line));
	return code;
}

static kiln_code log_in(struct telnet_link *t, struct kiln_login_url *login, struct kiln_err *err)
{
	kiln_ms deadline = kiln_now() + FIRST_WORD_MS;
	bool answered = false;

	for (int i = 0; i < LOGIN_TRIES; i++) {
		size_t word;
		kiln_code code = kiln_coded_await(&t->coded, words, deadline, &word, err);

		if (code == KILN_E_TIMEOUT && !answered)
			return KILN_OK; /* it wants no login, and shows no prompt by itself */
		if (code == KILN_E_TIMEOUT || (code == KILN_E_PORT_GONE && answered))
			return refused(t, true, err);
		KILN_TRY(code);
		if (word >= OUT)
			return refused(t, true, err);
		if (word >= IN)
			return KILN_OK;
		if (word <= ASKS_USER_2)
			code = answer(t, login->user, sizeof(login->user), "user name",
				      "KILN_TELNET_USER", err);
		else
			code = answer(t, login->password, sizeof(login->password), "password",
				      "KILN_TELNET_PASSWORD", err);
		KILN_TRY(code);
		answered = true;
		deadline = kiln_now() + KILN_CODED_ANSWER_MS;
	}
	return refused(t, true, err);
}

/* Character by character, and the board echoes: what a REPL needs, and all that we ask for. */
static void ask_options(struct telnet_link *t)
{
	(void)kiln_telnet_ask(&t->telnet, KILN_TELNET_THEM, KILN_TELNET_SGA, true, &t->coded.out);
	(void)kiln_telnet_ask(&t->telnet, KILN_TELNET_US, KILN_TELNET_BINARY, true, &t->coded.out);
	(void)kiln_telnet_ask(&t->telnet, KILN_TELNET_THEM, KILN_TELNET_BINARY, true,
			      &t->coded.out);
}

kiln_code kiln_telnet_open(const struct kiln_host *host, const char *url, unsigned baud,
			   struct kiln_link **ret_link, struct kiln_err *err)
{
	struct kiln_login_url login;
	struct telnet_link *t;
	kiln_code code;

	KILN_TRY(kiln_login_url_parse(url, form, "23", &login, err));
	t = calloc(1, sizeof(*t));
	if (!t)
		return kiln_fail(err, KILN_E_NOMEM, "cannot open '%s'", login.url);
	kiln_telnet_init(&t->telnet);
	code = kiln_coded_connect(&t->coded, &kind, host, &login.net, login.url, baud, err);
	if (code == KILN_OK) {
		ask_options(t);
		code = kiln_coded_send(&t->coded, kiln_now() + KILN_CODED_ANSWER_MS, err);
	}
	if (code == KILN_OK)
		code = log_in(t, &login, err);
	explicit_bzero(&login, sizeof(login));
	if (code != KILN_OK) {
		kiln_link_close(&t->coded.link);
		return code;
	}
	kiln_pollable_show(&t->coded.pollable, t->coded.in.len > 0);
	*ret_link = &t->coded.link;
	return KILN_OK;
}
