/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_CLI_DIALECT_H
#define KILN_CLI_DIALECT_H

#include <stdbool.h>

#include <kiln/flash.h>

#include "base/buf.h"

/*
 * What a flashing tool says, as a table: each event of the engine (kiln/flash.h) to a line of
 * text. Pure: events in, bytes for stdout out. A second tool's language is a second table.
 *
 * In a text, {name} stands for a fact of the event; dialect.c lists the names.
 */
typedef enum dialect_when {
	DIALECT_ALWAYS = 0,
	DIALECT_AUTO,      /* the chip was not named but is to be detected */
	DIALECT_TOTAL,     /* event->total is the row's `value` */
	DIALECT_DONE,      /* event->done is the row's `value` */
	DIALECT_REGION,    /* what is or was erased is a part of the flash */
	DIALECT_SECURE,    /* the chip says nothing of itself: secure download mode */
	DIALECT_USB,       /* the port is the chip's own */
	DIALECT_PART,      /* it is of a part of the file: event->block */
	DIALECT_SEVERAL,   /* it is one of several */
	DIALECT_ONE_BY_ONE /* progress is wanted */
} dialect_when;

typedef enum dialect_end {
	DIALECT_LINE = 0, /* the line is whole */
	DIALECT_OPEN,     /* it goes on with the next text */
	DIALECT_OVER,     /* on a terminal the next of its kind takes its place; else it is whole */
	DIALECT_BACK,     /* backspaces follow, to its start; the last (done == total) is whole */
	DIALECT_LAST,     /* whole, and takes the place of an OVER before it */
	DIALECT_ASIDE,    /* whole, and on a line of its own whatever was left open */
	/* of passing interest: on a terminal they go when something comes that stays */
	DIALECT_PASSING,
	DIALECT_OPEN_PASSING,
	DIALECT_BAR /* behind a carriage return; on a terminal the next one takes its place */
} dialect_end;

struct dialect_row {
	kiln_flash_stage stage;
	dialect_when when;
	uint64_t value;
	const char *text;
	dialect_end end;
};

struct dialect {
	const char *name;    /* "esptool.py" */
	const char *version; /* of the tool whose words these are; scripts ask for it */
	const struct dialect_row
		*rows;              /* the first that fits an event is taken; ended by stage 0 */
	int mac_width;              /* of the name before a MAC */
	const struct dialect *base; /* what it has no row for is said as here; NULL: not at all */
};

/* Sentences that all versions have, behind a word of their own. */
#define DIALECT_WITHIN_SECTOR                                                                 \
	"Flash address {file_at} is not aligned to a 0x1000 byte flash sector. {over} bytes " \
	"before this address will be erased.\n"
#define DIALECT_LOST_CONNECTION "\nLost connection, retrying...\nWaiting for the chip to reconnect"
#define DIALECT_NOT_SMALLER                                                                    \
	"Cannot compress file '{item}' more than the original size, will flash uncompressed. " \
	"Compressed size {done} bytes >= uncompressed {total} bytes."

extern const struct dialect dialect_esptool_v3, dialect_esptool_v4, dialect_esptool_v5;
/* The same, and NAND flash. */
extern const struct dialect dialect_nand_v3, dialect_nand_v4, dialect_nand_v5;

/* One run of a tool. */
struct dialect_run {
	const struct dialect *dialect;
	bool chip_auto, no_progress, terminal;
	bool color;
	const char *port; /* as the user named it */
	bool region;      /* the last ERASING was of a part */
	dialect_end end;  /* of the text before */
	unsigned passing; /* lines of passing interest that stand on the terminal */
};

/* Append what the dialect says of the event; nothing if it has no row for it. */
kiln_code dialect_feed(struct dialect_run *run, const struct kiln_flash_event *event,
		       struct kiln_buf *out);

/* Append a text that is no event's: as a line, or so that the next takes its place (OVER). */
kiln_code dialect_text(struct dialect_run *run, dialect_end end, const char *text,
		       struct kiln_buf *out);

/* End a line that was left open, so that something else may be printed; what passes stays. */
kiln_code dialect_break(struct dialect_run *run, struct kiln_buf *out);

/* dialect_facts.c: a text with its {names} filled in; version 5's progress bar, as in
 * "[======>    ]  23.1% 100/433 bytes... "; the lines of a chip's MAC. */
kiln_code dialect_put_facts(struct kiln_buf *out, const char *text, const struct dialect_run *run,
			    const struct kiln_flash_event *event);
void dialect_bar(char *dst, size_t size, uint64_t done, uint64_t total);
kiln_code dialect_put_mac(struct kiln_buf *out, const struct kiln_chip_info *info, int width);

#endif
