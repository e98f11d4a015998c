/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/mount_link.h"

#include <stdlib.h>
#include <string.h>

enum { PLAIN_MAX = 64 * 1024, REPLY_MAX = 64 * 1024, WRITE_MS = 5000, READ = 4096 };

static struct kiln_mount_link *self(const struct kiln_link *link)
{
	return (struct kiln_mount_link *)(uintptr_t)link;
}

static void make_reply(struct kiln_mount_link *m)
{
	const struct kiln_mount_request *request = &m->filter.request;
	struct kiln_buf answer = KILN_BUF_INIT(REPLY_MAX);
	size_t taken = 0;

	kiln_mount_dir_answer(m->dir, request, m->reply_max, &answer);
	kiln_buf_reset(&m->reply);
	/* without memory there is no reply, and the board gives up by itself */
	if (kiln_mount_reply(&m->reply, request->number, kiln_buf_span(&answer), m->reply_max,
			     &taken) != KILN_OK)
		kiln_buf_reset(&m->reply);
	m->last = request->number;
	kiln_buf_done(&answer);
}

static kiln_code serve(struct kiln_mount_link *m, struct kiln_err *err)
{
	if (!m->dir)
		return KILN_OK;
	if (m->filter.request.number != m->last)
		make_reply(m);
	return kiln_link_write(m->inner, m->reply.data, m->reply.len,
			       kiln_link_after(m->inner, WRITE_MS), err);
}

static kiln_code take(struct kiln_mount_link *m, const uint8_t *p, size_t n, struct kiln_err *err)
{
	kiln_code code = KILN_OK;

	while (n > 0) {
		size_t used;

		if (kiln_mount_feed(&m->filter, p, n, &used, &m->plain) == KILN_MOUNT_REQUEST &&
		    code == KILN_OK)
			code = serve(m, err);
		p += used;
		n -= used;
	}
	return code;
}

static size_t hand_out(struct kiln_mount_link *m, void *buf, size_t n)
{
	const size_t left = m->plain.len - m->at;

	n = n < left ? n : left;
	memcpy(buf, m->plain.data + m->at, n);
	m->at += n;
	if (m->at == m->plain.len) {
		kiln_buf_reset(&m->plain);
		m->at = 0;
	}
	return n;
}

static kiln_code read_link(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			   size_t *ret_n, struct kiln_err *err)
{
	struct kiln_mount_link *m = self(link);

	while (m->at == m->plain.len) {
		uint8_t in[READ];
		size_t got;

		KILN_TRY(kiln_link_read(m->inner, in, sizeof(in), deadline, &got, err));
		KILN_TRY(take(m, in, got, err));
	}
	*ret_n = hand_out(m, buf, n);
	return KILN_OK;
}

static kiln_code write_link(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			    struct kiln_err *err)
{
	return kiln_link_write(self(link)->inner, buf, n, deadline, err);
}

static kiln_code set_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	return kiln_link_set_baud(self(link)->inner, baud, err);
}

static kiln_code set_lines(struct kiln_link *link, bool dtr, bool rts, struct kiln_err *err)
{
	return kiln_link_set_lines(self(link)->inner, dtr, rts, err);
}

static kiln_code send_break(struct kiln_link *link, int ms, struct kiln_err *err)
{
	return kiln_link_send_break(self(link)->inner, ms, err);
}

static kiln_code drain(struct kiln_link *link, kiln_ms deadline, struct kiln_err *err)
{
	return kiln_link_drain(self(link)->inner, deadline, err);
}

static kiln_code flush_input(struct kiln_link *link, struct kiln_err *err)
{
	struct kiln_mount_link *m = self(link);

	kiln_mount_flush(&m->filter, &m->plain);
	kiln_buf_reset(&m->plain);
	m->at = 0;
	return kiln_link_flush_input(m->inner, err);
}

static kiln_ms now(const struct kiln_link *link)
{
	return kiln_link_now(self(link)->inner);
}

static kiln_code sleep_link(struct kiln_link *link, kiln_ms ms, struct kiln_err *err)
{
	return kiln_link_sleep(self(link)->inner, ms, err);
}

static int fd(const struct kiln_link *link)
{
	return kiln_link_fd(self(link)->inner);
}

static void close_link(struct kiln_link *link)
{
	struct kiln_mount_link *m = self(link);

	kiln_link_close(m->inner);
	kiln_mount_dir_close(m->dir);
	kiln_mount_filter_done(&m->filter);
	kiln_buf_done(&m->plain);
	kiln_buf_done(&m->reply);
	free(m->folder);
	free(m);
}

static const struct kiln_link_ops ops = {
	.answers = true,
	.read = read_link,
	.write = write_link,
	.set_baud = set_baud,
	.set_lines = set_lines,
	.send_break = send_break,
	.drain = drain,
	.flush_input = flush_input,
	.now = now,
	.sleep = sleep_link,
	.fd = fd,
	.close = close_link,
};

kiln_code kiln_mount_link_new(struct kiln_link *inner, struct kiln_mount_link **ret_link,
			      struct kiln_err *err)
{
	struct kiln_mount_link *m = calloc(1, sizeof(*m));

	if (!m)
		return kiln_fail(err, KILN_E_NOMEM, "cannot mount a folder");
	kiln_link_init(&m->link, &ops, inner->host, kiln_link_url(inner), kiln_link_baud(inner));
	m->inner = inner;
	kiln_buf_init(&m->plain, PLAIN_MAX);
	kiln_buf_init(&m->reply, REPLY_MAX);
	kiln_mount_filter_init(&m->filter, "----");
	*ret_link = m;
	return KILN_OK;
}

struct kiln_mount_link *kiln_mount_link_of(const struct kiln_link *link)
{
	return link && link->ops == &ops ? self(link) : NULL;
}

void kiln_mount_link_start(struct kiln_mount_link *m, const char *token)
{
	kiln_mount_flush(&m->filter, &m->plain);
	kiln_mount_filter_done(&m->filter);
	kiln_mount_filter_init(&m->filter, token);
	m->last = '\0';
	if (m->dir)
		kiln_mount_dir_forget(m->dir);
}
