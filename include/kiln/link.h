/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_H
#define KILN_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kiln/err.h>
#include <kiln/log.h>
#include <kiln/time.h>

/*
 * A link is a byte transport to a board: a serial port, an RFC 2217 server, a plain socket, or
 * anything that a program adds by a scheme of its own.
 *
 * Ports are URLs: "/dev/ttyUSB0" or "serial:///dev/ttyUSB0", "rfc2217://host:port",
 * "socket://host:port", "ws://host:8266" (MicroPython's WebREPL), "telnet://host". A link belongs
 * to whoever opened it, and to one thread at a time.
 *
 *	struct kiln_host host = { 0 };
 *	struct kiln_link *link;
 *	if (kiln_link_open(&host, "/dev/ttyUSB0", 115200, &link, &err) == KILN_OK) {
 *		kiln_link_write(link, "\r\n", 2, kiln_link_after(link, 1000), &err);
 *		kiln_link_close(link);
 *	}
 */
struct kiln_link;
struct kiln_host;

/*
 * How this process waits. Every blocking call of a link that has to wait for the system calls
 * `wait` with a descriptor (-1: only for time), poll(2) events, and a CLOCK_MONOTONIC deadline.
 * It returns KILN_OK when the descriptor is ready, KILN_E_TIMEOUT at the deadline, and
 * KILN_E_CANCELLED to make the link's call return that at once, with nothing lost: the next call
 * goes on. A program with an event loop of its own serves it from here; a NULL `wait` is ppoll(2).
 */
struct kiln_waiter {
	kiln_code (*wait)(void *user, int fd, short events, kiln_ms deadline);
	void *user;
};

struct kiln_port; /* kiln/port.h */

/* A scheme that the program adds to the built-in ones. */
struct kiln_scheme {
	const char *name; /* "sim" */
	kiln_code (*open)(const struct kiln_host *host, const char *url, unsigned baud,
			  struct kiln_link **ret_link, struct kiln_err *err);
	/*
	 * Call `found` for each port of this scheme that exists now; NULL if they cannot be
	 * listed. `found` copies what it wants to keep.
	 */
	kiln_code (*list)(const struct kiln_host *host,
			  void (*found)(void *user, const struct kiln_port *port), void *user,
			  struct kiln_err *err);
};

/* What the program lends to the library. All members may be zero. It must outlive its links. */
struct kiln_host {
	struct kiln_ui ui;
	struct kiln_waiter waiter;
	const struct kiln_scheme *schemes; /* ended by one whose name is NULL; may be NULL */
	/*
	 * What a port asks for and its URL does not have: `what` is "WebREPL password", "user name"
	 * or "password". `url` has no secrets in it. False: there is none. Called from within
	 * kiln_link_open, after $KILN_WEBREPL_PASSWORD and the like were looked at; may be NULL.
	 */
	bool (*secret)(void *user, const char *url, const char *what, char *ret_secret,
		       size_t size);
	void *secret_user;
};

/*
 * Open the port at `url` at `baud`, for this process alone. Opening does not reset the board, as
 * far as the port allows.
 * Fails with: E_INVALID (no such scheme), E_PORT_MISSING, E_PORT_BUSY, E_PORT_DENIED, E_DENIED
 * (a password is missing or wrong), E_NETWORK, E_IO.
 */
KILN_API KILN_CHECK kiln_code kiln_link_open(const struct kiln_host *host, const char *url,
					     unsigned baud, struct kiln_link **ret_link,
					     struct kiln_err *err);

/* Close and free; NULL is fine. Restores the settings that the port had. */
KILN_API void kiln_link_close(struct kiln_link *link);

/* The URL that the link was opened with; borrowed. */
KILN_API const char *kiln_link_url(const struct kiln_link *link);

/*
 * Read at least 1 and at most `n` bytes. A deadline in the past reads what is there already.
 * Fails with: E_TIMEOUT (nothing came), E_CANCELLED, E_PORT_GONE, E_IO.
 */
KILN_API KILN_CHECK kiln_code kiln_link_read(struct kiln_link *link, void *buf, size_t n,
					     kiln_ms deadline, size_t *ret_n, struct kiln_err *err);

/*
 * Write all `n` bytes to the port; they may still be on the wire when it returns.
 * Fails with: E_TIMEOUT, E_CANCELLED (a part may be written), E_PORT_GONE, E_IO.
 */
KILN_API KILN_CHECK kiln_code kiln_link_write(struct kiln_link *link, const void *buf, size_t n,
					      kiln_ms deadline, struct kiln_err *err);

/* Change the speed of both directions. Fails with: E_UNSUPPORTED, E_INVALID, E_PORT_GONE. */
KILN_API KILN_CHECK kiln_code kiln_link_set_baud(struct kiln_link *link, unsigned baud,
						 struct kiln_err *err);
KILN_API unsigned kiln_link_baud(const struct kiln_link *link);
/* False if the far end's speed can't be changed from here (a plain socket). */
KILN_API bool kiln_link_has_baud(const struct kiln_link *link);

/*
 * Set DTR and RTS, both at once where the port can. True = asserted = pin LOW on a dev board
 * (RTS drives EN, DTR drives IO0, each unless both are asserted).
 * Fails with: E_UNSUPPORTED where there are no such lines (a pty, a plain socket), E_PORT_GONE.
 */
KILN_API KILN_CHECK kiln_code kiln_link_set_lines(struct kiln_link *link, bool dtr, bool rts,
						  struct kiln_err *err);

/* True if both lines change in one step (so that the tight reset sequences work). */
KILN_API bool kiln_link_has_atomic_lines(const struct kiln_link *link);

/* Hold TX low for `ms`. Fails with: E_UNSUPPORTED. */
KILN_API KILN_CHECK kiln_code kiln_link_send_break(struct kiln_link *link, int ms,
						   struct kiln_err *err);

/* Wait until all that was written has left for the wire. Fails with: E_TIMEOUT, E_CANCELLED,
 * E_PORT_GONE. */
KILN_API KILN_CHECK kiln_code kiln_link_drain(struct kiln_link *link, kiln_ms deadline,
					      struct kiln_err *err);

/* Throw away what has come in and was not read. */
KILN_API KILN_CHECK kiln_code kiln_link_flush_input(struct kiln_link *link, struct kiln_err *err);

/* The link's clock, `ms` from now on it, and a sleep on it (E_CANCELLED if the waiter says so). */
KILN_API kiln_ms kiln_link_now(const struct kiln_link *link);
KILN_API kiln_ms kiln_link_after(const struct kiln_link *link, kiln_ms ms);
KILN_API KILN_CHECK kiln_code kiln_link_sleep(struct kiln_link *link, kiln_ms ms,
					      struct kiln_err *err);

/*
 * A descriptor that polls readable when kiln_link_read would find something, for loops that wait
 * for several things; -1 if the link has none.
 */
KILN_API int kiln_link_fd(const struct kiln_link *link);

/* USB ids behind the port, 0 where unknown: some chips are reset differently over their own USB. */
KILN_API void kiln_link_usb_ids(const struct kiln_link *link, uint16_t *ret_vid, uint16_t *ret_pid);

/* What the link was opened with; for layers above that log or wait. */
KILN_API const struct kiln_host *kiln_link_host(const struct kiln_link *link);

/* Counters since open, for benchmarks and `-v`. */
struct kiln_link_stats {
	uint64_t bytes_in, bytes_out;
	uint64_t writes; /* calls of kiln_link_write */
	uint64_t turns;  /* times that a read came after a write: round trips */
};
KILN_API void kiln_link_stats(const struct kiln_link *link, struct kiln_link_stats *ret_stats);

#endif
