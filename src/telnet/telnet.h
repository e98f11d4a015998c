/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_TELNET_H
#define KILN_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Telnet (RFC 854, RFC 855) with the com port option (RFC 2217), for either end of a connection.
 *
 *	data        any bytes; FF is sent as FF FF
 *	negotiation IAC WILL|WONT|DO|DONT option
 *	com port    IAC SB 2C command value... IAC SE       (an FF in the value is FF FF here too)
 *	            FF  FA 2C                  FF  F0
 *
 *	e.g. baud 460800:  FF FA 2C | 01 | 00 07 08 00 | FF F0     client: SET-BAUDRATE
 *	                   FF FA 2C | 65 | 00 07 08 00 | FF F0     server: what it is now
 *
 * Pure: bytes in, events and bytes out, no clock, no descriptor. The decoder answers negotiation
 * by itself, into the `reply` buffer that its caller sends. Data is transparent whether or not
 * BINARY was agreed: no known RFC 2217 server or client turns CR into CR NUL, and a flasher's
 * data would not survive it.
 *
 *	kiln_telnet_init(&t);
 *	kiln_telnet_ask(&t, KILN_TELNET_US, KILN_TELNET_COM_PORT, true, &out);
 *	while (at < n) {
 *		event = kiln_telnet_decode(&t, p + at, n - at, &used, &out);
 *		at += used;
 *	}
 */
typedef enum kiln_telnet_option {
	KILN_TELNET_BINARY = 0,   /* RFC 856 */
	KILN_TELNET_ECHO = 1,     /* RFC 857 */
	KILN_TELNET_SGA = 3,      /* RFC 858: suppress go-ahead */
	KILN_TELNET_COM_PORT = 44 /* RFC 2217 */
} kiln_telnet_option;

enum { KILN_TELNET_N_OPTIONS = 4 };

typedef enum kiln_telnet_side {
	KILN_TELNET_US,  /* we do it: WILL from us, DO from the peer */
	KILN_TELNET_THEM /* the peer does it: WILL from the peer, DO from us */
} kiln_telnet_side;

/* Com port commands, as the client sends them; the server's answer is the same + 100. */
typedef enum kiln_com_command {
	KILN_COM_SIGNATURE = 0,         /* text; empty: tell me yours */
	KILN_COM_BAUDRATE = 1,          /* 4 bytes, big endian; 0: tell me */
	KILN_COM_DATASIZE = 2,          /* 5..8; 0: tell me */
	KILN_COM_PARITY = 3,            /* enum kiln_com_parity */
	KILN_COM_STOPSIZE = 4,          /* 1, 2, 3 = 1.5; 0: tell me */
	KILN_COM_CONTROL = 5,           /* enum kiln_com_control */
	KILN_COM_NOTIFY_LINESTATE = 6,  /* server only, as 106 */
	KILN_COM_NOTIFY_MODEMSTATE = 7, /* server only, as 107 */
	KILN_COM_SUSPEND = 8,           /* no value: stop sending data */
	KILN_COM_RESUME = 9,            /* no value */
	KILN_COM_LINESTATE_MASK = 10,   /* which bits of 106 are wanted */
	KILN_COM_MODEMSTATE_MASK = 11,  /* which bits of 107 are wanted */
	KILN_COM_PURGE = 12,            /* enum kiln_com_purge */
	KILN_COM_ANSWER = 100           /* added to a command by the server */
} kiln_com_command;

enum kiln_com_parity {
	KILN_COM_PARITY_ASK,
	KILN_COM_PARITY_NONE,
	KILN_COM_PARITY_ODD,
	KILN_COM_PARITY_EVEN,
	KILN_COM_PARITY_MARK,
	KILN_COM_PARITY_SPACE
};

/* Values of SET-CONTROL. Even where the RFC says "set", the server may answer otherwise. */
enum kiln_com_control {
	KILN_COM_FLOW_ASK = 0,
	KILN_COM_FLOW_NONE = 1,
	KILN_COM_FLOW_XONXOFF = 2,
	KILN_COM_FLOW_RTSCTS = 3,
	KILN_COM_BREAK_ASK = 4,
	KILN_COM_BREAK_ON = 5,
	KILN_COM_BREAK_OFF = 6,
	KILN_COM_DTR_ASK = 7,
	KILN_COM_DTR_ON = 8,
	KILN_COM_DTR_OFF = 9,
	KILN_COM_RTS_ASK = 10,
	KILN_COM_RTS_ON = 11,
	KILN_COM_RTS_OFF = 12,
	KILN_COM_INFLOW_ASK = 13,
	KILN_COM_INFLOW_NONE = 14
};

/* Bits of NOTIFY-LINESTATE and NOTIFY-MODEMSTATE that Kiln looks at or sends. */
enum { KILN_COM_LINE_BREAK = 0x10, KILN_COM_LINE_FRAMING = 0x08, KILN_COM_LINE_OVERRUN = 0x02 };
enum {
	KILN_COM_MODEM_CD = 0x80,
	KILN_COM_MODEM_RI = 0x40,
	KILN_COM_MODEM_DSR = 0x20,
	KILN_COM_MODEM_CTS = 0x10
};

/* PURGE-DATA: what the server holds from the port, and what it holds for the port. */
enum kiln_com_purge { KILN_COM_PURGE_RX = 1, KILN_COM_PURGE_TX = 2, KILN_COM_PURGE_BOTH = 3 };

typedef enum kiln_telnet_event {
	KILN_TELNET_MORE,   /* all input is used, nothing to tell */
	KILN_TELNET_DATA,   /* t->data: bytes of the line, borrowed from the input */
	KILN_TELNET_OPTION, /* t->side and t->option: agreed, refused or ended; see kiln_telnet_on
			     */
	KILN_TELNET_COM,    /* t->com: a well-formed com port command or answer */
	KILN_TELNET_BAD     /* a subnegotiation that is malformed or too long; it was dropped */
} kiln_telnet_event;

struct kiln_com {
	kiln_com_command command;
	bool answer;           /* came from a server (the code on the wire was command + 100) */
	uint32_t value;        /* of all commands but SIGNATURE */
	struct kiln_span text; /* SIGNATURE; untrusted, until the next call */
};

struct kiln_telnet {
	uint8_t state[2][KILN_TELNET_N_OPTIONS]; /* by side, then option: enum in telnet.c */
	uint8_t phase, verb;
	bool sub_bad;
	struct kiln_buf sub;
	/* the last event */
	struct kiln_span data;
	kiln_telnet_side side;
	kiln_telnet_option option;
	struct kiln_com com;
};

void kiln_telnet_init(struct kiln_telnet *t);
void kiln_telnet_done(struct kiln_telnet *t);

/* Ask for an option to be on or off; nothing is sent if it is so or was asked for already. */
kiln_code kiln_telnet_ask(struct kiln_telnet *t, kiln_telnet_side side, kiln_telnet_option option,
			  bool on, struct kiln_buf *out);
/* Is it agreed that it is on? */
bool kiln_telnet_on(const struct kiln_telnet *t, kiln_telnet_side side, kiln_telnet_option option);
/* Was it asked for, and is there no answer yet? */
bool kiln_telnet_pending(const struct kiln_telnet *t, kiln_telnet_side side,
			 kiln_telnet_option option);

/* Use up to n bytes, stop at the first event; *ret_used is how many were used. */
kiln_telnet_event kiln_telnet_decode(struct kiln_telnet *t, const uint8_t *p, size_t n,
				     size_t *ret_used, struct kiln_buf *reply);

/* Data for the wire. */
kiln_code kiln_telnet_encode(struct kiln_buf *out, const void *data, size_t n);
/* A command with its value; `answer` as the server sends it. Not for SIGNATURE. */
kiln_code kiln_telnet_encode_com(struct kiln_buf *out, kiln_com_command command, bool answer,
				 uint32_t value);
kiln_code kiln_telnet_encode_signature(struct kiln_buf *out, bool answer, const char *text);

#endif
