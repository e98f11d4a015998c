/* SPDX-License-Identifier: Apache-2.0 */
#include <kiln/link.h>

#include "base/text.h"
#include "sim/serve_com.h"

/* RFC 2217: 8 data bits, no parity, 1 stop bit is all that a chip's loader and REPL speak. */
enum { DATA_BITS = 8, STOP_BITS = 1 };

/* A break that a client held longer than this was meant to be seen, not to be timed. */
enum { BREAK_MAX_MS = 500 };

void sim_com_init(struct sim_com *com, struct kiln_link *link, const char *name, int hold_ms)
{
	*com = (struct sim_com){
		.link = link,
		.held_until = KILN_FOREVER,
		.hold_ms = hold_ms,
		.first_baud = kiln_link_baud(link),
	};
	kiln_text_format(com->signature, sizeof(com->signature),
			 hold_ms ? "kiln rfc2217-server %s" : "kiln sim %s", name);
}

/* --- commands with a value: each returns what the answer says --- */

static kiln_code set_baud(struct sim_com *com, uint32_t value, uint32_t *ret, struct kiln_err *err)
{
	if (value != 0) {
		const kiln_code code = kiln_link_set_baud(com->link, value, err);

		if (code != KILN_OK && code != KILN_E_INVALID && code != KILN_E_UNSUPPORTED)
			return code;
	}
	*ret = kiln_link_baud(com->link);
	return KILN_OK;
}

static kiln_code data_size(struct sim_com *com, uint32_t value, uint32_t *ret, struct kiln_err *err)
{
	(void)com;
	(void)value;
	(void)err;
	*ret = DATA_BITS;
	return KILN_OK;
}

static kiln_code parity(struct sim_com *com, uint32_t value, uint32_t *ret, struct kiln_err *err)
{
	(void)com;
	(void)value;
	(void)err;
	*ret = KILN_COM_PARITY_NONE;
	return KILN_OK;
}

static kiln_code stop_size(struct sim_com *com, uint32_t value, uint32_t *ret, struct kiln_err *err)
{
	(void)com;
	(void)value;
	(void)err;
	*ret = STOP_BITS;
	return KILN_OK;
}

/*
 * RFC 2217 changes one line at a time, and its clients wait for each answer, some 50 ms. From
 * reset (RTS) to download mode (DTR) both are asserted in between, which lets a dev board's EN go
 * while IO0 is still high: it would boot its flash. Espressif's own server therefore does the
 * sequence by itself; this one holds the first half back until the second half comes.
 */
enum { HOLD_MS = 250 };

/* A port without lines (a pty) is served all the same: its bytes go through. */
static kiln_code apply(struct sim_com *com, bool dtr, bool rts, struct kiln_err *err)
{
	const kiln_code code = kiln_link_set_lines(com->link, dtr, rts, err);

	return code == KILN_E_UNSUPPORTED ? KILN_OK : code;
}

kiln_code sim_com_settle(struct sim_com *com, struct kiln_err *err)
{
	if (com->held_until == KILN_FOREVER)
		return KILN_OK;
	com->held_until = KILN_FOREVER;
	return apply(com, com->dtr, com->rts, err);
}

/* From reset straight to IO0, then let go: with the timing that a network does not keep. */
static kiln_code play_reset(struct sim_com *com, struct kiln_err *err)
{
	KILN_TRY(apply(com, true, false, err));
	KILN_TRY(kiln_link_sleep(com->link, com->hold_ms, err));
	com->played = true;
	return apply(com, false, false, err);
}

static kiln_code set_lines(struct sim_com *com, bool dtr, bool rts, struct kiln_err *err)
{
	const bool first_half = com->rts && !com->dtr && dtr && rts;

	com->dtr = dtr;
	com->rts = rts;
	if (first_half && com->hold_ms)
		return play_reset(com, err);
	if (com->played && !rts) { /* the client's own second half */
		com->played = dtr;
		return KILN_OK;
	}
	com->played = false;
	com->held_until = kiln_link_after(com->link, HOLD_MS);
	return first_half ? KILN_OK : sim_com_settle(com, err);
}

/* A link sends a break of a given length, RFC 2217 begins one and ends it. */
static kiln_code end_break(struct sim_com *com, struct kiln_err *err)
{
	kiln_ms held = kiln_link_now(com->link) - com->break_began;

	if (!com->broken)
		return KILN_OK;
	com->broken = false;
	held = held < 1 ? 1 : held > BREAK_MAX_MS ? BREAK_MAX_MS : held;
	return kiln_link_send_break(com->link, (int)held, err);
}

static kiln_code control(struct sim_com *com, uint32_t value, uint32_t *ret, struct kiln_err *err)
{
	kiln_code code = KILN_OK;

	switch (value) {
	case KILN_COM_BREAK_ON:
		com->broken = true;
		com->break_began = kiln_link_now(com->link);
		break;
	case KILN_COM_BREAK_OFF:
		code = end_break(com, err);
		break;
	case KILN_COM_DTR_ON:
	case KILN_COM_DTR_OFF:
		code = set_lines(com, value == KILN_COM_DTR_ON, com->rts, err);
		break;
	case KILN_COM_RTS_ON:
	case KILN_COM_RTS_OFF:
		code = set_lines(com, com->dtr, value == KILN_COM_RTS_ON, err);
		break;
	default: /* questions, and flow control, which a bridge with four wires has not */
		break;
	}
	if (value <= KILN_COM_FLOW_RTSCTS)
		*ret = KILN_COM_FLOW_NONE;
	else if (value <= KILN_COM_BREAK_OFF)
		*ret = com->broken ? KILN_COM_BREAK_ON : KILN_COM_BREAK_OFF;
	else if (value <= KILN_COM_DTR_OFF)
		*ret = com->dtr ? KILN_COM_DTR_ON : KILN_COM_DTR_OFF;
	else if (value <= KILN_COM_RTS_OFF)
		*ret = com->rts ? KILN_COM_RTS_ON : KILN_COM_RTS_OFF;
	else
		*ret = KILN_COM_INFLOW_NONE;
	return code;
}

static kiln_code echo_value(struct sim_com *com, uint32_t value, uint32_t *ret,
			    struct kiln_err *err)
{
	(void)com;
	(void)err;
	*ret = value;
	return KILN_OK;
}

static kiln_code purge(struct sim_com *com, uint32_t value, uint32_t *ret, struct kiln_err *err)
{
	*ret = value;
	if (!(value & KILN_COM_PURGE_RX))
		return KILN_OK; /* nothing is held for the board: its bytes are on the wire */
	com->purged = true;
	return kiln_link_flush_input(com->link, err);
}

static kiln_code (*const table[])(struct sim_com *com, uint32_t value, uint32_t *ret,
				  struct kiln_err *err) = {
	[KILN_COM_BAUDRATE] = set_baud,
	[KILN_COM_DATASIZE] = data_size,
	[KILN_COM_PARITY] = parity,
	[KILN_COM_STOPSIZE] = stop_size,
	[KILN_COM_CONTROL] = control,
	[KILN_COM_LINESTATE_MASK] = echo_value,
	[KILN_COM_MODEMSTATE_MASK] = echo_value,
	[KILN_COM_PURGE] = purge,
};

#define N_COMMANDS (sizeof(table) / sizeof(table[0]))

/*
 * CTS, DSR, CD and RI of a bridge lead nowhere on a dev board. A client that asks to be told
 * of them is told so once.
 */
static void tell_modem_state(uint32_t mask, struct kiln_buf *reply)
{
	if (mask != 0)
		(void)kiln_telnet_encode_com(reply, KILN_COM_NOTIFY_MODEMSTATE, true, 0);
}

kiln_code sim_com_obey(struct sim_com *com, const struct kiln_com *command, struct kiln_buf *reply,
		       struct kiln_err *err)
{
	uint32_t value = 0;

	if (command->answer)
		return KILN_OK; /* a server's word, from a client */
	if (command->command == KILN_COM_SUSPEND || command->command == KILN_COM_RESUME) {
		com->suspended = command->command == KILN_COM_SUSPEND;
		return KILN_OK;
	}
	if (command->command == KILN_COM_SIGNATURE) {
		if (command->text.n == 0)
			(void)kiln_telnet_encode_signature(reply, true, com->signature);
		return KILN_OK;
	}
	if ((size_t)command->command >= N_COMMANDS || !table[command->command])
		return KILN_OK;
	KILN_TRY(table[command->command](com, command->value, &value, err));
	(void)kiln_telnet_encode_com(reply, command->command, true, value);
	if (command->command == KILN_COM_MODEMSTATE_MASK)
		tell_modem_state(command->value, reply);
	return KILN_OK;
}

kiln_code sim_com_hang_up(struct sim_com *com, struct kiln_err *err)
{
	com->broken = com->suspended = com->played = false;
	if (com->hold_ms && com->first_baud)
		(void)!kiln_link_set_baud(com->link, com->first_baud, NULL);
	return set_lines(com, false, false, err);
}
