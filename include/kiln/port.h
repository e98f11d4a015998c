/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_PORT_H
#define KILN_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <kiln/err.h>
#include <kiln/link.h>

/*
 * Serial ports of this machine, and other ports that are known of: $KILN_PORTS, the `ports:` of
 * config.yaml, virtual boards that run or exist. Only real ports: a ttyS without hardware is
 * left out. The likeliest board comes first.
 *
 *	struct kiln_port_list list;
 *	if (kiln_ports_scan(&host, &list, &err) == KILN_OK) {
 *		for (size_t i = 0; i < list.n; i++)
 *			puts(list.ports[i].url);
 *		kiln_ports_done(&list);
 *	}
 *
 * Texts come from the device and are untrusted: control characters are replaced, and what does
 * not fit is cut. An unknown text is empty.
 */
struct kiln_port {
	char url[256];    /* "serial:///dev/ttyUSB0", "rfc2217://...", "sim:demo"; never with a
			     password */
	char device[256]; /* "/dev/ttyUSB0"; for other schemes the url */
	char hwid[256]; /* "USB VID:PID=10C4:EA60 SER=0163A3DA LOCATION=1-1.3", or "fe201800.serial"
			 */
	char manufacturer[128];
	char product[128];
	char interface[128];
	char serial[128];
	char location[64];
	char driver[32];   /* kernel driver: "cp210x"; empty if unknown */
	uint16_t vid, pid; /* 0 if not USB */
	bool is_usb;
	bool likely_board; /* its USB vendor makes boards or their bridges, or it is a virtual board
			    */
};

struct kiln_port_list {
	struct kiln_port *ports;
	size_t n;
};

/* Find all ports. `*ret_list` is the caller's: kiln_ports_done(). Fails with: E_NOMEM, E_CONFIG. */
KILN_API KILN_CHECK kiln_code kiln_ports_scan(const struct kiln_host *host,
					      struct kiln_port_list *ret_list,
					      struct kiln_err *err);
KILN_API void kiln_ports_done(struct kiln_port_list *list);

/*
 * Ports as they come and go. The first events are the ports that there are; from then on each
 * event is a port that appeared or went. One thread at a time.
 */
struct kiln_port_watch;

struct kiln_port_event {
	bool added; /* else it went */
	struct kiln_port port;
};

/* Looked at so often even if nothing tells of a change: virtual boards send no events. */
enum { KILN_PORT_WATCH_MS = 1000 };

/* Fails with: E_NOMEM. */
KILN_API KILN_CHECK kiln_code kiln_port_watch_open(const struct kiln_host *host,
						   struct kiln_port_watch **ret_watch,
						   struct kiln_err *err);
KILN_API void kiln_port_watch_close(struct kiln_port_watch *watch);

/* Wait for the next event. Fails with: E_TIMEOUT, E_CANCELLED, and what kiln_ports_scan fails with.
 */
KILN_API KILN_CHECK kiln_code kiln_port_watch_next(struct kiln_port_watch *watch, kiln_ms deadline,
						   struct kiln_port_event *ret_event,
						   struct kiln_err *err);

/*
 * For loops of their own: readable when a device came or went (-1: nobody tells). Then, and every
 * KILN_PORT_WATCH_MS, call kiln_port_watch_next with a deadline of 0 until it has no more.
 */
KILN_API int kiln_port_watch_fd(const struct kiln_port_watch *watch);

#endif
