/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TESTS_WRAP_H
#define KILN_TESTS_WRAP_H

#include <kiln/port.h>

/*
 * A scheme "wrap:REST" that opens "sim:REST" and takes abilities away from it, as other kinds of
 * ports lack them. What it shall be is set before the open; one test at a time.
 */
extern struct wrap {
	bool no_lines;         /* a plain socket */
	bool one_by_one;       /* rfc2217: the lines change one after the other */
	bool leaves;           /* a chip's own USB: the port goes with the reset ... */
	int absent_opens;      /* ... and comes back after so many attempts to open it */
	bool denied;           /* which fail for want of rights: it is there */
	uint64_t pulled_at[8]; /* so many bytes have gone out when the cable is pulled, in order */
	uint64_t pulled_each;  /* and, once it was, so many bytes after each opening */
	bool moves;            /* what was pulled comes back as "wrap:moved/REST" */
	const char *other;     /* and is this virtual board then */
	const char *listed;    /* REST of the port that is listed; NULL: none is */
	uint8_t swallow;       /* requests with this opcode are lost on their way */
	unsigned frames;       /* blocks for the flash and ENDs behind them that have gone out */
	unsigned lose_from, lose_to; /* of these, from 1 on, the ones that are lost on their way */
	unsigned max_baud;           /* the adapter can't do more; 0: it can do all */
	unsigned resets_at;          /* the board resets as soon as that baud is set; 0: it holds */
	uint64_t cancel_at;          /* so many bytes have gone out when Ctrl-C comes, and stays */
	uint64_t written;
	bool dtr, rts; /* as they are now */
	uint16_t vid, pid;
	unsigned opened, pulled, line_changes, both_changed;
} wrap;

extern const struct kiln_scheme wrap_scheme;

/* How a USB port with this REST is listed now. */
struct kiln_port wrap_port(const char *rest);

#endif
