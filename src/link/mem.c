/* SPDX-License-Identifier: Apache-2.0 */
#include "link/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Beyond any buffer that a real port has; a test that passes it has lost its reader. */
#define MAX_QUEUED (16 * 1024 * 1024)

struct mem_pair;

struct mem_link {
	struct kiln_link link;
	struct mem_pair *pair;
	struct kiln_buf in;
	bool open;
};

struct mem_pair {
	struct mem_link ends[2];
	struct kiln_mem_hooks hooks;
	kiln_ms now;
};

static struct mem_link *mem_of(struct kiln_link *link)
{
	return (struct mem_link *)link;
}

static struct mem_link *other_end(struct mem_link *m)
{
	return m == &m->pair->ends[0] ? &m->pair->ends[1] : &m->pair->ends[0];
}

static kiln_ms mem_now(const struct kiln_link *link)
{
	const struct mem_pair *pair = ((const struct mem_link *)link)->pair;

	return pair->hooks.now ? pair->hooks.now(pair->hooks.user) : pair->now;
}

static void wait_until(struct mem_pair *pair, kiln_ms until)
{
	if (until == KILN_FOREVER)
		return;
	if (pair->hooks.now && pair->hooks.wait)
		pair->hooks.wait(pair->hooks.user, until);
	else if (until > pair->now)
		pair->now = until;
}

/* The program's waiter gets its word too: it is how a test cancels. */
static bool is_cancelled(const struct kiln_link *link)
{
	return link->host->waiter.wait && kiln_link_wait(link, -1, 0, 0) == KILN_E_CANCELLED;
}

static kiln_code mem_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			  size_t *ret_n, struct kiln_err *err)
{
	struct mem_link *m = mem_of(link);
	const struct kiln_mem_hooks *h = &m->pair->hooks;

	while (m->in.len == 0) {
		if (!other_end(m)->open)
			return kiln_fail(err, KILN_E_PORT_GONE, "cannot read '%s'", link->url);
		if (is_cancelled(link))
			return kiln_fail(err, KILN_E_CANCELLED, "cannot read '%s'", link->url);
		if (deadline > mem_now(link) && h->idle && h->idle(h->user, link, deadline))
			continue;
		if (m->in.len)
			break;
		wait_until(m->pair, deadline);
		return kiln_fail(err, KILN_E_TIMEOUT, "cannot read '%s'", link->url);
	}
	*ret_n = n < m->in.len ? n : m->in.len;
	memcpy(buf, m->in.data, *ret_n);
	kiln_buf_consume(&m->in, *ret_n);
	return KILN_OK;
}

static kiln_code mem_write(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			   struct kiln_err *err)
{
	struct mem_link *to = other_end(mem_of(link));

	(void)deadline;
	if (!to->open)
		return kiln_fail(err, KILN_E_PORT_GONE, "cannot write '%s'", link->url);
	if (kiln_buf_append(&to->in, buf, n) != KILN_OK)
		return kiln_fail(err, KILN_E_NOMEM, "cannot write '%s'", link->url);
	return KILN_OK;
}

static kiln_code mem_set_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	const struct kiln_mem_hooks *h = &mem_of(link)->pair->hooks;
	const kiln_code code = h->baud ? h->baud(h->user, baud) : KILN_OK;

	return code == KILN_OK
		       ? code
		       : kiln_fail(err, code, "cannot set '%s' to %u baud", link->url, baud);
}

static kiln_code mem_set_lines(struct kiln_link *link, bool dtr, bool rts, struct kiln_err *err)
{
	const struct kiln_mem_hooks *h = &mem_of(link)->pair->hooks;
	const kiln_code code = h->lines ? h->lines(h->user, dtr, rts) : KILN_E_UNSUPPORTED;

	return code == KILN_OK
		       ? code
		       : kiln_fail(err, code, "cannot set the modem lines of '%s'", link->url);
}

static kiln_code mem_send_break(struct kiln_link *link, int ms, struct kiln_err *err)
{
	const struct kiln_mem_hooks *h = &mem_of(link)->pair->hooks;
	const kiln_code code = h->brk ? h->brk(h->user, ms) : KILN_E_UNSUPPORTED;

	return code == KILN_OK ? code
			       : kiln_fail(err, code, "cannot send a break on '%s'", link->url);
}

static kiln_code mem_flush_input(struct kiln_link *link, struct kiln_err *err)
{
	(void)err;
	kiln_buf_reset(&mem_of(link)->in);
	return KILN_OK;
}

static kiln_code mem_sleep(struct kiln_link *link, kiln_ms ms, struct kiln_err *err)
{
	if (is_cancelled(link))
		return kiln_fail(err, KILN_E_CANCELLED, "cannot wait for '%s'", link->url);
	wait_until(mem_of(link)->pair, mem_now(link) + ms);
	return KILN_OK;
}

static void mem_close(struct kiln_link *link)
{
	struct mem_link *m = mem_of(link);

	m->open = false;
	kiln_buf_done(&m->in);
	if (!other_end(m)->open)
		free(m->pair);
}

static const struct kiln_link_ops ops = {
	.read = mem_read,
	.write = mem_write,
	.set_baud = mem_set_baud,
	.set_lines = mem_set_lines,
	.send_break = mem_send_break,
	.flush_input = mem_flush_input,
	.now = mem_now,
	.sleep = mem_sleep,
	.close = mem_close,
	.atomic_lines = true,
};

kiln_code kiln_mem_pair(const struct kiln_host *host, const struct kiln_mem_hooks *hooks,
			struct kiln_link **ret_a, struct kiln_link **ret_b, struct kiln_err *err)
{
	static const char *const urls[] = { "mem:a", "mem:b" };
	struct mem_pair *pair = calloc(1, sizeof(*pair));

	if (!pair)
		return kiln_fail(err, KILN_E_NOMEM, "cannot make a pair of links");
	if (hooks)
		pair->hooks = *hooks;
	for (int i = 0; i < 2; i++) {
		struct mem_link *m = &pair->ends[i];

		kiln_link_init(&m->link, &ops, host, urls[i], 115200);
		m->pair = pair;
		m->open = true;
		kiln_buf_init(&m->in, MAX_QUEUED);
	}
	*ret_a = &pair->ends[0].link;
	*ret_b = &pair->ends[1].link;
	return KILN_OK;
}
