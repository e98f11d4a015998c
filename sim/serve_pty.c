/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board on a pseudo terminal: any program that can open a serial port can use it. A pty has no
 * modem lines, so nothing can reset the board over it; its speed is what the client sets, which
 * the master side can see. termios2 is Linux's struct for any speed; its header and libc's
 * <termios.h> exclude each other.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "sim/serve_endpoint.h"

struct pty {
	struct sim_endpoint endpoint;
	int master;
	struct kiln_buf heard; /* of the board, for a client that is slow to read */
	char device[64];
	char symlink[1024]; /* empty: none */
};

static struct pty *self(struct sim_endpoint *e)
{
	return (struct pty *)e;
}

/* --- clients --- */

static bool has_client(const struct pty *p)
{
	struct pollfd fd = { .fd = p->master, .events = 0 };

	return poll(&fd, 1, 0) >= 0 && !(fd.revents & POLLHUP);
}

static void flush(struct pty *p)
{
	while (p->heard.len > 0) {
		const ssize_t n = write(p->master, p->heard.data, p->heard.len);

		if (n <= 0)
			break;
		kiln_buf_consume(&p->heard, (size_t)n);
	}
}

/* A board whose port nobody has open talks to nobody. */
static void hear(struct sim_endpoint *e, const uint8_t *bytes, size_t n)
{
	struct pty *p = self(e);

	if (!has_client(p))
		return;
	(void)kiln_buf_append(&p->heard, bytes, n);
	flush(p);
}

static kiln_code follow_baud(struct pty *p, struct kiln_err *err)
{
	struct termios2 t;

	if (ioctl(p->master, TCGETS2, &t) != 0 || t.c_ospeed == 0 ||
	    t.c_ospeed == kiln_link_baud(p->endpoint.link))
		return KILN_OK;
	/* a speed that the board's bridge can't do is the client's affair */
	const kiln_code code = kiln_link_set_baud(p->endpoint.link, t.c_ospeed, err);

	return code == KILN_E_INVALID ? KILN_OK : code;
}

static kiln_code turn(struct sim_endpoint *e, struct kiln_err *err)
{
	struct pty *p = self(e);
	uint8_t piece[SIM_PIECE];
	ssize_t n;

	if (has_client(p))
		flush(p);
	else
		kiln_buf_reset(&p->heard);
	/* one that went may have written before it did */
	n = read(p->master, piece, sizeof(piece));
	if (n <= 0)
		return KILN_OK; /* nothing yet, or nobody there */
	e->again = true;
	KILN_TRY(follow_baud(p, err));
	return kiln_link_write(e->link, piece, (size_t)n, KILN_FOREVER, err);
}

static void close_pty(struct sim_endpoint *e)
{
	struct pty *p = self(e);
	char target[sizeof(p->device)];

	if (p->symlink[0]) {
		const ssize_t n = readlink(p->symlink, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		if (strcmp(target, p->device) == 0)
			(void)unlink(p->symlink);
	}
	if (p->master >= 0)
		close(p->master);
	kiln_buf_done(&p->heard);
	free(p);
}

static const struct sim_endpoint_ops ops = {
	.kind = "pty",
	.hear = hear,
	.turn = turn,
	.close = close_pty,
};

/* --- opening --- */

static int make_raw(int fd, unsigned baud)
{
	struct termios2 t;

	if (ioctl(fd, TCGETS2, &t) != 0)
		return -1;
	t.c_iflag = 0;
	t.c_oflag = 0;
	t.c_lflag = 0;
	t.c_cflag = CS8 | CREAD | CLOCAL | BOTHER | BOTHER << IBSHIFT;
	t.c_ispeed = t.c_ospeed = baud;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	return ioctl(fd, TCSETS2, &t);
}

/* Open and close the other end: from then on a pty tells whether somebody has it open. */
static int touch(const char *device)
{
	const int fd = open(device, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -1 : close(fd);
}

static kiln_code open_pty(struct pty *p, struct kiln_err *err)
{
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (p->master < 0 || grantpt(p->master) != 0 || unlockpt(p->master) != 0 ||
	    ptsname_r(p->master, p->device, sizeof(p->device)) != 0 ||
	    make_raw(p->master, kiln_link_baud(p->endpoint.link)) != 0 || touch(p->device) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot make a pty");
	kiln_text_format(p->endpoint.url, sizeof(p->endpoint.url), "serial://%s", p->device);
	/* told once for each change: a pty without a client would be "ready" all the time */
	return sim_endpoint_watch(&p->endpoint, p->master, EPOLLIN | EPOLLOUT | EPOLLET, false,
				  err);
}

/* In one step, and never over anything but a link that a former server may have left. */
static kiln_code make_symlink(struct pty *p, const char *path, struct kiln_err *err)
{
	char fresh[1100], target[64];

	if (access(path, F_OK) == 0 && readlink(path, target, sizeof(target)) < 0) {
		(void)kiln_fail(err, KILN_E_EXISTS, "cannot make link '%s'", path);
		kiln_why(err, "something that is no link is there");
		return KILN_E_EXISTS;
	}
	if (!kiln_text_copy(p->symlink, sizeof(p->symlink), path))
		return kiln_fail(err, KILN_E_TOO_BIG, "cannot make link '%s'", path);
	kiln_text_format(fresh, sizeof(fresh), "%s.%ld", path, (long)getpid());
	if (symlink(p->device, fresh) == 0 && rename(fresh, path) == 0)
		return KILN_OK;
	p->symlink[0] = '\0';
	const int e = errno;
	(void)unlink(fresh);
	return kiln_fail_errno(err, KILN_E_IO, e, "cannot make link '%s'", path);
}

kiln_code sim_server_add_pty(struct sim_server *server, const char *symlink, struct kiln_err *err)
{
	struct pty *p = calloc(1, sizeof(*p));
	kiln_code code;

	if (!p)
		return kiln_fail(err, KILN_E_NOMEM, "cannot make a pty");
	sim_endpoint_init(&p->endpoint, &ops, server);
	p->master = -1;
	kiln_buf_init(&p->heard, SIM_CLIENT_MAX);
	code = open_pty(p, err);
	if (code == KILN_OK && symlink)
		code = make_symlink(p, symlink, err);
	if (code != KILN_OK) {
		close_pty(&p->endpoint);
		return code;
	}
	sim_server_add(server, &p->endpoint);
	return KILN_OK;
}
