/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ports.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "link/logins.h"

enum { NAMES_MAX = 4096 }; /* more than a hint holds, which shows where it is cut */

static void list_names(const struct kiln_port_list *list, bool likely, struct kiln_buf *out)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->ports[i].likely_board == likely)
			(void)kiln_buf_printf(out, "%s%s", out->len ? ", " : "",
					      list->ports[i].device);
	}
}

static kiln_code none(const struct kiln_port_list *list, struct kiln_err *err)
{
	struct kiln_buf others = KILN_BUF_INIT(NAMES_MAX);

	list_names(list, false, &others);
	(void)kiln_fail(err, KILN_E_NO_BOARD, "cannot tell which board");
	if (others.len > 0) {
		kiln_why(err, "no port looks like a board");
		kiln_hint(err, "plug a board in, or name one of the other ports with -p: %s",
			  kiln_buf_str(&others));
	} else {
		kiln_why(err, "there are no serial ports");
		kiln_hint(err, "plug a board in (some cables carry no data); 'kiln doctor' tells "
			       "more; '-p sim:demo' is a virtual board");
	}
	kiln_buf_done(&others);
	return KILN_E_NO_BOARD;
}

static kiln_code several(const struct kiln_port_list *list, size_t n, struct kiln_err *err)
{
	struct kiln_buf names = KILN_BUF_INIT(NAMES_MAX);

	list_names(list, true, &names);
	(void)kiln_fail(err, KILN_E_NO_BOARD, "cannot tell which board");
	kiln_why(err, "there are %zu", n);
	kiln_hint(err, "name one with -p: %s", kiln_buf_str(&names));
	kiln_buf_done(&names);
	return KILN_E_NO_BOARD;
}

kiln_code ports_only_board(const struct kiln_host *host, struct kiln_port *ret_port,
			   struct kiln_err *err)
{
	const struct kiln_port *found = NULL;
	struct kiln_port_list list;
	kiln_code code = KILN_OK;
	size_t n = 0;

	KILN_TRY(kiln_ports_scan(host, &list, err));
	for (size_t i = 0; i < list.n; i++) {
		if (list.ports[i].likely_board && n++ == 0)
			found = &list.ports[i];
	}
	if (n == 1)
		*ret_port = *found;
	else
		code = n == 0 ? none(&list, err) : several(&list, n, err);
	kiln_ports_done(&list);
	return code;
}

kiln_code ports_boards(const struct kiln_host *host, struct kiln_port_list *ret_list,
		       struct kiln_err *err)
{
	struct kiln_port_list list;
	kiln_code code;

	KILN_TRY(kiln_ports_scan(host, &list, err));
	for (size_t i = 0; i < list.n; i++) {
		if (list.ports[i].likely_board) {
			*ret_list = list;
			return KILN_OK;
		}
	}
	code = none(&list, err);
	kiln_ports_done(&list);
	return code;
}

/* Is it on the list? Its URL stays as the user wrote it, for that is what errors name. */
static void look_up(const struct kiln_host *host, struct kiln_port *port)
{
	struct kiln_port_list list;
	char url[sizeof(port->url)], real[PATH_MAX];
	/* /dev/serial/by-id/... is another name of a device that is listed by its own */
	const char *device = realpath(port->url, real) ? real : port->url;

	if (kiln_ports_scan(host, &list, NULL) != KILN_OK)
		return;
	for (size_t i = 0; i < list.n; i++) {
		if (strcmp(list.ports[i].device, device) != 0 &&
		    strcmp(list.ports[i].url, port->url) != 0)
			continue;
		kiln_text_copy(url, sizeof(url), port->url);
		*port = list.ports[i];
		kiln_text_copy(port->url, sizeof(port->url), url);
		break;
	}
	kiln_ports_done(&list);
}

kiln_code ports_named(const struct kiln_host *host, const char *name, struct kiln_port *ret_port,
		      struct kiln_err *err)
{
	*ret_port = (struct kiln_port){ .likely_board = true };
	if (!kiln_text_copy(ret_port->url, sizeof(ret_port->url), name))
		return kiln_fail(err, KILN_E_INVALID, "the name of port '%.40s...' is too long",
				 name);
	(void)kiln_login_hide(name, ret_port->device, sizeof(ret_port->device));
	look_up(host, ret_port);
	return KILN_OK;
}

void ports_remember(const struct kiln_host *host, const char *url, struct kiln_port *ret_port)
{
	struct kiln_port_list list = { .n = 0 };

	*ret_port = (struct kiln_port){ .likely_board = false };
	if (kiln_ports_scan(host, &list, NULL) != KILN_OK)
		return;
	for (size_t i = 0; i < list.n; i++) {
		const struct kiln_port *port = &list.ports[i];

		if (strcmp(port->url, url) == 0 || strcmp(port->device, url) == 0)
			*ret_port = *port;
	}
	kiln_ports_done(&list);
}

static bool is_same_board(const struct kiln_port *a, const struct kiln_port *b)
{
	return a->is_usb && b->is_usb && a->serial[0] && strcmp(a->serial, b->serial) == 0 &&
	       a->vid == b->vid && a->pid == b->pid && strcmp(a->interface, b->interface) == 0;
}

bool ports_find_again(const struct kiln_host *host, const struct kiln_port *port, char *url,
		      size_t size)
{
	struct kiln_port_list list = { .n = 0 };
	bool found = false;

	if (!port->is_usb || !port->serial[0])
		return true;
	if (kiln_ports_scan(host, &list, NULL) != KILN_OK)
		return false;
	for (size_t i = 0; i < list.n && !found; i++) {
		found = is_same_board(port, &list.ports[i]);
		/* the name that the user gave is as good, while it is this one's */
		if (found && strcmp(list.ports[i].device, url) != 0)
			kiln_text_copy(url, size, list.ports[i].url);
	}
	kiln_ports_done(&list);
	return found;
}
