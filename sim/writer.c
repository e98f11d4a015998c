/* SPDX-License-Identifier: Apache-2.0 */
/* Erases and programs, one flash operation after the other. */
#include "sim/writer.h"

void sim_writer_init(struct sim_writer *w, struct sim_flash *flash)
{
	*w = (struct sim_writer){ .flash = flash };
}

static void close_stream(struct sim_writer *w)
{
	if (w->z_open)
		inflateEnd(&w->z);
	w->z_open = false;
	w->open = false;
	w->step = SIM_WRITER_DONE;
	w->n_plain = w->plain_used = w->used = 0;
	w->input = kiln_span(NULL, 0);
}

void sim_writer_done(struct sim_writer *w)
{
	close_stream(w);
}

void sim_writer_reset(struct sim_writer *w)
{
	if (w->running)
		(void)sim_writer_settle(w, w->op_end);
	close_stream(w);
	w->erase_at = w->erase_end = 0;
	w->erase_chip = false;
	w->error = SIM_WRITE_OK;
}

static uint32_t sector_of(uint32_t address)
{
	return address & ~(uint32_t)(SIM_FLASH_SECTOR - 1);
}

void sim_writer_erase(struct sim_writer *w, uint32_t address, uint32_t n)
{
	w->erase_at = sector_of(address);
	w->erase_end = n ? sector_of(address + n + SIM_FLASH_SECTOR - 1) : w->erase_at;
}

void sim_writer_erase_chip(struct sim_writer *w)
{
	w->erase_chip = true;
}

void sim_writer_end(struct sim_writer *w)
{
	close_stream(w);
}

/* --- operations --- */

sim_ns sim_writer_settle(struct sim_writer *w, sim_ns now)
{
	sim_ns left;

	if (!w->running)
		return 0;
	left = w->op_end > now ? w->op_end - now : 0;
	sim_flash_apply(w->flash, &w->op);
	w->running = false;
	return left;
}

/* How long the flash is still busy; what is over has its effect. */
static sim_ns busy(struct sim_writer *w, sim_ns now)
{
	if (w->running && w->op_end <= now)
		(void)sim_writer_settle(w, now);
	return w->running ? w->op_end - now : 0;
}

static sim_ns start(struct sim_writer *w, sim_flash_kind kind, uint32_t address, sim_ns now)
{
	const sim_ns time = sim_flash_time(w->flash, &(struct sim_flash_op){ .kind = kind });

	w->op.kind = kind;
	w->op.address = address;
	w->running = true;
	w->op_start = now;
	w->op_end = now + time;
	return time;
}

/* The largest erase that fits at *at before `end`, which moves on. */
static sim_ns start_erase(struct sim_writer *w, uint32_t *at, uint32_t end, sim_ns now)
{
	const bool block = *at % SIM_FLASH_BLOCK == 0 && end - *at >= SIM_FLASH_BLOCK;
	const uint32_t address = *at;

	*at += block ? SIM_FLASH_BLOCK : SIM_FLASH_SECTOR;
	return start(w, block ? SIM_FLASH_ERASE_BLOCK : SIM_FLASH_ERASE_SECTOR, address, now);
}

static bool is_blank(const struct sim_writer *w, uint32_t address)
{
	uint8_t sector[SIM_FLASH_SECTOR];

	sim_flash_read(w->flash, address, sector, sizeof(sector));
	for (size_t i = 0; i < sizeof(sector); i++) {
		if (sector[i] != 0xFF)
			return false;
	}
	return true;
}

/* Begin the next erase of the stream's region, in the background. Returns the CPU's time. */
static sim_ns erase_next(struct sim_writer *w, sim_ns now)
{
	const sim_ns look = SIM_FLASH_SECTOR * SIM_READ_TIME_PER_BYTE;
	const bool looks = w->kind == SIM_WRITER_STUB && !w->seen_dirty;

	if (w->kind == SIM_WRITER_ROM || w->next_erase >= w->region_end)
		return 0;
	if (looks && is_blank(w, w->next_erase)) {
		w->next_erase += SIM_FLASH_SECTOR;
		return look + sim_writer_settle(w, now);
	}
	w->seen_dirty = true;
	if (busy(w, now) == 0)
		(void)start_erase(w, &w->next_erase, w->region_end, now);
	return looks ? look : 0;
}

/* --- a stream --- */

void sim_writer_begin(struct sim_writer *w, sim_ns now, uint32_t address, uint32_t n,
		      bool compressed, sim_writer_kind kind)
{
	close_stream(w);
	w->open = true;
	w->compressed = compressed;
	w->kind = kind;
	w->address = address;
	w->left = n;
	w->next_erase = sector_of(address);
	w->region_end = sector_of(address + n + SIM_FLASH_SECTOR - 1);
	w->seen_dirty = false;
	w->error = SIM_WRITE_OK;
	w->z_ended = false;
	w->z = (z_stream){ 0 };
	w->z_open = compressed && inflateInit(&w->z) == Z_OK;
	if (kind == SIM_WRITER_STUB && n)
		(void)erase_next(w, now);
}

void sim_writer_data(struct sim_writer *w, struct kiln_span block)
{
	w->input = block;
	w->used = 0;
	w->step = w->compressed ? SIM_WRITER_AHEAD : SIM_WRITER_INFLATE;
}

static sim_ns step_ahead(struct sim_writer *w, sim_ns now)
{
	w->step = SIM_WRITER_INFLATE;
	return erase_next(w, now);
}

static void copy_plain(struct sim_writer *w)
{
	size_t n = w->input.n - w->used;

	if (n > sizeof(w->plain))
		n = sizeof(w->plain);
	if (n > w->left) /* the last block is padded */
		n = w->left;
	memcpy(w->plain, w->input.p + w->used, n);
	w->used = n ? w->used + n : w->input.n;
	w->n_plain = n;
}

static void inflate_more(struct sim_writer *w)
{
	int result;

	if (w->z_ended || !w->z_open) {
		w->used = w->input.n;
		return;
	}
	w->z.next_in = (z_const Bytef *)(uintptr_t)w->input.p + w->used; /* it is not const */
	w->z.avail_in = (uInt)(w->input.n - w->used);
	w->z.next_out = w->plain + w->n_plain;
	w->z.avail_out = (uInt)(sizeof(w->plain) - w->n_plain);
	result = inflate(&w->z, Z_NO_FLUSH);
	w->used = w->input.n - w->z.avail_in;
	w->n_plain = sizeof(w->plain) - w->z.avail_out;
	w->z_ended = result == Z_STREAM_END;
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		w->error = SIM_WRITE_BAD_STREAM;
	else if (w->n_plain > w->left)
		w->error = SIM_WRITE_TOO_MUCH;
}

/* Plain bytes are programmed as they are; unpacked ones by a stub when there are enough. */
static sim_ns step_inflate(struct sim_writer *w, sim_ns now)
{
	const bool in_pieces = w->compressed && w->kind != SIM_WRITER_ROM;

	(void)now;
	if (w->compressed)
		inflate_more(w);
	else
		copy_plain(w);
	if (w->error || w->n_plain == 0)
		w->step = SIM_WRITER_DONE;
	else if (!in_pieces || w->z_ended || w->n_plain == sizeof(w->plain))
		w->step = SIM_WRITER_ENSURE;
	else
		w->step = w->used < w->input.n ? SIM_WRITER_AHEAD : SIM_WRITER_DONE;
	return 0;
}

static sim_ns step_ensure(struct sim_writer *w, sim_ns now)
{
	const uint32_t to = w->address + (uint32_t)w->n_plain;
	sim_ns wait;

	if (w->kind == SIM_WRITER_ROM || w->next_erase >= to || w->next_erase >= w->region_end)
		w->step = SIM_WRITER_PROGRAM;
	else if (w->seen_dirty && (wait = busy(w, now)) > 0)
		return wait;
	else
		return erase_next(w, now);
	return 0;
}

/* All of it is programmed: the rest of the block, which inflate may hold back, or the next one. */
static sim_ns programmed(struct sim_writer *w)
{
	w->n_plain = w->plain_used = 0;
	if (w->used < w->input.n)
		w->step = w->compressed ? SIM_WRITER_AHEAD : SIM_WRITER_INFLATE;
	else
		w->step = w->compressed && !w->z_ended ? SIM_WRITER_INFLATE : SIM_WRITER_DONE;
	return 0;
}

uint8_t sim_cipher(uint32_t address, uint8_t byte)
{
	return (uint8_t)(byte ^ 0x5A ^ address ^ address >> 8);
}

static sim_ns step_program(struct sim_writer *w, sim_ns now)
{
	size_t n = SIM_FLASH_PAGE - w->address % SIM_FLASH_PAGE;
	const sim_ns wait = busy(w, now);

	if (wait)
		return wait;
	if (w->plain_used == w->n_plain)
		return programmed(w);
	if (n > w->n_plain - w->plain_used)
		n = w->n_plain - w->plain_used;
	memcpy(w->op.data, w->plain + w->plain_used, n);
	w->op.n = (uint32_t)n;
	for (size_t i = 0; w->encrypt && i < n; i++)
		w->op.data[i] = sim_cipher(w->address + (uint32_t)i, w->op.data[i]);
	w->plain_used += n;
	w->left -= (uint32_t)n;
	w->address += (uint32_t)n;
	return start(w, SIM_FLASH_PROGRAM, w->address - (uint32_t)n, now);
}

static sim_ns (*const steps[SIM_WRITER_STEPS])(struct sim_writer *w, sim_ns now) = {
	[SIM_WRITER_AHEAD] = step_ahead,
	[SIM_WRITER_INFLATE] = step_inflate,
	[SIM_WRITER_ENSURE] = step_ensure,
	[SIM_WRITER_PROGRAM] = step_program,
};

sim_ns sim_writer_run(struct sim_writer *w, sim_ns now)
{
	sim_ns wait = 0;

	(void)busy(w, now);
	if (w->erase_chip || w->erase_at < w->erase_end) {
		wait = busy(w, now);
		if (wait)
			return wait;
	}
	if (w->erase_chip) {
		w->erase_chip = false;
		return start(w, SIM_FLASH_ERASE_CHIP, 0, now);
	}
	if (w->erase_at < w->erase_end)
		return start_erase(w, &w->erase_at, w->erase_end, now);
	while (w->step != SIM_WRITER_DONE && wait == 0)
		wait = steps[w->step](w, now);
	return wait;
}

void sim_writer_tear(struct sim_writer *w, sim_ns now, uint64_t *random)
{
	if (w->running && w->op_end > now)
		sim_flash_tear(w->flash, &w->op, now - w->op_start, w->op_end - w->op_start,
			       random);
	else if (w->running)
		(void)sim_writer_settle(w, now);
	w->running = false;
	sim_writer_reset(w);
}
