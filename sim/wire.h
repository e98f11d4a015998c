/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_WIRE_H
#define KILN_SIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/clock.h"

/*
 * One direction of the serial wire: bytes that are on their way, each with the time at which its
 * start bit begins. A byte is 8N1: ten bits.
 *
 *	 idle  start  b0 .. b7  stop
 *	------+     +==========+-----
 *	      |_____|
 */
struct sim_wire_byte {
	sim_ns start;
	uint32_t bit_ns;
	uint8_t value;
};

struct sim_wire {
	struct sim_wire_byte *ring;
	size_t cap, head, n;
	sim_ns free_at; /* the last byte's end */
};

void sim_wire_done(struct sim_wire *wire);
/* What is under way is lost: the sender lost power, or was reset. */
void sim_wire_cut(struct sim_wire *wire, sim_ns now);
/* Send bytes one after the other, the first now or when the wire is free. False: no memory. */
bool sim_wire_push(struct sim_wire *wire, sim_ns now, unsigned baud, const void *bytes, size_t n);
/* When the next byte is complete; SIM_NEVER if none is under way. */
sim_ns sim_wire_next(const struct sim_wire *wire);
/* The byte that comes after `i` others, and when it is complete; i < wire->n. */
const struct sim_wire_byte *sim_wire_at(const struct sim_wire *wire, size_t i);
sim_ns sim_wire_end(const struct sim_wire *wire, size_t i);
bool sim_wire_pop(struct sim_wire *wire, struct sim_wire_byte *ret_byte);

/*
 * A receiver's UART. It waits for a falling edge and samples the middle of each of ten bits at its
 * own speed; so another speed than the sender's gives the garbage that a real one gives, and the
 * same each time.
 */
struct sim_uart_rx {
	bool in_frame, line_low;
	sim_ns sample_at;
	unsigned n_bits, shift;
};

enum { SIM_UART_RX_MAX = 8 }; /* bytes that one sent byte can become, at most: one a low run */

/* Returns how many bytes the receiver at `baud` makes of one byte on the wire. */
size_t sim_uart_receive(struct sim_uart_rx *rx, unsigned baud, const struct sim_wire_byte *sent,
			uint8_t out[SIM_UART_RX_MAX]);

#endif
