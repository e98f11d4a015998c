/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SLIP_H
#define KILN_SLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * SLIP framing (RFC 1055) as Espressif's loaders use it: every frame begins and ends with C0.
 *
 *	C0 | payload, with C0 as DB DC and DB as DB DD | C0
 *
 * Pure: bytes in, frames out. The decoder keeps no clock and reads no descriptor.
 */
kiln_code kiln_slip_encode(struct kiln_buf *out, const void *payload, size_t n);

typedef enum kiln_slip_event {
	KILN_SLIP_MORE,  /* all input is used, no frame is complete */
	KILN_SLIP_FRAME, /* dec->frame holds a whole frame until the next call */
	KILN_SLIP_NOISE, /* dec->noise holds bytes that stood outside of any frame (boot text) */
	KILN_SLIP_BAD,   /* a bad escape or a frame beyond the maximum; it was dropped */
} kiln_slip_event;

struct kiln_slip_decoder {
	struct kiln_buf frame;
	struct kiln_buf noise;
	bool in_frame, escaped, bad, fresh;
};

void kiln_slip_init(struct kiln_slip_decoder *dec, size_t max_frame);
void kiln_slip_done(struct kiln_slip_decoder *dec);
void kiln_slip_reset(struct kiln_slip_decoder *dec);

/* Use up to n bytes, stop at the first event. *ret_used is how many were used. */
kiln_slip_event kiln_slip_decode(struct kiln_slip_decoder *dec, const uint8_t *p, size_t n,
				 size_t *ret_used);

#endif
