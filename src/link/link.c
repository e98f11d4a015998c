/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the same for all links: opening by scheme, counting, and what an implementation may
 * leave out.
 */
#include "link/link_impl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "base/left.h"
#include "base/text.h"
#include "link/link_files.h"
#include "link/logins.h"

static const struct kiln_scheme builtin_schemes[] = {
	{ .name = "serial", .open = kiln_serial_open },
	{ .name = "rfc2217", .open = kiln_rfc2217_open },
	{ .name = "socket", .open = kiln_socket_open },
	{ .name = "ws", .open = kiln_ws_open },
	{ .name = "telnet", .open = kiln_telnet_open },
	{ .name = NULL },
};

/* True if url is "NAME:...". */
static bool has_scheme(const char *url, const char *name)
{
	const size_t n = strlen(name);

	return strncmp(url, name, n) == 0 && url[n] == ':';
}

static const struct kiln_scheme *find_scheme(const struct kiln_scheme *schemes, const char *url)
{
	for (; schemes && schemes->name; schemes++) {
		if (has_scheme(url, schemes->name))
			return schemes;
	}
	return NULL;
}

/* No scheme, or one letter (a path of another system): a bare path is a serial port. */
static bool is_path(const char *url)
{
	const size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789+.-");

	return n < 2 || url[n] != ':';
}

static kiln_code no_scheme(const struct kiln_host *host, const char *url, struct kiln_err *err)
{
	char names[200] = "serial://DEVICE, rfc2217://HOST:PORT, socket://HOST:PORT, "
			  "ws://HOST, telnet://HOST";

	for (const struct kiln_scheme *s = host->schemes; s && s->name; s++) {
		char before[sizeof(names)];

		kiln_text_copy(before, sizeof(before), names);
		kiln_text_format(names, sizeof(names), "%s, %s:NAME", before, s->name);
	}
	char shown[sizeof(((struct kiln_link *)0)->url)];

	(void)kiln_login_hide(url, shown, sizeof(shown));
	(void)kiln_fail(err, KILN_E_INVALID, "cannot open '%s'", shown);
	if (strncmp(url, "mp://", 5) == 0) { /* may stand in the device files of an iot-kernel */
		kiln_why(err, "mp:// is the iot-kernel's own protocol, and is not spoken here");
		kiln_hint(err, "let the board offer its WebREPL ('import webrepl_setup' on the "
			       "board, once), and name it ws://HOST");
		return KILN_E_INVALID;
	}
	kiln_why(err, "there is no such kind of port");
	kiln_hint(err, "a port is a device such as /dev/ttyUSB0, or one of %s", names);
	return KILN_E_INVALID;
}

kiln_code kiln_link_open(const struct kiln_host *host, const char *url, unsigned baud,
			 struct kiln_link **ret_link, struct kiln_err *err)
{
	const struct kiln_scheme *scheme = find_scheme(host->schemes, url);

	if (strlen(url) >= sizeof((*ret_link)->url)) {
		char shown[sizeof((*ret_link)->url)];

		(void)kiln_login_hide(url, shown, sizeof(shown));
		(void)kiln_fail(err, KILN_E_INVALID, "cannot open '%s'", shown);
		kiln_why(err, "that is too long for a port");
		return KILN_E_INVALID;
	}
	if (!scheme)
		scheme = find_scheme(builtin_schemes, url);
	if (!scheme && is_path(url))
		return kiln_serial_open(host, url, baud, ret_link, err);
	if (!scheme)
		return no_scheme(host, url, err);
	return scheme->open(host, url, baud, ret_link, err);
}

void kiln_link_init(struct kiln_link *link, const struct kiln_link_ops *ops,
		    const struct kiln_host *host, const char *url, unsigned baud)
{
	*link = (struct kiln_link){ .ops = ops, .host = host, .baud = baud };
	kiln_text_copy(link->url, sizeof(link->url), url);
}

void kiln_link_close(struct kiln_link *link)
{
	if (link)
		link->ops->close(link);
}

static kiln_code poll_until(int fd, short events, kiln_ms deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		const struct timespec left = kiln_time_left(deadline);
		const int n = ppoll(&p, fd >= 0 ? 1 : 0, deadline == KILN_FOREVER ? NULL : &left,
				    NULL);

		if (n > 0)
			return KILN_OK;
		if (n == 0)
			return KILN_E_TIMEOUT;
		if (errno != EINTR)
			return KILN_E_IO;
	}
}

kiln_code kiln_host_wait(const struct kiln_host *host, int fd, short events, kiln_ms deadline)
{
	const struct kiln_waiter *waiter = &host->waiter;

	if (waiter->wait)
		return waiter->wait(waiter->user, fd, events, deadline);
	return poll_until(fd, events, deadline);
}

kiln_code kiln_link_wait(const struct kiln_link *link, int fd, short events, kiln_ms deadline)
{
	return kiln_host_wait(link->host, fd, events, deadline);
}

kiln_code kiln_link_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			 size_t *ret_n, struct kiln_err *err)
{
	KILN_TRY(link->ops->read(link, buf, n, deadline, ret_n, err));
	link->stats.bytes_in += *ret_n;
	link->stats.turns += link->last_was_write;
	link->last_was_write = false;
	return KILN_OK;
}

kiln_code kiln_link_write(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			  struct kiln_err *err)
{
	link->stats.bytes_out += n;
	link->stats.writes++;
	link->last_was_write = true;
	return link->ops->write(link, buf, n, deadline, err);
}

static kiln_code unsupported(const struct kiln_link *link, struct kiln_err *err, const char *what)
{
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot %s of '%s'", what, link->url);
	kiln_why(err, "this kind of port has none");
	return KILN_E_UNSUPPORTED;
}

kiln_code kiln_link_set_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	if (!link->ops->set_baud)
		return unsupported(link, err, "change the baud");
	KILN_TRY(link->ops->set_baud(link, baud, err));
	link->baud = baud;
	return KILN_OK;
}

kiln_code kiln_link_set_lines(struct kiln_link *link, bool dtr, bool rts, struct kiln_err *err)
{
	if (!link->ops->set_lines)
		return unsupported(link, err, "set the modem lines");
	return link->ops->set_lines(link, dtr, rts, err);
}

kiln_code kiln_link_send_break(struct kiln_link *link, int ms, struct kiln_err *err)
{
	if (!link->ops->send_break)
		return unsupported(link, err, "send a break on the line");
	return link->ops->send_break(link, ms, err);
}

kiln_code kiln_link_drain(struct kiln_link *link, kiln_ms deadline, struct kiln_err *err)
{
	return link->ops->drain ? link->ops->drain(link, deadline, err) : KILN_OK;
}

kiln_code kiln_link_flush_input(struct kiln_link *link, struct kiln_err *err)
{
	char rest[512];
	size_t n;
	kiln_code code;

	if (link->ops->flush_input)
		return link->ops->flush_input(link, err);
	/* bounded: a board that floods would keep this loop for ever */
	for (int i = 0; i < 256; i++) {
		code = link->ops->read(link, rest, sizeof(rest), 0, &n, err);
		if (code != KILN_OK)
			return code == KILN_E_TIMEOUT ? KILN_OK : code;
	}
	return KILN_OK;
}

kiln_ms kiln_link_now(const struct kiln_link *link)
{
	return link->ops->now ? link->ops->now(link) : kiln_now();
}

kiln_ms kiln_link_after(const struct kiln_link *link, kiln_ms ms)
{
	return ms == KILN_FOREVER ? KILN_FOREVER : kiln_link_now(link) + ms;
}

kiln_code kiln_link_sleep(struct kiln_link *link, kiln_ms ms, struct kiln_err *err)
{
	kiln_code code;

	if (link->ops->sleep)
		return link->ops->sleep(link, ms, err);
	code = kiln_link_wait(link, -1, 0, kiln_now() + ms);
	if (code == KILN_E_TIMEOUT)
		return KILN_OK;
	return kiln_fail(err, code, "cannot wait for '%s'", link->url);
}

int kiln_link_fd(const struct kiln_link *link)
{
	return link->ops->fd ? link->ops->fd(link) : -1;
}

const char *kiln_link_url(const struct kiln_link *link)
{
	return link->url;
}

unsigned kiln_link_baud(const struct kiln_link *link)
{
	return link->baud;
}

bool kiln_link_has_baud(const struct kiln_link *link)
{
	return link->ops->set_baud;
}

const struct kiln_link_files *kiln_link_files(const struct kiln_link *link)
{
	return link->ops->files ? link->ops->files(link) : NULL;
}

bool kiln_link_has_atomic_lines(const struct kiln_link *link)
{
	return link->ops->set_lines && link->ops->atomic_lines;
}

void kiln_link_usb_ids(const struct kiln_link *link, uint16_t *ret_vid, uint16_t *ret_pid)
{
	*ret_vid = link->usb_vid;
	*ret_pid = link->usb_pid;
}

const struct kiln_host *kiln_link_host(const struct kiln_link *link)
{
	return link->host;
}

void kiln_link_stats(const struct kiln_link *link, struct kiln_link_stats *ret_stats)
{
	*ret_stats = link->stats;
}
