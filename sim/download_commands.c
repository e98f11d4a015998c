/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each command of the loader protocol does on the chip: one row, one function, here and in the
 * files of RAM, of flash and of its reading. Names and payloads are those of Espressif's serial
 * protocol documentation; what that leaves open (leftovers in a ROM's replies, what is checked and
 * what not) is as recorded.
 */
#include "sim/download_commands.h"

enum { BAUD_MAX = 5000000 };

/* --- for all commands --- */

void sim_succeed(struct sim_download *d)
{
	d->reply.status = 0;
	d->reply.error = 0;
}

void sim_fail(struct sim_download *d, uint8_t rom_error, uint8_t stub_error)
{
	sim_reply_fail(d, 1, sim_is_rom(d) ? rom_error : stub_error);
}

bool sim_in_flash(const struct sim_download *d, uint32_t address, uint32_t n)
{
	return address <= d->flash_size && n <= d->flash_size - address;
}

uint8_t sim_xor_sum(const struct sim_download *d)
{
	uint8_t sum = 0xEF;

	for (size_t i = SIM_DATA_HEADER; i < d->n_body; i++)
		sum ^= d->request[i];
	return sum;
}

uint8_t sim_rom_block_error(struct sim_download *d, bool open, uint32_t *seq)
{
	if (!open || sim_request_word(d, 1) != *seq ||
	    d->n_body != SIM_DATA_HEADER + (size_t)sim_request_word(d, 0))
		return SIM_ROM_INVALID;
	++*seq;
	return d->checksum == sim_xor_sum(d) ? 0 : SIM_ROM_BAD_CHECKSUM;
}

/* --- the link itself --- */

static void cmd_sync(struct sim_download *d)
{
	sim_succeed(d);
	d->reply.repeat = 8;
	if (sim_is_rom(d))
		d->reply.value = sim_request_word(d, 0);
}

static void cmd_change_baud(struct sim_download *d)
{
	const uint32_t baud = sim_request_word(d, 0);

	if (baud == 0 || baud > BAUD_MAX) {
		sim_fail(d, SIM_ROM_INVALID, SIM_STUB_BAD_LENGTH);
		return;
	}
	sim_succeed(d);
	d->wish = SIM_WISH_BAUD;
	d->wished_baud = baud;
}

/* --- registers --- */

static void cmd_read_reg(struct sim_download *d)
{
	sim_succeed(d);
	d->reply.value = sim_bus_read(d->bus, sim_request_word(d, 0));
}

/* Any number of records: address, value, mask, microseconds to wait after it. */
static void cmd_write_reg(struct sim_download *d)
{
	for (unsigned i = 0; (i + 1) * 16 <= d->n_body; i++) {
		const uint32_t address = sim_request_word(d, 4 * i),
			       mask = sim_request_word(d, 4 * i + 2);
		const uint32_t old = mask == UINT32_MAX ? 0 : sim_bus_read(d->bus, address);

		d->cost += sim_bus_write(d->bus, address,
					 (old & ~mask) | (sim_request_word(d, 4 * i + 1) & mask));
		d->cost += sim_request_word(d, 4 * i + 3) * SIM_US;
	}
	sim_succeed(d);
}

/* flags, FLASH_CRYPT_CNT, seven key purposes; on most chips also chip id and version */
static void cmd_security_info(struct sim_download *d)
{
	const struct sim_model *m = d->bus->model;

	if (m->habits->security_info == 0) {
		sim_reply_fail(d, 1, SIM_STUB_UNSUPPORTED);
		return;
	}
	sim_succeed(d);
	memset(d->reply.data, 0, 20);
	kiln_put_le32(d->reply.data, d->security_flags);
	d->reply.data[4] = d->crypt_count;
	d->reply.data[11] = 0x0C;
	kiln_put_le32(d->reply.data + 12, m->chip_id);
	kiln_put_le32(d->reply.data + 16, m->api_version);
	d->reply.data_len = m->habits->security_info;
}

/* --- the tables --- */

static const struct sim_command commands[] = {
	/* op, who, shortest body, data in the reply */
	{ 0x08, SIM_BY_ROM | SIM_BY_STUB, 36, { 0, 0 }, cmd_sync },
	{ 0x09, SIM_BY_ROM | SIM_BY_STUB, 16, { 0, 0 }, cmd_write_reg },
	{ 0x0A, SIM_BY_ROM | SIM_BY_STUB, 4, { 0, 0 }, cmd_read_reg },
	{ 0x0F, SIM_BY_ROM | SIM_BY_STUB, 8, { 0, 0 }, cmd_change_baud },
	{ 0x14, SIM_BY_ROM | SIM_BY_STUB, 0, { 0, 0 }, cmd_security_info },
	{ .run = NULL },
};

/* What writes flash, and what says who one is. */
static bool is_secure(uint8_t op)
{
	static const uint8_t ops[] = { 0x02, 0x03, 0x04, 0x08, 0x0B, 0x0D,
				       0x0F, 0x10, 0x11, 0x12, 0x14 };

	return memchr(ops, op, sizeof(ops)) != NULL;
}

static bool is_known(const struct sim_download *d, uint8_t op)
{
	const struct sim_rom_habits *habits = d->bus->model->habits;

	if (op == 0x14 && d->program == SIM_PROGRAM_LEGACY_STUB)
		return habits->security_info;
	if (!sim_is_rom(d))
		return true;
	if ((op == 0x14 && !habits->security_info) || (op > 0x0A && habits->is_old))
		return false;
	return !(d->security_flags & SIM_SECURE_DOWNLOAD) || is_secure(op);
}

static const struct sim_command *const tables[] = {
	commands,
	sim_ram_commands,
	sim_flash_commands,
	sim_read_commands,
};

const struct sim_command *sim_command_find(const struct sim_download *d, uint8_t op)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct sim_command *c = tables[i]; c->run; c++) {
			if (c->op == op && c->who & 1 << d->program && is_known(d, op))
				return c;
		}
	}
	return sim_plugin_command(d, op);
}
