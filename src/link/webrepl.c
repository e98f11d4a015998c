/* SPDX-License-Identifier: Apache-2.0 */
#include "link/webrepl.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "link/ws.h"

enum {
	PUT = 1,
	GET = 2,
	VERSION = 3,
	RECORD_SIZE = 82,
	ANSWER_SIZE = 4,
	PIECE = 1024,
	AHEAD = 16,        /* pieces that are asked for before the first of them has come */
	ANSWER_MS = 10000, /* the board may erase flash before it answers */
	SLOWEST = 2,       /* bytes a millisecond */
	GONE_MS = 20000,   /* TCP's own patience with a board that was switched off */
	VERSION_MS = 3000, /* it needs nothing but Wi-Fi for that */
};

/* What is under way. */
struct job {
	struct ws_link *w;
	const char *verb, *name; /* for messages */
	bool cancelled;          /* the program wants it to end */
	size_t answered;         /* two answers a file */
	size_t moved, size;      /* bytes of this file */
	size_t gone_out;         /* bytes, of which some may still be under way */
	struct kiln_err *err;
};

/* Half of a transfer can't be taken back: this connection is of no more use. */
static void give_up(struct ws_link *w)
{
	w->closed = true;
	(void)shutdown(w->coded.fd, SHUT_RDWR);
}

/* The first wish to cancel is noted, and the file goes on. */
static bool goes_on(struct job *j, kiln_code code)
{
	const bool first = code == KILN_E_CANCELLED && !j->cancelled;

	j->cancelled |= code == KILN_E_CANCELLED;
	return first;
}

static kiln_code push(struct job *j, const void *p, size_t n)
{
	struct kiln_link *link = &j->w->coded.link;
	kiln_code code;

	if (kiln_ws_put(j->w, KILN_WS_BINARY, p, n) != KILN_OK)
		return kiln_fail(j->err, KILN_E_NOMEM, "cannot write '%s'", link->url);
	do
		code = kiln_coded_send(&j->w->coded, kiln_now() + ANSWER_MS, j->err);
	while (goes_on(j, code));
	j->gone_out += n;
	link->stats.bytes_out += n;
	link->stats.writes++;
	link->last_was_write = true;
	return code;
}

static kiln_code request(struct job *j, uint8_t type, size_t size)
{
	uint8_t record[RECORD_SIZE] = { 'W', 'A', type };
	const size_t n = strlen(j->name);

	kiln_put_le32(record + 12, (uint32_t)size);
	kiln_put_le16(record + 16, (uint16_t)n);
	memcpy(record + 18, j->name, n);
	return push(j, record, sizeof(record));
}

/* Wait for n bytes of the board's answers; the REPL's text goes on beside them. */
static kiln_code take(struct job *j, uint8_t *p, size_t n, kiln_ms wait_ms)
{
	const kiln_ms deadline = kiln_now() + wait_ms;
	struct kiln_link *link = &j->w->coded.link;
	kiln_code code = KILN_OK;

	while (j->w->binary.len < n && code == KILN_OK) {
		code = kiln_coded_pump(&j->w->coded, deadline, j->err);
		if (goes_on(j, code))
			code = KILN_OK;
	}
	/* what came with the end of the connection is an answer all the same */
	if (j->w->binary.len < n)
		return code;
	memcpy(p, j->w->binary.data, n);
	kiln_buf_consume(&j->w->binary, n);
	link->stats.bytes_in += n;
	link->stats.turns += link->last_was_write;
	link->last_was_write = false;
	return KILN_OK;
}

static kiln_code fail_job(struct job *j, kiln_code code, const char *why)
{
	(void)kiln_fail(j->err, code, "cannot %s '%s'", j->verb, j->name);
	kiln_why(j->err, "%s", why);
	return code;
}

static kiln_code take_answer(struct job *j)
{
	uint8_t answer[ANSWER_SIZE];

	/* what lies between may hold much of it: a tunnel, a proxy */
	KILN_TRY(take(j, answer, sizeof(answer), ANSWER_MS + (kiln_ms)(j->gone_out / SLOWEST)));
	if (answer[0] != 'W' || answer[1] != 'B')
		return fail_job(j, KILN_E_PROTOCOL, "the board's answer is not WebREPL's");
	if (answer[2] != 0 || answer[3] != 0) {
		(void)kiln_fail(j->err, KILN_E_REFUSED, "cannot %s '%s'", j->verb, j->name);
		kiln_why(j->err, "the board answers %u", answer[2] + 256u * answer[3]);
		return KILN_E_REFUSED;
	}
	j->answered++;
	return KILN_OK;
}

static void tell(const struct job *j, const struct kiln_link_files_watch *watch, size_t i)
{
	if (watch && watch->moved)
		watch->moved(watch->user, i, j->moved);
}

/* MicroPython drops the connection when it can't open a file. */
static kiln_code explain(struct job *j, kiln_code code)
{
	if (code == KILN_E_CANCELLED)
		return fail_job(j, code,
				"the connection is given up: a transfer can't be ended early");
	if (code != KILN_E_PORT_GONE && code != KILN_E_TIMEOUT)
		return code;
	if (code == KILN_E_TIMEOUT) {
		(void)fail_job(j, code, "the board does not answer");
	} else if (j->answered % 2 == 0 && j->moved == 0) {
		(void)fail_job(j, code,
			       "the board closed the connection, as it does when it can't open "
			       "the file");
		kiln_hint(j->err, "does its folder exist, and is there room?");
		return code;
	} else {
		(void)kiln_fail(j->err, code, "cannot %s '%s'", j->verb, j->name);
		kiln_why(j->err, "the connection broke after %zu of %zu bytes", j->moved, j->size);
	}
	kiln_hint(j->err, "is the board still on, and in reach of its network? then try again");
	return code;
}

static bool start(struct job *j, struct kiln_link *link, const char *verb, const char *name,
		  struct kiln_err *err)
{
	*j = (struct job){ .w = kiln_ws_of(link), .verb = verb, .name = name, .err = err };
	kiln_buf_reset(&j->w->binary);
	return strlen(name) <= KILN_WEBREPL_NAME_MAX;
}

static kiln_code bad_name(struct job *j)
{
	(void)kiln_fail(j->err, KILN_E_INVALID, "cannot %s '%s'", j->verb, j->name);
	kiln_why(j->err, "WebREPL takes names of up to %d bytes", KILN_WEBREPL_NAME_MAX);
	return KILN_E_INVALID;
}

/* ---- version ---- */

static kiln_code ask(struct kiln_link *link, struct kiln_err *err)
{
	struct job j;
	uint8_t version[3];
	kiln_code code;

	(void)start(&j, link, "ask", "", err);
	code = request(&j, VERSION, 0);
	if (code == KILN_OK)
		code = take(&j, version, sizeof(version), VERSION_MS);
	if (j.cancelled)
		return kiln_fail(err, KILN_E_CANCELLED, "cannot write '%s'", link->url);
	return code == KILN_E_TIMEOUT
		       ? kiln_fail(err, KILN_E_UNSUPPORTED, "'%s' carries no files", link->url)
		       : code;
}

/* ---- put ---- */

static kiln_code put_file(struct job *j, const struct kiln_link_file *file, size_t i,
			  const struct kiln_link_files_watch *watch)
{
	const uint8_t *data = file->data;

	j->size = file->n;
	j->moved = 0;
	KILN_TRY(request(j, PUT, file->n));
	/* the first one shows that it takes files at all; then there is no need to wait */
	if (!j->w->takes_files)
		KILN_TRY(take_answer(j));
	j->w->takes_files = true;
	while (j->moved < file->n) {
		const size_t left = file->n - j->moved, n = left < PIECE ? left : PIECE;

		KILN_TRY(push(j, data + j->moved, n));
		j->moved += n;
		tell(j, watch, i);
	}
	return KILN_OK;
}

static kiln_code put_all(struct job *j, const struct kiln_link_file *files, size_t n,
			 const struct kiln_link_files_watch *watch)
{
	kiln_code code = KILN_OK;
	size_t sent = 0;

	while (sent < n && code == KILN_OK && !j->cancelled) {
		j->name = files[sent].name;
		code = put_file(j, &files[sent], sent, watch);
		sent++;
	}
	while (code == KILN_OK && j->answered < 2 * sent) {
		j->name = files[j->answered / 2].name;
		code = take_answer(j);
	}
	return code;
}

/* Are both ends where a transfer ends? After the refusal of the only one they are. */
static bool is_between(const struct job *j, kiln_code code, size_t n)
{
	return code == KILN_OK ||
	       (code == KILN_E_REFUSED && (j->moved == 0 || j->answered + 1 == 2 * n));
}

static kiln_code webrepl_put(struct kiln_link *link, const struct kiln_link_file *files, size_t n,
			     const struct kiln_link_files_watch *watch, size_t *ret_done,
			     struct kiln_err *err)
{
	const int none = 1, gone_ms = GONE_MS;
	struct job j = { .w = NULL };
	kiln_code code;

	*ret_done = 0;
	for (size_t i = n; i-- > 0;) {
		if (!start(&j, link, "write", files[i].name, err))
			return bad_name(&j);
	}
	if (n == 0)
		return KILN_OK;
	(void)setsockopt(j.w->coded.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &none, sizeof(none));
	(void)setsockopt(j.w->coded.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof(gone_ms));
	code = put_all(&j, files, n, watch);
	if (code == KILN_OK && j.cancelled)
		code = kiln_fail(err, KILN_E_CANCELLED, "cannot write '%s'", j.name);
	else if (!is_between(&j, code, n)) {
		/* answers that came before the end tell how far it got */
		while (j.w->binary.len >= ANSWER_SIZE && take_answer(&j) == KILN_OK)
			;
		j.name = files[j.answered / 2 < n ? j.answered / 2 : n - 1].name;
		give_up(j.w);
		code = explain(&j, code);
	}
	*ret_done = j.answered / 2;
	return code;
}

/* ---- get ---- */

/* One piece; *ret_n is 0 at the end of the file. */
static kiln_code take_piece(struct job *j, struct kiln_buf *data, size_t *ret_n)
{
	uint8_t piece[4096], size[2];
	size_t left;

	KILN_TRY(take(j, size, sizeof(size), ANSWER_MS));
	left = kiln_get_le16(size);
	*ret_n = left;
	if (left > j->size - j->moved)
		return fail_job(j, KILN_E_PROTOCOL, "it is longer than it was");
	j->moved += left;
	while (left > 0) {
		const size_t n = left < sizeof(piece) ? left : sizeof(piece);

		KILN_TRY(take(j, piece, n, ANSWER_MS));
		if (kiln_buf_append(data, piece, n) != KILN_OK)
			return fail_job(j, KILN_E_TOO_BIG, "there is no memory for it");
		left -= n;
	}
	return KILN_OK;
}

/*
 * Pieces that may be asked for now. None beyond those that the file has for sure, as the board
 * would take the byte for the beginning of a request: how large pieces are the first one shows.
 */
static size_t may_ask(const struct job *j, size_t largest, size_t came)
{
	const size_t sure = largest ? (j->size + largest - 1) / largest : 0;
	const size_t most = came + AHEAD < sure ? came + AHEAD : sure;

	return most > came ? most : came + 1;
}

static kiln_code get_file(struct job *j, const struct kiln_link_files_watch *watch,
			  struct kiln_buf *data)
{
	size_t asked = 0, came = 0, largest = 0, n;

	KILN_TRY(request(j, GET, 0));
	if (!j->w->takes_files)
		KILN_TRY(take_answer(j));
	KILN_TRY(push(j, "", 1));
	asked = 1;
	if (!j->w->takes_files)
		j->w->takes_files = true;
	else
		KILN_TRY(take_answer(j));
	for (;;) {
		KILN_TRY(take_piece(j, data, &n));
		came++;
		largest = n > largest ? n : largest;
		if (n == 0)
			break;
		tell(j, watch, 0);
		for (const size_t most = may_ask(j, largest, came); asked < most; asked++)
			KILN_TRY(push(j, "", 1));
	}
	if (asked > came)
		return fail_job(j, KILN_E_PROTOCOL, "it is shorter than it was");
	return take_answer(j);
}

static kiln_code webrepl_get(struct kiln_link *link, const char *name, size_t size,
			     const struct kiln_link_files_watch *watch, struct kiln_buf *ret_data,
			     struct kiln_err *err)
{
	struct job j;
	kiln_code code;

	if (!start(&j, link, "read", name, err))
		return bad_name(&j);
	j.size = size;
	code = get_file(&j, watch, ret_data);
	if (code == KILN_OK && j.cancelled)
		return kiln_fail(err, KILN_E_CANCELLED, "cannot read '%s'", name);
	if (code == KILN_OK || (code == KILN_E_REFUSED && !j.w->takes_files))
		return code;
	give_up(j.w);
	return explain(&j, code);
}

const struct kiln_link_files kiln_webrepl_files = {
	.name_max = KILN_WEBREPL_NAME_MAX,
	.ask = ask,
	.put = webrepl_put,
	.get = webrepl_get,
};
