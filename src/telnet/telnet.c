/* SPDX-License-Identifier: Apache-2.0 */
#include "telnet/telnet.h"

#include <string.h>

/* RFC 854, "TELNET COMMAND STRUCTURE" */
enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };

/* The longest sensible subnegotiation is a signature. */
#define MAX_SUB 512

/* Of one option on one side, as RFC 1143 has them; no queue, for nobody changes his mind here. */
enum option_state { NO, YES, WANT_NO, WANT_YES };

enum phase { IN_DATA, AFTER_IAC, AFTER_VERB, IN_SUB, IN_SUB_AFTER_IAC };

struct option_row {
	kiln_telnet_option option;
	bool allow[2]; /* by side: is the peer's request granted? */
};

static const struct option_row options[KILN_TELNET_N_OPTIONS] = {
	{ KILN_TELNET_BINARY, { true, true } },
	{ KILN_TELNET_ECHO, { false, true } }, /* a server's remark that it will not echo locally */
	{ KILN_TELNET_SGA, { true, true } },
	{ KILN_TELNET_COM_PORT, { true, true } }, /* pyserial asks for both directions */
};

/* Bytes of value by command; TEXT: any number. */
#define TEXT SIZE_MAX
static const size_t com_sizes[] = {
	[KILN_COM_SIGNATURE] = TEXT,
	[KILN_COM_BAUDRATE] = 4,
	[KILN_COM_DATASIZE] = 1,
	[KILN_COM_PARITY] = 1,
	[KILN_COM_STOPSIZE] = 1,
	[KILN_COM_CONTROL] = 1,
	[KILN_COM_NOTIFY_LINESTATE] = 1,
	[KILN_COM_NOTIFY_MODEMSTATE] = 1,
	[KILN_COM_SUSPEND] = 0,
	[KILN_COM_RESUME] = 0,
	[KILN_COM_LINESTATE_MASK] = 1,
	[KILN_COM_MODEMSTATE_MASK] = 1,
	[KILN_COM_PURGE] = 1,
};
enum { N_COM = sizeof(com_sizes) / sizeof(com_sizes[0]) };

void kiln_telnet_init(struct kiln_telnet *t)
{
	memset(t, 0, sizeof(*t));
	kiln_buf_init(&t->sub, MAX_SUB);
}

void kiln_telnet_done(struct kiln_telnet *t)
{
	kiln_buf_done(&t->sub);
}

/* Index in options[], or -1 if it is none of ours. */
static int option_index(unsigned option)
{
	for (int i = 0; i < KILN_TELNET_N_OPTIONS; i++) {
		if (options[i].option == option)
			return i;
	}
	return -1;
}

static kiln_code send_verb(struct kiln_buf *out, uint8_t verb, uint8_t option)
{
	const uint8_t bytes[] = { IAC, verb, option };

	return kiln_buf_append(out, bytes, sizeof(bytes));
}

static uint8_t verb_for(kiln_telnet_side side, bool on)
{
	if (side == KILN_TELNET_US)
		return on ? WILL : WONT;
	return on ? DO : DONT;
}

kiln_code kiln_telnet_ask(struct kiln_telnet *t, kiln_telnet_side side, kiln_telnet_option option,
			  bool on, struct kiln_buf *out)
{
	uint8_t *state = &t->state[side][option_index(option)];

	if (on ? *state == YES || *state == WANT_YES : *state == NO || *state == WANT_NO)
		return KILN_OK;
	KILN_TRY(send_verb(out, verb_for(side, on), (uint8_t)option));
	*state = on ? WANT_YES : WANT_NO;
	return KILN_OK;
}

bool kiln_telnet_on(const struct kiln_telnet *t, kiln_telnet_side side, kiln_telnet_option option)
{
	return t->state[side][option_index(option)] == YES;
}

bool kiln_telnet_pending(const struct kiln_telnet *t, kiln_telnet_side side,
			 kiln_telnet_option option)
{
	const uint8_t state = t->state[side][option_index(option)];

	return state == WANT_YES || state == WANT_NO;
}

/*
 * The peer said WILL, WONT, DO or DONT. RFC 1143: an answer to our request is never answered, a
 * request for what is so already neither, and so two ends can't keep each other busy for ever.
 */
static kiln_telnet_event negotiate(struct kiln_telnet *t, uint8_t verb, uint8_t option,
				   struct kiln_buf *reply)
{
	const kiln_telnet_side side = verb == DO || verb == DONT ? KILN_TELNET_US
								 : KILN_TELNET_THEM;
	const bool on = verb == WILL || verb == DO;
	const int index = option_index(option);
	uint8_t *state = index < 0 ? NULL : &t->state[side][index];

	if (!state || (*state == NO && on && !options[index].allow[side])) {
		if (on)
			(void)send_verb(reply, verb_for(side, false), option);
		return KILN_TELNET_MORE;
	}
	if (*state == (on ? YES : NO))
		return KILN_TELNET_MORE;
	if (*state == (on ? NO : YES))
		(void)send_verb(reply, verb_for(side, on), option);
	/* "WILL" in answer to our DONT is the peer's mistake; RFC 1143 takes it for off */
	*state = on && *state != WANT_NO ? YES : NO;
	t->side = side;
	t->option = options[index].option;
	return KILN_TELNET_OPTION;
}

static uint32_t get_be(struct kiln_span s)
{
	uint32_t value = 0;

	for (size_t i = 0; i < s.n; i++)
		value = value << 8 | s.p[i];
	return value;
}

/* A client may ask for a notification now, without a value: not in the RFC, but pyserial does. */
static bool size_fits(uint8_t code, bool answer, size_t n)
{
	const bool poll = code == KILN_COM_NOTIFY_LINESTATE || code == KILN_COM_NOTIFY_MODEMSTATE;

	return com_sizes[code] == TEXT || com_sizes[code] == n || (poll && !answer && n == 0);
}

/* The bytes between IAC SB and IAC SE. */
static kiln_telnet_event end_sub(struct kiln_telnet *t)
{
	struct kiln_span s = kiln_buf_span(&t->sub);
	uint8_t option, code;

	if (t->sub_bad || !kiln_span_u8(&s, &option))
		return KILN_TELNET_BAD;
	if (option != KILN_TELNET_COM_PORT)
		return KILN_TELNET_MORE; /* of an option that we never agreed to */
	if (!kiln_span_u8(&s, &code))
		return KILN_TELNET_BAD;
	t->com = (struct kiln_com){ .answer = code >= KILN_COM_ANSWER };
	if (t->com.answer)
		code = (uint8_t)(code - KILN_COM_ANSWER);
	if (code >= N_COM || !size_fits(code, t->com.answer, s.n))
		return KILN_TELNET_BAD;
	t->com.command = (kiln_com_command)code;
	if (com_sizes[code] == TEXT)
		t->com.text = s;
	else
		t->com.value = get_be(s);
	return KILN_TELNET_COM;
}

static void put_sub(struct kiln_telnet *t, uint8_t byte)
{
	if (!t->sub_bad && kiln_buf_putc(&t->sub, byte) != KILN_OK)
		t->sub_bad = true;
}

/* The byte after an IAC that stood in the data. */
static kiln_telnet_event after_iac(struct kiln_telnet *t, const uint8_t *p)
{
	t->phase = IN_DATA;
	switch (*p) {
	case IAC:
		t->data = kiln_span(p, 1);
		return KILN_TELNET_DATA;
	case WILL:
	case WONT:
	case DO:
	case DONT:
		t->verb = *p;
		t->phase = AFTER_VERB;
		return KILN_TELNET_MORE;
	case SB:
		t->phase = IN_SUB;
		t->sub_bad = false;
		kiln_buf_reset(&t->sub);
		return KILN_TELNET_MORE;
	default: /* NOP, GA, AYT...: of no meaning to a serial line */
		return KILN_TELNET_MORE;
	}
}

static kiln_telnet_event step(struct kiln_telnet *t, const uint8_t *p, struct kiln_buf *reply)
{
	switch ((enum phase)t->phase) {
	case AFTER_IAC:
		return after_iac(t, p);
	case AFTER_VERB:
		t->phase = IN_DATA;
		return negotiate(t, t->verb, *p, reply);
	case IN_SUB:
		if (*p == IAC)
			t->phase = IN_SUB_AFTER_IAC;
		else
			put_sub(t, *p);
		return KILN_TELNET_MORE;
	case IN_SUB_AFTER_IAC:
		if (*p == IAC) {
			t->phase = IN_SUB;
			put_sub(t, IAC);
			return KILN_TELNET_MORE;
		}
		t->phase = IN_DATA;
		if (*p == SE)
			return end_sub(t);
		/* a command inside: its end was lost, and with it what it meant (RFC 855) */
		(void)after_iac(t, p);
		return KILN_TELNET_BAD;
	case IN_DATA:
		break;
	}
	return KILN_TELNET_MORE;
}

kiln_telnet_event kiln_telnet_decode(struct kiln_telnet *t, const uint8_t *p, size_t n,
				     size_t *ret_used, struct kiln_buf *reply)
{
	for (size_t i = 0; i < n; i++) {
		if (t->phase == IN_DATA) {
			const uint8_t *iac = memchr(p + i, IAC, n - i);
			const size_t run = iac ? (size_t)(iac - (p + i)) : n - i;

			if (run) {
				t->data = kiln_span(p + i, run);
				*ret_used = i + run;
				return KILN_TELNET_DATA;
			}
			t->phase = AFTER_IAC;
		} else {
			const kiln_telnet_event event = step(t, p + i, reply);

			if (event != KILN_TELNET_MORE) {
				*ret_used = i + 1;
				return event;
			}
		}
	}
	*ret_used = n;
	return KILN_TELNET_MORE;
}

kiln_code kiln_telnet_encode(struct kiln_buf *out, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t escapes = 0;
	uint8_t *w;

	for (size_t i = 0; i < n; i++)
		escapes += p[i] == IAC;
	KILN_TRY(kiln_buf_reserve(out, n + escapes));
	w = out->data + out->len;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == IAC)
			*w++ = IAC;
		*w++ = p[i];
	}
	kiln_buf_grew(out, n + escapes);
	return KILN_OK;
}

/* All or nothing: half a subnegotiation would swallow the data that follows. */
static kiln_code put_com(struct kiln_buf *out, kiln_com_command command, bool answer,
			 const void *value, size_t n)
{
	const uint8_t head[] = { IAC, SB, KILN_TELNET_COM_PORT,
				 (uint8_t)(command + (answer ? KILN_COM_ANSWER : 0)) };
	const uint8_t tail[] = { IAC, SE };

	KILN_TRY(kiln_buf_reserve(out, sizeof(head) + 2 * n + sizeof(tail)));
	(void)kiln_buf_append(out, head, sizeof(head));
	(void)kiln_telnet_encode(out, value, n);
	return kiln_buf_append(out, tail, sizeof(tail));
}

kiln_code kiln_telnet_encode_com(struct kiln_buf *out, kiln_com_command command, bool answer,
				 uint32_t value)
{
	const uint8_t be[] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
			       (uint8_t)(value >> 8), (uint8_t)value };
	const size_t n = com_sizes[command];

	return put_com(out, command, answer, be + sizeof(be) - n, n);
}

kiln_code kiln_telnet_encode_signature(struct kiln_buf *out, bool answer, const char *text)
{
	return put_com(out, KILN_COM_SIGNATURE, answer, text, strlen(text));
}
