/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mpremote's connections: which board, when it is at its raw prompt, and when it was restarted.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/port.h>

#include "base/text.h"
#include "cli/hints.h"
#include "cli/mpremote.h"
#include "hostfs/mount.h"
#include "link/logins.h"

int mpremote_say(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("mpremote: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

int mpremote_fail(const struct kiln_err *err)
{
	const char *hint = err->hint[0] ? err->hint : hint_for(err->code);

	mpremote_say("%s%s%s", err->what, err->why[0] ? ": " : "", err->why);
	if (hint)
		fprintf(stderr, "hint: %s\n", hint);
	return 1;
}

/* The board must not wait for a folder that nobody serves any more. */
static void leave_mount(struct mpremote *m)
{
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code = KILN_OK;

	if (!m->repl) {
		if (!kiln_mount_folder(m->link))
			return;
		code = kiln_repl_open(m->link, &m->repl, &err);
		m->link = NULL;
	}
	if (code == KILN_OK)
		code = kiln_mount_end(m->repl, &err);
	if (code != KILN_OK && code != KILN_E_PORT_GONE)
		(void)mpremote_fail(&err);
}

void mpremote_disconnect(struct mpremote *m)
{
	leave_mount(m);
	if (m->repl)
		kiln_repl_close(m->repl);
	kiln_link_close(m->link);
	m->repl = NULL;
	m->link = NULL;
	m->resumed = false;
}

static int by_device(const void *a, const void *b)
{
	const struct kiln_port *one = a, *other = b;

	return strverscmp(one->device, other->device);
}

static kiln_code scan(struct mpremote *m, struct kiln_port_list *ret_list, struct kiln_err *err)
{
	KILN_TRY(kiln_ports_scan(&m->terminal.host, ret_list, err));
	if (ret_list->n > 0)
		qsort(ret_list->ports, ret_list->n, sizeof(*ret_list->ports), by_device);
	return KILN_OK;
}

static const char *or_none(const char *text)
{
	return text[0] ? text : "None";
}

static int list_ports(struct mpremote *m)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_port_list list;

	if (scan(m, &list, &err) != KILN_OK)
		return mpremote_fail(&err);
	for (size_t i = 0; i < list.n; i++) {
		const struct kiln_port *p = &list.ports[i];

		printf("%s %s %04x:%04x %s %s\n", p->device, or_none(p->serial), p->vid, p->pid,
		       or_none(p->manufacturer), or_none(p->product));
	}
	kiln_ports_done(&list);
	m->acted = true;
	return -1;
}

static kiln_code open_port(struct mpremote *m, const char *url, struct kiln_err *err)
{
	KILN_TRY(kiln_link_open(&m->terminal.host, url, 115200, &m->link, err));
	(void)kiln_login_hide(url, m->device, sizeof(m->device));
	return KILN_OK;
}

static bool is_no_access(kiln_code code)
{
	return code == KILN_E_PORT_BUSY || code == KILN_E_PORT_DENIED ||
	       code == KILN_E_PORT_MISSING || code == KILN_E_NETWORK || code == KILN_E_IO;
}

static int fail_open(const char *device, const struct kiln_err *err)
{
	if (!is_no_access(err->code))
		return mpremote_fail(err);
	const char *hint = err->hint[0] ? err->hint : hint_for(err->code);
	char shown[KILN_LOGINS_URL_MAX];

	(void)kiln_login_hide(device, shown, sizeof(shown));
	mpremote_say("failed to access %s (it may be in use by another program)", shown);
	fprintf(stderr, "hint: %s: %s\n", err->why, hint ? hint : "try again");
	return 1;
}

static int open_device(struct mpremote *m, const char *device)
{
	struct kiln_err err = KILN_ERR_INIT;

	return open_port(m, device, &err) == KILN_OK ? -1 : fail_open(device, &err);
}

/*
 * The first USB port that can be opened; those that others hold are passed over. Without any USB
 * port: virtual boards and those that were named in the configuration.
 */
static int open_first(struct mpremote *m, const struct kiln_port_list *list)
{
	bool any_usb = false;

	for (size_t i = 0; i < list->n; i++)
		any_usb |= list->ports[i].is_usb;
	for (size_t i = 0; i < list->n; i++) {
		const struct kiln_port *p = &list->ports[i];
		struct kiln_err err = KILN_ERR_INIT;

		if (any_usb ? !p->is_usb : !p->likely_board)
			continue;
		if (open_port(m, p->is_usb ? p->device : p->url, &err) == KILN_OK)
			return -1;
		if (!is_no_access(err.code))
			return mpremote_fail(&err);
	}
	return mpremote_say("no device found");
}

static int open_serial_number(struct mpremote *m, const struct kiln_port_list *list,
			      const char *number)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->ports[i].serial, number) == 0)
			return open_device(m, list->ports[i].device);
	}
	return mpremote_say("no device with serial number %s", number);
}

static int connect_to(struct mpremote *m, const char *device)
{
	struct kiln_err err = KILN_ERR_INIT;
	struct kiln_port_list list;
	int exit_code;

	mpremote_disconnect(m);
	if (strcmp(device, "list") == 0)
		return list_ports(m);
	if (strcmp(device, "auto") != 0 && strncmp(device, "id:", 3) != 0)
		return open_device(m, strncmp(device, "port:", 5) == 0 ? device + 5 : device);
	if (scan(m, &list, &err) != KILN_OK)
		return mpremote_fail(&err);
	if (device[0] == 'a')
		exit_code = open_first(m, &list);
	else
		exit_code = open_serial_number(m, &list, device + 3);
	kiln_ports_done(&list);
	return exit_code;
}

int mpremote_connect(struct mpremote *m)
{
	return connect_to(m, m->words[0]);
}

int mpremote_need_link(struct mpremote *m)
{
	if (m->repl) {
		m->link = kiln_repl_detach(m->repl);
		m->repl = NULL;
		/* the prompt that leaving raw mode brought is gone: ask for another one */
		(void)!kiln_link_write(m->link, "\x02", 1, kiln_link_after(m->link, 1000), NULL);
	}
	return m->link ? -1 : connect_to(m, "auto");
}

int mpremote_need_raw(struct mpremote *m, bool reset)
{
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code = KILN_OK;

	if (!m->repl) {
		const int exit_code = m->link ? -1 : connect_to(m, "auto");

		if (exit_code >= 0)
			return exit_code;
		code = kiln_repl_open(m->link, &m->repl, &err);
		m->link = NULL;
	}
	if (code == KILN_OK && (reset || !m->resumed)) {
		code = kiln_repl_soft_reset(m->repl, false, NULL, &err);
		m->resumed = true;
		if (code == KILN_OK)
			code = kiln_mount_again(m->repl, &err);
	}
	if (code == KILN_E_CANCELLED)
		return 130;
	return code == KILN_OK ? -1 : mpremote_fail(&err);
}

int mpremote_terminal(struct mpremote *m, bool *ret_gone)
{
	const struct mpremote_params *params = &m->params;
	const struct terminal_options options = {
		.escape = params->escape,
		.capture = params->capture ? fopen(params->capture, "we") : NULL,
		.inject_code = params->inject_code,
		.inject_file = params->inject_file,
	};
	struct kiln_err err = KILN_ERR_INIT;
	kiln_code code;

	*ret_gone = false;
	if (params->capture && !options.capture)
		return mpremote_say("cannot write '%s': %s", params->capture, strerror(errno));
	code = terminal_enter(&m->terminal, &err);
	if (code == KILN_OK)
		code = terminal_run(&m->terminal, &m->link, &options, &err);
	terminal_leave(&m->terminal);
	if (options.capture)
		fclose(options.capture);
	*ret_gone = code == KILN_E_PORT_GONE || code == KILN_E_IO;
	if (code == KILN_E_CANCELLED)
		return 130;
	return code == KILN_OK || *ret_gone ? -1 : mpremote_fail(&err);
}
