/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hot-plug. udev only says that something happened (after its rules ran, so that the rights are
 * set); what happened is seen by scanning again and comparing, which also serves where there is no
 * udev and for ports that are no devices. A scan costs well under a millisecond.
 */
#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "discover/sources.h"
#include "link/link_impl.h"

struct kiln_port_watch {
	const struct kiln_host *host;
	struct udev *udev;
	struct udev_monitor *monitor; /* NULL: no udev here */
	struct kiln_port_list old, now;
	size_t gone_at, came_at; /* how far `old` and `now` were compared */
	kiln_ms next_scan;
};

static void open_monitor(struct kiln_port_watch *w)
{
	w->udev = udev_new();
	if (w->udev)
		w->monitor = udev_monitor_new_from_netlink(w->udev, "udev");
	if (!w->monitor)
		return;
	if (udev_monitor_filter_add_match_subsystem_devtype(w->monitor, "tty", NULL) < 0 ||
	    udev_monitor_enable_receiving(w->monitor) < 0)
		w->monitor = udev_monitor_unref(w->monitor);
}

kiln_code kiln_port_watch_open(const struct kiln_host *host, struct kiln_port_watch **ret_watch,
			       struct kiln_err *err)
{
	struct kiln_port_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return kiln_fail(err, KILN_E_NOMEM, "cannot watch the ports");
	w->host = host;
	open_monitor(w);
	*ret_watch = w;
	return KILN_OK;
}

void kiln_port_watch_close(struct kiln_port_watch *w)
{
	if (!w)
		return;
	udev_monitor_unref(w->monitor); /* NULL is fine for both */
	udev_unref(w->udev);
	kiln_ports_done(&w->old);
	kiln_ports_done(&w->now);
	free(w);
}

int kiln_port_watch_fd(const struct kiln_port_watch *w)
{
	return w->monitor ? udev_monitor_get_fd(w->monitor) : -1;
}

static bool is_in(const struct kiln_port_list *list, const struct kiln_port *port)
{
	for (size_t i = 0; i < list->n; i++) {
		/* another device may get the name of one that went between two scans */
		if (strcmp(list->ports[i].url, port->url) == 0 &&
		    strcmp(list->ports[i].hwid, port->hwid) == 0)
			return true;
	}
	return false;
}

static bool next_difference(struct kiln_port_watch *w, struct kiln_port_event *ret_event)
{
	while (w->gone_at < w->old.n) {
		const struct kiln_port *port = &w->old.ports[w->gone_at++];

		if (!is_in(&w->now, port)) {
			*ret_event = (struct kiln_port_event){ .added = false, .port = *port };
			return true;
		}
	}
	while (w->came_at < w->now.n) {
		const struct kiln_port *port = &w->now.ports[w->came_at++];

		if (!is_in(&w->old, port)) {
			*ret_event = (struct kiln_port_event){ .added = true, .port = *port };
			return true;
		}
	}
	return false;
}

/* udev's events are only counted; an overrun of its socket is one more reason to scan. */
static bool take_signals(struct kiln_port_watch *w)
{
	struct pollfd p = { .fd = kiln_port_watch_fd(w), .events = POLLIN };
	bool any = false;

	while (p.fd >= 0 && poll(&p, 1, 0) > 0) {
		any = true;
		(void)udev_device_unref(udev_monitor_receive_device(w->monitor));
	}
	return any;
}

static kiln_code scan_again(struct kiln_port_watch *w, struct kiln_err *err)
{
	struct kiln_port_list list;

	w->next_scan = kiln_now() + KILN_PORT_WATCH_MS;
	KILN_TRY(kiln_ports_scan(w->host, &list, err));
	kiln_ports_done(&w->old);
	w->old = w->now;
	w->now = list;
	w->gone_at = w->came_at = 0;
	return KILN_OK;
}

kiln_code kiln_port_watch_next(struct kiln_port_watch *w, kiln_ms deadline,
			       struct kiln_port_event *ret_event, struct kiln_err *err)
{
	for (;;) {
		kiln_ms until;
		kiln_code code;

		if (next_difference(w, ret_event))
			return KILN_OK;
		if (take_signals(w) || kiln_now() >= w->next_scan) {
			KILN_TRY(scan_again(w, err));
			continue;
		}
		until = deadline < w->next_scan ? deadline : w->next_scan;
		code = kiln_host_wait(w->host, kiln_port_watch_fd(w), POLLIN, until);
		if (code == KILN_E_TIMEOUT && until == deadline)
			return kiln_fail(err, code, "no port came or went");
		if (code != KILN_OK && code != KILN_E_TIMEOUT)
			return kiln_fail(err, code, "cannot watch the ports");
	}
}
