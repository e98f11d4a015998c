/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LOADER_RESET_H
#define KILN_LOADER_RESET_H

#include <kiln/link.h>

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

/* Fails with: E_UNSUPPORTED (the port has no such lines), E_PORT_GONE, E_CANCELLED, E_IO. */
kiln_code kiln_reset_play(struct kiln_link *link, kiln_reset reset, struct kiln_err *err);

const char *kiln_reset_name(kiln_reset reset);

/* Which ways to try, in turn, to get to the loader. */
struct kiln_reset_plan {
	const kiln_reset *resets;
	unsigned n; /* 0: none */
};
struct kiln_reset_plan kiln_reset_plan_for(const struct kiln_link *link, bool usb_asked_for);

#endif
