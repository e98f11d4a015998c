/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/receiver.h"

#include <string.h>

enum { THRESHOLD = 32, PAUSE = 10, END = 0xC0, ESC = 0xDB, ESC_END = 0xDC, ESC_ESC = 0xDD };

void sim_receiver_start(struct sim_receiver *r, bool legacy)
{
	const sim_ns byte_time = r->byte_time;

	*r = (struct sim_receiver){
		.legacy = legacy,
		.byte_time = byte_time,
		.interrupt_at = SIM_NEVER,
		.at_work = -1,
		.waiting = -1,
		.open = true,
	};
}

static void put(struct sim_receiver *r, uint8_t byte)
{
	struct sim_frame *f = &r->frames[r->in];

	if (f->n < sizeof(f->data)) {
		f->data[f->n++] = byte;
		return;
	}
	f->broken = true;
	r->open = r->legacy;
	r->in_frame = false;
}

/* --- the 2026 stub --- */

static void end_frame(struct sim_receiver *r)
{
	struct sim_frame *f = &r->frames[r->in];

	r->in_frame = false;
	if (f->n == 0)
		return;
	f->whole = true;
	r->open = false;
}

static void escaped_byte(struct sim_receiver *r, uint8_t byte)
{
	r->escaped = false;
	if (byte == ESC_END || byte == ESC_ESC) {
		put(r, byte == ESC_END ? END : ESC);
		return;
	}
	r->frames[r->in].broken = true;
	r->open = r->in_frame = false;
}

static void decode(struct sim_receiver *r, uint8_t byte)
{
	if (!r->in_frame) {
		r->overruns += byte == END && !r->open;
		if (byte == END && r->open) {
			r->in_frame = true;
			r->frames[r->in].n = 0;
		}
	} else if (r->escaped) {
		escaped_byte(r, byte);
	} else if (byte == END) {
		end_frame(r);
	} else if (byte == ESC) {
		r->escaped = true;
	} else {
		put(r, byte);
	}
}

/* --- the legacy stub --- */

static void end_legacy_frame(struct sim_receiver *r)
{
	struct sim_frame *f = &r->frames[r->in];

	if (f->n == 0)
		f->n = f->had;
	f->had = f->n;
	r->in_frame = r->escaped = false;
	r->overruns += r->waiting >= 0 || r->at_work == (int)r->in;
	r->waiting = (int)r->in;
	r->in = 1 - r->in;
	r->frames[r->in].n = 0;
}

/* A wrong escape leaves it waiting for a right one; it does not notice. */
static void decode_legacy(struct sim_receiver *r, uint8_t byte)
{
	if (byte == END && r->in_frame) {
		end_legacy_frame(r);
	} else if (byte == END) {
		r->in_frame = true;
	} else if (!r->in_frame) {
		return;
	} else if (r->escaped) {
		if (byte == ESC_END || byte == ESC_ESC) {
			r->escaped = false;
			put(r, byte == ESC_END ? END : ESC);
		}
	} else if (byte == ESC) {
		r->escaped = true;
	} else {
		put(r, byte);
	}
}

/* --- both --- */

static void interrupt(struct sim_receiver *r)
{
	for (size_t i = 0; i < r->n_fifo; i++) {
		if (r->legacy)
			decode_legacy(r, r->fifo[i]);
		else
			decode(r, r->fifo[i]);
	}
	r->n_fifo = 0;
	r->interrupt_at = SIM_NEVER;
}

void sim_receiver_byte(struct sim_receiver *r, sim_ns now, uint8_t byte)
{
	r->fifo[r->n_fifo++] = byte;
	r->interrupt_at = now + PAUSE * r->byte_time;
	if (r->n_fifo == THRESHOLD)
		interrupt(r);
}

void sim_receiver_run(struct sim_receiver *r, sim_ns now)
{
	if (r->interrupt_at <= now)
		interrupt(r);
}

/* The older frame lies in the buffer that is not being filled. */
static int oldest(const struct sim_receiver *r)
{
	const unsigned other = 1 - r->in;

	if (r->frames[other].whole || r->frames[other].broken)
		return (int)other;
	return r->frames[r->in].whole || r->frames[r->in].broken ? (int)r->in : -1;
}

static void release(struct sim_receiver *r)
{
	if (r->at_work >= 0)
		r->frames[r->at_work].whole = r->frames[r->at_work].broken = false;
	r->at_work = -1;
}

/* Go to the other buffer if this one is full; both are: stay closed. */
static void rearm(struct sim_receiver *r)
{
	const struct sim_frame *f = &r->frames[r->in], *other = &r->frames[1 - r->in];

	if (f->whole || f->broken) {
		if (other->whole || other->broken)
			return;
		r->in = 1 - r->in;
	}
	if (!r->in_frame)
		r->frames[r->in].n = 0;
	r->open = true;
}

static bool next_legacy(struct sim_receiver *r, struct kiln_span *ret_frame)
{
	r->at_work = r->waiting;
	r->waiting = -1;
	if (r->at_work < 0)
		return false;
	*ret_frame = kiln_span(r->frames[r->at_work].data, r->frames[r->at_work].n);
	return true;
}

bool sim_receiver_next(struct sim_receiver *r, struct kiln_span *ret_frame)
{
	release(r);
	if (r->legacy)
		return next_legacy(r, ret_frame);
	while ((r->at_work = oldest(r)) >= 0) {
		const struct sim_frame *f = &r->frames[r->at_work];

		rearm(r);
		if (!f->broken) {
			*ret_frame = kiln_span(f->data, f->n);
			return true;
		}
		release(r);
	}
	return false;
}
