/* SPDX-License-Identifier: Apache-2.0 */
/* Erases and programs, one flash operation after the other. */
#include "sim/writer.h"

enum { BLOCK_MAX = 0x10000 };

void sim_writer_init(struct sim_writer *w, struct sim_flash *flash)
{
	*w = (struct sim_writer){ .flash = flash };
	kiln_buf_init(&w->input, BLOCK_MAX);
}

static void close_stream(struct sim_writer *w)
{
	if (w->z_open)
		inflateEnd(&w->z);
	w->z_open = false;
	w->open = false;
	w->n_plain = w->plain_used = w->used = 0;
	kiln_buf_reset(&w->input);
}

void sim_writer_done(struct sim_writer *w)
{
	close_stream(w);
	kiln_buf_done(&w->input);
}

void sim_writer_reset(struct sim_writer *w)
{
	if (w->running)
		sim_writer_finish(w);
	close_stream(w);
	w->erase_at = w->erase_end = 0;
	w->erase_chip = false;
	w->error = SIM_WRITE_OK;
}

void sim_writer_erase(struct sim_writer *w, uint32_t address, uint32_t n)
{
	const uint32_t mask = SIM_FLASH_SECTOR - 1;

	w->erase_at = address & ~mask;
	w->erase_end = n ? (address + n + mask) & ~mask : w->erase_at;
}

void sim_writer_erase_chip(struct sim_writer *w)
{
	w->erase_chip = true;
}

void sim_writer_begin(struct sim_writer *w, uint32_t address, uint32_t n, bool compressed,
		      bool erase_ahead)
{
	close_stream(w);
	w->open = true;
	w->compressed = compressed;
	w->erase_ahead = erase_ahead;
	w->address = address;
	w->left = n;
	w->erased_to = address & ~(uint32_t)(SIM_FLASH_SECTOR - 1);
	w->error = SIM_WRITE_OK;
	w->z_ended = false;
	w->z = (z_stream){ 0 };
	w->z_open = compressed && inflateInit(&w->z) == Z_OK;
}

kiln_code sim_writer_data(struct sim_writer *w, struct kiln_span block)
{
	kiln_buf_reset(&w->input);
	w->used = 0;
	return kiln_buf_append(&w->input, block.p, block.n);
}

void sim_writer_end(struct sim_writer *w)
{
	close_stream(w);
}

/* --- from input to plain bytes --- */

static bool copy_plain(struct sim_writer *w)
{
	size_t n = w->input.len - w->used;

	if (n > sizeof(w->plain))
		n = sizeof(w->plain);
	if (n > w->left) /* the last block is padded */
		n = w->left;
	memcpy(w->plain, w->input.data + w->used, n);
	w->used = n ? w->used + n : w->input.len;
	w->n_plain = n;
	return n > 0;
}

static bool inflate_more(struct sim_writer *w)
{
	int result;

	if (w->z_ended || !w->z_open) {
		w->used = w->input.len;
		return false;
	}
	w->z.next_in = w->input.data + w->used;
	w->z.avail_in = (uInt)(w->input.len - w->used);
	w->z.next_out = w->plain;
	w->z.avail_out = sizeof(w->plain);
	result = inflate(&w->z, Z_NO_FLUSH);
	w->used = w->input.len - w->z.avail_in;
	w->n_plain = sizeof(w->plain) - w->z.avail_out;
	w->z_ended = result == Z_STREAM_END;
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		w->error = SIM_WRITE_BAD_STREAM;
	else if (w->n_plain > w->left)
		w->error = SIM_WRITE_TOO_MUCH;
	return w->error == SIM_WRITE_OK && w->n_plain > 0;
}

/* Inflate may hold back what did not fit into `plain`, so it is asked until it gives nothing. */
static bool refill(struct sim_writer *w)
{
	w->plain_used = w->n_plain = 0;
	if (!w->open || w->error)
		return false;
	if (w->compressed)
		return inflate_more(w);
	return w->used < w->input.len && copy_plain(w);
}

/* --- operations --- */

static bool start(struct sim_writer *w, sim_flash_kind kind, uint32_t address, sim_ns now)
{
	w->op.kind = kind;
	w->op.address = address;
	w->running = true;
	w->op_start = now;
	w->op_end = now + sim_flash_time(w->flash, &w->op);
	return true;
}

/* The largest erase that fits at `at` before `end`. Returns where it ends. */
static uint32_t start_erase(struct sim_writer *w, uint32_t at, uint32_t end, sim_ns now)
{
	if (at % SIM_FLASH_BLOCK == 0 && end - at >= SIM_FLASH_BLOCK) {
		start(w, SIM_FLASH_ERASE_BLOCK, at, now);
		return at + SIM_FLASH_BLOCK;
	}
	start(w, SIM_FLASH_ERASE_SECTOR, at, now);
	return at + SIM_FLASH_SECTOR;
}

static bool start_program(struct sim_writer *w, sim_ns now)
{
	size_t n = SIM_FLASH_PAGE - w->address % SIM_FLASH_PAGE;

	if (w->erase_ahead && w->address >= w->erased_to) {
		w->erased_to = start_erase(w, w->erased_to, w->address + w->left, now);
		return true;
	}
	if (n > w->n_plain - w->plain_used)
		n = w->n_plain - w->plain_used;
	memcpy(w->op.data, w->plain + w->plain_used, n);
	w->op.n = (uint32_t)n;
	start(w, SIM_FLASH_PROGRAM, w->address, now);
	w->plain_used += n;
	w->address += (uint32_t)n;
	w->left -= (uint32_t)n;
	return true;
}

bool sim_writer_start(struct sim_writer *w, sim_ns now)
{
	if (w->erase_chip) {
		w->erase_chip = false;
		return start(w, SIM_FLASH_ERASE_CHIP, 0, now);
	}
	if (w->erase_at < w->erase_end) {
		w->erase_at = start_erase(w, w->erase_at, w->erase_end, now);
		return true;
	}
	if (w->plain_used < w->n_plain || refill(w))
		return start_program(w, now);
	return false;
}

void sim_writer_finish(struct sim_writer *w)
{
	if (w->running)
		sim_flash_apply(w->flash, &w->op);
	w->running = false;
}

void sim_writer_tear(struct sim_writer *w, sim_ns now, uint64_t *random)
{
	if (w->running)
		sim_flash_tear(w->flash, &w->op, now - w->op_start, w->op_end - w->op_start,
			       random);
	w->running = false;
	sim_writer_reset(w);
}
