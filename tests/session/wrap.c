/* SPDX-License-Identifier: Apache-2.0 */
#include "wrap.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "link/link_impl.h"
#include "loader/command.h"

struct wrap wrap;

#define MOVED "moved/"

struct wrapped {
	struct kiln_link base;
	struct kiln_link *inner;
	bool dtr, rts, gone;
	bool pulled; /* and without power */
	uint64_t opened_at;
};

/* The board stays on the bench while its port is away. */
static struct kiln_link *away;

enum { PULLS = sizeof(wrap.pulled_at) / sizeof(wrap.pulled_at[0]) };

static struct kiln_link *inner(struct kiln_link *link)
{
	return ((struct wrapped *)link)->inner;
}

static bool is_cancelled(void)
{
	return wrap.cancel_at && wrap.written >= wrap.cancel_at;
}

static kiln_code gone(const struct kiln_link *link, struct kiln_err *err)
{
	return kiln_fail(err, KILN_E_PORT_GONE, "cannot use '%s'", link->url);
}

static void pull(struct wrapped *w)
{
	const uint64_t at = wrap.pulled < PULLS ? wrap.pulled_at[wrap.pulled] : 0;
	const bool once = at && wrap.written >= at;
	const bool each = wrap.pulled_each && wrap.pulled &&
			  wrap.written >= w->opened_at + wrap.pulled_each;

	if (w->gone || !(once || each))
		return;
	wrap.pulled++;
	w->gone = w->pulled = true;
}

static kiln_code wrap_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			   size_t *ret_n, struct kiln_err *err)
{
	if (((struct wrapped *)link)->gone)
		return gone(link, err);
	return kiln_link_read(inner(link), buf, n, deadline, ret_n, err);
}

static bool is_request(const void *buf, size_t n, uint8_t op)
{
	return memmem(buf, n, (uint8_t[]){ 0xC0, 0x00, op }, 3) != NULL;
}

/* Frames are written one by one. */
static bool is_lost(const void *buf, size_t n)
{
	static const uint8_t counted[] = { KILN_OP_FLASH_DATA, KILN_OP_FLASH_END,
					   KILN_OP_FLASH_DEFL_DATA, KILN_OP_FLASH_DEFL_END };

	for (size_t i = 0; i < sizeof(counted); i++) {
		if (!is_request(buf, n, counted[i]))
			continue;
		wrap.frames++;
		if (wrap.frames >= wrap.lose_from && wrap.frames <= wrap.lose_to)
			return true;
	}
	return wrap.swallow && is_request(buf, n, wrap.swallow);
}

static kiln_code wrap_write(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			    struct kiln_err *err)
{
	if (((struct wrapped *)link)->gone)
		return gone(link, err);
	wrap.written += n;
	pull((struct wrapped *)link);
	if (is_lost(buf, n))
		return KILN_OK;
	if (is_cancelled())
		return kiln_fail(err, KILN_E_CANCELLED, "cannot write to '%s'", link->url);
	return kiln_link_write(inner(link), buf, n, deadline, err);
}

static kiln_code wrap_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	struct kiln_link *in = inner(link);

	if (wrap.max_baud && baud > wrap.max_baud)
		return kiln_fail(err, KILN_E_INVALID, "cannot set '%s' to %u baud", link->url,
				 baud);
	KILN_TRY(kiln_link_set_baud(in, baud, err));
	if (!wrap.resets_at || baud < wrap.resets_at)
		return KILN_OK;
	KILN_TRY(kiln_link_set_lines(in, false, true, err));
	KILN_TRY(kiln_link_sleep(in, 20, err));
	return kiln_link_set_lines(in, false, false, err);
}

static kiln_code wrap_lines(struct kiln_link *link, bool dtr, bool rts, struct kiln_err *err)
{
	struct wrapped *w = (struct wrapped *)link;
	const bool released = w->rts && !rts;

	if (w->gone)
		return gone(link, err);
	wrap.line_changes++;
	wrap.both_changed += dtr != w->dtr && rts != w->rts;
	if (wrap.one_by_one)
		KILN_TRY(kiln_link_set_lines(w->inner, dtr, w->rts, err));
	w->dtr = wrap.dtr = dtr;
	w->rts = wrap.rts = rts;
	KILN_TRY(kiln_link_set_lines(w->inner, dtr, rts, err));
	if (wrap.leaves && released && dtr) { /* out of reset, into the loader */
		wrap.leaves = false;
		KILN_TRY(kiln_link_sleep(w->inner, 50, err));
		KILN_TRY(kiln_link_set_lines(w->inner, false, false, err));
		w->gone = true;
	}
	return KILN_OK;
}

static kiln_ms wrap_now(const struct kiln_link *link)
{
	return kiln_link_now(((const struct wrapped *)link)->inner);
}

static kiln_code wrap_sleep(struct kiln_link *link, kiln_ms ms, struct kiln_err *err)
{
	if (is_cancelled())
		return kiln_fail(err, KILN_E_CANCELLED, "cannot wait for '%s'", link->url);
	return kiln_link_sleep(inner(link), ms, err);
}

static void wrap_close(struct kiln_link *link)
{
	struct wrapped *w = (struct wrapped *)link;

	if (w->gone && !w->pulled)
		away = w->inner;
	else
		kiln_link_close(w->inner);
	free(w);
}

/* clang-format off */
#define COMMON \
	.read = wrap_read, .write = wrap_write, .set_baud = wrap_baud, .now = wrap_now, \
	.sleep = wrap_sleep, .close = wrap_close
/* clang-format on */

static const struct kiln_link_ops atomic = {
	COMMON,
	.set_lines = wrap_lines,
	.atomic_lines = true,
};
static const struct kiln_link_ops one_by_one = { COMMON, .set_lines = wrap_lines };
static const struct kiln_link_ops no_lines = { COMMON };

static const struct kiln_link_ops *ops(void)
{
	if (wrap.no_lines)
		return &no_lines;
	return wrap.one_by_one ? &one_by_one : &atomic;
}

static kiln_code wrap_open(const struct kiln_host *host, const char *url, unsigned baud,
			   struct kiln_link **ret_link, struct kiln_err *err)
{
	const char *rest = url + strlen("wrap:");
	struct wrapped *w;
	char sim[256];

	wrap.opened++;
	if (((away || wrap.pulled) && wrap.absent_opens-- > 0) ||
	    (wrap.pulled && wrap.moves && strncmp(rest, MOVED, strlen(MOVED)) != 0))
		return kiln_fail(err, wrap.denied ? KILN_E_PORT_DENIED : KILN_E_PORT_MISSING,
				 "cannot open '%s'", url);
	w = calloc(1, sizeof(*w));
	kiln_link_init(&w->base, ops(), host, url, baud);
	w->opened_at = wrap.written;
	w->base.usb_vid = wrap.vid;
	w->base.usb_pid = wrap.pid;
	if (strncmp(rest, MOVED, strlen(MOVED)) == 0)
		rest += strlen(MOVED);
	kiln_text_format(sim, sizeof(sim), "sim:%s", wrap.pulled && wrap.other ? wrap.other : rest);
	w->inner = away;
	away = NULL;
	if (!w->inner && kiln_link_open(host, sim, baud, &w->inner, err) != KILN_OK) {
		free(w);
		return KILN_E_IO;
	}
	*ret_link = &w->base;
	return KILN_OK;
}

struct kiln_port wrap_port(const char *rest)
{
	struct kiln_port port = { .is_usb = true, .vid = 0x10C4, .pid = 0xEA60 };
	const bool moved = wrap.pulled && wrap.moves;

	kiln_text_format(port.url, sizeof(port.url), "wrap:%s%s", moved ? MOVED : "", rest);
	kiln_text_copy(port.device, sizeof(port.device), port.url);
	kiln_text_copy(port.serial, sizeof(port.serial), "0163A3DA");
	kiln_text_copy(port.location, sizeof(port.location), moved ? "1-2" : "1-1.3");
	return port;
}

static kiln_code wrap_list(const struct kiln_host *host,
			   void (*found)(void *user, const struct kiln_port *port), void *user,
			   struct kiln_err *err)
{
	const struct kiln_port port = wrap_port(wrap.listed ? wrap.listed : "");

	(void)host;
	(void)err;
	if (wrap.listed)
		found(user, &port);
	return KILN_OK;
}

const struct kiln_scheme wrap_scheme = {
	.name = "wrap",
	.open = wrap_open,
	.list = wrap_list,
};
