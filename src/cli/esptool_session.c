/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/port.h>

#include "cli/esptool.h"
#include "cli/ports.h"

/* In that mode a chip says nothing of itself, and runs nothing that it is given. */
static kiln_code not_when_secure(struct esptool *t, struct kiln_err *err)
{
	struct kiln_buf name = KILN_BUF_INIT(64);

	opts_put_name(&name, esptool_rules(t), t->command->is.name);
	(void)kiln_fail(err, KILN_E_UNSUPPORTED, "cannot do that");
	kiln_why(err, "The '%s' command is not available in Secure Download Mode",
		 kiln_buf_str(&name));
	kiln_hint(err, "the chip's eFuses say so: it takes write-flash, erase-region and "
		       "get-security-info");
	kiln_buf_done(&name);
	return KILN_E_UNSUPPORTED;
}

/* Version 5 parts the chip's introduction, the work and the reset by empty lines. */
static kiln_code prepare(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	if (kiln_flasher_chip(flasher)->secure_download && !t->command->secure)
		return not_when_secure(t, err);
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

/* Whoever asks for no reset must know what that needs. */
static void note_before(struct esptool *t)
{
	if (t->flasher.before == KILN_BEFORE_NO_RESET)
		esptool_note(
			t,
			"Pre-connection option \"%s\" was selected. Connection may fail if the "
			"chip is not in bootloader or flasher stub mode.",
			t->v5 ? "no-reset" : "no_reset");
}

/*
 * The originals wait for a port that goes away while they write (not while they read), for the
 * time of their seven tries to connect, and write the file anew.
 */
static bool waits_for_port(const struct esptool *t)
{
	return t->command->act == esptool_write_act || t->command->act == esptool_read_act;
}

static void settle_return(struct esptool *t, const struct kiln_port *port)
{
	enum { RETURN_MS = 7000 };

	t->port = *port; /* a list does not live as long */
	t->flasher.return_ms = RETURN_MS;
	t->flasher.port = &t->port;
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
	note_before(t);

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
	esptool_filter_ports(&t->options.filters, &list);
	code = kiln_fail(err, KILN_E_NO_BOARD,
			 "Could not connect to an Espressif device on any of the %zu available "
			 "serial ports.",
			 list.n);
	kiln_hint(err, list.n ? "name the port (-p), and see what 'kiln doctor' says"
			      : "plug a board in; 'kiln discover --all' lists all ports");
	if (list.n || t->v5)
		esptool_say(t, t->v5 ? "Found %zu serial ports..." : "Found %zu serial ports",
			    list.n);
	for (size_t i = 0; i < list.n; i++) {
		struct kiln_err reason = KILN_ERR_INIT;
		const struct kiln_port *port = &list.ports[i];

		if (waits_for_port(t))
			settle_return(t, port);
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

/* How often a port that was named is opened: $ESPTOOL_OPEN_PORT_ATTEMPTS, 0 is for ever. */
static kiln_code open_attempts(struct esptool *t, int *ret_n, struct kiln_err *err)
{
	const char *text = getenv("ESPTOOL_OPEN_PORT_ATTEMPTS");
	int n = t->cfg.open_port_attempts;
	char *end;

	if (text && text[0]) {
		const long value = strtol(text, &end, 10);

		if (*end || value < 0 || value > INT_MAX) {
			(void)kiln_fail(err, KILN_E_INVALID,
					"Invalid value for ESPTOOL_OPEN_PORT_ATTEMPTS.");
			kiln_hint(err, "it is a number of attempts; 0 is for ever");
			return KILN_E_INVALID;
		}
		n = (int)value;
	}
	if (n != 1 && (!t->options.port || !t->flasher.chip)) {
		esptool_warn(t,
			     "The ESPTOOL_OPEN_PORT_ATTEMPTS (open_port_attempts) option can only "
			     "be used with --port and --chip arguments.");
		n = 1;
	}
	*ret_n = n;
	return KILN_OK;
}

/* A board that is about to be plugged in: the port is opened again and again. */
static kiln_code open_patiently(struct esptool *t, struct kiln_flasher **ret_flasher,
				struct kiln_err *err)
{
	enum { PAUSE = 100, EACH_DOT = 10 };
	const struct kiln_waiter *waiter = &t->cli->host.waiter;
	struct kiln_err fault = KILN_ERR_INIT;
	const char *port = t->options.port;
	struct kiln_port named;
	int attempts = 1;
	kiln_code code;

	KILN_TRY(open_attempts(t, &attempts, err));
	if (waits_for_port(t)) {
		KILN_TRY(ports_named(&t->cli->host, port, &named, err));
		settle_return(t, &named);
	}
	code = open_port(t, port, port, ret_flasher, &fault);
	for (long i = 1; code != KILN_OK && code != KILN_E_CANCELLED && i != attempts; i++) {
		if (i == 1)
			esptool_say(t, "%s: %s\nRetrying failed connection", fault.what, fault.why);
		if (i % EACH_DOT == 0)
			esptool_say(t, ".");
		if (waiter->wait(waiter->user, -1, 0, kiln_now() + PAUSE) == KILN_E_CANCELLED) {
			code = kiln_fail(&fault, KILN_E_CANCELLED, "cannot open '%s'", port);
			break;
		}
		code = kiln_flasher_open(&t->cli->host, port, &t->flasher, ret_flasher, &fault);
	}
	esptool_end_line(t);
	if (code != KILN_OK && err)
		*err = fault;
	return code;
}

kiln_code esptool_session(struct esptool *t, struct kiln_err *err)
{
	struct kiln_flasher *flasher = NULL;

	if (t->options.stub_version && strcmp(t->options.stub_version, "1") == 0)
		esptool_warn(t, "Only version 2 of the flasher stub is included, and is used.");
	if (t->options.port)
		KILN_TRY(open_patiently(t, &flasher, err));
	else
		KILN_TRY(open_any(t, &flasher, err));
	return work(t, flasher, err);
}
