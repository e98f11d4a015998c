/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To the loader and an answer from it. Which way of resetting works depends on the board, and
 * cannot be asked for: they are tried in turn.
 */
#include "loader/connect.h"

#include "base/text.h"
#include "link/link_impl.h"
#include "loader/reset.h"

enum {
	ATTEMPTS = 7,
	SYNCS = 5, /* per attempt */
	SYNC_TIMEOUT = 100,
	SYNC_PAUSE = 50,
	SYNC_REPLIES = 8,
	REOPEN_TRIES = 50, /* a chip's own USB port is back within about a second */
	REOPEN_PAUSE = 100,
};

struct connecting {
	struct kiln_loader *l;
	const struct kiln_connect *how;
	struct kiln_reset_plan plan;
	bool no_lines;
	bool came_back;   /* the port is new: the chip was reset just now */
	bool heard_reply; /* a frame that is a reply, though not to SYNC */
};

static void tell(const struct connecting *c, kiln_connect_event event)
{
	if (c->how->event)
		c->how->event(c->how->user, event);
}

/*
 * The port went away, as a chip's own USB does in a reset. The old descriptor must be closed
 * before it can come back under its name; what waits in between is a link without a port.
 */
static kiln_code reopen(struct connecting *c, struct kiln_err *err)
{
	static const struct kiln_link_ops no_ops = { 0 };
	const struct kiln_host *host = kiln_link_host(c->l->link);
	const unsigned baud = kiln_link_baud(c->l->link);
	struct kiln_link nowhere;
	kiln_code code = KILN_E_PORT_GONE;

	kiln_link_init(&nowhere, &no_ops, host, kiln_link_url(c->l->link), baud);
	tell(c, KILN_CONNECT_GONE);
	kiln_link_close(c->l->link);
	c->l->link = NULL;
	for (int i = 0; i < REOPEN_TRIES; i++) {
		KILN_TRY(kiln_link_sleep(&nowhere, REOPEN_PAUSE, err));
		code = kiln_link_open(host, nowhere.url, baud, &c->l->link, err);
		if (code == KILN_OK)
			break;
	}
	kiln_loader_forget(c->l);
	c->came_back = true;
	return code;
}

static kiln_code reset(struct connecting *c, int attempt, struct kiln_err *err)
{
	kiln_code code;

	if (c->came_back) { /* another reset would make it disappear again */
		c->came_back = false;
		return KILN_OK;
	}
	if (c->how->no_reset || c->no_lines)
		return KILN_OK;
	if (c->how->custom)
		code = kiln_reset_play_sequence(c->l->link, c->how->custom, err);
	else
		code = kiln_reset_play(c->l->link, c->plan.resets[(unsigned)attempt % c->plan.n],
				       c->l->limits.reset_delay, err);
	if (code == KILN_E_UNSUPPORTED) {
		c->no_lines = true;
		tell(c, KILN_CONNECT_NO_LINES);
		return KILN_OK;
	}
	return code;
}

static kiln_ms sync_ms(const struct kiln_loader *l)
{
	return kiln_limit(l->limits.sync, SYNC_TIMEOUT);
}

/* The ROM answers a SYNC eight times, and with a value; a stub's value is 0. */
static kiln_code drain_sync(struct kiln_loader *l, bool *ret_stub, struct kiln_err *err)
{
	struct kiln_span frame;
	struct kiln_reply reply;

	for (int i = 1; i < SYNC_REPLIES; i++) {
		const kiln_code code = kiln_loader_frame(l, kiln_link_after(l->link, sync_ms(l)),
							 &frame, err);

		if (code == KILN_E_TIMEOUT)
			return KILN_OK;
		if (code != KILN_OK)
			return code;
		if (kiln_reply_decode(frame, 2, &reply) && reply.op == KILN_OP_SYNC &&
		    reply.value != 0)
			*ret_stub = false;
	}
	return KILN_OK;
}

/* Wait for any reply to a SYNC, this one or an earlier one: a slow network may be late. */
static kiln_code sync_once(struct connecting *c, struct kiln_err *err)
{
	struct kiln_loader *l = c->l;
	const struct kiln_request request = kiln_request_sync();
	const kiln_ms deadline = kiln_link_after(l->link, sync_ms(l)) +
				 2 * kiln_loader_wire_ms(l, 2 * request.data.n);
	struct kiln_span frame;
	struct kiln_reply reply;
	bool stub;

	KILN_TRY(kiln_loader_send(l, &request, err));
	do {
		KILN_TRY(kiln_loader_frame(l, deadline, &frame, err));
		/* 2 status bytes are the least: who answers is not known yet */
		if (!kiln_reply_decode(frame, 2, &reply))
			continue;
		c->heard_reply = true;
	} while (reply.op != KILN_OP_SYNC);
	stub = reply.value == 0;
	/* the other seven are passed over by whoever reads next */
	if (stub || !l->quick)
		KILN_TRY(drain_sync(l, &stub, err));
	l->is_stub = stub;
	return KILN_OK;
}

static kiln_code attempt(struct connecting *c, int n, struct kiln_err *err)
{
	kiln_code code = KILN_E_TIMEOUT;

	kiln_loader_forget(c->l);
	KILN_TRY(kiln_link_flush_input(c->l->link, err));
	KILN_TRY(reset(c, n, err));
	KILN_TRY(kiln_loader_absorb(c->l, err)); /* boot text says which mode it came up in */
	for (int i = 0; i < SYNCS && code == KILN_E_TIMEOUT; i++) {
		if (i > 0)
			KILN_TRY(kiln_link_sleep(c->l->link, SYNC_PAUSE, err));
		code = sync_once(c, err);
		if (code == KILN_E_TIMEOUT)
			tell(c, KILN_CONNECT_TRY);
	}
	return code;
}

/* What to say when nothing else explains the silence, by what was heard. The first that fits. */
struct diagnosis {
	bool (*fits)(const struct connecting *c, const struct kiln_boot_text *boot);
	kiln_code code;
	const char *why, *hint;
};

#define HINT_BOOT                                                                           \
	"hold the board's BOOT button (IO0 to GND), press and release EN (RESET), release " \
	"BOOT, then run the command again"

static bool not_downloading(const struct connecting *c, const struct kiln_boot_text *boot)
{
	(void)c;
	return boot->has_mode && !boot->downloading;
}

static bool downloading(const struct connecting *c, const struct kiln_boot_text *boot)
{
	(void)c;
	return boot->downloading;
}

static bool python(const struct connecting *c, const struct kiln_boot_text *boot)
{
	(void)c;
	return boot->python;
}

static bool crashed(const struct connecting *c, const struct kiln_boot_text *boot)
{
	(void)c;
	return boot->crashed;
}

static bool answered(const struct connecting *c, const struct kiln_boot_text *boot)
{
	(void)boot;
	return c->heard_reply;
}

static bool silent(const struct connecting *c, const struct kiln_boot_text *boot)
{
	(void)boot;
	return c->l->heard.len == 0;
}

static bool always(const struct connecting *c, const struct kiln_boot_text *boot)
{
	(void)c;
	(void)boot;
	return true;
}

static const struct diagnosis diagnoses[] = {
	{ downloading, KILN_E_NO_SYNC,
	  "the chip says that it is in download mode, but does not answer: what is sent does not "
	  "reach it",
	  "check the wire from the adapter's TX to the chip's RX, and that nothing else drives "
	  "that pin" },
	{ not_downloading, KILN_E_WRONG_MODE,
	  "wrong boot mode: the chip runs what is in its flash instead of waiting for a download",
	  HINT_BOOT },
	{ python, KILN_E_WRONG_MODE,
	  "MicroPython runs on the board, and was not stopped by a reset", HINT_BOOT },
	{ crashed, KILN_E_NO_SYNC,
	  "the firmware on the board crashes, and was not stopped by a reset", HINT_BOOT },
	{ answered, KILN_E_NO_SYNC, "replies came, but none to SYNC",
	  "unplug the board, plug it in again, then run the command again" },
	{ silent, KILN_E_NO_SYNC, "nothing was heard",
	  "check that this is the board's port and that the cable carries data; else hold BOOT "
	  "(IO0 to GND), press and release EN (RESET), release BOOT, and run the command again" },
	{ always, KILN_E_NO_SYNC, "what came is not a loader's answer",
	  "if this is the board's port, hold BOOT (IO0 to GND), press and release EN (RESET), "
	  "release BOOT, and run the command again" },
};

/* The end of what was heard, on one line. */
static void quote_heard(const struct kiln_loader *l, char *dst, size_t size)
{
	struct kiln_span s = kiln_buf_span(&l->heard);
	size_t n = 0;

	if (s.n > size / 2)
		s = kiln_span(s.p + s.n - size / 2, size / 2);
	kiln_text_copy_untrusted(dst, size, s.p, s.n);
	/* line ends became '?': show them as one space */
	for (size_t i = 0; dst[i]; i++) {
		const bool end = i < s.n && (s.p[i] == '\r' || s.p[i] == '\n');

		if (!end)
			dst[n++] = dst[i];
		else if (n && dst[n - 1] != ' ')
			dst[n++] = ' ';
	}
	while (n && dst[n - 1] == ' ')
		n--;
	dst[n] = '\0';
}

static kiln_code diagnose(const struct connecting *c, struct kiln_err *err)
{
	const struct diagnosis *d = diagnoses;
	struct kiln_boot_text boot;
	char heard[160];

	kiln_boot_text_parse(kiln_buf_span(&c->l->heard), &boot);
	while (!d->fits(c, &boot))
		d++;
	quote_heard(c->l, heard, sizeof(heard));
	(void)kiln_fail(err, d->code, "cannot connect to the chip at '%s'",
			kiln_link_url(c->l->link));
	if (boot.has_mode)
		kiln_why(err, "%s (boot:0x%x)", d->why, boot.mode);
	else if (heard[0])
		kiln_why(err, "%s; heard: '%s'", d->why, heard);
	else
		kiln_why(err, "%s", d->why);
	kiln_hint(err, "%s", d->hint);
	return d->code;
}

kiln_code kiln_loader_connect(struct kiln_loader *l, const struct kiln_connect *how,
			      struct kiln_err *err)
{
	struct connecting c = { .l = l, .how = how };
	const int attempts = how->attempts ? how->attempts : ATTEMPTS;
	kiln_code code;

	l->is_stub = false;
	l->ahead = 0;
	l->has_spi_user = false;
	if (how->no_sync)
		return KILN_OK;
	c.plan = kiln_reset_plan_for(l->link, how->usb_reset);
	for (int i = 0; attempts < 0 || i < attempts; i = (i + 1) & INT16_MAX) {
		code = attempt(&c, i, err);
		if (code == KILN_E_PORT_GONE && !how->no_reset)
			KILN_TRY(reopen(&c, err));
		else if (code != KILN_E_TIMEOUT)
			return code;
	}
	return diagnose(&c, err);
}
