/* SPDX-License-Identifier: Apache-2.0 */
/* How a terminal waits for its keys and for a link at once, and how it is set up and left. */
#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Ctrl-C is a key here, and no signal: while a program of ours runs it ends the wait. */
static bool take_interrupt(void)
{
	char keys[64];
	const ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	return n > 0 && memchr(keys, KEY_CTRL_C, (size_t)n) != NULL;
}

bool terminal_has_keys(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&in, 1, 0) > 0;
}

/* Standard input and `fd` as one descriptor that polls readable when either is ready; or -1. */
static int join(int fd, short events)
{
	struct epoll_event keys = { .events = EPOLLIN };
	struct epoll_event other = { .events = (uint32_t)events };
	const int both = epoll_create1(EPOLL_CLOEXEC);

	if (both < 0)
		return -1;
	if (epoll_ctl(both, EPOLL_CTL_ADD, STDIN_FILENO, &keys) == 0 &&
	    (fd < 0 || epoll_ctl(both, EPOLL_CTL_ADD, fd, &other) == 0))
		return both;
	close(both);
	return -1;
}

/* The base waiter knows one descriptor, and signals; here there are two. */
static kiln_code wait_for(void *user, int fd, short events, kiln_ms deadline)
{
	struct terminal *t = user;
	const bool with_keys = t->listens || t->interrupts;
	const int both = with_keys ? join(fd, events) : -1;
	kiln_code code;

	if (both < 0)
		return t->base.wait(t->base.user, fd, events, deadline);
	for (;;) {
		struct pollfd other = { .fd = fd, .events = events };

		code = t->base.wait(t->base.user, both, POLLIN, deadline);
		if (code != KILN_OK)
			break;
		if (terminal_has_keys() && (t->listens || take_interrupt())) {
			t->has_keys = true;
			code = KILN_E_CANCELLED;
			break;
		}
		if (fd >= 0 && poll(&other, 1, 0) > 0)
			break;
	}
	close(both);
	return code;
}

void terminal_init(struct terminal *t, const struct kiln_host *host)
{
	*t = (struct terminal){ .host = *host, .base = host->waiter };
	t->host.waiter = (struct kiln_waiter){ .wait = wait_for, .user = t };
}

kiln_code terminal_enter(struct terminal *t, struct kiln_err *err)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &t->saved) != 0) {
		(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot be a terminal");
		kiln_why(err, "standard input is none");
		kiln_hint(err, "'kiln exec -' runs a program that comes through a pipe");
		return KILN_E_UNSUPPORTED;
	}
	raw = t->saved;
	cfmakeraw(&raw); /* Ctrl-C too is a key for the board */
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot set the terminal up");
	t->is_raw = true;
	return KILN_OK;
}

void terminal_leave(struct terminal *t)
{
	if (t->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
	t->is_raw = false;
}

bool terminal_pause(struct terminal *t, kiln_ms ms)
{
	uint8_t keys[64];
	kiln_code code;

	t->listens = true;
	t->has_keys = false;
	code = wait_for(t, -1, 0, kiln_now() + ms);
	t->listens = false;
	if (code == KILN_E_TIMEOUT)
		return false;
	if (!t->has_keys)
		return true;
	const ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	return n <= 0 || memchr(keys, KEY_CTRL_BRACKET, (size_t)n) ||
	       memchr(keys, KEY_CTRL_X, (size_t)n);
}
