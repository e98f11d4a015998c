/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_REPL_WATCH_H
#define KILN_REPL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Recognises what a board says, whatever state it is in: prompts of MicroPython's REPL, boot
 * messages of Espressif's ROMs, banners. Pure: one byte in, at most one sighting out.
 *
 * Sources: MicroPython shared/runtime/pyexec.c (prompts and banners); the UART text of real ROMs
 * (tests/data/rom-transcripts); CircuitPython main.c (its "press any key").
 */
typedef enum kiln_seen {
	KILN_SEEN_NOTHING = 0,
	KILN_SEEN_RAW,        /* "raw REPL; CTRL-B to exit" and the '>' below it */
	KILN_SEEN_FRIENDLY,   /* ">>> " */
	KILN_SEEN_PASTE,      /* "=== ": paste mode */
	KILN_SEEN_CONTINUED,  /* "... ": a compound statement is being typed */
	KILN_SEEN_ANY_KEY,    /* CircuitPython waits for a key before it shows a prompt */
	KILN_SEEN_BANNER,     /* "MicroPython v1.27.0 on ..." or CircuitPython's */
	KILN_SEEN_SOFT_RESET, /* "MPY: soft reboot" */
	KILN_SEEN_ROM,        /* a chip comes out of reset: "rst:0x1 (POWERON_RESET),..." */
	KILN_SEEN_DOWNLOAD,   /* the ROM waits for a flash tool */
	KILN_SEEN_NO_BOOT,    /* the ROM or the boot loader refuses what is in the flash */
	KILN_SEEN_WATCHDOG,   /* firmware says that a watchdog will reset the chip, or did */
	KILN_SEEN_CRASH,      /* firmware died: brown-out, panic */
	KILN_SEEN_KINDS,
} kiln_seen;

/* Why a chip came out of reset, as its ROM says. */
typedef enum kiln_reset {
	KILN_RESET_UNKNOWN = 0, /* the ROM says nothing, or what means nothing here */
	KILN_RESET_WATCHDOG,
	KILN_RESET_SLEEP, /* deep sleep */
	KILN_RESET_POWER, /* brown-out: the supply gave way */
	KILN_RESET_KINDS,
} kiln_reset;

enum { KILN_WATCH_LINE = 128 };

struct kiln_watch {
	char line[KILN_WATCH_LINE]; /* the end of the current line */
	size_t n;
	bool raw_line;  /* the line before was raw mode's banner */
	bool whole;     /* `line` has the line's beginning too */
	uint64_t bytes; /* all that came */
	uint64_t odd;   /* bytes that no text has: wrong speed */
	unsigned need;  /* UTF-8 bytes that must follow */
	unsigned counts[KILN_SEEN_KINDS];
	char last[KILN_WATCH_LINE];   /* the last line that was not empty, fit to be printed */
	char reason[KILN_WATCH_LINE]; /* the last line that said why the board does not start */
	char reset[KILN_WATCH_LINE]; /* the last line with a reason for a reset that counts below */
	unsigned resets[KILN_RESET_KINDS];
	kiln_reset last_reset;
	const char *firmware; /* what some line gives away, as "an ESP-IDF program"; or NULL */
	char sign[KILN_WATCH_LINE]; /* that line */
};

void kiln_watch_init(struct kiln_watch *watch);
kiln_seen kiln_watch_byte(struct kiln_watch *watch, uint8_t byte);
/* True if the current line is `text` so far and nothing else. */
bool kiln_watch_line_is(const struct kiln_watch *watch, const char *text);
/* The newest line with something on it, finished or not, fit to be printed; may be empty. */
void kiln_watch_last_line(const struct kiln_watch *watch, char ret_text[KILN_WATCH_LINE]);
/* True if so much of it is no text that the speed must be wrong. */
bool kiln_watch_is_garbage(const struct kiln_watch *watch);

#endif
