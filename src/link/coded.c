/* SPDX-License-Identifier: Apache-2.0 */
#include "link/coded.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static struct kiln_coded *coded_of(struct kiln_link *link)
{
	return (struct kiln_coded *)link;
}

kiln_code kiln_coded_send(struct kiln_coded *c, kiln_ms deadline, struct kiln_err *err)
{
	size_t sent;
	kiln_code code;

	if (c->out.failed) {
		(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot talk to '%s'", c->link.url);
		kiln_why(err, "it asks more than it reads");
		return KILN_E_PROTOCOL;
	}
	if (c->out.len == 0)
		return KILN_OK;
	code = kiln_tcp_write(&c->link, c->fd, c->out.data, c->out.len, deadline, &sent, err);
	kiln_buf_consume(&c->out, sent);
	return code;
}

kiln_code kiln_coded_pump(struct kiln_coded *c, kiln_ms deadline, struct kiln_err *err)
{
	uint8_t bytes[4096];
	size_t n;

	KILN_TRY(kiln_tcp_read(&c->link, c->fd, bytes, sizeof(bytes), deadline, &n, err));
	KILN_TRY(c->kind->take(c, bytes, n, err));
	if (c->in.failed) {
		(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot read '%s'", c->link.url);
		kiln_why(err, "it sends data without an end and answers nothing");
		return KILN_E_PROTOCOL;
	}
	return kiln_coded_send(c, kiln_now() + KILN_CODED_ANSWER_MS, err);
}

static kiln_code coded_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			    size_t *ret_n, struct kiln_err *err)
{
	struct kiln_coded *c = coded_of(link);

	while (c->in.len == 0) {
		const kiln_code code = kiln_coded_pump(c, deadline, err);

		if (code != KILN_OK && c->in.len == 0)
			return code;
	}
	*ret_n = n < c->in.len ? n : c->in.len;
	memcpy(buf, c->in.data, *ret_n);
	kiln_buf_consume(&c->in, *ret_n);
	kiln_pollable_show(&c->pollable, c->in.len > 0);
	return KILN_OK;
}

kiln_code kiln_coded_write(struct kiln_coded *c, const void *p, size_t n, kiln_ms deadline,
			   struct kiln_err *err)
{
	const uint8_t *bytes = p;

	KILN_TRY(kiln_coded_send(c, deadline, err));
	for (size_t at = 0; at < n; at += KILN_CODED_PIECE) {
		const size_t left = n - at;

		if (c->kind->put(c, bytes + at,
				 left < KILN_CODED_PIECE ? left : KILN_CODED_PIECE) != KILN_OK)
			return kiln_fail(err, KILN_E_NOMEM, "cannot write '%s'", c->link.url);
		KILN_TRY(kiln_coded_send(c, deadline, err));
	}
	return KILN_OK;
}

static kiln_code coded_write(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			     struct kiln_err *err)
{
	return kiln_coded_write(coded_of(link), buf, n, deadline, err);
}

static int coded_fd(const struct kiln_link *link)
{
	return ((const struct kiln_coded *)link)->pollable.epoll;
}

static void coded_close(struct kiln_link *link)
{
	struct kiln_coded *c = coded_of(link);

	if (c->kind->done)
		c->kind->done(c);
	kiln_pollable_close(&c->pollable);
	if (c->fd >= 0)
		close(c->fd);
	kiln_buf_done(&c->in);
	kiln_buf_done(&c->out);
	free(c);
}

static const struct kiln_link_files *coded_files(const struct kiln_link *link)
{
	return ((const struct kiln_coded *)link)->kind->files;
}

const struct kiln_link_ops kiln_coded_ops = {
	.read = coded_read,
	.write = coded_write,
	.fd = coded_fd,
	.close = coded_close,
	.files = coded_files,
};

kiln_code kiln_coded_connect(struct kiln_coded *c, const struct kiln_coded_kind *kind,
			     const struct kiln_host *host, const struct kiln_net_url *net,
			     const char *url, unsigned baud, struct kiln_err *err)
{
	kiln_link_init(&c->link, &kiln_coded_ops, host, url, baud);
	c->kind = kind;
	c->pollable = KILN_POLLABLE_INIT;
	c->fd = -1;
	kiln_buf_init(&c->in, KILN_CODED_IN_MAX);
	kiln_buf_init(&c->out, KILN_CODED_OUT_MAX);
	KILN_TRY(kiln_tcp_connect(&c->link, net, kiln_now() + KILN_CODED_CONNECT_MS, &c->fd, err));
	return kiln_pollable_open(&c->pollable, &c->link, c->fd, err);
}

/* The word that comes first; both it and what stands before it are used up. */
static bool find_word(struct kiln_coded *c, const char *const *words, size_t *ret_word)
{
	const char *first = NULL;
	size_t end = 0;

	for (size_t i = 0; words[i]; i++) {
		const char *at = c->in.len
					 ? memmem(c->in.data, c->in.len, words[i], strlen(words[i]))
					 : NULL;

		if (!at || (first && at >= first))
			continue;
		first = at;
		end = (size_t)(at - kiln_buf_str(&c->in)) + strlen(words[i]);
		*ret_word = i;
	}
	if (first)
		kiln_buf_consume(&c->in, end);
	return first != NULL;
}

kiln_code kiln_coded_await(struct kiln_coded *c, const char *const *words, kiln_ms deadline,
			   size_t *ret_word, struct kiln_err *err)
{
	enum { DIALOGUE_MAX = 64 * 1024 }; /* a login has no more to say */

	while (!find_word(c, words, ret_word)) {
		if (c->in.len > DIALOGUE_MAX) {
			(void)kiln_fail(err, KILN_E_PROTOCOL, "cannot open '%s'", c->link.url);
			kiln_why(err, "it says much, and none of what a board says there");
			return KILN_E_PROTOCOL;
		}
		KILN_TRY(kiln_coded_pump(c, deadline, err));
	}
	return KILN_OK;
}

void kiln_coded_last_line(const struct kiln_coded *c, char *text, size_t size)
{
	const char *p = kiln_buf_str(&c->in);
	size_t n = c->in.len, from;

	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r' || p[n - 1] == ' '))
		n--;
	from = n;
	while (from > 0 && p[from - 1] != '\n')
		from--;
	kiln_text_copy_untrusted(text, size, p + from, n - from);
}
