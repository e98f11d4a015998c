/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_RECEIVER_H
#define KILN_SIM_RECEIVER_H

#include <stdbool.h>

#include "base/bytes.h"
#include "sim/clock.h"

/*
 * How a stub takes frames in while its CPU is at work: by an interrupt that empties the UART's
 * FIFO, into two buffers. By their sources (src/transport.c, slip.c and frame_buffer.c of
 * esp-flasher-stub v1.1; stub_flasher.c, slip.c and stub_io.c of esptool-legacy-flasher-stub):
 *
 *	FIFO     128 bytes; the interrupt comes when it holds 32, or when nothing has come for the
 *	         time of ten bytes, and takes all that is there
 *
 *	2026     A frame that is whole closes the receiver, until the main loop looks for it and
 *opens the other buffer; while that is still at work on the frame before, it does not look. What
 *arrives while the receiver is closed is lost: a frame whose first C0 falls into that time is lost
 *whole, and nothing else is. So the frame that follows another within the same interrupt is always
 *lost, and of three frames the third, unless the first has been worked off. An empty frame (C0 C0)
 *ends, so that the next C0 begins one: after a lost frame, begin and end may be mixed up.
 *
 *	legacy   The receiver is always open, and goes from one buffer to the other. Of two frames
 *that wait only the newer is seen; a third one overwrites what the CPU is working on. An empty
 *frame is taken for a whole one, and what the buffer held last is done again.
 */
enum { SIM_FRAME_MAX = 0x4000 + 64, SIM_UART_FIFO = 128 };

struct sim_frame {
	uint8_t data[SIM_FRAME_MAX];
	size_t n, had; /* had: of the last whole one, for the legacy stub */
	bool whole, broken;
};

struct sim_receiver {
	bool legacy;
	uint8_t fifo[SIM_UART_FIFO];
	size_t n_fifo;
	sim_ns byte_time;    /* at the UART's speed */
	sim_ns interrupt_at; /* for want of more bytes; SIM_NEVER */
	struct sim_frame frames[2];
	unsigned in; /* is filled by the interrupt */
	int at_work; /* is read by the main loop; -1: none */
	int waiting; /* legacy: the newest whole one; -1: none */
	bool open, in_frame, escaped;
	unsigned overruns; /* frames that were lost, or damaged */
};

void sim_receiver_start(struct sim_receiver *r, bool legacy);
void sim_receiver_byte(struct sim_receiver *r, sim_ns now, uint8_t byte);
/* What is due up to now. */
void sim_receiver_run(struct sim_receiver *r, sim_ns now);
/*
 * The main loop has done with the frame that it had, and looks for the next one. False: there is
 * none. A broken one is dropped here.
 */
bool sim_receiver_next(struct sim_receiver *r, struct kiln_span *ret_frame);

#endif
