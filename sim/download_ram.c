/* SPDX-License-Identifier: Apache-2.0 */
/* Code that a host loads into RAM and starts: MEM_BEGIN, MEM_DATA, MEM_END. */
#include "sim/download_commands.h"

static void cmd_mem_begin(struct sim_download *d)
{
	d->loading.open = true;
	d->loading.left = sim_request_word(d, 0);
	d->loading.address = d->loading.start = sim_request_word(d, 3);
	d->loading.seq = 0;
}

static void note_region(struct sim_loading *l)
{
	if (l->left || l->n_regions == sizeof(l->regions) / sizeof(l->regions[0]))
		return;
	l->regions[l->n_regions][0] = l->start;
	l->regions[l->n_regions++][1] = l->address;
}

/* The ROM writes to where there is no memory: its exception handler says so, and hangs. */
static void crash(struct sim_download *d)
{
	static const char text[] = "Guru Meditation Error: Core 0 panic'ed (Store/AMO access "
				   "fault)\r\nCore 0 register dump:\r\n";

	(void)kiln_buf_append(&d->out, text, sizeof(text) - 1);
	d->quiet = true;
	d->program = SIM_PROGRAM_SILENT;
}

static void cmd_mem_data(struct sim_download *d)
{
	struct sim_loading *l = &d->loading;
	uint32_t n =
		(uint32_t)(d->n_body - (d->n_body < SIM_DATA_HEADER ? d->n_body : SIM_DATA_HEADER));
	uint8_t error = 0;

	if (sim_is_rom(d))
		error = sim_rom_block_error(d, l->open, &l->seq);
	else if (!l->open)
		error = SIM_STUB_NOT_BEGUN;
	else if (sim_request_word(d, 0) != n)
		error = l->left ? SIM_STUB_BAD_LENGTH : SIM_STUB_TOO_MUCH;
	else if (n > l->left)
		error = SIM_STUB_TOO_MUCH;
	if (!error && !sim_bus_load(d->bus, l->address, d->request + SIM_DATA_HEADER, n)) {
		if (sim_is_rom(d) && d->bus->model->habits->is_strict) {
			crash(d);
			return;
		}
		error = sim_is_rom(d) ? SIM_ROM_FAILED : SIM_STUB_BAD_LENGTH;
	}
	if (error) {
		sim_reply_fail(d, 1, error);
		return;
	}
	l->address += n;
	l->left -= n < l->left ? n : l->left;
	note_region(l);
}

const struct sim_stub *sim_loaded_stub(const struct sim_download *d, uint32_t entry)
{
	for (const struct sim_stub *s = d->bus->model->stubs; s->name; s++) {
		for (unsigned i = 0; i < d->loading.n_regions; i++) {
			const uint32_t *region = d->loading.regions[i];

			if (region[0] == s->text_start && entry >= region[0] && entry < region[1])
				return s;
		}
	}
	return NULL;
}

enum { S3_SECURE_BOOT_REG = 0x60007038, S3_SECURE_BOOT = 1 << 20 };

bool sim_has_boot_hook(const struct sim_download *d)
{
	return sim_is_rom(d) && d->bus->model->boot_hook &&
	       sim_bus_read(d->bus, S3_SECURE_BOOT_REG) & S3_SECURE_BOOT;
}

static void cmd_mem_end(struct sim_download *d)
{
	sim_succeed(d);
	d->loading.open = false;
	if (sim_request_word(d, 0) != 0) /* stay in the loader */
		return;
	if (sim_has_boot_hook(d)) /* it says that it did, and does not */
		return;
	d->next_stub = sim_loaded_stub(d, sim_request_word(d, 1));
	d->run_ram = true;
}

const struct sim_command sim_ram_commands[] = {
	/* op, who, shortest body, data in the reply */
	{ 0x05, SIM_BY_ROM | SIM_BY_STUB, 16, { 0, 0 }, cmd_mem_begin },
	{ 0x06, SIM_BY_ROM | SIM_BY_STUB, 8, { 0, 0 }, cmd_mem_end },
	{ 0x07, SIM_BY_ROM | SIM_BY_STUB, 16, { 0, 0 }, cmd_mem_data },
	{ .run = NULL },
};
