/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <kiln/port.h>

#include "cli/esptool.h"

/* Version 5 parts the chip's introduction, the work and the reset by empty lines. */
static kiln_code prepare(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	KILN_TRY(kiln_flasher_prepare(flasher, err));
	if (t->v5)
		esptool_say(t, "%s", "");
	return KILN_OK;
}

/* From a flasher that answers to the end; it is closed then. */
static kiln_code work(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	kiln_code code = prepare(t, flasher, err);

	if (code == KILN_OK)
		code = t->command->act(t, flasher, err);
	if (code == KILN_OK && t->leaves) {
		esptool_say(t, t->v5 ? "\nExiting immediately." : "Exiting immediately.");
		kiln_flasher_abandon(flasher);
		return KILN_OK;
	}
	if (code == KILN_OK)
		return kiln_flasher_close(flasher, err);
	esptool_end_line(t);
	/* leave the board as if it had been reset by hand; the first error is the one to tell */
	t->muted = !t->v5;
	(void)kiln_flasher_close(flasher, NULL);
	return code;
}

static kiln_code open_port(struct esptool *t, const char *url, const char *shown,
			   struct kiln_flasher **ret_flasher, struct kiln_err *err)
{
	t->run.port = shown;
	if (t->v5)
		esptool_say_passing(t, "Serial port %s:", shown);
	else
		esptool_say(t, "Serial port %s", shown);
	t->flasher.event = esptool_event;
	t->flasher.user = t;

	const kiln_code code = kiln_flasher_open(&t->cli->host, url, &t->flasher, ret_flasher, err);
	esptool_end_line(t);
	return code;
}

static void failed_port(struct esptool *t, const struct kiln_port *port,
			const struct kiln_err *reason)
{
	if (t->v5) /* an error: never silent, and where errors go */
		fprintf(stderr, "%s failed to connect: %s: %s\n", port->device, reason->what,
			reason->why);
	else
		esptool_say(t, "%s failed to connect: %s: %s", port->device, reason->what,
			    reason->why);
}

/* No port was named: the first that answers, the likeliest first. */
static kiln_code open_any(struct esptool *t, struct kiln_flasher **ret_flasher,
			  struct kiln_err *err)
{
	struct kiln_port_list list;
	kiln_code code;

	KILN_TRY(kiln_ports_scan(&t->cli->host, &list, err));
	code = kiln_fail(err, KILN_E_NO_BOARD, "no board answers on any of %zu serial ports",
			 list.n);
	if (list.n == 0)
		kiln_why(err, "there are no serial ports");
	else
		esptool_say(t, t->v5 ? "Found %zu serial ports..." : "Found %zu serial ports",
			    list.n);
	for (size_t i = 0; i < list.n; i++) {
		struct kiln_err reason = KILN_ERR_INIT;
		const struct kiln_port *port = &list.ports[i];

		code = open_port(t, port->url, port->device, ret_flasher, &reason);
		if (code == KILN_OK || code == KILN_E_CANCELLED) {
			if (code != KILN_OK && err)
				*err = reason;
			break;
		}
		failed_port(t, port, &reason);
		code = KILN_E_NO_BOARD;
	}
	kiln_ports_done(&list);
	return code;
}

kiln_code esptool_session(struct esptool *t, struct kiln_err *err)
{
	struct kiln_flasher *flasher = NULL;

	if (t->options.port)
		KILN_TRY(open_port(t, t->options.port, t->options.port, &flasher, err));
	else
		KILN_TRY(open_any(t, &flasher, err));
	return work(t, flasher, err);
}
