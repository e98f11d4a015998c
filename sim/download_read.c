/* SPDX-License-Identifier: Apache-2.0 */
/* Flash that a host reads: by the ROM in one reply, by a stub in blocks that are acknowledged. */
#include "sim/download_commands.h"

#include <openssl/evp.h>

static void cmd_read_flash_slow(struct sim_download *d)
{
	const uint32_t at = sim_request_word(d, 0), n = sim_request_word(d, 1);

	if (sim_has_boot_hook(d) && sim_bus_read(d->bus, d->bus->model->boot_hook)) {
		d->next_stub = sim_loaded_stub(d, sim_bus_read(d->bus, d->bus->model->boot_hook));
		d->run_ram = d->quiet = true;
		return;
	}
	if (n > SIM_REPLY_DATA) {
		sim_reply_fail(d, 1, SIM_ROM_READ_LENGTH);
		return;
	}
	if (!sim_in_flash(d, at, n) || !d->attached) {
		sim_reply_fail(d, 1, SIM_ROM_READ_ERROR);
		return;
	}
	sim_succeed(d);
	sim_flash_read(d->bus->flash, at, d->reply.data, n);
}

static void cmd_read_flash(struct sim_download *d)
{
	if (!sim_in_flash(d, sim_request_word(d, 0), sim_request_word(d, 1))) {
		sim_reply_fail(d, 1, SIM_STUB_FLASH);
		return;
	}
	if (sim_request_word(d, 2) == 0 || sim_request_word(d, 2) > SIM_FLASH_SECTOR ||
	    sim_request_word(d, 3) == 0) {
		sim_reply_fail(d, 1, SIM_STUB_BAD_BLOCK);
		return;
	}
	sim_reading_start(d, sim_request_word(d, 0), sim_request_word(d, 1), sim_request_word(d, 2),
			  sim_request_word(d, 3));
}

void sim_reading_start(struct sim_download *d, uint32_t address, uint32_t size, uint32_t block,
		       uint32_t in_flight)
{
	sim_reading_stop(d);
	d->reading = (struct sim_reading){
		.on = true,
		.address = address,
		.size = size,
		.block = block,
		.in_flight = in_flight,
		.md5 = EVP_MD_CTX_new(),
	};
	EVP_DigestInit_ex(d->reading.md5, EVP_md5(), NULL);
}

void sim_reading_stop(struct sim_download *d)
{
	EVP_MD_CTX_free(d->reading.md5);
	d->reading = (struct sim_reading){ 0 };
}

void sim_reading_send(struct sim_download *d)
{
	struct sim_reading *r = &d->reading;

	EVP_DigestUpdate(r->md5, r->packet, r->n_packet);
	sim_send_frame(d, r->packet, r->n_packet);
	r->sent += r->n_packet;
	r->sent_blocks++;
}

static void send_block(struct sim_download *d, sim_ns now)
{
	struct sim_reading *r = &d->reading;
	const uint32_t left = r->size - r->sent;

	if (r->nand) {
		d->cpu_at = now + sim_nand_fetch(d);
		d->phase = SIM_FETCHING;
		return;
	}
	r->n_packet = left < r->block ? left : r->block;
	sim_flash_read(d->bus->flash, r->address + r->sent, r->packet, r->n_packet);
	sim_reading_send(d);
}

static void end_reading(struct sim_download *d)
{
	uint8_t md5[16];

	EVP_DigestFinal_ex(d->reading.md5, md5, NULL);
	for (size_t i = 0; d->reading.failed && i < sizeof(md5); i++)
		md5[i] ^= 0xFF;
	sim_send_frame(d, md5, sizeof(md5));
	sim_reading_stop(d);
}

/*
 * How many blocks may go ahead: the 2026 stub waits for an acknowledgement of each one, whatever
 * it was asked for, and only counts them; in unsigned numbers, so that one too many holds it for
 * ever (s_read_flash_post_process).
 */
static bool may_send(const struct sim_download *d)
{
	const struct sim_reading *r = &d->reading;

	if (d->program == SIM_PROGRAM_STUB)
		return r->sent_blocks - r->acks < 1;
	return (r->sent - r->acked) / r->block < r->in_flight;
}

void sim_download_room(struct sim_download *d, sim_ns now)
{
	struct sim_reading *r = &d->reading;

	struct kiln_span frame;

	if (!r->on || d->phase != SIM_IDLE)
		return;
	if (d->program == SIM_PROGRAM_STUB && sim_receiver_next(&d->receiver, &frame))
		sim_reading_ack(d, frame);
	if (!r->on)
		return;
	if (r->sent == r->size && r->acked >= r->size)
		end_reading(d);
	else if (r->sent < r->size && may_send(d))
		send_block(d, now);
}

/*
 * The host says how many bytes it has. A frame of another length ends the reading early, with the
 * digest of what was sent.
 */
void sim_reading_ack(struct sim_download *d, struct kiln_span frame)
{
	struct sim_reading *r = &d->reading;

	if (frame.n != 4) {
		if (!r->nand) /* the plugin passes over it */
			end_reading(d);
		return;
	}
	r->acked = kiln_get_le32(frame.p);
	if (!r->nand || r->acks < r->sent_blocks)
		r->acks++;
}

const struct sim_command sim_read_commands[] = {
	/* op, who, shortest body, data in the reply */
	{ 0x0E, SIM_BY_ROM, 8, { SIM_REPLY_DATA, 0 }, cmd_read_flash_slow },
	{ 0xD2, SIM_BY_STUB, 16, { 0, 0 }, cmd_read_flash },
	{ .run = NULL },
};
