/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LINK_IMPL_H
#define KILN_LINK_IMPL_H

#include <kiln/link.h>

struct kiln_link_files;

/*
 * What an implementation of a link provides. The implementation's struct has `struct kiln_link`
 * as its first member. Members marked "optional" may be NULL: the caller gets E_UNSUPPORTED, or
 * what the comment says.
 *
 * `read` and `write` have kiln_link_read's contract. Whatever waits for the system waits through
 * kiln_link_wait, so that the program's waiter sees it.
 */
struct kiln_link_ops {
	kiln_code (*read)(struct kiln_link *link, void *buf, size_t n, kiln_ms deadline,
			  size_t *ret_n, struct kiln_err *err);
	kiln_code (*write)(struct kiln_link *link, const void *buf, size_t n, kiln_ms deadline,
			   struct kiln_err *err);
	kiln_code (*set_baud)(struct kiln_link *link, unsigned baud,
			      struct kiln_err *err); /* optional */
	kiln_code (*set_lines)(struct kiln_link *link, bool dtr, bool rts,
			       struct kiln_err *err); /* optional */
	kiln_code (*send_break)(struct kiln_link *link, int ms,
				struct kiln_err *err); /* optional */
	kiln_code (*drain)(struct kiln_link *link, kiln_ms deadline,
			   struct kiln_err *err); /* optional: nothing to do */
	kiln_code (*flush_input)(struct kiln_link *link,
				 struct kiln_err *err); /* optional: reads what is there */
	kiln_ms (*now)(const struct kiln_link *link);   /* optional: CLOCK_MONOTONIC */
	kiln_code (*sleep)(struct kiln_link *link, kiln_ms ms,
			   struct kiln_err *err); /* optional: waits on the system */
	int (*fd)(const struct kiln_link *link);  /* optional: -1 */
	const struct kiln_link_files *(*files)(
		const struct kiln_link *link); /* optional: it carries none (link_files.h) */
	void (*close)(struct kiln_link *link); /* frees the implementation's struct */
	bool answers; /* what comes may be asked of it, and it writes the answers by itself: nothing
		       * else may be sent to a program while it runs */
	bool atomic_lines; /* DTR and RTS change in one step */
};

struct kiln_link {
	const struct kiln_link_ops *ops;
	const struct kiln_host *host;
	char url[256];
	unsigned baud;
	uint16_t usb_vid, usb_pid;
	bool last_was_write;
	struct kiln_link_stats stats;
};

void kiln_link_init(struct kiln_link *link, const struct kiln_link_ops *ops,
		    const struct kiln_host *host, const char *url, unsigned baud);

/* Wait as the program wants it (kiln_waiter) for fd, or only for the deadline with fd -1. */
kiln_code kiln_host_wait(const struct kiln_host *host, int fd, short events, kiln_ms deadline);
kiln_code kiln_link_wait(const struct kiln_link *link, int fd, short events, kiln_ms deadline);

/* The built-in schemes, one a file. */
kiln_code kiln_serial_open(const struct kiln_host *host, const char *url, unsigned baud,
			   struct kiln_link **ret_link, struct kiln_err *err);
kiln_code kiln_socket_open(const struct kiln_host *host, const char *url, unsigned baud,
			   struct kiln_link **ret_link, struct kiln_err *err);
kiln_code kiln_rfc2217_open(const struct kiln_host *host, const char *url, unsigned baud,
			    struct kiln_link **ret_link, struct kiln_err *err);
kiln_code kiln_ws_open(const struct kiln_host *host, const char *url, unsigned baud,
		       struct kiln_link **ret_link, struct kiln_err *err);
kiln_code kiln_telnet_open(const struct kiln_host *host, const char *url, unsigned baud,
			   struct kiln_link **ret_link, struct kiln_err *err);

#endif
