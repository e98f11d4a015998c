/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LOADER_CONNECT_H
#define KILN_LOADER_CONNECT_H

#include "loader/reset.h"
#include "loader/session.h"

/* What happens while connecting, for whoever shows it. */
typedef enum kiln_connect_event {
	KILN_CONNECT_TRY = 1,  /* a SYNC had no answer */
	KILN_CONNECT_NO_LINES, /* the port has no modem lines: nothing is reset. Once a call. */
	KILN_CONNECT_GONE,     /* the port disappeared with the reset; it is waited for */
} kiln_connect_event;

struct kiln_connect {
	bool no_reset, no_sync, usb_reset;
	int attempts; /* 0: 7; negative: for ever */
	const struct kiln_reset_sequence
		*custom; /* the way to reset; NULL: the usual ones in turn */
	void (*event)(void *user, kiln_connect_event event);
	void *user;
};

/*
 * Bring the chip to its loader and get an answer; afterwards l->is_stub tells who answered.
 * l->link may be another one afterwards, if the port went away and came back.
 * Fails with: E_NO_SYNC, E_WRONG_MODE (why: what was heard; hint: what to try), E_CANCELLED,
 * E_PORT_GONE, and what kiln_link_open fails with.
 */
kiln_code kiln_loader_connect(struct kiln_loader *l, const struct kiln_connect *how,
			      struct kiln_err *err);

/* What the ROM's boot text said about the mode that it is in. Pure. */
struct kiln_boot_text {
	bool has_mode;    /* "boot:0x13" was there */
	unsigned mode;    /* of the last one */
	bool downloading; /* the ROM waits for a loader's commands */
	bool crashed;     /* "Guru Meditation", "Fatal exception", abort() */
	bool blank;       /* "invalid header: 0xffffffff": nothing to boot */
	bool python;      /* MicroPython's or CircuitPython's prompt or banner */
};
void kiln_boot_text_parse(struct kiln_span text, struct kiln_boot_text *ret_boot);

#endif
