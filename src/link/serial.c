/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial port of this machine. Own termios code, for three things that libraries in this field
 * don't give: both modem lines in one step, any baud, and a port that disappears is an error at
 * once instead of a read of nothing for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "link/link_impl.h"
#include "link/serial_error.h"
#include "link/tty.h"

/* A UART is sampled in the middle of the tenth bit: 5 % between both ends is the most it bears, and
 * the board takes its half. */
#define MAX_BAUD_ERROR_PERMILLE 30
#define CLOSE_DRAIN_MS 300

struct serial_link {
	struct kiln_link link;
	int fd;
	bool configured;
	struct kiln_tty_saved saved;
};

static struct serial_link *serial_of(struct kiln_link *link)
{
	return (struct serial_link *)link;
}

static const char *path_of(const char *url)
{
	if (strncmp(url, "serial:", 7) != 0)
		return url;
	url += 7;
	return strncmp(url, "//", 2) == 0 ? url + 2 : url;
}

static bool is_gone(int sys)
{
	return sys == EIO || sys == ENXIO || sys == ENODEV || sys == EPIPE || sys == EBADF;
}

static kiln_code gone(const struct kiln_link *link, const char *what, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_PORT_GONE, "cannot %s '%s'", what, path_of(link->url));
	kiln_hint(err,
		  "is the cable plugged in well? a board may also drop its own USB on a reset");
	return KILN_E_PORT_GONE;
}

static kiln_code failed(const struct kiln_link *link, const char *what, int sys,
			struct kiln_err *err)
{
	if (is_gone(sys))
		return gone(link, what, err);
	return kiln_fail_errno(err, KILN_E_IO, sys, "cannot %s '%s'", what, path_of(link->url));
}

static kiln_code wait_for(const struct kiln_link *link, short events, kiln_ms deadline,
			  const char *what, struct kiln_err *err)
{
	const int fd = ((const struct serial_link *)link)->fd;
	const kiln_code code = kiln_link_wait(link, fd, events, deadline);

	if (code == KILN_OK)
		return code;
	return kiln_fail(err, code, "cannot %s '%s'", what, path_of(link->url));
}

static kiln_code serial_read(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			     size_t *ret_n, struct kiln_err *err)
{
	for (;;) {
		const ssize_t got = read(serial_of(link)->fd, buf, n);

		if (got > 0) {
			*ret_n = (size_t)got;
			return KILN_OK;
		}
		if (got == 0) /* VMIN is 1: only a hang-up reads as nothing */
			return gone(link, "read", err);
		if (errno == EAGAIN)
			KILN_TRY(wait_for(link, POLLIN, deadline, "read", err));
		else if (errno != EINTR)
			return failed(link, "read", errno, err);
	}
}

static kiln_code serial_write(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			      struct kiln_err *err)
{
	const char *p = buf;

	while (n > 0) {
		const ssize_t put = write(serial_of(link)->fd, p, n);

		if (put >= 0) {
			p += put;
			n -= (size_t)put;
		} else if (errno == EAGAIN) {
			KILN_TRY(wait_for(link, POLLOUT, deadline, "write", err));
		} else if (errno != EINTR) {
			return failed(link, "write", errno, err);
		}
	}
	return KILN_OK;
}

static kiln_code check_baud(const struct kiln_link *link, unsigned baud, unsigned achieved,
			    struct kiln_err *err)
{
	const uint64_t off = achieved > baud ? achieved - baud : baud - achieved;

	if (off * 1000 <= (uint64_t)baud * MAX_BAUD_ERROR_PERMILLE)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot set '%s' to %u baud", path_of(link->url),
			baud);
	kiln_why(err, "the nearest that the port can do is %u", achieved);
	kiln_hint(err, "choose another baud: 115200, 230400, 460800 and 921600 work on most ports");
	return KILN_E_INVALID;
}

static kiln_code refuse_zero_baud(const struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	if (baud != 0) /* 0 would mean: hang up */
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_INVALID, "cannot set '%s' to 0 baud", path_of(link->url));
	return KILN_E_INVALID;
}

static kiln_code serial_set_baud(struct kiln_link *link, unsigned baud, struct kiln_err *err)
{
	unsigned achieved;
	int sys;

	KILN_TRY(refuse_zero_baud(link, baud, err));
	sys = kiln_tty_baud(serial_of(link)->fd, baud, &achieved);
	if (sys != 0)
		return failed(link, "set the baud of", sys, err);
	return check_baud(link, baud, achieved, err);
}

static kiln_code no_lines(const struct kiln_link *link, const char *what, int sys,
			  struct kiln_err *err)
{
	/* what a pty answers, and drivers that have no such lines */
	if (sys != ENOTTY && sys != EINVAL)
		return failed(link, what, sys, err);
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot %s '%s'", what, path_of(link->url));
	kiln_why(err, "the port has no modem lines");
	return KILN_E_UNSUPPORTED;
}

/*
 * One TIOCMSET for both: between two steps a board with the two-transistor circuit would see EN or
 * IO0 pulled low for as long as the USB round trip takes.
 */
static kiln_code serial_set_lines(struct kiln_link *link, bool dtr, bool rts, struct kiln_err *err)
{
	static const char what[] = "set the modem lines of";
	const int fd = serial_of(link)->fd;
	int lines;

	if (ioctl(fd, TIOCMGET, &lines) != 0)
		return no_lines(link, what, errno, err);
	lines &= ~(TIOCM_DTR | TIOCM_RTS);
	lines |= (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0);
	if (ioctl(fd, TIOCMSET, &lines) != 0)
		return no_lines(link, what, errno, err);
	return KILN_OK;
}

static kiln_code serial_send_break(struct kiln_link *link, int ms, struct kiln_err *err)
{
	const int fd = serial_of(link)->fd;
	kiln_code code;

	if (ioctl(fd, TIOCSBRK, 0) != 0)
		return no_lines(link, "send a break on", errno, err);
	code = kiln_link_sleep(link, ms, err);
	if (ioctl(fd, TIOCCBRK, 0) != 0 && code == KILN_OK) /* also after an interrupt */
		return no_lines(link, "send a break on", errno, err);
	return code;
}

static kiln_code serial_drain(struct kiln_link *link, kiln_ms deadline, struct kiln_err *err)
{
	static const char what[] = "send what was written to";
	const int fd = serial_of(link)->fd;
	int left;

	/* tcdrain(3) alone can't be interrupted by the program's waiter, nor end at a deadline */
	while (ioctl(fd, TIOCOUTQ, &left) == 0 && left > 0) {
		const kiln_ms wire = (kiln_ms)left * 10000 / (kiln_ms)link->baud + 1;
		const kiln_ms now = kiln_now();
		kiln_code code;

		if (now >= deadline)
			return kiln_fail(err, KILN_E_TIMEOUT, "cannot %s '%s'", what,
					 path_of(link->url));
		code = kiln_link_wait(link, -1, 0, now + (wire < 20 ? wire : 20));
		if (code != KILN_E_TIMEOUT && code != KILN_OK)
			return kiln_fail(err, code, "cannot %s '%s'", what, path_of(link->url));
	}
	/* what is left stands in the UART's own FIFO */
	while (tcdrain(fd) != 0) {
		if (errno != EINTR)
			return failed(link, what, errno, err);
	}
	return KILN_OK;
}

static kiln_code serial_flush_input(struct kiln_link *link, struct kiln_err *err)
{
	if (tcflush(serial_of(link)->fd, TCIFLUSH) != 0)
		return failed(link, "empty", errno, err);
	return KILN_OK;
}

static int serial_fd(const struct kiln_link *link)
{
	return ((const struct serial_link *)link)->fd;
}

/* The last bytes must leave at the speed that they were written for; but a dead device may never
 * take them, and close(2) would wait for it for 30 seconds. */
static void leave_tty(struct serial_link *s)
{
	const kiln_ms deadline = kiln_now() + CLOSE_DRAIN_MS;
	int left;

	while (ioctl(s->fd, TIOCOUTQ, &left) == 0 && left > 0 && kiln_now() < deadline)
		(void)poll(NULL, 0, 5);
	(void)tcflush(s->fd, TCOFLUSH);
	(void)kiln_tty_restore(s->fd, &s->saved);
	(void)ioctl(s->fd, TIOCNXCL);
}

static void serial_close(struct kiln_link *link)
{
	struct serial_link *s = serial_of(link);

	if (s->configured)
		leave_tty(s);
	/* the lock would stay while a child that another thread is just starting has a copy of the
	 * descriptor */
	if (s->fd >= 0 && s->configured)
		(void)flock(s->fd, LOCK_UN);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static const struct kiln_link_ops ops = {
	.read = serial_read,
	.write = serial_write,
	.set_baud = serial_set_baud,
	.set_lines = serial_set_lines,
	.send_break = serial_send_break,
	.drain = serial_drain,
	.flush_input = serial_flush_input,
	.fd = serial_fd,
	.close = serial_close,
	.atomic_lines = true,
};

/* Unix98 ptys, by admin-guide/devices.txt of the kernel */
static bool is_pty(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && major(st.st_rdev) >= 136 && major(st.st_rdev) <= 143;
}

/*
 * For this process alone: flock(2) keeps out who asks for a lock (we, pyserial with exclusive=True,
 * avrdude), TIOCEXCL everybody but root. Root's own second open is caught by TIOCGEXCL. A pty gets
 * the lock only: TIOCEXCL would outlive a process that is killed for as long as the master is open.
 */
static kiln_code take_for_us(struct serial_link *s, const char *path, struct kiln_err *err)
{
	int exclusive = 0;

	if (flock(s->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return kiln_serial_busy(path, err);
	if (ioctl(s->fd, TIOCGEXCL, &exclusive) == 0 && exclusive)
		return kiln_serial_busy(path, err);
	if (!is_pty(s->fd) && ioctl(s->fd, TIOCEXCL) != 0)
		return kiln_serial_open_failed(path, errno, err);
	return KILN_OK;
}

static kiln_code configure(struct serial_link *s, const char *path, unsigned baud,
			   struct kiln_err *err)
{
	unsigned achieved;
	int sys = kiln_tty_save(s->fd, &s->saved);

	if (sys != 0)
		return kiln_serial_open_failed(path, sys, err);
	KILN_TRY(take_for_us(s, path, err));
	s->configured = true;
	sys = kiln_tty_raw(s->fd, baud, &achieved);
	if (sys != 0)
		return kiln_serial_open_failed(path, sys, err);
	return check_baud(&s->link, baud, achieved, err);
}

static unsigned read_hex(const char *folder, const char *file)
{
	char path[PATH_MAX], text[16];
	unsigned value = 0;
	FILE *f;

	if (!kiln_text_format(path, sizeof(path), "%s/%s", folder, file))
		return 0;
	f = fopen(path, "re");
	if (f) {
		if (fgets(text, sizeof(text), f))
			value = (unsigned)strtoul(text, NULL, 16);
		fclose(f);
	}
	return value;
}

/* The ids stand in the USB device's folder, one to three levels above the port's. */
static void read_usb_ids(struct serial_link *s)
{
	char link[64], folder[PATH_MAX];
	struct stat st;

	if (fstat(s->fd, &st) != 0)
		return;
	kiln_text_format(link, sizeof(link), "/sys/dev/char/%u:%u/device", major(st.st_rdev),
			 minor(st.st_rdev));
	if (!realpath(link, folder))
		return;
	for (int level = 0; level < 4 && s->link.usb_vid == 0; level++) {
		char *slash = strrchr(folder, '/');

		s->link.usb_vid = (uint16_t)read_hex(folder, "idVendor");
		s->link.usb_pid = (uint16_t)read_hex(folder, "idProduct");
		if (!slash)
			break;
		*slash = '\0';
	}
}

kiln_code kiln_serial_open(const struct kiln_host *host, const char *url, unsigned baud,
			   struct kiln_link **ret_link, struct kiln_err *err)
{
	const char *path = path_of(url);
	struct serial_link *s = calloc(1, sizeof(*s));
	kiln_code code;

	if (!s)
		return kiln_fail(err, KILN_E_NOMEM, "cannot open '%s'", path);
	kiln_link_init(&s->link, &ops, host, url, baud);
	/* without O_NONBLOCK open(2) would wait for a carrier that no board has */
	s->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (s->fd < 0)
		code = kiln_serial_open_failed(path, errno, err);
	else
		code = refuse_zero_baud(&s->link, baud, err);
	if (code == KILN_OK)
		code = configure(s, path, baud, err);
	if (code != KILN_OK) {
		serial_close(&s->link);
		return code;
	}
	read_usb_ids(s);
	*ret_link = &s->link;
	return KILN_OK;
}
