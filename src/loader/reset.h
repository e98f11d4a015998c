/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LOADER_RESET_H
#define KILN_LOADER_RESET_H

#include <kiln/link.h>

#include "base/bytes.h"

/*
 * Ways to reset a chip by the modem lines of its port. On a dev board two transistors drive EN
 * from RTS and IO0 from DTR, each only while the other line is not asserted:
 *
 *	DTR RTS   EN   IO0
 *	 0   0   high  high     run
 *	 1   1   high  high     both transistors are off
 *	 0   1   low   high     held in reset
 *	 1   0   high  low      released with IO0 low: the ROM goes to its loader
 *
 * A capacitor at EN makes it rise slowly, so that IO0 is low in time. Where both lines change at
 * once the tight sequence goes right from reset to loader; where they can't, the classic one
 * passes through (1, 1) and trusts in the capacitor.
 */
typedef enum kiln_reset {
	KILN_RESET_TIGHT = 1,
	KILN_RESET_TIGHT_SLOW, /* for boards with a large capacitor, and ESP32 revision 0 */
	KILN_RESET_CLASSIC,
	KILN_RESET_CLASSIC_SLOW,
	KILN_RESET_USB_JTAG, /* the chip's own USB port: it watches for this very sequence */
	KILN_RESET_HARD,     /* run what is in the flash */
} kiln_reset;

/*
 * `delay_ms`: how long IO0 stays low where it is released soon; 0: 50.
 * Fails with: E_UNSUPPORTED (the port has no such lines), E_PORT_GONE, E_CANCELLED, E_IO.
 */
kiln_code kiln_reset_play(struct kiln_link *link, kiln_reset reset, kiln_ms delay_ms,
			  struct kiln_err *err);

/* A way that somebody wrote down: "D0|R1|W0.1|D1|R0|W0.05|D0" (kiln/flash.h). */
struct kiln_reset_step {
	bool dtr, rts;
	kiln_ms wait_ms; /* after the lines are set */
};
enum { KILN_RESET_STEPS = 64 };
struct kiln_reset_sequence {
	struct kiln_reset_step steps[KILN_RESET_STEPS];
	unsigned n;
};

/* Pure. Fails with: E_INVALID (why: the part that is wrong), E_TOO_BIG. */
kiln_code kiln_reset_parse(struct kiln_span text, struct kiln_reset_sequence *ret_sequence,
			   struct kiln_err *err);
/* Fails as kiln_reset_play does. */
kiln_code kiln_reset_play_sequence(struct kiln_link *link,
				   const struct kiln_reset_sequence *sequence,
				   struct kiln_err *err);

const char *kiln_reset_name(kiln_reset reset);

/* Which ways to try, in turn, to get to the loader. */
struct kiln_reset_plan {
	const kiln_reset *resets;
	unsigned n; /* 0: none */
};
struct kiln_reset_plan kiln_reset_plan_for(const struct kiln_link *link, bool usb_asked_for);

#endif
