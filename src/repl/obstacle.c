/* SPDX-License-Identifier: Apache-2.0 */
#include "repl/obstacle.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

typedef enum state {
	SILENT,
	GARBAGE,
	DOWNLOAD,
	EMPTY_FLASH,
	WATCHDOG,
	POWER,
	ASLEEP,
	BOOT_LOOP,
	NO_START,
	NO_RAW_MODE,
	FLOOD,
	OTHER_FIRMWARE,
	STRANGER,
} state;

/* Enough starts that no reset button, and no tool that opened the port, made them. */
enum { LOOP_STARTS = 4, LOOP_REFUSALS = 2 };

bool kiln_obstacle_is_loop(const struct kiln_watch *w)
{
	return w->counts[KILN_SEEN_NO_BOOT] >= LOOP_REFUSALS ||
	       w->counts[KILN_SEEN_ROM] >= LOOP_STARTS;
}

static state find_start_state(const struct kiln_watch *w)
{
	if (w->resets[KILN_RESET_POWER] || strstr(w->reason, "Brownout"))
		return POWER;
	if (w->resets[KILN_RESET_SLEEP])
		return ASLEEP;
	if (w->resets[KILN_RESET_WATCHDOG] || w->counts[KILN_SEEN_WATCHDOG])
		return WATCHDOG;
	return kiln_obstacle_is_loop(w) ? BOOT_LOOP : w->firmware ? OTHER_FIRMWARE : NO_START;
}

static state find_state(const struct kiln_obstacle *o)
{
	const struct kiln_watch *w = o->watch;

	if (w->counts[KILN_SEEN_DOWNLOAD])
		return DOWNLOAD;
	if (strstr(w->reason, "0xffffffff"))
		return EMPTY_FLASH;
	if (w->counts[KILN_SEEN_NO_BOOT])
		return BOOT_LOOP;
	if (w->counts[KILN_SEEN_ROM] && !w->counts[KILN_SEEN_FRIENDLY])
		return find_start_state(w);
	if (w->counts[KILN_SEEN_RAW] || w->counts[KILN_SEEN_FRIENDLY])
		return NO_RAW_MODE;
	if (w->counts[KILN_SEEN_ROM] || w->counts[KILN_SEEN_WATCHDOG])
		return find_start_state(w);
	if (w->firmware)
		return OTHER_FIRMWARE;
	if (kiln_watch_is_garbage(w))
		return GARBAGE;
	if (w->bytes < 4 && w->bytes == w->odd)
		return SILENT;
	return o->late > 200 ? FLOOD : STRANGER;
}

/*
 * A sentence and a remedy for each state. Behind the sentence stands the last line that the
 * board said, or the one that gave the state away.
 */
static const struct words {
	enum { LAST, REASON, RESET, SIGN } line;
	const char *why, *hint;
} sentences[] = {
	[DOWNLOAD] = { LAST, "the chip waits for a flash tool:",
		       "press the reset (EN) button without BOOT to start its program, or write "
		       "MicroPython with 'kiln flash'" },
	[EMPTY_FLASH] = { REASON, "the chip finds nothing to start: its ROM says",
			  "its flash is empty: write MicroPython with 'kiln flash'" },
	[WATCHDOG] = { RESET, "its watchdog resets the chip:",
		       "main.py or its firmware starts a watchdog and does not feed it: press the "
		       "reset button and try again at once; if it goes on, 'kiln flash --erase' "
		       "removes main.py too" },
	[POWER] = { RESET, "the chip resets itself, for its supply gives way:",
		    "use another cable or USB port, and take off what draws current (motors, "
		    "LEDs) until it starts" },
	[ASLEEP] = { RESET, "the board sleeps deeply, and woke up only for a moment:",
		     "press its reset button and try again at once: Ctrl-C then stops main.py "
		     "before it sends the board to sleep" },
	[BOOT_LOOP] = { REASON, "the chip starts over and over:",
			"write MicroPython again with 'kiln flash --erase'" },
	[NO_RAW_MODE] = { LAST, "there is a prompt, but raw mode does not answer:",
			  "press the reset button and try again" },
	[FLOOD] = { LAST, "a program goes on printing and does not stop on Ctrl-C:",
		    "press the reset button and try again at once, before main.py catches "
		    "KeyboardInterrupt again" },
	[STRANGER] = { LAST, "something answers that is no MicroPython:",
		       "is it the right port? 'kiln discover --all' lists them; 'kiln flash' "
		       "writes MicroPython" },
};

static const char *line_for(const struct kiln_watch *w, const struct words *s, const char *last)
{
	const char *lines[] = { last, w->reason, w->reset, w->sign };

	/* a loop without a reason, a watchdog that only the firmware spoke of */
	if (s->line == RESET && !w->reset[0] && w->reason[0])
		return w->reason;
	return lines[s->line][0] ? lines[s->line] : last;
}

static void explain_silence(const struct kiln_obstacle *o, int seconds, struct kiln_err *err)
{
	err->sys = ETIMEDOUT;
	kiln_why(err, "the board is silent: it said nothing in %d s", seconds);
	kiln_hint(err,
		  "press its reset button and try again; if it stays silent, it may have no "
		  "MicroPython ('kiln flash' puts it there), sleep, run a program that ignores "
		  "Ctrl-C, or not talk at %u baud",
		  o->baud);
}

static void explain_garbage(const struct kiln_obstacle *o, struct kiln_err *err)
{
	kiln_why(err, "what comes is no text, as at a wrong speed (%llu bytes at %u baud)",
		 (unsigned long long)o->watch->bytes, o->baud);
	kiln_hint(err, "MicroPython talks at 115200 baud unless its program changes that: give the "
		       "port's speed, or press the reset button and try again");
}

static void explain_no_start(int seconds, const char *last, struct kiln_err *err)
{
	kiln_why(err, "the chip was started, but no prompt came in %d s: '%s'", seconds, last);
	kiln_hint(err, "its firmware may be no MicroPython, or its boot.py may never end: write "
		       "MicroPython with 'kiln flash'");
}

static void explain_firmware(const struct kiln_watch *w, struct kiln_err *err)
{
	kiln_why(err, "the board runs %s, not MicroPython: '%s'", w->firmware, w->sign);
	kiln_hint(err, "if it is the right port, 'kiln flash' writes MicroPython over it; "
		       "'kiln discover --all' lists the ports");
}

void kiln_obstacle_explain(const struct kiln_obstacle *o, struct kiln_err *err)
{
	const int seconds = (int)((o->ms + 500) / 1000);
	const state found = find_state(o);
	const struct words *s = &sentences[found];
	char last[KILN_WATCH_LINE];

	kiln_watch_last_line(o->watch, last);
	switch (found) {
	case SILENT:
		explain_silence(o, seconds, err);
		return;
	case GARBAGE:
		explain_garbage(o, err);
		return;
	case NO_START:
		explain_no_start(seconds, last, err);
		return;
	case OTHER_FIRMWARE:
		explain_firmware(o->watch, err);
		return;
	default:
		break;
	}
	kiln_why(err, "%s '%s'", s->why, line_for(o->watch, s, last));
	kiln_hint(err, "%s", s->hint);
	if (found == BOOT_LOOP && o->watch->counts[KILN_SEEN_CRASH])
		kiln_hint(err, "check its power supply and cable; if these are fine, write "
			       "MicroPython again with 'kiln flash --erase'");
}

/* ---- a reset in mid-session ---- */

static const struct {
	const char *by, *hint;
} resets[KILN_RESET_KINDS] = {
	[KILN_RESET_WATCHDOG] = { ", by its watchdog",
				  "a watchdog that main.py has started goes on after Ctrl-C: feed "
				  "it in the program, or let main.py start it only when no one is "
				  "at the prompt" },
	[KILN_RESET_SLEEP] = { ": it went to deep sleep and woke up",
			       "deep sleep ends the program and its variables; main.py goes on "
			       "from there" },
	[KILN_RESET_POWER] = { ": its supply gave way",
			       "use another cable or USB port, and take off what draws current" },
};

void kiln_obstacle_explain_reset(const struct kiln_watch *w, const char *what, struct kiln_err *err)
{
	kiln_reset reset = w->last_reset;
	const char *line = w->reset;

	if (reset == KILN_RESET_UNKNOWN && w->counts[KILN_SEEN_WATCHDOG])
		reset = KILN_RESET_WATCHDOG;
	if (reset == KILN_RESET_UNKNOWN || !line[0])
		line = w->counts[KILN_SEEN_NO_BOOT] || w->counts[KILN_SEEN_CRASH] ||
				       w->counts[KILN_SEEN_WATCHDOG]
			       ? w->reason
			       : "";
	kiln_why(err, "%s%s%s%s%s", what, resets[reset].by ? resets[reset].by : "",
		 line[0] ? ": '" : "", line, line[0] ? "'" : "");
	kiln_hint(err, "%s",
		  resets[reset].hint ? resets[reset].hint
				     : "its variables are gone; the next command connects again");
}
