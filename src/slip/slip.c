/* SPDX-License-Identifier: Apache-2.0 */
#include "slip/slip.h"

#include <string.h>

enum { SLIP_END = 0xC0, SLIP_ESC = 0xDB, SLIP_ESC_END = 0xDC, SLIP_ESC_ESC = 0xDD };

/* Boot text between frames is kept for error messages; what exceeds this is reported in parts. */
#define MAX_NOISE 4096

kiln_code kiln_slip_encode(struct kiln_buf *out, const void *payload, size_t n)
{
	const uint8_t *p = payload;
	size_t escapes = 0;
	uint8_t *w;

	for (size_t i = 0; i < n; i++)
		escapes += p[i] == SLIP_END || p[i] == SLIP_ESC;
	KILN_TRY(kiln_buf_reserve(out, n + escapes + 2));
	w = out->data + out->len;
	*w++ = SLIP_END;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == SLIP_END || p[i] == SLIP_ESC) {
			*w++ = SLIP_ESC;
			*w++ = p[i] == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC;
		} else {
			*w++ = p[i];
		}
	}
	*w = SLIP_END;
	kiln_buf_grew(out, n + escapes + 2);
	return KILN_OK;
}

void kiln_slip_init(struct kiln_slip_decoder *dec, size_t max_frame)
{
	memset(dec, 0, sizeof(*dec));
	kiln_buf_init(&dec->frame, max_frame);
	kiln_buf_init(&dec->noise, MAX_NOISE);
}

void kiln_slip_done(struct kiln_slip_decoder *dec)
{
	kiln_buf_done(&dec->frame);
	kiln_buf_done(&dec->noise);
}

void kiln_slip_reset(struct kiln_slip_decoder *dec)
{
	kiln_buf_reset(&dec->frame);
	kiln_buf_reset(&dec->noise);
	dec->in_frame = dec->escaped = dec->bad = dec->fresh = false;
}

static void put(struct kiln_slip_decoder *dec, uint8_t byte)
{
	if (!dec->bad && kiln_buf_putc(&dec->frame, byte) != KILN_OK)
		dec->bad = true;
}

static void decode_byte(struct kiln_slip_decoder *dec, uint8_t byte)
{
	if (!dec->escaped) {
		if (byte == SLIP_ESC)
			dec->escaped = true;
		else
			put(dec, byte);
		return;
	}
	dec->escaped = false;
	if (byte == SLIP_ESC_END)
		put(dec, SLIP_END);
	else if (byte == SLIP_ESC_ESC)
		put(dec, SLIP_ESC);
	else
		dec->bad = true;
}

/* C0 inside of a frame ends it; two in a row are an end and the next begin, not an empty frame. */
static kiln_slip_event end_frame(struct kiln_slip_decoder *dec)
{
	if (dec->bad || dec->escaped) {
		kiln_buf_reset(&dec->frame);
		dec->bad = dec->escaped = dec->in_frame = false;
		return KILN_SLIP_BAD;
	}
	if (dec->frame.len == 0)
		return KILN_SLIP_MORE;
	dec->in_frame = false;
	dec->fresh = true;
	return KILN_SLIP_FRAME;
}

kiln_slip_event kiln_slip_decode(struct kiln_slip_decoder *dec, const uint8_t *p, size_t n,
				 size_t *ret_used)
{
	if (dec->fresh) { /* the caller had the last frame; its memory is used again */
		kiln_buf_reset(&dec->frame);
		dec->fresh = false;
	}
	if (!dec->in_frame)
		kiln_buf_reset(&dec->noise);
	for (size_t i = 0; i < n; i++) {
		*ret_used = i + 1;
		if (!dec->in_frame) {
			if (p[i] == SLIP_END) {
				dec->in_frame = true;
				if (dec->noise.len)
					return KILN_SLIP_NOISE;
			} else if (kiln_buf_putc(&dec->noise, p[i]) != KILN_OK) {
				*ret_used = i;
				return KILN_SLIP_NOISE;
			}
		} else if (p[i] == SLIP_END) {
			const kiln_slip_event event = end_frame(dec);

			if (event != KILN_SLIP_MORE)
				return event;
		} else {
			decode_byte(dec, p[i]);
		}
	}
	*ret_used = n;
	return dec->in_frame || dec->noise.len == 0 ? KILN_SLIP_MORE : KILN_SLIP_NOISE;
}
