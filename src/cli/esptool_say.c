/* SPDX-License-Identifier: Apache-2.0 */
/* What esptool says goes through here: events and texts, in the words of its dialect. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/esptool.h"
#include "cli/term.h"

enum { FIRST_VERSION = 3 };
static const struct dialect *const dialects[][2] = {
	{ &dialect_esptool_v3, &dialect_nand_v3 },
	{ &dialect_esptool_v4, &dialect_nand_v4 },
	{ &dialect_esptool_v5, &dialect_nand_v5 },
};

void esptool_speak(struct esptool *t)
{
	const bool plain = t->options.verbose || t->options.trace;

	t->run.dialect = dialects[t->version - FIRST_VERSION][t->flasher.nand];
	t->run.chip_auto = !t->flasher.chip;
	/* version 5 needs a terminal that can move, the older ones only one that is there */
	t->run.terminal = t->v5 ? !plain && term_is_smart(STDOUT_FILENO) : isatty(STDOUT_FILENO);
	t->run.color = t->v5 && !t->options.trace && term_has_color(STDOUT_FILENO);
}

unsigned esptool_rules(const struct esptool *t)
{
	return t->v5 ? OPT_UNDERSCORES | OPT_HYPHENS : OPT_UNDERSCORES | OPT_PREFIXES;
}

void esptool_put(struct esptool *t, struct kiln_buf *out)
{
	if (!t->options.silent)
		fwrite(out->data, 1, out->len, stdout);
	fflush(stdout); /* at once: whoever reads a pipe sees each line when it happens */
	kiln_buf_done(out);
}

void esptool_event(void *user, const struct kiln_flash_event *event)
{
	struct kiln_buf out = KILN_BUF_INIT(4096);
	struct esptool *t = user;

	if (t->muted)
		return;
	if (event->stage == KILN_FLASH_GONE)
		t->run.chip_auto = false; /* which chip it is is known */
	(void)dialect_feed(&t->run, event, &out);
	esptool_put(t, &out);
}

static void say_text(struct esptool *t, dialect_end end, const char *fmt, va_list args)
	KILN_PRINTF(3, 0);

static void say_text(struct esptool *t, dialect_end end, const char *fmt, va_list args)
{
	struct kiln_buf out = KILN_BUF_INIT(8192);
	char text[4096];

	(void)kiln_text_vformat(text, sizeof(text), fmt, args);
	(void)dialect_text(&t->run, end, text, &out);
	esptool_put(t, &out);
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
	say_text(t, t->v5 ? DIALECT_BAR : DIALECT_OVER, fmt, args);
	va_end(args);
}

void esptool_say_passing(struct esptool *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say_text(t, DIALECT_PASSING, fmt, args);
	va_end(args);
}

void esptool_warn(struct esptool *t, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)kiln_text_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	esptool_event(t, &(struct kiln_flash_event){ .stage = KILN_FLASH_WARNING, .item = text });
}

void esptool_note(struct esptool *t, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)kiln_text_vformat(text, sizeof(text), fmt, args);
	va_end(args);
	if (t->v5)
		esptool_say(t, "%s %s", t->run.color ? "\033[1;36mNote:\033[0m" : "Note:", text);
	else
		esptool_warn(t, "%s", text);
}

void esptool_say_mac(struct esptool *t, const struct kiln_chip_info *info)
{
	struct kiln_buf text = KILN_BUF_INIT(256);

	(void)dialect_put_mac(&text, info, t->run.dialect->mac_width);
	esptool_say(t, "%s", kiln_buf_str(&text));
	kiln_buf_done(&text);
}

void esptool_end_line(struct esptool *t)
{
	struct kiln_buf out = KILN_BUF_INIT(16);

	(void)dialect_break(&t->run, &out);
	esptool_put(t, &out);
}
