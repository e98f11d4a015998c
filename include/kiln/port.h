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
	char url[256];    /* "serial:///dev/ttyUSB0", "rfc2217://...", "sim:demo" */
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

#endif
