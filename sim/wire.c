/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes on a serial wire, and what a UART at some speed makes of them. */
#include "sim/wire.h"

#include <stdlib.h>

enum { WIRE_MAX = 1 << 20 }; /* bytes under way; both senders stop far below it */

void sim_wire_done(struct sim_wire *wire)
{
	free(wire->ring);
	*wire = (struct sim_wire){ 0 };
}

void sim_wire_cut(struct sim_wire *wire, sim_ns now)
{
	wire->n = 0;
	wire->free_at = now;
}

static bool grow(struct sim_wire *wire, size_t n)
{
	size_t cap = wire->cap ? wire->cap : 256;
	struct sim_wire_byte *ring;

	while (cap < n)
		cap *= 2;
	if (cap == wire->cap)
		return true;
	if (cap > WIRE_MAX || !(ring = malloc(cap * sizeof(*ring))))
		return false;
	for (size_t i = 0; i < wire->n; i++)
		ring[i] = wire->ring[(wire->head + i) & (wire->cap - 1)];
	free(wire->ring);
	wire->ring = ring;
	wire->cap = cap;
	wire->head = 0;
	return true;
}

bool sim_wire_push(struct sim_wire *wire, sim_ns now, unsigned baud, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	const sim_ns ten_bits = (sim_ns)(10 * SIM_S / baud);

	if (!grow(wire, wire->n + n))
		return false;
	if (wire->free_at < now)
		wire->free_at = now;
	for (size_t i = 0; i < n; i++) {
		wire->ring[(wire->head + wire->n++) & (wire->cap - 1)] = (struct sim_wire_byte){
			.start = wire->free_at,
			.bit_ns = (uint32_t)(SIM_S / baud),
			.value = p[i],
		};
		wire->free_at += ten_bits;
	}
	return true;
}

const struct sim_wire_byte *sim_wire_at(const struct sim_wire *wire, size_t i)
{
	return &wire->ring[(wire->head + i) & (wire->cap - 1)];
}

sim_ns sim_wire_end(const struct sim_wire *wire, size_t i)
{
	const struct sim_wire_byte *b = sim_wire_at(wire, i);

	return b->start + 10 * (sim_ns)b->bit_ns;
}

sim_ns sim_wire_next(const struct sim_wire *wire)
{
	return wire->n > 0 ? sim_wire_end(wire, 0) : SIM_NEVER;
}

bool sim_wire_pop(struct sim_wire *wire, struct sim_wire_byte *ret_byte)
{
	if (wire->n == 0)
		return false;
	*ret_byte = wire->ring[wire->head];
	wire->head = (wire->head + 1) & (wire->cap - 1);
	wire->n--;
	return true;
}

/* Level of the line at bit `i` of a byte: start, eight data bits from the low end, stop. */
static bool level_of(uint8_t value, unsigned i)
{
	if (i == 0)
		return false;
	return i > 8 || (value >> (i - 1) & 1);
}

/* One sample; true if it ended a frame. A missing stop bit does not keep the byte back. */
static bool sample(struct sim_uart_rx *rx, bool level, sim_ns bit_ns)
{
	if (rx->n_bits >= 1 && rx->n_bits <= 8 && level)
		rx->shift |= 1u << (rx->n_bits - 1);
	rx->sample_at += bit_ns;
	if (rx->n_bits == 0 && level) { /* a glitch, no start bit */
		rx->in_frame = false;
		return false;
	}
	if (++rx->n_bits < 10)
		return false;
	rx->in_frame = false;
	return true;
}

/* The line is at `level` from `from` to `to`. */
static size_t hold(struct sim_uart_rx *rx, bool level, sim_ns from, sim_ns to, sim_ns bit_ns,
		   uint8_t *out)
{
	size_t n = 0;

	if (!rx->in_frame && !level && !rx->line_low) {
		*rx = (struct sim_uart_rx){ .in_frame = true, .sample_at = from + bit_ns / 2 };
	}
	rx->line_low = !level;
	while (rx->in_frame && rx->sample_at < to) {
		if (sample(rx, level, bit_ns))
			out[n++] = (uint8_t)rx->shift;
	}
	return n;
}

static bool same_speed(sim_ns a, sim_ns b)
{
	const sim_ns d = a > b ? a - b : b - a;

	return d * 100 <= 3 * a; /* what eight bits and a half can be off together */
}

size_t sim_uart_receive(struct sim_uart_rx *rx, unsigned baud, const struct sim_wire_byte *sent,
			uint8_t out[SIM_UART_RX_MAX])
{
	const sim_ns bit_ns = SIM_S / baud;
	size_t n;

	if (!rx->in_frame && same_speed(bit_ns, sent->bit_ns)) {
		rx->line_low = false;
		out[0] = sent->value;
		return 1;
	}
	n = hold(rx, true, sent->start, sent->start, bit_ns, out); /* idle until now */
	for (unsigned i = 0; i < 10; i++) {
		const sim_ns from = sent->start + (sim_ns)i * sent->bit_ns;

		n += hold(rx, level_of(sent->value, i), from, from + sent->bit_ns, bit_ns, out + n);
	}
	return n;
}
