/* SPDX-License-Identifier: Apache-2.0 */
/* The two wires between host and chip, the bridge that holds bytes back, and what strikes them. */
#include "sim/board_impl.h"

static void strike(struct sim_board *b)
{
	const struct sim_fault *stall = sim_faults_find(&b->faults, SIM_FAULT_STALL);
	const struct sim_fault *unplug = sim_faults_find(&b->faults, SIM_FAULT_UNPLUG);
	const struct sim_fault *reset = sim_faults_find(&b->faults, SIM_FAULT_RESET);
	const uint64_t seen = b->faults.seen[SIM_TO_CHIP];

	if (reset && seen == reset->n) {
		sim_writer_tear(&b->download.writer, b->now, &b->faults.random);
		sim_board_reset_cpu(b, SIM_RESET_POWER_ON);
	}
	if (stall && seen == stall->n)
		b->stalled_until = stall->for_ms ? b->now + (sim_ns)stall->for_ms * SIM_MS
						 : SIM_NEVER;
	if (unplug && seen >= unplug->n) {
		sim_writer_tear(&b->download.writer, b->now, &b->faults.random);
		sim_board_power_off(b);
		b->unplugged = true;
	}
}

static void chip_receives(struct sim_board *b, const uint8_t *bytes, size_t n)
{
	if (sim_board_in_download(b)) {
		for (size_t i = 0; i < n; i++) {
			sim_download_receive(&b->download, b->now, bytes[i]);
			sim_board_run_download(b);
		}
	} else if (b->cpu == SIM_CPU_RUNNING && b->run) {
		sim_run_input(b->run, bytes, n);
		sim_board_poll_run(b);
	}
}

static void byte_to_chip(struct sim_board *b)
{
	struct sim_wire_byte sent;
	uint8_t seen[SIM_UART_RX_MAX], faulty[2];
	size_t n, m;

	if (!sim_wire_pop(&b->to_chip, &sent))
		return;
	b->faults.baud = b->chip_baud;
	m = sim_faults_byte(&b->faults, SIM_TO_CHIP, sent.value, faulty);
	for (size_t i = 0; i < m; i++) {
		sent.value = faulty[i];
		n = sim_uart_receive(&b->chip_rx, b->chip_baud, &sent, seen);
		for (size_t k = 0; k < n; k++)
			chip_receives(b, &seen[k], 1);
	}
	strike(b);
}

/*
 * A UART's driver does not look at each byte: the FIFO tells it when 120 of them are there, or the
 * line has been silent for some time (ESP32 TRM, RXFIFO_FULL and RXFIFO_TOUT, as MicroPython and
 * ESP-IDF set them). So does the interpreter here get what comes without a pause at once; but an
 * interrupt comes alone, and after all that stood before it.
 */
static size_t burst_to_chip(const struct sim_board *b)
{
	enum { FIFO_FULL = 120, INTERRUPT = 3 };
	const struct sim_wire *wire = &b->to_chip;
	struct sim_wire_byte byte, before = { 0 };
	size_t n = 0;

	if (b->cpu != SIM_CPU_RUNNING || b->faults.n || wire->n == 0)
		return wire->n > 0;
	for (; n < wire->n && n < FIFO_FULL; n++, before = byte) {
		byte = *sim_wire_at(wire, n);
		if (n > 0 && (byte.value == INTERRUPT || byte.bit_ns != before.bit_ns ||
			      byte.start > before.start + 10 * (sim_ns)before.bit_ns + SIM_US))
			break;
		if (byte.value == INTERRUPT)
			return 1;
	}
	return n;
}

void sim_board_bytes_to_chip(struct sim_board *b)
{
	uint8_t seen[128 * SIM_UART_RX_MAX];
	const size_t burst = burst_to_chip(b);
	struct sim_wire_byte sent;
	size_t n = 0;

	if (burst <= 1) {
		byte_to_chip(b);
		return;
	}
	for (size_t i = 0; i < burst && sim_wire_pop(&b->to_chip, &sent); i++)
		n += sim_uart_receive(&b->chip_rx, b->chip_baud, &sent, seen + n);
	chip_receives(b, seen, n);
}

void sim_board_release_held(struct sim_board *b)
{
	(void)kiln_buf_append(&b->inbox, b->held.data, b->held.len);
	kiln_buf_reset(&b->held);
	b->held_until = SIM_NEVER;
}

static void host_receives(struct sim_board *b, uint8_t byte)
{
	if (b->config.bridge_latency == 0) {
		(void)kiln_buf_putc(&b->inbox, byte);
		return;
	}
	if (b->held.len == 0)
		b->held_until = b->now + b->config.bridge_latency;
	(void)kiln_buf_putc(&b->held, byte);
	if (b->held.len >= SIM_BRIDGE_PACKET)
		sim_board_release_held(b);
}

void sim_board_byte_to_host(struct sim_board *b)
{
	struct sim_wire_byte sent;
	uint8_t seen[SIM_UART_RX_MAX], faulty[2];
	size_t n, m;

	if (!sim_wire_pop(&b->to_host, &sent))
		return;
	b->faults.baud = b->chip_baud;
	m = sim_faults_byte(&b->faults, SIM_FROM_CHIP, sent.value, faulty);
	for (size_t i = 0; i < m; i++) {
		sent.value = faulty[i];
		n = sim_uart_receive(&b->host_rx, b->host_baud, &sent, seen);
		for (size_t k = 0; k < n; k++)
			host_receives(b, seen[k]);
	}
	if (sim_board_in_download(b))
		sim_board_run_download(b);
	else if (b->cpu == SIM_CPU_RUNNING && b->to_host.n <= SIM_PENDING_MAX / 2)
		sim_board_poll_run(b);
}

static sim_ns not_stalled(const struct sim_board *b, sim_ns at)
{
	return at < b->stalled_until ? b->stalled_until : at;
}

sim_ns sim_board_to_host_at(const struct sim_board *b)
{
	return not_stalled(b, sim_wire_next(&b->to_host));
}

sim_ns sim_board_to_chip_at(const struct sim_board *b)
{
	const size_t n = burst_to_chip(b);

	return not_stalled(b, n > 0 ? sim_wire_end(&b->to_chip, n - 1) : SIM_NEVER);
}
