/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kiln/port.h>

#include "base/text.h"
#include "cli/esptool.h"

void esptool_event(void *user, const struct kiln_flash_event *event)
{
	struct kiln_buf out = KILN_BUF_INIT(4096);
	struct esptool *t = user;

	if (t->muted)
		return;
	(void)dialect_feed(&t->run, event, &out);
	fwrite(out.data, 1, out.len, stdout);
	fflush(stdout); /* at once: whoever reads a pipe sees each line when it happens */
	kiln_buf_done(&out);
}

static void say_text(struct esptool *t, dialect_end end, const char *fmt, va_list args)
	KILN_PRINTF(3, 0);

static void say_text(struct esptool *t, dialect_end end, const char *fmt, va_list args)
{
	struct kiln_buf out = KILN_BUF_INIT(8192);
	char text[4096];

	(void)kiln_text_vformat(text, sizeof(text), fmt, args);
	(void)dialect_text(&t->run, end, text, &out);
	fwrite(out.data, 1, out.len, stdout);
	kiln_buf_done(&out);
}

void esptool_say(struct esptool *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say_text(t, DIALECT_LAST, fmt, args);
	va_end(args);
}

void esptool_say_over(struct esptool *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say_text(t, DIALECT_OVER, fmt, args);
	va_end(args);
	fflush(stdout);
}

static void end_line(struct esptool *t)
{
	struct kiln_buf out = KILN_BUF_INIT(16);

	(void)dialect_break(&t->run, &out);
	fwrite(out.data, 1, out.len, stdout);
	fflush(stdout);
	kiln_buf_done(&out);
}

/* From a flasher that answers to the end; it is closed then. */
static kiln_code work(struct esptool *t, struct kiln_flasher *flasher, struct kiln_err *err)
{
	kiln_code code = kiln_flasher_prepare(flasher, err);

	if (code == KILN_OK)
		code = t->command->act(t, flasher, err);
	fflush(stdout);
	if (code == KILN_OK)
		return kiln_flasher_close(flasher, err);
	end_line(t);
	/* leave the board as if it had been reset by hand; the first error is the one to tell */
	t->muted = true;
	(void)kiln_flasher_close(flasher, NULL);
	return code;
}

static kiln_code open_port(struct esptool *t, const char *url, const char *shown,
			   struct kiln_flasher **ret_flasher, struct kiln_err *err)
{
	printf("Serial port %s\n", shown);
	fflush(stdout);
	t->flasher.event = esptool_event;
	t->flasher.user = t;
	t->run.dialect = &dialect_esptool_v3;
	t->run.chip_auto = !t->flasher.chip;
	t->run.terminal = isatty(STDOUT_FILENO);

	const kiln_code code = kiln_flasher_open(&t->cli->host, url, &t->flasher, ret_flasher, err);
	end_line(t);
	return code;
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
		printf("Found %zu serial ports\n", list.n);
	for (size_t i = 0; i < list.n; i++) {
		struct kiln_err reason = KILN_ERR_INIT;
		const struct kiln_port *port = &list.ports[i];

		code = open_port(t, port->url, port->device, ret_flasher, &reason);
		if (code == KILN_OK || code == KILN_E_CANCELLED) {
			if (code != KILN_OK && err)
				*err = reason;
			break;
		}
		printf("%s failed to connect: %s: %s\n", port->device, reason.what, reason.why);
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
