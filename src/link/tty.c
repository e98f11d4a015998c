/* SPDX-License-Identifier: Apache-2.0 */
#include "link/tty.h"

#include <asm/termbits.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

_Static_assert(sizeof(struct termios2) <= sizeof(struct kiln_tty_saved), "termios2 must fit");

static int do_ioctl(int fd, unsigned long request, struct termios2 *t)
{
	int r;

	do {
		r = ioctl(fd, request, t);
	} while (r != 0 && errno == EINTR);
	return r == 0 ? 0 : errno;
}

int kiln_tty_save(int fd, struct kiln_tty_saved *ret_saved)
{
	struct termios2 t;
	const int sys = do_ioctl(fd, TCGETS2, &t);

	if (sys == 0)
		memcpy(ret_saved->bytes, &t, sizeof(t));
	return sys;
}

int kiln_tty_restore(int fd, const struct kiln_tty_saved *saved)
{
	struct termios2 t;

	memcpy(&t, saved->bytes, sizeof(t));
	return do_ioctl(fd, TCSETS2, &t);
}

static void put_baud(struct termios2 *t, unsigned baud)
{
	t->c_cflag &= ~(tcflag_t)(CBAUD | CIBAUD);
	t->c_cflag |= BOTHER;
	t->c_ispeed = t->c_ospeed = baud;
}

static int apply(int fd, struct termios2 *t, unsigned *ret_achieved)
{
	int sys = do_ioctl(fd, TCSETS2, t);

	if (sys == 0)
		sys = do_ioctl(fd, TCGETS2, t);
	if (sys == 0)
		*ret_achieved = t->c_ospeed;
	return sys;
}

int kiln_tty_raw(int fd, unsigned baud, unsigned *ret_achieved)
{
	struct termios2 t;
	const int sys = do_ioctl(fd, TCGETS2, &t);

	if (sys != 0)
		return sys;
	t.c_iflag = IGNBRK;
	t.c_oflag = 0;
	t.c_lflag = 0;
	/*
	 * CLOCAL: a board has no carrier to detect. No HUPCL: if this process dies the lines stay
	 * as they are, and a board is not reset by that. CRTSCTS off: RTS is the reset line.
	 */
	t.c_cflag = CS8 | CREAD | CLOCAL;
	/* With VMIN 0 a read of an idle port would give 0, which is how a port that is gone looks.
	 */
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	put_baud(&t, baud);
	return apply(fd, &t, ret_achieved);
}

int kiln_tty_baud(int fd, unsigned baud, unsigned *ret_achieved)
{
	struct termios2 t;
	const int sys = do_ioctl(fd, TCGETS2, &t);

	if (sys != 0)
		return sys;
	put_baud(&t, baud);
	return apply(fd, &t, ret_achieved);
}
