/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_TTY_H
#define KILN_LINK_TTY_H

#include <stdbool.h>

/*
 * Line settings by Linux's own termios2, which takes any baud as a number (BOTHER); the termios of
 * the C library only knows a list of them. A file of its own, for the kernel's header and
 * <termios.h> can't be included together.
 *
 * All return 0 or an errno.
 */
struct kiln_tty_saved {
	unsigned char bytes[64]; /* a struct termios2 */
};

int kiln_tty_save(int fd, struct kiln_tty_saved *ret_saved);
int kiln_tty_restore(int fd, const struct kiln_tty_saved *saved);

/* 8N1, raw, no flow control, modem lines ignored, lines kept on close; speed as kiln_tty_baud. */
int kiln_tty_raw(int fd, unsigned baud, unsigned *ret_achieved);

/* Change the speed only; *ret_achieved is what the driver made of it. */
int kiln_tty_baud(int fd, unsigned baud, unsigned *ret_achieved);

#endif
