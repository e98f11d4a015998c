/* SPDX-License-Identifier: Apache-2.0 */
#include "hostfs/mount_wire.h"

#include <string.h>

#include "base/text.h"

enum { BEGIN = '<', END = '>', HEAD = 7 /* of a reply */ };
enum { S_PLAIN, S_ESCAPE, S_TOKEN, S_BODY, S_BODY_ESCAPE };

void kiln_mount_filter_init(struct kiln_mount_filter *f, const char *token)
{
	*f = (struct kiln_mount_filter){ .state = S_PLAIN };
	kiln_text_copy(f->token, sizeof(f->token), token);
	kiln_buf_init(&f->held, KILN_MOUNT_REQUEST_MAX);
	kiln_buf_init(&f->body, KILN_MOUNT_REQUEST_MAX);
}

void kiln_mount_filter_done(struct kiln_mount_filter *f)
{
	kiln_buf_done(&f->held);
	kiln_buf_done(&f->body);
}

void kiln_mount_flush(struct kiln_mount_filter *f, struct kiln_buf *plain)
{
	if (f->held.len > 0)
		(void)kiln_buf_append(plain, f->held.data, f->held.len);
	kiln_buf_reset(&f->held);
	kiln_buf_reset(&f->body);
	f->state = S_PLAIN;
}

/* It was no request: what came so far is output, and `byte` may begin another one. */
static void give_back(struct kiln_mount_filter *f, uint8_t byte, struct kiln_buf *plain)
{
	kiln_mount_flush(f, plain);
	if (byte == KILN_ESCAPE) {
		(void)kiln_buf_putc(&f->held, byte);
		f->state = S_ESCAPE;
	} else {
		(void)kiln_buf_putc(plain, byte);
	}
}

/*
 * A request that broke off (its program was interrupted) is not shown; what follows it is: no
 * escaped text has these bytes.
 */
static void break_off(struct kiln_mount_filter *f, uint8_t byte, struct kiln_buf *plain)
{
	kiln_buf_reset(&f->held);
	give_back(f, byte, plain);
}

static bool ends(uint8_t byte)
{
	return byte == '\n' || byte == '\r' || byte == 0x04;
}

static void on_body(struct kiln_mount_filter *f, uint8_t byte, struct kiln_buf *plain)
{
	if (byte == KILN_ESCAPE)
		f->state = S_BODY_ESCAPE;
	else if (ends(byte) || kiln_buf_putc(&f->body, byte) != KILN_OK)
		break_off(f, byte, plain);
}

/* True: the request is whole. */
static bool on_body_escape(struct kiln_mount_filter *f, uint8_t byte, struct kiln_buf *plain)
{
	const uint8_t meant = (uint8_t)(byte - 0x40);

	f->state = S_BODY;
	if (byte == END && f->body.len >= 2) {
		f->request = (struct kiln_mount_request){
			.number = (char)f->body.data[0],
			.letter = (char)f->body.data[1],
			.args = kiln_span(f->body.data + 2, f->body.len - 2),
		};
		f->state = S_PLAIN;
		kiln_buf_reset(&f->held);
		return true;
	}
	if (byte == BEGIN) { /* another one begins: this one broke off */
		kiln_buf_reset(&f->held);
		kiln_buf_reset(&f->body);
		(void)kiln_buf_append(&f->held, "\x1d<", 2);
		f->state = S_TOKEN;
	} else if ((!ends(meant) && meant != KILN_ESCAPE && meant > 0x04) || meant == 0 ||
		   kiln_buf_putc(&f->body, meant) != KILN_OK) {
		break_off(f, byte, plain);
	}
	return false;
}

static bool on_byte(struct kiln_mount_filter *f, uint8_t byte, struct kiln_buf *plain)
{
	switch (f->state) {
	case S_PLAIN:
		give_back(f, byte, plain);
		return false;
	case S_ESCAPE:
		if (byte != BEGIN) {
			give_back(f, byte, plain);
			return false;
		}
		(void)kiln_buf_putc(&f->held, byte);
		f->state = S_TOKEN;
		return false;
	case S_TOKEN:
		if (byte != (uint8_t)f->token[f->held.len - 2]) {
			give_back(f, byte, plain);
			return false;
		}
		(void)kiln_buf_putc(&f->held, byte);
		if (f->held.len == 2 + KILN_MOUNT_TOKEN) {
			kiln_buf_reset(&f->body);
			f->state = S_BODY;
		}
		return false;
	case S_BODY:
		on_body(f, byte, plain);
		return false;
	default:
		return on_body_escape(f, byte, plain);
	}
}

kiln_mount_event kiln_mount_feed(struct kiln_mount_filter *f, const uint8_t *p, size_t n,
				 size_t *ret_used, struct kiln_buf *plain)
{
	for (size_t i = 0; i < n; i++) {
		if (on_byte(f, p[i], plain)) {
			*ret_used = i + 1;
			return KILN_MOUNT_REQUEST;
		}
	}
	*ret_used = n;
	return KILN_MOUNT_MORE;
}

bool kiln_mount_number(struct kiln_span *args, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i = 0;

	for (; i < args->n && kiln_hex_digit(args->p[i]) >= 0 && i < 16; i++)
		value = value << 4 | (uint64_t)kiln_hex_digit(args->p[i]);
	if (i == 0 || (i < args->n && args->p[i] != ' '))
		return false;
	i += i < args->n;
	*args = kiln_span(args->p + i, args->n - i);
	*ret_value = value;
	return true;
}

/* How many bytes of the answer fit. */
static size_t fitting(struct kiln_span answer, size_t max)
{
	size_t n = 0, wire = 0;

	for (; n < answer.n; n++) {
		wire += (answer.p[n] >= 0x01 && answer.p[n] <= 0x04) || answer.p[n] == KILN_ESCAPE
				? 2
				: 1;
		if (wire > max)
			break;
	}
	return n;
}

kiln_code kiln_mount_reply(struct kiln_buf *out, char number, struct kiln_span answer, size_t max,
			   size_t *ret_taken)
{
	const size_t n = max > HEAD ? fitting(answer, max - HEAD) : 0;
	const size_t at = out->len;
	char head[HEAD + 1];

	if (n == 0)
		return KILN_E_TOO_BIG;
	KILN_TRY(kiln_buf_puts(out, "\x1d<?0000"));
	KILN_TRY(kiln_escape(out, answer.p, n));
	kiln_text_format(head, sizeof(head), "\x1d<%c%04zx", number, out->len - at - HEAD);
	memcpy(out->data + at, head, HEAD);
	if (ret_taken)
		*ret_taken = n;
	return KILN_OK;
}
