/* SPDX-License-Identifier: Apache-2.0 */
#include "link/webrepl.h"

#include <string.h>

#include "link/ws.h"

enum {
	PUT = 1,
	GET = 2,
	VERSION = 3,
	RECORD_SIZE = 82,
	PIECE = 1024,
	ANSWER_MS = 10000, /* the board may erase flash before it answers */
};

bool kiln_webrepl_is(struct kiln_link *link)
{
	return kiln_ws_of(link) != NULL;
}

static kiln_code start(struct kiln_link *link, const char *what, const char *name,
		       struct ws_link **ret_ws, struct kiln_err *err)
{
	struct ws_link *w = kiln_ws_of(link);

	if (!w)
		return kiln_fail(err, KILN_E_UNSUPPORTED, "cannot %s '%s' over '%s'", what, name,
				 link->url);
	if (strlen(name) > KILN_WEBREPL_NAME_MAX) {
		(void)kiln_fail(err, KILN_E_INVALID, "cannot %s '%s'", what, name);
		kiln_why(err, "WebREPL takes names of up to %d bytes", KILN_WEBREPL_NAME_MAX);
		return KILN_E_INVALID;
	}
	kiln_buf_reset(&w->binary);
	*ret_ws = w;
	return KILN_OK;
}

static void put_le(uint8_t *p, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

static kiln_code send(struct ws_link *w, const void *p, size_t n, struct kiln_err *err)
{
	if (kiln_ws_put(w, KILN_WS_BINARY, p, n) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write '%s'", w->coded.link.url);
	return kiln_coded_send(&w->coded, kiln_now() + ANSWER_MS, err);
}

static kiln_code request(struct ws_link *w, uint8_t type, const char *name, size_t size,
			 struct kiln_err *err)
{
	uint8_t record[RECORD_SIZE] = { 'W', 'A', type };

	put_le(record + 12, size, 4);
	put_le(record + 16, strlen(name), 2);
	memcpy(record + 18, name, strlen(name));
	return send(w, record, sizeof(record), err);
}

/* Wait for n bytes of the board's answers; the REPL's text goes on beside them. */
static kiln_code take(struct ws_link *w, uint8_t *p, size_t n, struct kiln_err *err)
{
	const kiln_ms deadline = kiln_now() + ANSWER_MS;

	while (w->binary.len < n)
		KILN_TRY(kiln_coded_pump(&w->coded, deadline, err));
	memcpy(p, w->binary.data, n);
	kiln_buf_consume(&w->binary, n);
	return KILN_OK;
}

static kiln_code expect_good(struct ws_link *w, const char *what, const char *name,
			     struct kiln_err *err)
{
	uint8_t answer[4];

	KILN_TRY(take(w, answer, sizeof(answer), err));
	if (answer[0] != 'W' || answer[1] != 'B') {
		(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot %s '%s'", what, name);
		kiln_why(err, "the board's answer is not WebREPL's");
		return KILN_E_PROTOCOL;
	}
	if (answer[2] == 0 && answer[3] == 0)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_REFUSED, "cannot %s '%s'", what, name);
	kiln_why(err, "the board answers %u", answer[2] + 256u * answer[3]);
	return KILN_E_REFUSED;
}

static kiln_code put_all(struct ws_link *w, const char *name, const uint8_t *data, size_t n,
			 struct kiln_err *err)
{
	KILN_TRY(request(w, PUT, name, n, err));
	KILN_TRY(expect_good(w, "write", name, err));
	for (size_t at = 0; at < n; at += PIECE)
		KILN_TRY(send(w, data + at, n - at < PIECE ? n - at : PIECE, err));
	return expect_good(w, "write", name, err);
}

/* One piece; *ret_n is 0 at the end of the file. */
static kiln_code get_piece(struct ws_link *w, struct kiln_buf *data, size_t *ret_n,
			   struct kiln_err *err)
{
	uint8_t piece[4096], size[2];
	size_t left;

	KILN_TRY(send(w, "", 1, err));
	KILN_TRY(take(w, size, sizeof(size), err));
	left = size[0] + 256u * size[1];
	*ret_n = left;
	while (left > 0) {
		const size_t n = left < sizeof(piece) ? left : sizeof(piece);

		KILN_TRY(take(w, piece, n, err));
		KILN_TRY(kiln_buf_append(data, piece, n));
		left -= n;
	}
	return KILN_OK;
}

static kiln_code get_all(struct ws_link *w, const char *name, struct kiln_buf *data,
			 struct kiln_err *err)
{
	size_t n = 0;
	kiln_code code;

	KILN_TRY(request(w, GET, name, 0, err));
	KILN_TRY(expect_good(w, "read", name, err));
	do {
		code = get_piece(w, data, &n, err);
		if (code == KILN_E_TOO_BIG || code == KILN_E_NOMEM)
			return kiln_fail(err, code, "cannot read '%s'", name);
		KILN_TRY(code);
	} while (n > 0);
	return expect_good(w, "read", name, err);
}

/* MicroPython drops the connection when it can't open a file. */
static kiln_code explain(kiln_code code, const char *what, const char *name, struct kiln_err *err)
{
	if (code != KILN_E_PORT_GONE && code != KILN_E_TIMEOUT)
		return code;
	(void)kiln_fail(err, code, "cannot %s '%s'", what, name);
	kiln_why(err, code == KILN_E_TIMEOUT
			      ? "the board does not answer"
			      : "the board closed the connection, as it does when it can't open "
				"the file");
	kiln_hint(err, "does its folder exist, and is there room?");
	return code;
}

kiln_code kiln_webrepl_put(struct kiln_link *link, const char *name, const void *data, size_t n,
			   struct kiln_err *err)
{
	struct ws_link *w;

	KILN_TRY(start(link, "write", name, &w, err));
	return explain(put_all(w, name, data, n, err), "write", name, err);
}

kiln_code kiln_webrepl_get(struct kiln_link *link, const char *name, struct kiln_buf *ret_data,
			   struct kiln_err *err)
{
	struct ws_link *w;

	KILN_TRY(start(link, "read", name, &w, err));
	return explain(get_all(w, name, ret_data, err), "read", name, err);
}

kiln_code kiln_webrepl_version(struct kiln_link *link, uint8_t ret_version[3], struct kiln_err *err)
{
	struct ws_link *w;
	uint8_t version[3];

	KILN_TRY(start(link, "ask", "version", &w, err));
	KILN_TRY(request(w, VERSION, "", 0, err));
	KILN_TRY(take(w, version, sizeof(version), err));
	memcpy(ret_version, version, sizeof(version));
	return KILN_OK;
}
